"""Overlap and surface distances: closed forms, and every face against every face on small masks."""

import tracemalloc
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import t

from validation.metrics.estimate import NotEstimable
from validation.metrics.segmentation import Directed, mean_of_cases, overlap, surface_distances

pytestmark = pytest.mark.requirement("VAL-05")

Mask = NDArray[np.bool_]
Face = tuple[tuple[float, ...], float]


def box(shape: tuple[int, ...], *sides: tuple[int, int]) -> Mask:
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(slice(*side) for side in sides)] = True
    return mask


def ball(radius: float, spacing: tuple[float, float, float], size: int = 48) -> Mask:
    centre = [size * step / 2 for step in spacing]
    axes = np.ogrid[:size, :size, :size]
    squares = [
        ((axis + 0.5) * step - middle) ** 2 for axis, step, middle in zip(axes, spacing, centre, strict=True)
    ]
    return np.asarray(squares[0] + squares[1] + squares[2] <= radius**2)


def faces(mask: Mask, spacing: tuple[float, ...]) -> list[Face]:
    """Centre and area of each face between a voxel inside and what is outside, one voxel after another."""
    found = []
    for voxel in product(*(range(size) for size in mask.shape)):
        if not mask[voxel]:
            continue
        for axis, side in product(range(mask.ndim), (-1, 1)):
            beside = tuple(place + side * (other == axis) for other, place in enumerate(voxel))
            in_image = all(0 <= place < size for place, size in zip(beside, mask.shape, strict=True))
            if not (in_image and mask[beside]):
                centre = [place + side / 2 * (other == axis) for other, place in enumerate(voxel)]
                at = tuple(place * step for place, step in zip(centre, spacing, strict=True))
                area = float(np.prod([step for other, step in enumerate(spacing) if other != axis]))
                found.append((at, area))
    return found


def directed(one: list[Face], other: list[Face]) -> list[tuple[float, float]]:
    return sorted(
        (min(sum((a - b) ** 2 for a, b in zip(at, there, strict=True)) ** 0.5 for there, _ in other), area)
        for at, area in one
    )


def percentile(side: list[tuple[float, float]], share: float) -> float:
    total, so_far = sum(area for _, area in side), 0.0
    for distance, area in side:
        so_far += area
        if so_far >= share * total - 1e-9 * total:
            return distance
    return side[-1][0]


@st.composite
def masks_and_spacing(draw: st.DrawFn) -> tuple[Mask, Mask, tuple[float, ...]]:
    axes = draw(st.integers(2, 3))
    shape = tuple(draw(st.integers(1, 4)) for _ in range(axes))
    random = np.random.default_rng(draw(st.integers(0, 100_000)))
    one, other = random.random((2, *shape)) < draw(st.sampled_from([0.2, 0.5, 0.9]))
    # Both have a voxel.
    one.flat[0] = other.flat[-1] = True
    return one, other, tuple(draw(st.sampled_from([0.5, 0.7, 1.0, 5.0])) for _ in range(axes))


@given(masks_and_spacing())
def test_figures_are_those_of_every_face_against_every_face(
    case: tuple[Mask, Mask, tuple[float, ...]],
) -> None:
    one, other, spacing = case
    there, back = (
        directed(faces(one, spacing), faces(other, spacing)),
        directed(faces(other, spacing), faces(one, spacing)),
    )
    both = there + back
    area = sum(area for _, area in both)

    found = surface_distances(one, other, spacing=spacing)

    assert found.hausdorff == pytest.approx(max(distance for distance, _ in both))
    assert found.hausdorff_95 == pytest.approx(max(percentile(there, 0.95), percentile(back, 0.95)))
    assert found.average == pytest.approx(sum(distance * area for distance, area in both) / area)
    for tolerance in (0.0, 0.7, 1.0, 5.0):
        near = sum(area for distance, area in both if distance <= tolerance + 1e-9)
        assert found.within(tolerance) == pytest.approx(near / area)


@given(masks_and_spacing())
def test_overlap_is_that_of_sets_of_voxels(case: tuple[Mask, Mask, tuple[float, ...]]) -> None:
    one, other, _ = case
    a, b = set(map(tuple, np.argwhere(one).tolist())), set(map(tuple, np.argwhere(other).tolist()))

    found = overlap(one, other)

    assert found.dice == pytest.approx(2 * len(a & b) / (len(a) + len(b)))
    assert found.iou == pytest.approx(len(a & b) / len(a | b))


