"""Which marks hit which lesions, by each rule; lengths in millimetres."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.metrics.hits import (
    CentreInside,
    CentreWithin,
    HitRule,
    MarkedCase,
    OverlapAtLeast,
    Repeats,
    one_reading,
    score,
)
from validation.metrics.marks import UNMARKED

pytestmark = pytest.mark.requirement("VAL-04")

Box = list[list[float]]


def square(x: float, y: float, side: float = 10.0) -> Box:
    return [[x, y], [x + side, y + side]]


def marked(
    marks: list[Box], ratings: list[float], lesions: list[Box], rule: HitRule, repeats: Repeats = "ignored"
) -> MarkedCase:
    return score(marks, ratings, lesions, rule=rule, repeats=repeats)


def test_boxes_that_overlap_just_enough_hit() -> None:
    # Half of each is shared: 50 of 150.
    half = [square(5, 0)], [0.7], [square(0, 0)]

    assert marked(*half, rule=OverlapAtLeast(1 / 3)).lesions == (0.7,)
    assert marked(*half, rule=OverlapAtLeast(0.34)) == MarkedCase((UNMARKED,), (0.7,), (None,))


def test_overlap_is_measured_in_all_dimensions() -> None:
    box, shifted = [[0.0, 0.0, 0.0], [2.0, 2.0, 2.0]], [[0.0, 0.0, 1.0], [2.0, 2.0, 3.0]]

    assert score([shifted], [1.0], [box], rule=OverlapAtLeast(0.33), repeats="ignored").lesions == (1.0,)
    assert score([shifted], [1.0], [box], rule=OverlapAtLeast(0.34), repeats="ignored").lesions == (UNMARKED,)


def test_boxes_that_only_touch_do_not_overlap() -> None:
    assert marked([square(10, 0)], [1.0], [square(0, 0)], OverlapAtLeast(0.01)).lesions == (UNMARKED,)


def test_a_box_without_size_overlaps_nothing() -> None:
    assert marked([square(0, 0, 0)], [1.0], [square(0, 0, 0)], OverlapAtLeast(0.5)).lesions == (UNMARKED,)


def test_a_centre_on_the_edge_is_inside() -> None:
    assert marked([square(5, 0)], [1.0], [square(0, 0)], CentreInside()).lesions == (1.0,)
    assert marked([square(5.1, 0)], [1.0], [square(0, 0)], CentreInside()).lesions == (UNMARKED,)


def test_a_point_is_its_own_centre() -> None:
    found = score([[9.0, 9.0]], [1.0], [square(0, 0)], rule=CentreInside(), repeats="ignored")

    assert found.lesions == (1.0,)


def test_centres_at_the_distance_hit() -> None:
    points = [[3.0, 4.0]], [1.0], [[0.0, 0.0]]

    assert score(*points, rule=CentreWithin(5.0), repeats="ignored").lesions == (1.0,)
    assert score(*points, rule=CentreWithin(4.9), repeats="ignored").lesions == (UNMARKED,)


def test_the_highest_mark_on_a_lesion_counts_and_others_as_declared() -> None:
    marks = [square(0, 0), square(1, 0)], [0.4, 0.9], [square(0, 0)]

    ignored = marked(*marks, rule=OverlapAtLeast(0.5))
    counted = marked(*marks, rule=OverlapAtLeast(0.5), repeats="false positive")

    assert ignored == MarkedCase((0.9,), (), (1,))
    assert counted == MarkedCase((0.9,), (0.4,), (1,))


def test_one_mark_hits_one_lesion_the_one_it_hits_best() -> None:
    found = marked([square(1, 0)], [0.9], [square(5, 0), square(0, 0)], OverlapAtLeast(0.3))

    assert found.hit_by == (None, 0)


def test_a_second_mark_takes_the_lesion_that_is_left() -> None:
    lesions = [square(0, 0), square(4, 0)]

    found = marked([square(1, 0), square(2, 0)], [0.9, 0.8], lesions, OverlapAtLeast(0.4))

    assert found == MarkedCase((0.9, 0.8), (), (0, 1))


def test_of_equal_ratings_the_earlier_mark_goes_first() -> None:
    found = marked([square(3, 0), square(0, 0)], [0.5, 0.5], [square(0, 0)], OverlapAtLeast(0.3))

    assert found.hit_by == (0,)


@pytest.mark.parametrize("rule", [OverlapAtLeast(0.5), CentreInside(), CentreWithin(1.0)])
def test_cases_without_marks_or_lesions_are_scored(rule: HitRule) -> None:
    assert marked([], [], [square(0, 0)], rule) == MarkedCase((UNMARKED,), (), (None,))
    assert marked([square(0, 0)], [0.3], [], rule) == MarkedCase((), (0.3,), ())
    assert marked([], [], [], rule) == MarkedCase((), (), ())


@given(st.integers(0, 10_000))
def test_no_score_is_lost_and_no_mark_hits_twice(seed: int) -> None:
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 20, (6, 2)), random.uniform(0, 20, (3, 2))
    marks, lesions = (np.stack([corner, corner + 10], axis=1) for corner in corners)
    ratings = random.uniform(size=6)

    found = score(marks, ratings, lesions, rule=OverlapAtLeast(0.2), repeats="false positive")

    hits = [mark for mark in found.hit_by if mark is not None]
    assert len(set(hits)) == len(hits)
    assert sorted([*found.non_lesions, *(ratings[mark] for mark in hits)]) == sorted(ratings)
    assert all(
        rating == (UNMARKED if mark is None else ratings[mark])
        for rating, mark in zip(found.lesions, found.hit_by, strict=True)
    )


def test_scored_cases_become_a_reading() -> None:
    cases = [MarkedCase((0.9, UNMARKED), (0.2, 0.1), (0, None)), MarkedCase((), (), ())]

    marks = one_reading(cases)

    assert marks.lesions.tolist() == [[0.9, UNMARKED], [UNMARKED, UNMARKED]]
    assert marks.non_lesions.tolist() == [[0.2, 0.1], [UNMARKED, UNMARKED]]
    assert marks.weights.tolist() == [[0.5, 0.5], [0.0, 0.0]]


def test_a_rule_says_its_name() -> None:
    names = [rule.name for rule in (OverlapAtLeast(0.5), CentreInside(), CentreWithin(7.5))]

    assert names == [
        "intersection over union of 0.5 or more",
        "centre of the mark inside the box of the lesion",
        "centres at most 7.5 mm apart",
    ]


@pytest.mark.parametrize("iou", [0.0, 1.1, float("nan")])
def test_an_overlap_that_cannot_be_declared_is_refused(iou: float) -> None:
    with pytest.raises(ValueError, match="intersection over union"):
        OverlapAtLeast(iou)


@pytest.mark.parametrize("distance", [0.0, -1.0, float("inf"), float("nan")])
def test_a_distance_that_cannot_be_declared_is_refused(distance: float) -> None:
    with pytest.raises(ValueError, match="positive number of millimetres"):
        CentreWithin(distance)


@pytest.mark.parametrize(
    ("marks", "ratings", "lesions", "rule", "why"),
    [
        ([[1.0, 1.0]], [0.5], [square(0, 0)], OverlapAtLeast(0.5), "needs boxes"),
        ([square(0, 0)], [0.5], [[1.0, 1.0]], CentreInside(), "needs boxes"),
        ([square(0, 0)], [0.5], [[[0.0] * 3, [1.0] * 3]], CentreInside(), "2 dimensions and lesions 3"),
        ([square(0, 0)], [], [square(0, 0)], CentreInside(), "one finite rating"),
        ([square(0, 0)], [float("nan")], [square(0, 0)], CentreInside(), "one finite rating"),
        ([square(0, 0, -1)], [0.5], [square(0, 0)], CentreInside(), "lower corner above"),
        ([square(float("inf"), 0)], [0.5], [square(0, 0)], CentreInside(), "not finite"),
        ([1.0, 2.0], [0.5], [square(0, 0)], CentreInside(), "each mark is a box"),
        ([[[1.0, 2.0]]], [0.5], [square(0, 0)], CentreInside(), "each mark is a box"),
    ],
)
def test_marks_that_cannot_be_scored_are_refused(
    marks: list[Box], ratings: list[float], lesions: list[Box], rule: HitRule, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        marked(marks, ratings, lesions, rule)


def test_what_a_repeated_hit_is_must_be_declared() -> None:
    with pytest.raises(ValueError, match="repeated hit"):
        score([], [], [], rule=CentreInside(), repeats="forgotten")  # type: ignore[arg-type]
