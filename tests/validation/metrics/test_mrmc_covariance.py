"""Figures of merit of several readers and the covariance of their errors."""

from pathlib import Path

import numpy as np
import pytest

from tests.validation.metrics.published import MODALITIES, READERS, federica, study
from validation.metrics.estimate import NotEstimable
from validation.metrics.froc import inferred_readings
from validation.metrics.mrmc_covariance import (
    Accuracies,
    areas,
    compared,
    jackknifed,
    sensitivities,
    specificities,
)
from validation.metrics.mrmc_readings import Readings
from validation.metrics.pairs import Method, Pairs
from validation.metrics.roc import auc

pytestmark = pytest.mark.requirement("VAL-04")


def readings(*, diseased: int = 12, healthy: int = 9) -> Readings:
    ratings = np.random.default_rng(8).integers(1, 6, (2, 3, diseased + healthy)).astype(float)
    return Readings(("1", "2"), ("a", "b", "c"), ratings, np.arange(diseased + healthy) < diseased)


def test_areas_are_as_published_for_vandyke(shared_data: Path) -> None:
    found = areas(study(shared_data, "VanDyke"), method="DeLong")

    assert found.values[0] == pytest.approx(
        [0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066], abs=5e-9
    )
    assert found.values[1] == pytest.approx(
        [0.94782609, 0.90531401, 0.92173913, 0.99935588, 0.92995169], abs=5e-9
    )
    assert found.cases == 114


def test_areas_of_highest_ratings_are_as_published_for_federica(shared_data: Path) -> None:
    found = areas(
        inferred_readings(federica(shared_data), modalities=MODALITIES, readers=READERS), method="jackknife"
    )

    assert found.values[0] == pytest.approx([0.90425, 0.79820, 0.81175, 0.86645], abs=5e-6)
    assert found.values.mean(axis=1) == pytest.approx(
        [0.8451625, 0.8502625, 0.8098375, 0.850575, 0.8083875], abs=5e-8
    )


def test_the_area_and_its_variance_are_those_of_one_reader_alone() -> None:
    several = readings()

    found = areas(several, method="DeLong")

    lone = auc(several.ratings[1, 2], several.truth.astype(int))
    assert found.values[1, 2] == pytest.approx(lone.value)
    reach = 1.959963984540054 * np.sqrt(found.covariance[1, 2, 1, 2])
    assert lone.value + reach == pytest.approx(lone.upper)


@pytest.mark.parametrize("method", ["DeLong", "jackknife", "unbiased"])
def test_a_covariance_is_symmetric(method: Method) -> None:
    covariance = areas(readings(), method=method).covariance

    assert covariance == pytest.approx(covariance.transpose(2, 3, 0, 1))


def test_a_rating_at_the_threshold_calls_a_case_positive() -> None:
    two = Readings(("1",), ("a",), np.array([[[3.0, 2.0, 3.0, 1.0]]]), np.array([True, True, False, False]))

    assert sensitivities(two, threshold=3).values.item() == 0.5
    assert specificities(two, threshold=3).values.item() == 0.5


def test_the_covariance_of_shares_is_their_jackknife() -> None:
    several = readings()
    called = several.ratings[..., ~several.truth] < 3
    without = np.stack([np.delete(called, case, axis=2).mean(axis=2) for case in range(9)])

    found = specificities(several, threshold=3)

    by_definition = jackknifed(
        called.mean(axis=2), without, figure="f", modalities=("1", "2"), readers=("a", "b", "c")
    )
    assert found.values == pytest.approx(by_definition.values)
    assert found.covariance == pytest.approx(by_definition.covariance)
    assert found.cases == 9


@pytest.mark.parametrize(("diseased", "healthy"), [(1, 9), (9, 1), (0, 9), (9, 0)])
@pytest.mark.parametrize("method", ["DeLong", "jackknife", "unbiased"])
def test_an_area_needs_two_cases_of_each_class(diseased: int, healthy: int, method: Method) -> None:
    with pytest.raises(NotEstimable, match=f"{diseased} diseased and {healthy} healthy"):
        areas(readings(diseased=diseased, healthy=healthy), method=method)


def test_a_share_needs_two_cases_of_its_class() -> None:
    with pytest.raises(NotEstimable, match="sensitivity at a rating of 3 or more needs two cases"):
        sensitivities(readings(diseased=1), threshold=3)


def test_a_jackknife_needs_two_cases() -> None:
    with pytest.raises(NotEstimable, match="a jackknife of f needs two cases"):
        jackknifed([[0.5]], [[[0.5]]], figure="f", modalities=("1",), readers=("a",))


def test_cases_of_different_weight_have_only_a_jackknife() -> None:
    pairs = Pairs(np.ones((1, 1, 2, 2)), np.array([[1.0, 1.0], [1.0, 0.0]]), np.zeros((1, 1, 2)))

    with pytest.raises(ValueError, match="take the jackknife for AFROC"):
        compared(pairs, figure="AFROC", method="DeLong", modalities=("1",), readers=("a",))


def test_a_covariance_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="not by 'bootstrap'"):
        areas(readings(), method="bootstrap")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "covariance"),
    [
        (np.ones((1, 3)), np.ones((1, 3, 1, 3))),
        (np.ones((1, 2)), np.ones((2, 2))),
        (np.full((1, 2), np.nan), np.ones((1, 2, 1, 2))),
    ],
)
def test_figures_that_do_not_fit_their_readers_are_refused(
    values: np.ndarray, covariance: np.ndarray
) -> None:
    with pytest.raises(ValueError, match="figure"):
        Accuracies("f", "m", ("1",), ("a", "b"), values, covariance, 9, (0.0, 1.0))
