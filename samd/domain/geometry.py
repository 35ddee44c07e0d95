"""Planes in patient space: puts frames in order along their normal, or says why they are no volume.

Order comes from Image Position and Orientation (Patient) alone (PS3.3 C.7.6.2.1.1), never from file
order, Instance Number or Slice Location.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, degrees, radians
from statistics import median_low
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from samd.domain import codes
from samd.domain.finding import Reason
from samd.domain.study import Frame

Orientation = Literal["axial", "coronal", "sagittal", "oblique", "projection"]
Floats = NDArray[np.float64]

# highdicom takes 1e-3 on direction cosines for parallel and perpendicular (spatial.py), that is 0.057
# degrees; below it lies what three decimals of Image Orientation (Patient) cannot say.
ANGLE_TOLERANCE = degrees(1e-3)

# Scanners write positions rounded to 0.1 mm: a true grid then seems to be off by up to 0.09 mm.
POSITION_TOLERANCE = 0.1  # mm
# ... but never more than a tenth of the spacing, and for thick slices the 1 % of highdicom and ITK.
LARGEST_TOLERANCE = 0.1
SPACING_TOLERANCE = 0.01

# 3D Slicer takes positions nearer than 0.01 mm as the same (DICOMScalarVolumePlugin, spacingEpsilon).
DUPLICATE_DISTANCE = 0.01  # mm

# A part in a thousand moves the far edge of a 512-pixel plane by half a pixel.
PIXEL_SPACING_TOLERANCE = 0.001

# A plane is called after a patient axis where its row and its column each lie within acos(0.8), that
# is 37 degrees, of one (PixelMed ImageOrientation, obliquityThresholdCosineValue).
OBLIQUITY_COSINE = 0.8

_NAMES: dict[frozenset[int], Orientation] = {
    frozenset({0, 1}): "axial",
    frozenset({0, 2}): "coronal",
    frozenset({1, 2}): "sagittal",
}


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Frames that make a volume, in order along their normal (row direction x column direction).

    `plane_spacing` is the mean distance of planes in mm, None for a single plane. `pixel_spacing` is
    mm between rows, then between columns. Frames with no place in patient space are a "projection":
    they stay in the order given, have no `plane_spacing`, and `pixel_spacing` where all state the same.
    """

    frames: tuple[Frame, ...]
    plane_spacing: float | None
    orientation: Orientation
    pixel_spacing: tuple[float, float] | None


def arrange(frames: Sequence[Frame]) -> Arrangement | tuple[Reason, ...]:
    """The frames as a volume, or every reason why they are none (codes of PS3.16 CID 9300).

    Where orientations are mixed, the planes of the most common one are judged further.
    """
    if not frames:
        return (_incomplete("position", "There is no image plane."),)
    placed = [frame for frame in frames if _is_placed(frame)]
    if not placed:
        return _projection(frames)
    reasons: list[Reason] = []
    if len(placed) < len(frames):
        missing = len(frames) - len(placed)
        reasons.append(
            _malformed("position", f"{missing} of {len(frames)} planes have no position or orientation.")
        )
    directions = np.array([(frame.row_direction, frame.column_direction) for frame in placed], dtype=float)
    reasons += _malformed_directions(directions)
    reasons += _mixed_pixel_spacing(placed)
    alike, mixed = _most_common_orientation(directions)
    reasons += mixed
    row, column = directions[alike].mean(axis=0)
    positions = np.array([frame.position for frame in placed], dtype=float)[alike]
    along, aside = _along_and_aside(positions, row, column)
    order = np.argsort(along, kind="stable")
    along, aside = along[order], aside[order]
    reasons += _tilt(along, aside)
    reasons += _duplicates(along)
    spacing, uneven = _spacing(along)
    reasons += uneven
    if reasons:
        return tuple(reasons)
    return Arrangement(
        frames=tuple(placed[index] for index in order),
        plane_spacing=spacing,
        orientation=_orientation(row, column),
        pixel_spacing=placed[0].pixel_spacing,
    )


def _is_placed(frame: Frame) -> bool:
    return None not in (frame.position, frame.row_direction, frame.column_direction)


def _projection(frames: Sequence[Frame]) -> Arrangement:
    stated = {frame.pixel_spacing for frame in frames}
    return Arrangement(tuple(frames), None, "projection", stated.pop() if len(stated) == 1 else None)


def _malformed_directions(directions: Floats) -> list[Reason]:
    lengths = np.linalg.norm(directions, axis=2)
    products = np.einsum("ij,ij->i", directions[:, 0], directions[:, 1])
    # A length of 1 and a product of 0, to the same three decimals as the angle.
    wrong = (np.abs(lengths - 1).max(axis=1) > 2e-3) | (np.abs(products) > 2e-3)
    if not wrong.any():
        return []
    return [
        _malformed(
            "orientation",
            f"{np.count_nonzero(wrong)} of {len(directions)} planes have an orientation that is not "
            "two perpendicular directions of length 1.",
        )
    ]


def _mixed_pixel_spacing(frames: Sequence[Frame]) -> list[Reason]:
    stated = [frame.pixel_spacing for frame in frames if frame.pixel_spacing is not None]
    reasons = []
    if len(stated) < len(frames):
        reasons.append(
            _malformed(
                "pixel spacing", f"{len(frames) - len(stated)} of {len(frames)} planes have no spacing."
            )
        )
    if stated:
        spacings = np.array(stated)
        least, most = spacings.min(axis=0), spacings.max(axis=0)
        if (most - least > PIXEL_SPACING_TOLERANCE * least).any():
            reasons.append(
                _unsupported(
                    "pixel spacing",
                    f"Pixel spacing is mixed: from {least[0]:.4g} x {least[1]:.4g} mm "
                    f"to {most[0]:.4g} x {most[1]:.4g} mm.",
                )
            )
    return reasons


