"""Readings laid out for the analysis: only a fully crossed design is taken, and it says what is not."""

import numpy as np
import pytest

from validation.metrics.mrmc_readings import Rating, Readings, crossed

pytestmark = pytest.mark.requirement("VAL-04")

TRUTH = {"x": True, "y": False}


def full() -> list[Rating]:
    return [
        Rating(reader, modality, case, float(value))
        for value, (reader, modality, case) in enumerate(
            (reader, modality, case) for reader in "ab" for modality in ("CT", "MR") for case in "xy"
        )
    ]


def test_ratings_in_any_order_find_their_places() -> None:
    readings = crossed(full()[::-1], truth=TRUTH, modalities=("MR", "CT"), readers=("a", "b"))

    assert readings.modalities == ("MR", "CT")
    assert readings.ratings.tolist() == [[[2, 3], [6, 7]], [[0, 1], [4, 5]]]
    assert readings.truth.tolist() == [True, False]


def test_a_missing_rating_is_named() -> None:
    with pytest.raises(ValueError, match=r"not fully crossed: missing \(1\): reader b, modality CT, case y$"):
        crossed(
            [one for one in full() if one != Rating("b", "CT", "y", 5.0)],
            truth=TRUTH,
            modalities=("CT", "MR"),
            readers=("a", "b"),
        )


def test_a_rating_given_twice_and_one_of_no_part_of_the_design_are_named() -> None:
    ratings = [*full(), Rating("a", "CT", "x", 9.0), Rating("c", "CT", "x", 9.0)]

    with pytest.raises(ValueError, match=r"more than once \(1\): reader a.*not part.*\(1\): reader c"):
        crossed(ratings, truth=TRUTH, modalities=("CT", "MR"), readers=("a", "b"))


def test_a_long_list_of_missing_ratings_is_counted() -> None:
    with pytest.raises(ValueError, match=r"missing \(8\).*case x, and 3 more"):
        crossed([], truth=TRUTH, modalities=("CT", "MR"), readers=("a", "b"))


def test_a_reader_listed_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="reader a is listed twice"):
        crossed(full(), truth=TRUTH, modalities=("CT", "MR"), readers=("a", "a"))


@pytest.mark.parametrize(
    ("ratings", "truth"),
    [
        ([[[1.0]]], [True, False]),
        ([[[1.0, np.nan]]], [True, False]),
        ([[[1.0, np.inf]]], [True, False]),
        ([[[1.0, 2.0]]], [1, 0]),
    ],
)
def test_arrays_that_are_no_readings_are_refused(ratings: list[list[list[float]]], truth: list[int]) -> None:
    with pytest.raises(ValueError, match=r"rating|truth"):
        Readings(("CT",), ("a",), np.array(ratings), np.array(truth))
