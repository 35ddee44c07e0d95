"""Which part and side of the patient an image shows, as its source says."""

import re

from pydicom import Dataset
from pydicom.uid import SegmentationStorage

from samd.dicom.encode.context import Case
from samd.domain.study import Vector

_CODE_STRING = re.compile(r"[A-Z0-9 _]{1,16}")
# The letters of Patient Orientation along the axes of patient space (PS3.3 C.7.6.1.1.1).
_AXES: dict[str, Vector] = {
    "L": (1.0, 0.0, 0.0), "R": (-1.0, 0.0, 0.0),
    "P": (0.0, 1.0, 0.0), "A": (0.0, -1.0, 0.0),
    "H": (0.0, 0.0, 1.0), "F": (0.0, 0.0, -1.0),
}  # fmt: skip
# Body parts that are not paired (PS3.16 Table L-1), as dciodvfy knows them: they have no laterality.
_UNPAIRED = frozenset([
    "ABDOMEN", "ABDOMENPELVIS", "AORTA", "BLADDER", "BRAIN", "CEREBELLUM", "CERVIX", "CHEST",
    "CHESTABDOMEN", "CHESTABDPELVIS", "CIRCLEOFWILLIS", "COCCYX", "CORONARYARTERY", "CSPINE", "CTSPINE",
    "DUODENUM", "GALLBLADDER", "HEAD", "HEADNECK", "HEART", "ILEUM", "ILIUM", "JAW", "JEJUNUM", "LARYNX",
    "LIVER", "LSPINE", "LSSPINE", "MAXILLA", "MEDIASTINUM", "MOUTH", "NECK", "NECKCHEST",
    "NECKCHESTABDOMEN", "NECKCHESTABDPELV", "NOSE", "PANCREAS", "PELVIS", "PENIS", "PHARYNX", "PROSTATE",
    "RECTUM", "SCALP", "SKULL", "SPINE", "SPLEEN", "SSPINE", "STERNUM", "STOMACH", "THYMUS", "THYROID",
    "TLSPINE", "TONGUE", "TRACHEA", "TSPINE", "URETER", "URETHRA", "UTERUS", "VAGINA", "VULVA", "WHOLEBODY",
])  # fmt: skip


def describe_anatomy(dataset: Dataset, case: Case) -> None:
    """Give an image the body part, side and orientation of what was analysed; empty where none is stated.

    Laterality and Patient Orientation are Type 2C (PS3.3 C.7.3.1, C.7.6.1): a laterality, which may be
    empty, belongs to every part that may be one of a pair. A Segmentation has none, because each of its
    segments may have one.
    """
    source = case.sources[0] if case.analysed else Dataset()
    body_part = _code_string(source, "BodyPartExamined")
    if body_part:
        dataset.BodyPartExamined = body_part
    if dataset.SOPClassUID != SegmentationStorage and body_part not in _UNPAIRED:
        side = _code_string(source, "Laterality") or _code_string(source, "ImageLaterality")
        dataset.Laterality = side if side in ("R", "L") else ""
    if "PatientOrientation" not in dataset and "ImagePositionPatient" not in source:
        dataset.PatientOrientation = [*_orientation(source)]


def image_axes(header: Dataset) -> tuple[Vector, Vector] | None:
    """Directions of rows and columns by the leading letters of Patient Orientation; None where unusable."""
    axes = [_AXES[letters[0]] for letters in _orientation(header)]
    if len(axes) != 2 or any(a and b for a, b in zip(*axes, strict=True)):
        return None
    return axes[0], axes[1]


def _orientation(header: Dataset) -> list[str]:
    stated = header.get("PatientOrientation") or []
    letters = [stated] if isinstance(stated, str) else list(stated)
    known = all(value and set(value) <= _AXES.keys() for value in letters)
    return letters if known and len(letters) == 2 else []


def _code_string(header: Dataset, keyword: str) -> str:
    value = header.get(keyword) or ""
    return value if isinstance(value, str) and _CODE_STRING.fullmatch(value) else ""