@given(masks_and_spacing(), st.integers(0, 3))
def test_neither_order_nor_place_in_the_image_matters(
    case: tuple[Mask, Mask, tuple[float, ...]], margin: int
) -> None:
    one, other, spacing = case
    here = surface_distances(one, other, spacing=spacing)
    there = surface_distances(np.pad(other, margin), np.pad(one, margin), spacing=spacing)

    assert there.hausdorff == pytest.approx(here.hausdorff)
    assert there.hausdorff_95 == pytest.approx(here.hausdorff_95)
    assert there.average == pytest.approx(here.average)
    assert there.within(0.7) == pytest.approx(here.within(0.7))


@pytest.mark.parametrize(("axis", "offset", "voxels"), [(0, 5.0, 4), (1, 1.0, 20), (2, 0.5, 40)])
def test_cubes_one_voxel_apart_are_one_spacing_apart(axis: int, offset: float, voxels: int) -> None:
    # 20 mm each way.
    cube = box((8, 24, 44), (2, 6), (2, 22), (2, 42))
    shifted = np.roll(cube, 1, axis=axis)

    found = surface_distances(cube, shifted, spacing=(5.0, 1.0, 0.5))

    assert found.hausdorff == pytest.approx(offset)
    assert found.hausdorff_95 == pytest.approx(offset)
    assert overlap(cube, shifted).dice == pytest.approx(1 - 1 / voxels)
    assert overlap(cube, shifted).iou == pytest.approx((voxels - 1) / (voxels + 1))


def test_a_surface_has_the_area_of_its_box() -> None:
    bar = box((6, 8, 10), (1, 4), (2, 6), (3, 8))

    side = surface_distances(bar, bar, spacing=(3.0, 1.0, 0.5)).from_segmented

    # 9 x 4 x 2.5 mm.
    assert side.areas.sum() == pytest.approx(2 * (9 * 4 + 4 * 2.5 + 9 * 2.5))
    assert side.distances.max() == 0


def test_one_stray_voxel_moves_the_greatest_distance_alone() -> None:
    cube = box((20, 20, 80), (2, 18), (2, 18), (2, 18))
    stray = cube.copy()
    stray[10, 10, 70] = True

    found = surface_distances(stray, cube, spacing=(1.0, 1.0, 1.0))

    # From its far face, at 70.5, to the face of the cube at 17.5.
    assert found.hausdorff == pytest.approx(53.0)
    assert found.hausdorff_95 == 0.0
    assert found.within(0.0) > 0.99
    assert found.average < 0.2


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.5, 1.0, 0.8)])
def test_spheres_of_one_centre_are_their_radii_apart(spacing: tuple[float, float, float]) -> None:
    inner, outer = ball(9.0, spacing), ball(15.0, spacing)

    found = surface_distances(inner, outer, spacing=spacing)

    voxel = max(spacing)
    assert found.hausdorff == pytest.approx(6.0, abs=voxel)
    assert found.hausdorff_95 == pytest.approx(6.0, abs=voxel)
    assert found.average == pytest.approx(6.0, abs=voxel / 2)
    assert found.within(6.0 - voxel) < 0.05
    assert found.within(6.0 + voxel) == 1.0
    assert overlap(inner, outer).dice == pytest.approx(2 * 9**3 / (9**3 + 15**3), abs=0.01)


def test_the_95th_percentile_is_the_greater_of_both_directions() -> None:
    # All of the short bar's surface but one end is the long one's, whose far end is away.
    short, long = box((3, 3, 40), (1, 2), (1, 2), (0, 4)), box((3, 3, 40), (1, 2), (1, 2), (0, 40))

    found = surface_distances(short, long, spacing=(1.0, 1.0, 1.0))

    assert found.from_segmented.percentile(0.95) <= 0.5**0.5
    assert found.from_reference.percentile(0.95) > 30
    assert found.hausdorff_95 == found.from_reference.percentile(0.95)


def test_a_percentile_counts_areas_not_elements() -> None:
    # One pixel wide and 2 pixels long: edges of 10 and of 1 mm.
    one, other = box((1, 4), (0, 1), (0, 1)), box((1, 4), (0, 1), (0, 2))

    side = surface_distances(one, other, spacing=(10.0, 1.0)).from_segmented

    # Both short edges and one long one are shared; the other long edge is half of all length.
    assert side.distances.tolist() == [0, 0, 0, 1]
    assert (side.percentile(0.5), side.percentile(0.6)) == (0.0, 1.0)


