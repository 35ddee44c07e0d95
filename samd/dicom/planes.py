"""Where each frame of an image lies, from its header: classic images and functional groups alike."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from pydicom import Dataset

from samd.domain.study import Frame, Vector

# A whole-slide level has tens of thousands of tiles; a header that claims more is not believed.
MOST_FRAMES = 100_000


class Implausible(Exception):
    """A header that lacks what every object has, or claims what cannot be; the message ends a sentence."""


def frames_of(header: Dataset) -> tuple[Frame, ...]:
    """The frames of an image; none where the object is no image (PS3.3 C.7.6.2, C.7.6.16).

    Frames of a classic multi-frame image (nuclear medicine, ultrasound) have no place in patient
    space. Raises Implausible.
    """
    if not header.get("Rows") or not header.get("Columns"):
        return ()
    count = int(header.get("NumberOfFrames") or 1)
    if not 1 <= count <= MOST_FRAMES:
        raise Implausible(f"it claims {count} frames")
    uid = str(header.SOPInstanceUID)
    shared = _only_item(header.get("SharedFunctionalGroupsSequence"))
    each = header.get("PerFrameFunctionalGroupsSequence")
    if each is not None:
        if len(each) != count:
            raise Implausible(f"it claims {count} frames and describes {len(each)}")
        return tuple(_frame_of_groups(uid, number, groups, shared) for number, groups in enumerate(each, 1))
    if count > 1:
        spacing = _pixel_spacing(header)
        return tuple(Frame(uid, number, pixel_spacing=spacing) for number in range(1, count + 1))
    return (_frame(uid, 1, position=header, orientation=header, measures=header),)


def functional_group(groups: Dataset, shared: Dataset, keyword: str) -> Dataset:
    """The item of one functional group macro, of the frame or else shared (PS3.3 C.7.6.16.1)."""
    return _only_item(groups.get(keyword) or shared.get(keyword))


def _frame_of_groups(uid: str, number: int, groups: Dataset, shared: Dataset) -> Frame:
    return _frame(
        uid,
        number,
        position=functional_group(groups, shared, "PlanePositionSequence"),
        orientation=functional_group(groups, shared, "PlaneOrientationSequence"),
        measures=functional_group(groups, shared, "PixelMeasuresSequence"),
    )


def _frame(uid: str, number: int, *, position: Dataset, orientation: Dataset, measures: Dataset) -> Frame:
    where = _numbers(position.get("ImagePositionPatient"), 3)
    axes = _numbers(orientation.get("ImageOrientationPatient"), 6)
    return Frame(
        sop_instance_uid=uid,
        number=number,
        position=_vector(where) if where else None,
        row_direction=_vector(axes[:3]) if axes else None,
        column_direction=_vector(axes[3:]) if axes else None,
        pixel_spacing=_pixel_spacing(measures),
    )


def _pixel_spacing(measures: Dataset) -> tuple[float, float] | None:
    spacing = _numbers(measures.get("PixelSpacing"), 2)
    if spacing is None or min(spacing) <= 0:
        return None
    return spacing[0], spacing[1]


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """`count` finite numbers, or None where the attribute is absent, empty or something else."""
    if value is None or isinstance(value, str) or not isinstance(value, Sequence) or len(value) != count:
        return None
    numbers = tuple(float(number) for number in value)
    return numbers if all(isfinite(number) for number in numbers) else None


def _vector(numbers: tuple[float, ...]) -> Vector:
    return numbers[0], numbers[1], numbers[2]


def _only_item(sequence: Sequence[Dataset] | None) -> Dataset:
    return sequence[0] if sequence else Dataset()
