"""Drift of embeddings: the discrepancy by its definition, its power and its false alarms."""

import numpy as np
import pytest
from numpy.typing import NDArray

from validation.metrics.embedding_drift import embedding_drift
from validation.metrics.estimate import NotEstimable

pytestmark = pytest.mark.requirement("VAL-11")


def discrepancy(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Gretton et al. 2012, equation 3, pair by pair."""
    both = [*first, *second]
    apart = [sum((a - b) ** 2) for i, a in enumerate(both) for b in both[:i]]
    width = np.median([d for d in apart if d > 0])

    def k(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        return float(np.exp(-sum((a - b) ** 2) / (2 * width)))

    n, m = len(first), len(second)
    inside = sum(k(a, b) for i, a in enumerate(first) for j, b in enumerate(first) if i != j)
    outside = sum(k(a, b) for i, a in enumerate(second) for j, b in enumerate(second) if i != j)
    across = sum(k(a, b) for a in first for b in second)
    return inside / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * across / (n * m)


@pytest.mark.parametrize(("n", "m", "shift"), [(2, 2, 0.0), (9, 5, 1.0), (6, 12, 1e4)])
def test_the_discrepancy_is_its_definition(n: int, m: int, shift: float) -> None:
    random = np.random.default_rng(n)
    first, second = random.normal(size=(n, 3)), random.normal(shift, 1, size=(m, 3))

    found = embedding_drift(first, second, seed=1, rounds=19)

    assert found.statistic == pytest.approx(discrepancy(first, second), abs=1e-9)
    assert (found.n_reference, found.n, found.seed) == (n, m, 1)


def test_equal_vectors_are_at_no_distance() -> None:
    first, second = np.array([[1.0], [1.0], [2.0]]), np.array([[1.0], [2.0]])

    assert embedding_drift(first, second, seed=1).statistic == pytest.approx(discrepancy(first, second))


def test_a_change_of_shape_that_leaves_every_mean_is_found() -> None:
    random = np.random.default_rng(2)
    reference, wider = random.normal(size=(150, 8)), random.normal(0, 2, size=(100, 8))

    assert embedding_drift(reference, wider, seed=3, rounds=199).p == 1 / 200


def test_where_nothing_drifts_p_is_uniform() -> None:
    random = np.random.default_rng(4)
    p = np.array(
        [
            embedding_drift(random.normal(size=(25, 4)), random.normal(size=(15, 4)), seed=seed, rounds=39).p
            for seed in range(600)
        ]
    )

    # Four standard errors of a proportion of 600.
    for alpha in (0.05, 0.25, 0.5):
        assert np.mean(p <= alpha) == pytest.approx(alpha, abs=4 * np.sqrt(alpha * (1 - alpha) / 600))


def test_the_same_seed_gives_the_same_p() -> None:
    random = np.random.default_rng(5)
    first, second = random.normal(size=(20, 3)), random.normal(0.3, 1, size=(20, 3))

    assert embedding_drift(first, second, seed=6) == embedding_drift(first, second, seed=6)


def test_vectors_that_cannot_be_compared_are_refused() -> None:
    ones = np.ones((3, 2))
    with pytest.raises(NotEstimable, match="all vectors are the same"):
        embedding_drift(ones, ones, seed=1)
    with pytest.raises(NotEstimable, match="two vectors in either set"):
        embedding_drift(ones[:1], ones, seed=1)
    for bad in (np.ones(3), np.ones((3, 3)), np.ones((3, 0))):
        with pytest.raises(ValueError, match="same length"):
            embedding_drift(ones, bad, seed=1)
    with pytest.raises(ValueError, match="finite"):
        embedding_drift(ones, ones * np.nan, seed=1)
    with pytest.raises(ValueError, match="draw a subset"):
        embedding_drift(ones, ones, seed=1, largest=5)
