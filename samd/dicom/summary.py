"""What a report says, read back from its structured content: for tables and for checks of a journey."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from samd.dicom.encode.files import KINDS

_MEASUREMENT_GROUP = "125007"
_FINDING = "121071"
_COMMENT = "121106"


@dataclass(frozen=True, slots=True)
class MeasuredFinding:
    """One measurement group of a report: the finding, its evaluations, and (name, value, unit) rows."""

    finding: str
    evaluations: tuple[str, ...]
    comments: tuple[str, ...]
    measurements: tuple[tuple[str, float, str], ...]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A DICOM file as an archive sees it; `kind` is SR, SEG, PM or SC, or empty where it is none of ours."""

    path: Path
    kind: str
    study_instance_uid: str
    sop_instance_uid: str
    series_description: str


def stored_objects(folder: Path) -> list[StoredObject]:
    """Every DICOM file in `folder`, by its header."""
    objects = []
    for path in sorted(folder.glob("*.dcm")):
        header = dcmread(path, stop_before_pixels=True)
        objects.append(
            StoredObject(
                path,
                KINDS.get(header.SOPClassUID, ""),
                header.StudyInstanceUID,
                header.SOPInstanceUID,
                header.get("SeriesDescription", ""),
            )
        )
    return objects


def findings_in(report: Path) -> list[MeasuredFinding]:
    """The measurement groups of the SR at `report`, in order (PS3.16 TID 1410, 1411, 1501)."""
    return [_finding(item) for item in _walk(dcmread(report)) if _concept(item) == _MEASUREMENT_GROUP]


def _finding(group: Dataset) -> MeasuredFinding:
    content = list(group.get("ContentSequence", []))
    codes = [item for item in content if item.ValueType == "CODE"]
    finding = next((item for item in codes if _concept(item) == _FINDING), None)
    return MeasuredFinding(
        finding=_meaning(finding) if finding is not None else "",
        evaluations=tuple(
            f"{item.ConceptNameCodeSequence[0].CodeMeaning}: {_meaning(item)}"
            for item in codes
            if item.RelationshipType == "CONTAINS" and item is not finding
        ),
        comments=tuple(item.TextValue for item in content if _concept(item) == _COMMENT),
        measurements=tuple(
            (
                item.ConceptNameCodeSequence[0].CodeMeaning,
                float(item.MeasuredValueSequence[0].NumericValue),
                item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue,
            )
            for item in content
            if item.ValueType == "NUM"
        ),
    )


def _walk(item: Dataset) -> Iterator[Dataset]:
    for child in item.get("ContentSequence", []):
        yield child
        yield from _walk(child)


def _concept(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].CodeValue) if names else ""


def _meaning(item: Dataset) -> str:
    return str(item.ConceptCodeSequence[0].CodeMeaning)
