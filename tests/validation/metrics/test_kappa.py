"""Kappa: against published tables, numerical derivatives and simulation."""

from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from validation.metrics.estimate import NotEstimable
from validation.metrics.kappa import Weights, binary_agreement, cohen_kappa, cross_table, fleiss_kappa

pytestmark = pytest.mark.requirement("VAL-05")

# As the SAS manual prints it.
SAS = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]
# Fleiss 1981, table 13.1: 100 patients diagnosed by two raters.
DIAGNOSES = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
# Fourteen raters, ten cases, five categories: kappa 0.210.
FOURTEEN = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]

Floats = NDArray[np.float64]


def standard_error(upper: float, value: float) -> float:
    return (upper - value) / float(norm.ppf(0.975))


def cohen_by_hand(p: Floats, weights: Weights) -> float:
    """One less the disagreement found over that by chance."""
    k = len(p)
    power = {"unweighted": 0, "linear": 1, "quadratic": 2}[weights]
    cost = [[float(abs(i - j) ** power) if i != j else 0.0 for j in range(k)] for i in range(k)]
    cells = [(i, j) for i in range(k) for j in range(k)]
    rows, columns = [sum(p[i]) for i in range(k)], [sum(p[:, j]) for j in range(k)]
    found = sum(cost[i][j] * p[i, j] for i, j in cells) / p.sum()
    return float(1 - found / (sum(cost[i][j] * rows[i] * columns[j] for i, j in cells) / p.sum() ** 2))


def fleiss_by_hand(counts: Floats, case_weights: Floats) -> float:
    raters = counts[0].sum()
    case_weights = case_weights / case_weights.sum()
    agreeing = sum(
        w * sum(c * (c - 1) for c in row) / (raters * (raters - 1))
        for w, row in zip(case_weights, counts, strict=True)
    )
    chance = sum((case_weights @ counts[:, j] / raters) ** 2 for j in range(counts.shape[1]))
    return float((agreeing - chance) / (1 - chance))


def slopes(figure: Callable[[Floats], float], at: Floats) -> Floats:
    step = 1e-6
    found = np.empty(at.shape)
    for place in np.ndindex(at.shape):
        change = np.zeros(at.shape)
        change[place] = step
        found[place] = (figure(at + change) - figure(at - change)) / (2 * step)
    return found


def test_kappa_and_limits_are_those_sas_prints() -> None:
    simple, weighted = cohen_kappa(SAS), cohen_kappa(SAS, weights="linear")

    assert [simple.value, simple.lower, simple.upper] == pytest.approx([0.4842, 0.2137, 0.7547], abs=5e-5)
    assert [weighted.value, weighted.lower, weighted.upper] == pytest.approx(
        [0.4701, 0.1845, 0.7558], abs=5e-5
    )
    assert (simple.n, simple.method) == (19, "Cohen's kappa, unweighted")


def test_kappa_and_its_error_are_those_of_fleiss() -> None:
    estimate = cohen_kappa(DIAGNOSES)

    # (0.89 - 0.66) / 0.34, with a standard error of 0.087 in the book.
    assert estimate.value == pytest.approx(0.23 / 0.34, abs=1e-12)
    assert standard_error(estimate.upper, estimate.value) == pytest.approx(0.087, abs=1e-3)


def test_a_fourfold_table_by_hand() -> None:
    # Agreement 0.7, by chance 0.5 * 0.6 + 0.5 * 0.4.
    assert cohen_kappa([[20, 5], [10, 15]]).value == pytest.approx(0.4, abs=1e-12)


def test_two_categories_have_the_same_kappa_by_all_weights() -> None:
    kappas = {cohen_kappa([[20, 5], [10, 15]], weights=weights).value for weights in get_args(Weights)}

    assert max(kappas) - min(kappas) < 1e-12


@given(
    st.integers(2, 4).flatmap(lambda k: st.lists(st.integers(1, 30), min_size=k * k, max_size=k * k)),
    st.sampled_from(get_args(Weights)),
)
def test_value_and_error_are_those_of_the_definition_and_its_derivatives(
    cells: list[int], weights: Weights
) -> None:
    k = int(np.sqrt(len(cells)))
    table = np.array(cells).reshape(k, k)
    p, n = table / table.sum(), int(table.sum())

    estimate = cohen_kappa(table, weights=weights, level=0.5)

    assert estimate.value == pytest.approx(cohen_by_hand(p, weights), abs=1e-9)
    gradient = slopes(lambda shares: cohen_by_hand(shares / shares.sum(), weights), p)
    variance = ((p * gradient**2).sum() - (p * gradient).sum() ** 2) / n
    reach = norm.ppf(0.75) * np.sqrt(variance)
    assert estimate.upper == pytest.approx(min(1.0, estimate.value + reach), abs=1e-6)


def test_fleiss_kappa_is_the_one_published() -> None:
    assert fleiss_kappa(FOURTEEN).value == pytest.approx(0.210, abs=5e-4)
    assert fleiss_kappa(FOURTEEN).n == 10


def test_the_error_of_fleiss_kappa_is_that_of_its_derivatives() -> None:
    counts, n = np.array(FOURTEEN, dtype=np.float64), len(FOURTEEN)

    estimate = fleiss_kappa(FOURTEEN)

    weights = np.full(n, 1 / n)
    assert estimate.value == pytest.approx(fleiss_by_hand(counts, weights), abs=1e-12)
    influence = slopes(lambda at: fleiss_by_hand(counts, at), weights)
    variance = (influence**2).sum() / (n * (n - 1))
    assert standard_error(estimate.upper, estimate.value) == pytest.approx(np.sqrt(variance), rel=1e-6)


