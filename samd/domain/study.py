"""Studies as values: what was received, where each frame lies, and when a study is complete."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """One image plane of an instance; a projection radiograph has no place in patient space.

    `position`, `row_direction` and `column_direction` are Image Position and Orientation (Patient),
    PS3.3 C.7.6.2.1.1, in mm; `pixel_spacing` is mm between rows, then between columns.
    """

    sop_instance_uid: str
    number: int = 1  # counted from 1, as DICOM does
    position: Vector | None = None
    row_direction: Vector | None = None
    column_direction: Vector | None = None
    pixel_spacing: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One stored SOP instance and what its header says; pixels stay in the file at `path`."""

    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    path: Path
    sha256: str
    rows: int = 0
    columns: int = 0
    frames: tuple[Frame, ...] = ()
    photometric_interpretation: str = ""
    image_type: tuple[str, ...] = ()
    view_position: str = ""
    lossy: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """The instances of one series, in no particular order."""

    series_instance_uid: str
    modality: str
    instances: tuple[Instance, ...]
    body_part: str = ""
    number: int = 0
    description: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """All series received so far of one study. `patient_age` is in years, None where not stated.

    `unreadable` counts files of the study whose headers could not be read; they are in no series.
    """

    study_instance_uid: str
    series: tuple[Series, ...]
    patient_age: float | None = None
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Reception:
    """How the receiving of one study stands."""

    last_arrival: datetime
    associations_open: int


def is_complete(reception: Reception, *, now: datetime, quiet_period: timedelta) -> bool:
    """Whether nobody is sending the study any more and `quiet_period` has passed in silence.

    DICOM has no signal that a study is complete. An open association that has already sent a part
    of it may send more, so it holds the study open however long it stays silent.
    """
    return reception.associations_open == 0 and now - reception.last_arrival >= quiet_period
