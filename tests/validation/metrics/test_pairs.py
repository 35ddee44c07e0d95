"""Areas of pairs and their covariance, against loops over every pair of cases."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from validation.metrics import pairs as module
from validation.metrics.pairs import METHODS, Method, Pairs, placements

pytestmark = pytest.mark.requirement("VAL-04")

Array = NDArray[np.float64]


def drawn(seed: int, *, rows: int = 3, m: int = 5, n: int = 4, weighted: bool = True) -> Pairs:
    """Few different ratings, so that there are ties; some lesions and some healthy cases unmarked."""
    random = np.random.default_rng(seed)
    lesions = random.integers(0, 4, (rows, m, 3)).astype(float)
    lesions[random.uniform(size=lesions.shape) < 0.2] = -np.inf
    healthy = random.integers(0, 4, (rows, n)).astype(float)
    healthy[random.uniform(size=healthy.shape) < 0.3] = -np.inf
    counts = random.integers(1, 4, m)
    weights = (np.arange(3) < counts[:, None]).astype(float)
    return Pairs(lesions, weights / counts[:, None] if weighted else weights, healthy)


def kernel(pairs: Pairs, row: int) -> Array:
    """What each pair of a diseased and a healthy case counts, by definition."""
    m, n = len(pairs.weights), pairs.healthy.shape[1]
    table = np.zeros((m, n))
    for i, j, lesion in product(range(m), range(n), range(pairs.weights.shape[1])):
        a, b = pairs.lesions[row, i, lesion], pairs.healthy[row, j]
        table[i, j] += pairs.weights[i, lesion] * (1.0 if a > b else 0.5 if a == b else 0.0)
    return table


def area(table: Array, sizes: Array) -> float:
    return float(table.sum() / (sizes.sum() * table.shape[1]))


def jackknife(pairs: Pairs) -> Array:
    sizes = pairs.sizes
    replicates = []
    for row in range(len(pairs.healthy)):
        table = kernel(pairs, row)
        without = [area(np.delete(table, i, 0), np.delete(sizes, i)) for i in range(table.shape[0])]
        without += [area(np.delete(table, j, 1), sizes) for j in range(table.shape[1])]
        replicates.append(without)
    count = len(replicates[0])
    return np.asarray(np.cov(replicates, ddof=0) * (count - 1))


def delong(pairs: Pairs) -> Array:
    tables = [kernel(pairs, row) for row in range(len(pairs.healthy))]
    m, n = tables[0].shape
    return np.asarray(
        np.cov([table.mean(axis=1) for table in tables]) / m
        + np.cov([table.mean(axis=0) for table in tables]) / n
    )


def unbiased(pairs: Pairs) -> Array:
    tables = [kernel(pairs, row) for row in range(len(pairs.healthy))]
    m, n = tables[0].shape
    covariance = np.zeros((len(tables), len(tables)))
    for a, b in product(range(len(tables)), repeat=2):
        apart = [
            tables[a][i, j] * tables[b][k, h]
            for i, k in product(range(m), repeat=2)
            for j, h in product(range(n), repeat=2)
            if i != k and j != h
        ]
        covariance[a, b] = tables[a].mean() * tables[b].mean() - np.mean(apart)
    return covariance


@given(st.integers(0, 10_000))
def test_a_case_adds_its_mean_over_the_other_class(seed: int) -> None:
    pairs = drawn(seed, weighted=False)

    of_diseased, of_healthy = placements(pairs)

    for row in range(3):
        table = kernel(pairs, row)
        assert of_diseased[row] == pytest.approx(table.mean(axis=1))
        assert of_healthy[row] == pytest.approx(table.sum(axis=0) / pairs.sizes.sum())


@pytest.mark.parametrize(
    ("method", "by_definition"), [("DeLong", delong), ("jackknife", jackknife), ("unbiased", unbiased)]
)
@given(seed=st.integers(0, 10_000))
def test_each_covariance_is_that_of_its_definition(
    method: Method, by_definition: Callable[[Pairs], Array], seed: int
) -> None:
    pairs = drawn(seed)

    values, covariance = METHODS[method](pairs)

    assert values == pytest.approx([area(kernel(pairs, row), pairs.sizes) for row in range(3)])
    assert covariance == pytest.approx(by_definition(pairs), abs=1e-12)


@given(seed=st.integers(0, 10_000))
def test_the_jackknife_holds_where_cases_count_differently(seed: int) -> None:
    pairs = drawn(seed, weighted=False)

    values, covariance = METHODS["jackknife"](pairs)

    assert values == pytest.approx([area(kernel(pairs, row), pairs.sizes) for row in range(3)])
    assert covariance == pytest.approx(jackknife(pairs), abs=1e-12)


def test_many_cases_are_compared_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = drawn(3, m=23, n=11)
    whole = METHODS["unbiased"](pairs)[1]

    monkeypatch.setattr(module, "BLOCK", 100)

    assert METHODS["unbiased"](pairs)[1] == pytest.approx(whole, abs=1e-15)
