"""Coded concepts in the form that DICOM objects carry them."""

from collections.abc import Iterator

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept
from pydicom import Dataset

from samd.dicom.encode.wording import LONG_STRING, ascii_text
from samd.domain.codes import PRIVATE_SCHEME, Code

PRESENT = Code("52101004", "SCT", "Present")
ABSENT = Code("272519000", "SCT", "Absent")
UNDETERMINED = Code("373068000", "SCT", "Undetermined")


def concept(code: Code) -> CodedConcept:
    """`code` as a Code Sequence item (PS3.3 8.8), its meaning in ASCII."""
    return CodedConcept(code.value, code.scheme, ascii_text(code.meaning, LONG_STRING))


def declare_private_scheme(dataset: Dataset) -> None:
    """Identify our own coding scheme where `dataset` uses it (PS3.3 C.12.1.1.10)."""
    if PRIVATE_SCHEME in set(_schemes(dataset)):
        dataset.CodingSchemeIdentificationSequence = [
            CodingSchemeIdentificationItem(
                PRIVATE_SCHEME,
                name="Concepts of the samd project",
                responsible_organization="samd project",
            )
        ]


def _schemes(dataset: Dataset) -> Iterator[str]:
    if "CodingSchemeDesignator" in dataset:
        yield str(dataset.CodingSchemeDesignator)
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from _schemes(item)
