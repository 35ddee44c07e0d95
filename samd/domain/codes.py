"""Coded concepts: what a finding, a unit or a reason is called in DICOM, SNOMED CT and UCUM."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One coded concept (PS3.3 section 8.8): value, coding scheme designator, meaning."""

    value: str
    scheme: str
    meaning: str

    def __str__(self) -> str:
        return self.meaning


# PS3.16 CID 9300/9303: why a procedure step was not done.
OBJECT_SET_INCOMPLETE = Code("110523", "DCM", "Object Set incomplete")
OBJECT_TYPES_NOT_SUPPORTED = Code("110522", "DCM", "Object Types not supported")
OBJECTS_INCORRECTLY_FORMATTED = Code("110521", "DCM", "Objects incorrectly formatted")
INSUFFICIENT_QUALITY = Code("110531", "DCM", "Insufficient quality for interpretation")
RESOURCE_INADEQUATE = Code("110527", "DCM", "Resource inadequate for procedure step")
EQUIPMENT_FAILURE = Code("110501", "DCM", "Equipment failure")
UNSPECIFIED_REASON = Code("110513", "DCM", "Discontinued for unspecified reason")

# UCUM units used in results.
CUBIC_CENTIMETRE = Code("cm3", "UCUM", "cubic centimeter")
SQUARE_CENTIMETRE = Code("cm2", "UCUM", "square centimeter")
PERCENT = Code("%", "UCUM", "percent")
RATIO = Code("1", "UCUM", "no units")

VOLUME = Code("118565006", "SCT", "Volume")
AREA = Code("42798000", "SCT", "Area")

# Ours, declared in the objects that use it (PS3.3 C.12.1.1.10 Coding Scheme Identification).
PRIVATE_SCHEME = "99SAMD"
