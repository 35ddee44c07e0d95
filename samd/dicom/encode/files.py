"""Result objects as files: the bytes of each, and what a reader needs to know to keep and find them."""

from dataclasses import dataclass

from samd.dicom.encode.context import Encoded
from samd.dicom.encode.tree import to_bytes

KINDS = {
    "1.2.840.10008.5.1.4.1.1.88.34": "SR",
    "1.2.840.10008.5.1.4.1.1.66.4": "SEG",
    "1.2.840.10008.5.1.4.1.1.30": "PM",
    "1.2.840.10008.5.1.4.1.1.7": "SC",
}


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One object as a DICOM file. `kind` is SR, SEG, PM or SC."""

    kind: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    content: bytes


def files_of(encoded: Encoded) -> tuple[ResultFile, ...]:
    """The objects as files, the report first."""
    files = []
    for dataset in encoded.objects:
        content = to_bytes(dataset)  # before any text is read: see Encoded
        files.append(
            ResultFile(
                kind=KINDS[dataset.SOPClassUID],
                study_instance_uid=str(dataset.StudyInstanceUID),
                series_instance_uid=str(dataset.SeriesInstanceUID),
                sop_instance_uid=str(dataset.SOPInstanceUID),
                sop_class_uid=str(dataset.SOPClassUID),
                content=content,
            )
        )
    return tuple(files)
