"""Drift of a measurement: what it is, and how often it is claimed where nothing drifts."""

from itertools import combinations
from math import log, nan

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from validation.metrics.drift import (
    CategoryCells,
    NumberCells,
    category_cells,
    equal_mass_cells,
    jensen_shannon,
    kolmogorov_smirnov,
    permutation,
    population_stability,
    simulated_limit,
    stability_limit,
    wasserstein,
)
from validation.metrics.estimate import NotEstimable

pytestmark = pytest.mark.requirement("VAL-11")

NUMBERS = st.lists(st.integers(-5, 5).map(float) | st.just(nan), max_size=40)
COUNTS = st.integers(2, 5).flatmap(
    lambda k: st.tuples(*[st.lists(st.integers(0, 30), min_size=k, max_size=k)] * 2)
)


@given(NUMBERS, st.lists(st.integers(-5, 5).map(float), max_size=5, unique=True).map(sorted))
def test_every_number_is_in_the_cell_whose_edges_hold_it(values: list[float], edges: list[float]) -> None:
    counts = NumberCells(tuple(edges)).counts(values)

    open_ended = [-np.inf, *edges, np.inf]
    by_hand = [
        sum(low < value <= high for value in values)
        for low, high in zip(open_ended, open_ended[1:], strict=False)  # noqa: RUF007 - floats and ints
    ]
    assert counts.tolist() == [*by_hand, sum(value != value for value in values)]


def test_cells_of_equal_mass_hold_equal_mass() -> None:
    reference = np.random.default_rng(1).normal(size=1000)

    cells = equal_mass_cells(reference, cells=10)

    assert cells.counts(reference).tolist() == [100] * 10 + [0]


@given(NUMBERS, st.integers(2, 12))
def test_no_cell_of_the_reference_is_empty_but_that_of_missing_values(values: list[float], k: int) -> None:
    assume(any(value == value for value in values))

    cells = equal_mass_cells(values, cells=k)

    assert (cells.counts(values)[:-1] > 0).all()
    assert len(cells.edges) <= k - 1


def test_values_beyond_the_reference_and_missing_ones_have_a_place() -> None:
    cells = equal_mass_cells([1.0, 2.0, 3.0, 4.0], cells=2)

    assert cells == NumberCells((2.0,))
    assert cells.counts([-100.0, 100.0, nan]).tolist() == [1, 1, 1]


def test_a_category_never_seen_before_has_a_place() -> None:
    cells = category_cells(["GE", "Siemens", "GE", None])

    assert cells == CategoryCells(("GE", "Siemens"))
    assert cells.counts(["GE", "Canon", "", None, "GE"]).tolist() == [2, 0, 1, 2]
    assert cells.counts([]).tolist() == [0, 0, 0, 0]


def test_a_reference_of_nothing_has_no_cells() -> None:
    for empty in ([], [nan, nan]):
        with pytest.raises(NotEstimable, match="no recorded value"):
            equal_mass_cells(empty)
    with pytest.raises(NotEstimable, match="no recorded value"):
        category_cells([None, ""])
    with pytest.raises(ValueError, match="two cells"):
        equal_mass_cells([1.0], cells=1)
    with pytest.raises(ValueError, match="finite"):
        equal_mass_cells([float("inf")])


def psi_by_hand(before: list[int], after: list[int]) -> float:
    held = [(b + 0.5, a + 0.5) for b, a in zip(before, after, strict=True) if b + a]
    n, m = sum(b for b, _ in held), sum(a for _, a in held)
    return sum((a / m - b / n) * log((a / m) / (b / n)) for b, a in held)


@given(COUNTS)
def test_the_index_is_its_definition(counts: tuple[list[int], list[int]]) -> None:
    before, after = counts
    assume(sum(before) and sum(after))

    found = population_stability(before, after)

    assert found.statistic == pytest.approx(psi_by_hand(before, after), abs=1e-12)
    assert found.statistic >= -1e-15
    assert 0 <= found.p <= 1
    assert (found.n_reference, found.n) == (sum(before), sum(after))


def test_the_index_of_a_textbook_shift_is_that_worked_out_by_hand() -> None:
    # 50/50 against 60/40, so many cases that the halves added do not count: 0.1 ln 1.2 - 0.1 ln 0.8.
    found = population_stability([5 * 10**8] * 2, [6 * 10**8, 4 * 10**8])

    assert found.statistic == pytest.approx(0.1 * log(1.2) - 0.1 * log(0.8), abs=1e-8)
    assert found.p < 1e-12