def test_exactly_95_percent_of_the_area_is_enough_whatever_the_rounding() -> None:
    # Of 60 equal areas, 57; added up they come to a little less than 95 % of their sum.
    side = Directed(np.arange(60.0), np.full(60, 0.7))

    assert side.percentile(0.95) == 56.0


def test_an_offset_of_the_tolerance_is_within_it_whatever_the_rounding() -> None:
    cube = box((8, 8, 12), (2, 6), (2, 6), (2, 6))

    # 3 x 0.7 is more than 2.1 in floating point.
    found = surface_distances(cube, np.roll(cube, 3, axis=2), spacing=(0.7, 0.7, 0.7))

    assert found.hausdorff == pytest.approx(2.1)
    assert found.within(2.1) == 1.0


def test_two_empty_masks_have_no_figures() -> None:
    nothing = np.zeros((2, 3, 4), dtype=bool)

    with pytest.raises(NotEstimable, match="both masks are empty"):
        overlap(nothing, nothing)
    with pytest.raises(NotEstimable, match="segmentation and the reference is empty"):
        surface_distances(nothing, nothing, spacing=(1, 1, 1))


def test_one_empty_mask_overlaps_nothing_and_has_no_distance() -> None:
    nothing, something = np.zeros((2, 3, 4), dtype=bool), np.ones((2, 3, 4), dtype=bool)

    assert (overlap(nothing, something).dice, overlap(something, nothing).iou) == (0.0, 0.0)
    with pytest.raises(NotEstimable, match="the segmentation is empty"):
        surface_distances(nothing, something, spacing=(1, 1, 1))
    with pytest.raises(NotEstimable, match="the reference is empty"):
        surface_distances(something, nothing, spacing=(1, 1, 1))


def test_memory_grows_with_the_structure_not_with_the_image() -> None:
    shape = (100, 512, 512)
    one = box(shape, (40, 60), (200, 260), (300, 340))
    other = np.roll(one, 2, axis=1)

    tracemalloc.start()
    found = surface_distances(one, other, spacing=(3.0, 0.7, 0.7))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found.hausdorff == pytest.approx(1.4)
    assert most < 2 * one.nbytes


def test_the_mean_of_cases_has_students_interval() -> None:
    dice = [0.9, 0.8, 0.95, 0.7]

    estimate = mean_of_cases(dice, bounds=(0, 1))

    reach = t.ppf(0.975, 3) * np.std(dice, ddof=1) / 2
    assert estimate.value == pytest.approx(0.8375)
    assert estimate.lower == pytest.approx(0.8375 - reach)
    assert estimate.upper == 1.0
    assert (estimate.n, estimate.method) == (4, "mean of cases, Student's t")


def test_cases_without_a_figure_are_left_out_and_counted() -> None:
    estimate = mean_of_cases([2.0, None, 4.0, None, 3.0])

    assert (estimate.value, estimate.n) == (3.0, 3)
    assert estimate.method.endswith("2 of 5 cases not defined and left out")


@pytest.mark.parametrize("values", [[], [None, None], [0.5, None], [0.9, 0.9, 0.9]])
def test_a_mean_whose_spread_is_unknown_is_not_estimable(values: list[float | None]) -> None:
    with pytest.raises(NotEstimable, match="two cases that differ"):
        mean_of_cases(values)


def test_what_does_not_fit_is_refused() -> None:
    mask = np.ones((2, 2, 2), dtype=bool)

    with pytest.raises(ValueError, match="array of bool"):
        overlap(mask.astype(int), mask)
    with pytest.raises(ValueError, match="same two or three axes"):
        overlap(mask, mask[:1])
    with pytest.raises(ValueError, match="same two or three axes"):
        overlap(mask[0, 0], mask[0, 0])
    for spacing in ((1.0, 1.0), (1.0, 1.0, 0.0), (1.0, 1.0, float("nan"))):
        with pytest.raises(ValueError, match="spacing"):
            surface_distances(mask, mask, spacing=spacing)
    with pytest.raises(ValueError, match="not negative"):
        surface_distances(mask, mask, spacing=(1, 1, 1)).within(-1.0)
    with pytest.raises(ValueError, match="within their bounds"):
        mean_of_cases([0.5, 1.2], bounds=(0, 1))
