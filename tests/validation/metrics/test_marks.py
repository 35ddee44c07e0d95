"""Marks of a reading: what they may be, and how several readings become one table."""

import numpy as np
import pytest

from validation.metrics.marks import UNMARKED, Marks, crossed_marks, equal_weights, highest_ratings

pytestmark = pytest.mark.requirement("VAL-04")


def reading(*, further: float = UNMARKED) -> Marks:
    """A healthy case with one false mark, a case with two lesions, one of them found."""
    return Marks(
        np.array([[2.0], [further]]),
        np.array([[UNMARKED, UNMARKED], [UNMARKED, 3.0]]),
        np.array([[0.0, 0.0], [0.5, 0.5]]),
    )


def test_a_case_without_a_lesion_is_healthy() -> None:
    assert reading().diseased.tolist() == [False, True]


def test_a_case_is_rated_as_its_highest_mark() -> None:
    assert highest_ratings(reading()).tolist() == [2.0, 3.0]
    assert highest_ratings(reading(further=4.0)).tolist() == [2.0, 4.0]


def test_a_case_without_a_mark_is_rated_lowest() -> None:
    nothing = Marks(np.empty((1, 0)), np.full((1, 1), UNMARKED), np.ones((1, 1)))

    assert highest_ratings(nothing).tolist() == [UNMARKED]


def test_lesions_share_their_case_equally() -> None:
    assert equal_weights([2, 0, 1]).tolist() == [[0.5, 0.5], [0.0, 0.0], [1.0, 0.0]]


def test_cases_are_drawn_with_all_their_marks() -> None:
    drawn = reading().of([1, 1, 0])

    assert drawn.diseased.tolist() == [True, True, False]
    assert highest_ratings(drawn).tolist() == [3.0, 3.0, 2.0]


def test_readings_with_different_numbers_of_marks_become_one_table() -> None:
    more = Marks(np.array([[2.0, 1.0], [5.0, 4.0]]), reading().lesions, reading().weights)

    table = crossed_marks([[reading(), more], [more, reading()]])

    assert table.non_lesions.shape == (2, 2, 2, 2)
    assert highest_ratings(table).tolist() == [[[2, 3], [2, 5]], [[2, 5], [2, 3]]]


def test_readings_that_are_not_crossed_are_refused() -> None:
    other = Marks(np.empty((2, 0)), np.full((2, 1), UNMARKED), np.ones((2, 1)))

    with pytest.raises(ValueError, match="a modality lacks a reader"):
        crossed_marks([[reading(), reading()], [reading()]])
    with pytest.raises(ValueError, match="a modality lacks a reader"):
        crossed_marks([])
    with pytest.raises(ValueError, match="not of the same cases and lesions"):
        crossed_marks([[reading(), other]])


@pytest.mark.parametrize(
    ("non_lesions", "lesions", "weights", "why"),
    [
        ([[1.0]], [[1.0], [2.0]], [[1.0]], "same cases"),
        ([[1.0], [1.0]], [[1.0]], [[1.0]], "same readings and cases"),
        ([[np.nan]], [[1.0]], [[1.0]], "rating"),
        ([[1.0]], [[np.inf]], [[1.0]], "rating"),
        ([[1.0]], [[1.0, 1.0]], [[1.5, -0.5]], "positive"),
        ([[1.0]], [[1.0]], [[np.nan]], "positive"),
        ([[1.0]], [[1.0, 1.0]], [[1.0, 1.0]], "sum to 1"),
        ([[1.0]], [[1.0, 1.0]], [[1.0, 0.0]], "does not exist"),
    ],
)
def test_marks_that_cannot_be_are_refused(
    non_lesions: list[list[float]], lesions: list[list[float]], weights: list[list[float]], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        Marks(np.array(non_lesions), np.array(lesions), np.array(weights))
