"""Result objects as files, with what a store needs to know of each."""

from io import BytesIO

import pytest
from pydicom import dcmread

from samd.dicom.encode.files import files_of
from tests.dicom.encode.cases import ct


@pytest.mark.requirement("OUT-01")
def test_each_file_is_described_by_what_stands_in_it() -> None:
    files = files_of(ct().encoded())

    assert [file.kind for file in files] == ["SR", "SEG", "PM", "SC"]
    for file in files:
        dataset = dcmread(BytesIO(file.content))
        assert file.study_instance_uid == dataset.StudyInstanceUID
        assert file.series_instance_uid == dataset.SeriesInstanceUID
        assert file.sop_instance_uid == dataset.SOPInstanceUID == dataset.file_meta.MediaStorageSOPInstanceUID
        assert file.sop_class_uid == dataset.SOPClassUID