def test_fleiss_kappa_of_two_raters_is_scotts_pi() -> None:
    # Twenty cases agree on the first, fifteen on the second category, fifteen differ.
    counts = [[2, 0]] * 20 + [[0, 2]] * 15 + [[1, 1]] * 15

    chance = 0.55**2 + 0.45**2
    assert fleiss_kappa(counts).value == pytest.approx((0.7 - chance) / (1 - chance), abs=1e-12)


def test_intervals_of_cohens_kappa_cover_as_they_say() -> None:
    random = np.random.default_rng(25)
    p = np.array([[0.35, 0.05, 0.02], [0.06, 0.22, 0.05], [0.02, 0.04, 0.19]])
    truth = {weights: cohen_by_hand(p, weights) for weights in get_args(Weights)}
    covered = []
    for table in random.multinomial(300, p.ravel(), size=3000).reshape(-1, 3, 3):
        estimates = [(cohen_kappa(table, weights=weights), true) for weights, true in truth.items()]
        covered.append([estimate.lower <= true <= estimate.upper for estimate, true in estimates])

    assert (np.abs(np.mean(covered, axis=0) - 0.95) < 0.02).all()


def test_intervals_of_fleiss_kappa_cover_as_they_say() -> None:
    random, shares = np.random.default_rng(26), [0.5, 0.3, 0.2]
    covered = []
    for _ in range(3000):
        # Each of four raters sees the case's own category in seven cases of ten, else guesses.
        own, guessed = random.choice(3, (150, 1), p=shares), random.choice(3, (150, 4), p=shares)
        given_ = np.where(random.random((150, 4)) < 0.7, own, guessed)
        estimate = fleiss_kappa((given_[:, :, None] == np.arange(3)).sum(axis=1))
        covered.append(estimate.lower <= 0.49 <= estimate.upper)

    assert abs(np.mean(covered) - 0.95) < 0.02


def test_a_cross_table_keeps_the_order_of_categories_and_those_not_used() -> None:
    table = cross_table(["mild", "none"], ["none", "none"], categories=["none", "mild", "severe"])

    assert table.tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_indices_say_why_kappa_is_low() -> None:
    # Both call nearly all cases positive: 85 both, 5 either, 5 neither.
    first = [1] * 90 + [0] * 10
    second = [1] * 85 + [0] * 5 + [1] * 5 + [0] * 5

    found = binary_agreement(first, second)

    assert found.observed.value == pytest.approx(0.9)
    assert found.prevalence_index.value == pytest.approx(0.85 - 0.05)
    assert found.bias_index.value == pytest.approx(0.0)
    assert found.adjusted_kappa.value == pytest.approx(0.8)
    assert cohen_kappa(cross_table(first, second, categories=[0, 1])).value < 0.45
    for estimate in (found.observed, found.prevalence_index, found.bias_index, found.adjusted_kappa):
        assert estimate.lower < estimate.value < estimate.upper


def test_a_rater_who_calls_more_positives_has_a_bias() -> None:
    found = binary_agreement([1, 1, 1, 0], [1, 0, 0, 0])

    assert found.bias_index.value == pytest.approx(0.5)
    assert found.prevalence_index.value == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ([[10, 0], [0, 0]], "same single category"),
        ([[10, 0], [0, 5]], "standard error of 0"),
        ([[0, 5], [5, 0]], "standard error of 0"),
        ([[0, 0], [0, 0]], "no cases"),
    ],
)
def test_where_kappa_has_no_value_or_no_interval_none_is_given(table: list[list[int]], reason: str) -> None:
    with pytest.raises(NotEstimable, match=reason):
        cohen_kappa(table)


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ([[3, 0], [3, 0]], "same single category"),
        ([[3, 0], [0, 3]], "standard error of 0"),
        ([[2, 1]], "a single case"),
    ],
)
def test_where_fleiss_kappa_has_no_value_or_no_interval_none_is_given(
    counts: list[list[int]], reason: str
) -> None:
    with pytest.raises(NotEstimable, match=reason):
        fleiss_kappa(counts)


def test_what_does_not_fit_is_refused() -> None:
    tables: list[list[list[float]]] = [[[1, 2]], [[1.5, 2], [1, 2]], [[1, -1], [1, 1]], [[5]]]
    for table in tables:
        with pytest.raises(ValueError, match="square"):
            cohen_kappa(table)
    with pytest.raises(ValueError, match="no weights"):
        cohen_kappa(SAS, weights="cubic")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="as many raters"):
        fleiss_kappa([[2, 1], [1, 1]])
    with pytest.raises(ValueError, match="table of whole numbers"):
        fleiss_kappa([1, 2])
    with pytest.raises(ValueError, match="same cases"):
        cross_table([0, 1], [0], categories=[0, 1])
    with pytest.raises(ValueError, match="none of the categories"):
        cross_table([0, 2], [0, 1], categories=[0, 1])
    with pytest.raises(ValueError, match="all different"):
        cross_table([0, 1], [0, 1], categories=[0, 1, 1])
    with pytest.raises(ValueError, match="0 or 1"):
        binary_agreement([0, 2], [0, 1])