def test_a_cell_empty_in_both_changes_nothing() -> None:
    with_it, without = population_stability([5, 0, 9], [7, 0, 3]), population_stability([5, 9], [7, 3])

    assert (with_it.statistic, with_it.p) == pytest.approx((without.statistic, without.p))


def test_one_cell_cannot_drift() -> None:
    found = population_stability([10, 0], [3, 0])

    assert (found.statistic, found.p) == (0.0, 1.0)
    assert stability_limit([10, 0], n=5, false_alarm=0.01) == 0.0


def test_what_the_reference_never_had_is_drift() -> None:
    cells = category_cells(["GE"] * 90 + ["Siemens"] * 110)
    reference = cells.counts(["GE"] * 90 + ["Siemens"] * 110)

    found = population_stability(reference, cells.counts(["GE"] * 40 + ["Siemens"] * 50 + ["Canon"] * 10))

    assert found.p < 1e-3


@pytest.mark.parametrize("false_alarm", [0.05, 0.01])
def test_the_limits_of_the_index_have_their_false_alarm_rate(false_alarm: float) -> None:
    random, shares = np.random.default_rng(2), np.array([0.4, 0.3, 0.2, 0.1])
    reference = 4000 * shares
    limits = [
        stability_limit(reference, n=400, false_alarm=false_alarm),
        simulated_limit(reference, n=400, false_alarm=false_alarm, seed=3),
    ]

    # Anew, by a way of drawing of its own: case by case.
    rounds = 4000
    alarms = np.zeros(2)
    for _ in range(rounds):
        before = np.bincount(random.choice(4, 4000, p=shares), minlength=4)
        after = np.bincount(random.choice(4, 400, p=shares), minlength=4)
        alarms += psi_by_hand(before.tolist(), after.tolist()) > np.array(limits)

    four_errors = 4 * np.sqrt(false_alarm * (1 - false_alarm) / rounds)
    assert alarms / rounds == pytest.approx(false_alarm, abs=four_errors + 0.1 * false_alarm)


def test_the_customary_limit_of_a_tenth_means_nothing_without_a_number_of_cases() -> None:
    reference = [1000] * 10

    assert stability_limit(reference, n=100, false_alarm=0.05) > 0.1
    assert stability_limit(reference, n=10_000, false_alarm=0.05) < 0.01


def test_p_and_limit_say_the_same() -> None:
    before, after = [200, 300, 500], [30, 20, 50]
    found = population_stability(before, after)

    assert stability_limit(before, n=100, false_alarm=found.p) == pytest.approx(found.statistic)


def test_a_simulated_limit_is_the_same_for_the_same_seed() -> None:
    first, again, other = (
        simulated_limit([40, 60], n=50, false_alarm=0.05, seed=seed, rounds=500) for seed in (1, 1, 2)
    )

    assert first == again != other


@given(COUNTS)
def test_jensen_shannon_is_its_definition_in_bits(counts: tuple[list[int], list[int]]) -> None:
    before, after = counts
    assume(sum(before) and sum(after))
    p, q = np.array(before) / sum(before), np.array(after) / sum(after)

    def from_middle(x: NDArray[np.float64]) -> float:
        return sum(a * np.log2(a / ((b + c) / 2)) for a, b, c in zip(x, p, q, strict=True) if a)

    found = jensen_shannon(before, after)
    assert found == pytest.approx((from_middle(p) + from_middle(q)) / 2, abs=1e-12)
    assert 0 <= found <= 1 + 1e-12


def test_disjoint_distributions_are_one_bit_apart() -> None:
    assert jensen_shannon([5, 0], [0, 9]) == pytest.approx(1.0)


@pytest.mark.parametrize("compare", [population_stability, jensen_shannon])
def test_counts_that_do_not_fit_are_refused(compare: object) -> None:
    assert callable(compare)
    for before, after in [
        ([1, 2], [1]),
        ([1.5], [1]),
        ([-1, 3], [1, 1]),
        ([float("inf")], [1]),
        ([nan], [1]),
    ]:
        with pytest.raises(ValueError, match="count"):
            compare(before, after)
    for before, after in [([0, 0], [1, 2]), ([1, 2], [0, 0]), ([], [])]:
        with pytest.raises(NotEstimable, match="no case"):
            compare(before, after)