def _most_common_orientation(directions: Floats) -> tuple[NDArray[np.intp], list[Reason]]:
    """The planes of the most common orientation, and a reason where there are others."""
    lengths = np.linalg.norm(directions, axis=2, keepdims=True)
    axes = directions / np.where(lengths > 0, lengths, 1)
    groups: list[NDArray[np.intp]] = []
    left = np.arange(len(axes))
    while left.size:
        alike = _cosines(axes[left], axes[left[0]]) >= cos(radians(ANGLE_TOLERANCE))
        alike[0] = True
        groups.append(left[alike])
        left = left[~alike]
    largest = max(groups, key=len)
    if len(groups) == 1:
        return largest, []
    angle = degrees(np.arccos(_cosines(axes, axes[largest[0]]).min()))
    return largest, [
        _unsupported(
            "orientation",
            f"Orientations are mixed: {len(axes) - len(largest)} of {len(axes)} planes are turned "
            f"against the others by up to {angle:.1f} degrees.",
        )
    ]


def _cosines(axes: Floats, reference: Floats) -> Floats:
    """How alike each orientation is: the cosine of the axis that is farther off, row or column."""
    # Each axis on its own, so that a turn about the normal is found as well as a tilt.
    cosines: Floats = np.einsum("ijk,jk->ij", axes, reference).min(axis=1)
    return np.clip(cosines, -1, 1)


def _along_and_aside(positions: Floats, row: Floats, column: Floats) -> tuple[Floats, Floats]:
    """Positions in mm along the normal, and their shift within the plane, of shape (planes, 3)."""
    normal = np.cross(row, column)
    length = np.linalg.norm(normal)
    # Parallel directions have no normal; they are named as malformed, and any normal serves.
    normal = normal / length if length else np.array((0.0, 0.0, 1.0))
    along = positions @ normal
    return along, positions - np.outer(along, normal)


def _tilt(along: Floats, aside: Floats) -> list[Reason]:
    drift = np.linalg.norm(aside - aside[0], axis=1)
    extent = float(along[-1] - along[0])
    farthest = float(drift.max())
    # Rounding to 0.1 mm on two axes, and what the rounding of the orientation makes of the extent.
    if farthest <= max(POSITION_TOLERANCE * 2**0.5, extent * np.tan(radians(ANGLE_TOLERANCE))):
        return []
    angle = degrees(np.arctan2(np.linalg.norm(aside[-1] - aside[0]), extent))
    return [
        _unsupported(
            "tilt",
            f"Planes are not stacked along their normal: they shift sideways by up to {farthest:.2f} mm, "
            f"a shear (gantry tilt) of {angle:.1f} degrees.",
        )
    ]


def _duplicates(along: Floats) -> list[Reason]:
    repeated = np.count_nonzero(np.diff(along) < DUPLICATE_DISTANCE)
    if not repeated:
        return []
    return [_unsupported("duplicates", f"{repeated} of {len(along)} planes lie where another plane lies.")]


def _spacing(along: Floats) -> tuple[float | None, list[Reason]]:
    """The spacing of planes in mm and the reasons why it is none; duplicate positions count once."""
    along = along[np.concatenate(([True], np.diff(along) >= DUPLICATE_DISTANCE))]
    if len(along) < 2:
        return None, []
    gaps = np.diff(along)
    typical = median_low(gaps.tolist())
    unit = float(gaps[np.rint(gaps / typical) == 1].mean())
    tolerance = min(max(POSITION_TOLERANCE, SPACING_TOLERANCE * unit), LARGEST_TOLERANCE * unit)
    steps = np.maximum(np.rint(gaps / unit), 1)
    is_off = np.abs(gaps - steps * unit) > 2 * tolerance
    is_gap = (steps > 1) & ~is_off
    # Rounding never adds up from plane to plane, drift does: the test is against the best even grid.
    grid = np.concatenate(([0.0], np.cumsum(steps)))
    slope, origin = np.polyfit(grid, along, 1)
    is_even = not is_off.any() and np.abs(along - (origin + slope * grid)).max() <= tolerance
    reasons = []
    if not is_even:
        counted = gaps[~is_gap]
        reasons.append(
            _unsupported(
                "spacing", f"Spacing of planes is uneven: {counted.min():.2f} to {counted.max():.2f} mm."
            )
        )
    if is_gap.any():
        absent = int((steps[is_gap] - 1).sum())
        places = ", ".join(
            f"between {along[index]:.1f} and {along[index + 1]:.1f} mm"
            for index in np.flatnonzero(is_gap)[:3]
        )
        more = np.count_nonzero(is_gap) - 3
        reasons.append(
            _incomplete(
                "completeness",
                f"{absent} planes are missing at a spacing of {unit:.2f} mm: {places} along the normal"
                + (f", and in {more} more places." if more > 0 else "."),
            )
        )
    return float(along[-1] - along[0]) / (len(along) - 1), reasons


def _orientation(row: Floats, column: Floats) -> Orientation:
    axes = frozenset(
        int(np.argmax(np.abs(axis))) for axis in (row, column) if np.abs(axis).max() >= OBLIQUITY_COSINE
    )
    return _NAMES.get(axes, "oblique")


def _incomplete(requirement: str, message: str) -> Reason:
    return Reason(requirement, message, codes.OBJECT_SET_INCOMPLETE)


def _malformed(requirement: str, message: str) -> Reason:
    return Reason(requirement, message, codes.OBJECTS_INCORRECTLY_FORMATTED)


def _unsupported(requirement: str, message: str) -> Reason:
    return Reason(requirement, message, codes.OBJECT_TYPES_NOT_SUPPORTED)