@given(
    st.lists(st.integers(0, 6).map(float), min_size=1, max_size=12),
    st.lists(st.integers(0, 6).map(float), min_size=1, max_size=12),
)
def test_the_largest_gap_is_that_of_the_two_staircases(first: list[float], second: list[float]) -> None:
    found = kolmogorov_smirnov(first, [*second, nan])

    gaps = [
        abs(sum(x <= v for x in first) / len(first) - sum(x <= v for x in second) / len(second))
        for v in first + second
    ]
    assert found.statistic == pytest.approx(max(gaps))
    assert found.n == len(second)


def test_the_exact_p_is_the_share_of_all_divisions() -> None:
    first, second = [0.1, 0.7, 0.3, 0.5], [0.2, 0.9, 1.1, 0.8, 1.3]
    pooled = np.array(first + second)

    def gap(chosen: tuple[int, ...]) -> float:
        inside = np.isin(np.arange(9), chosen)
        return max(abs((pooled[inside] <= v).mean() - (pooled[~inside] <= v).mean()) for v in pooled)

    divisions = [gap(chosen) for chosen in combinations(range(9), 4)]
    share = np.mean(np.array(divisions) >= gap((0, 1, 2, 3)) - 1e-12)
    assert kolmogorov_smirnov(first, second).p == pytest.approx(share)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (7, 7), (40, 25), (300, 200)])
def test_the_exact_p_is_that_of_scipy(n: int, m: int) -> None:
    random = np.random.default_rng(n)
    first, second = random.normal(size=n), random.normal(0.3, 1, size=m)

    found, peer = kolmogorov_smirnov(first, second), ks_2samp(first, second, method="exact")

    assert (found.statistic, found.p) == pytest.approx((peer.statistic, peer.pvalue), abs=1e-12)


def test_a_large_sample_is_compared_by_the_limit_distribution() -> None:
    random = np.random.default_rng(4)
    found = kolmogorov_smirnov(random.normal(size=3000), random.normal(0.2, 1, size=1000))

    assert found.method == "Kolmogorov-Smirnov, limit distribution"
    assert found.p < 0.01


def test_wasserstein_is_the_shift_in_the_unit_of_the_value() -> None:
    values = np.random.default_rng(5).normal(size=60)

    found = wasserstein(values, values + 3.0, seed=1, rounds=99)

    assert found.statistic == pytest.approx(3.0)
    assert (found.p, found.seed) == (0.01, 1)


def test_a_permutation_p_comes_near_the_share_of_all_divisions() -> None:
    pooled = np.array([1.0, 2.0, 3.0, 2.5, 4.0, 5.0, 6.0])

    def apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
        return float(abs(one.mean() - other.mean()))

    observed, p = permutation(pooled, 3, apart, seed=6, rounds=4000)

    every = [apart(pooled[list(chosen)], np.delete(pooled, chosen)) for chosen in combinations(range(7), 3)]
    assert observed == pytest.approx(abs(2.0 - 4.375))
    assert p == pytest.approx(np.mean(np.array(every) >= observed - 1e-9), abs=0.03)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_same_seed_gives_the_same_p(shift: float) -> None:
    random = np.random.default_rng(7)
    first, second = random.normal(size=30), random.normal(shift, 1, size=20)

    assert wasserstein(first, second, seed=8, rounds=50) == wasserstein(first, second, seed=8, rounds=50)


def test_samples_without_a_value_are_not_compared() -> None:
    for first, second in [([], [1.0]), ([1.0], [nan])]:
        with pytest.raises(NotEstimable, match="no distribution"):
            kolmogorov_smirnov(first, second)
        with pytest.raises(NotEstimable, match="no distribution"):
            wasserstein(first, second, seed=1)
    with pytest.raises(ValueError, match="list of finite numbers"):
        kolmogorov_smirnov([[1.0]], [1.0])
    with pytest.raises(ValueError, match="rate between 0 and 1"):
        stability_limit([1, 2], n=10, false_alarm=0.0)
    with pytest.raises(ValueError, match="one case at least"):
        simulated_limit([1, 2], n=0, false_alarm=0.1, seed=1)
