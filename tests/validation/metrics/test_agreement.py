"""Limits of agreement: against Bland and Altman's own examples, tabled factors and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chi2, norm, t

from validation.metrics.agreement import limits_of_agreement, proportional_bias, spread_trend
from validation.metrics.estimate import NotEstimable

pytestmark = pytest.mark.requirement("VAL-05")

# Bland, Altman 1986, Lancet i:307: first readings of peak expiratory flow by two meters, l/min.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]

# Bland, Altman 2007, J Biopharm Stat 17:571, table 1: cardiac output by two methods, subject by subject.
RV = [
    [7.83, 7.42, 7.89, 7.12, 7.88],
    [6.16, 7.26, 6.71, 6.54],
    [4.75, 5.24, 4.86, 4.78, 6.05, 5.42],
    [4.21, 3.61, 3.72, 3.87, 3.92],
    [3.13, 2.98, 2.85, 3.17, 3.09, 3.12],
    [5.92, 6.42, 5.92, 6.27],
    [7.13, 6.62, 6.58, 6.93],
    [4.54, 4.81, 5.11, 5.29, 5.39, 5.57],
    [4.48, 4.92, 3.97],
    [4.22, 4.65, 4.74, 4.44, 4.50],
    [6.78, 6.07, 6.52, 6.42, 6.41, 5.76],
    [5.06, 4.72, 4.90, 4.80, 4.90, 5.10],
]
IC = [
    [6.57, 5.62, 6.90, 6.57, 6.35],
    [4.06, 4.29, 4.26, 4.09],
    [4.71, 5.50, 5.08, 5.02, 6.01, 5.67],
    [4.14, 4.20, 4.61, 4.68, 5.04],
    [3.03, 2.86, 2.77, 2.46, 2.32, 2.43],
    [5.90, 5.81, 5.70, 5.76],
    [5.09, 4.63, 4.61, 5.09],
    [4.72, 4.61, 4.36, 4.20, 4.36, 4.20],
    [3.17, 3.12, 2.96],
    [4.35, 4.62, 3.16, 3.53, 3.53],
    [7.20, 6.09, 7.00, 7.10, 7.40, 6.80],
    [4.50, 4.20, 3.80, 3.80, 4.20, 4.50],
]

Z = norm.ppf(0.975)


def test_limits_are_those_published_for_peak_flow() -> None:
    limits = limits_of_agreement(WRIGHT, MINI)

    assert limits.bias.value == pytest.approx(-2.118, abs=5e-4)
    assert limits.spread.value == pytest.approx(38.765, abs=5e-4)
    assert limits.lower.value == pytest.approx(-78.10, abs=5e-3)
    assert limits.upper.value == pytest.approx(73.86, abs=5e-3)
    assert (limits.pairs, limits.bias.n) == (17, 17)
    # The paper's own interval of the bias: -22.0 to 17.8.
    assert limits.bias.lower == pytest.approx(-22.0, abs=0.06)
    assert limits.bias.upper == pytest.approx(17.8, abs=0.06)


def test_two_standard_deviations_give_the_limits_of_the_paper() -> None:
    limits = limits_of_agreement(WRIGHT, MINI, share=float(2 * norm.cdf(2) - 1))

    assert limits.lower.value == pytest.approx(-79.65, abs=5e-3)
    assert limits.upper.value == pytest.approx(75.41, abs=5e-3)


@pytest.mark.parametrize(("n", "factor"), [(10, 2.911), (20, 2.396), (30, 2.220)])
def test_limits_of_limits_are_the_tabled_tolerance_factors(n: int, factor: float) -> None:
    # NIST/SEMATECH e-Handbook 7.2.6.3: one-sided, 95 % of a normal population, confidence 95 %.
    differences = np.random.default_rng(n).normal(size=n)
    standard = (differences - differences.mean()) / differences.std(ddof=1)

    limits = limits_of_agreement(standard, np.zeros(n), share=0.9, level=0.9)

    assert limits.upper.upper == pytest.approx(factor, abs=5e-4)
    assert limits.lower.lower == pytest.approx(-factor, abs=5e-4)


def test_repeated_pairs_have_the_components_published_for_cardiac_output() -> None:
    first, second = np.concatenate(RV), np.concatenate(IC)
    patients = np.repeat(np.arange(12), [len(of) for of in RV])

    limits = limits_of_agreement(first, second, patients=patients)

    assert limits.bias.value == pytest.approx(0.7092361, abs=5e-8)
    arm = t.ppf(0.975, 11) * np.sqrt(0.91269114 / 12)
    assert limits.bias.upper - limits.bias.value == pytest.approx(arm, abs=1e-7)
    # Variance of patient means, multiplier and residual mean square as printed.
    assert limits.spread.value**2 == pytest.approx(0.91269114 + 0.7902778 * 0.170714026, abs=1e-7)
    assert (limits.pairs, limits.lower.n) == (60, 12)


def test_limits_of_limits_with_repeated_pairs_recover_the_variances() -> None:
    first, second = np.concatenate(RV), np.concatenate(IC)
    patients = np.repeat(np.arange(12), [len(of) for of in RV])
    # Each variance with its own chi-square interval, on 11 and on 48 degrees of freedom.
    parts = [(0.91269114, 11), (0.7902778 * 0.170714026, 48)]
    total = sum(value for value, _ in parts)
    least = total - sum((value - value * df / chi2.ppf(0.95, df)) ** 2 for value, df in parts) ** 0.5
    most = total + sum((value * df / chi2.ppf(0.05, df) - value) ** 2 for value, df in parts) ** 0.5
    arm = t.ppf(0.95, 11) * (0.91269114 / 12) ** 0.5
    inner = np.hypot(arm, Z * (total**0.5 - least**0.5))
    outer = np.hypot(arm, Z * (most**0.5 - total**0.5))

    limits = limits_of_agreement(first, second, patients=patients, level=0.9)

    assert [limits.spread.lower, limits.spread.upper] == pytest.approx([least**0.5, most**0.5], abs=1e-6)
    for limit, below, above in ((limits.lower, outer, inner), (limits.upper, inner, outer)):
        assert limit.value - limit.lower == pytest.approx(below, abs=1e-6)
        assert limit.upper - limit.value == pytest.approx(above, abs=1e-6)


def test_with_as_many_pairs_for_each_patient_limits_are_bland_and_altmans() -> None:
    random = np.random.default_rng(6)
    table = random.normal(size=(9, 1)) + random.normal(size=(9, 4))

    limits = limits_of_agreement(table.ravel(), np.zeros(36), patients=np.repeat(np.arange(9), 4))

    between = 4 * table.mean(axis=1).var(ddof=1)
    within = ((table - table.mean(axis=1, keepdims=True)) ** 2).sum() / 27
    spread = np.sqrt((between - within) / 4 + within)
    assert limits.upper.value == pytest.approx(table.mean() + Z * spread, abs=1e-12)
    assert limits.lower.value == pytest.approx(table.mean() - Z * spread, abs=1e-12)


def test_repeats_taken_for_patients_would_make_the_interval_too_short() -> None:
    random = np.random.default_rng(8)
    patients = np.repeat(np.arange(10), 5)
    differences = random.normal(size=10)[patients] + random.normal(size=50) / 5

    apart = limits_of_agreement(differences, np.zeros(50))
    together = limits_of_agreement(differences, np.zeros(50), patients=patients)

    assert together.upper.upper - together.upper.lower > 1.5 * (apart.upper.upper - apart.upper.lower)


def test_patients_with_one_pair_each_change_nothing() -> None:
    names = [f"patient {place}" for place in range(17)]

    assert limits_of_agreement(WRIGHT, MINI, patients=names) == limits_of_agreement(WRIGHT, MINI)


@given(st.integers(0, 1000), st.booleans(), st.floats(0.5, 0.99))
def test_exchanged_methods_mirror_the_limits(seed: int, repeated: bool, share: float) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, 12))
    patients = np.arange(12) // (2 if repeated else 1)

    here = limits_of_agreement(x, y, patients=patients, share=share)
    there = limits_of_agreement(y, x, patients=patients, share=share)

    assert here.lower.value == pytest.approx(-there.upper.value)
    assert here.lower.lower == pytest.approx(-there.upper.upper)
    assert here.lower.upper == pytest.approx(-there.upper.lower)
    assert here.lower.lower < here.lower.value < here.lower.upper


def covered(limits: tuple[tuple[float, float, float], ...]) -> list[bool]:
    return [lower <= true <= upper for lower, upper, true in limits]


def test_intervals_cover_as_they_say() -> None:
    random = np.random.default_rng(21)
    found = []
    for _ in range(4000):
        limits = limits_of_agreement(1 + 2 * random.normal(size=20), np.zeros(20))
        truths = (limits.bias, 1), (limits.spread, 2), (limits.lower, 1 - 2 * Z), (limits.upper, 1 + 2 * Z)
        found.append(covered(tuple((of.lower, of.upper, float(true)) for of, true in truths)))

    assert (np.abs(np.mean(found, axis=0) - 0.95) < 0.012).all()


def test_intervals_cover_as_they_say_with_repeated_pairs() -> None:
    random, spread = np.random.default_rng(22), np.sqrt(2)
    found = []
    for _ in range(4000):
        patients = np.repeat(np.arange(15), random.integers(1, 6, 15))
        differences = 1 + random.normal(size=15)[patients] + random.normal(size=patients.size)
        limits = limits_of_agreement(differences, np.zeros(patients.size), patients=patients)
        low, high = 1 - Z * spread, 1 + Z * spread
        truths = (limits.bias, 1), (limits.spread, spread), (limits.lower, low), (limits.upper, high)
        found.append(covered(tuple((of.lower, of.upper, float(true)) for of, true in truths)))

    assert (np.abs(np.mean(found, axis=0) - 0.95) < 0.02).all()


def readings(seed: int, *, slope: float = 0.0, growth: float = 0.0) -> tuple[NDArray, NDArray]:
    """200 pairs of mean 10 to 20, their difference growing by `slope`, its spread by `growth`."""
    random = np.random.default_rng(seed)
    mean = random.uniform(10, 20, 200)
    difference = slope * mean + (1 + growth * (mean - 10)) * random.normal(size=200)
    return mean + difference / 2, mean - difference / 2


def test_a_difference_that_grows_with_the_mean_is_found() -> None:
    grows, steady = proportional_bias(*readings(1, slope=0.3)), proportional_bias(*readings(1))

    assert grows.lower < 0.3 < grows.upper
    assert grows.lower > 0
    assert steady.lower < 0 < steady.upper


def test_the_slope_is_that_of_least_squares() -> None:
    first, second = readings(2, slope=0.2)
    mean, difference = (first + second) / 2, first - second
    (slope, _), covariance = np.polyfit(mean, difference, 1, cov=True)

    estimate = proportional_bias(first, second)

    assert estimate.value == pytest.approx(slope, rel=1e-9)
    reach = t.ppf(0.975, 198) * np.sqrt(covariance[0, 0])
    assert estimate.upper - estimate.value == pytest.approx(reach, rel=1e-9)


def test_a_spread_that_grows_with_the_mean_is_found() -> None:
    grows, steady = spread_trend(*readings(3, growth=0.3)), spread_trend(*readings(3))

    # The mean of a normal variable's size is sqrt(2 / pi) times its standard deviation.
    assert grows.lower < 0.3 * np.sqrt(2 / np.pi) < grows.upper
    assert grows.lower > 0
    assert steady.lower < 0 < steady.upper


def test_trends_cover_as_they_say_with_and_without_repeats() -> None:
    random = np.random.default_rng(23)
    patients = np.repeat(np.arange(25), 3)
    found = []
    for _ in range(1500):
        mean, own = 3 * random.normal(size=25)[patients], random.normal(size=25)[patients]
        difference = own + random.normal(size=75)
        first, second = mean + difference / 2, mean - difference / 2
        single = slice(None, None, 3)
        estimates = (
            proportional_bias(first, second, patients=patients),
            proportional_bias(first[single], second[single]),
            spread_trend(first[single], second[single]),
        )
        found.append(covered(tuple((of.lower, of.upper, 0.0) for of in estimates)))

    assert (np.abs(np.mean(found, axis=0) - 0.95) < 0.02).all()


def test_what_has_no_spread_is_not_estimable() -> None:
    with pytest.raises(NotEstimable, match="three patients; there are 2"):
        limits_of_agreement([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], patients=["a", "a", "b"])
    with pytest.raises(NotEstimable, match="differences are the same"):
        limits_of_agreement([1.1, 2.2, 3.3], [1.0, 2.1, 3.2])
    with pytest.raises(NotEstimable, match="means of both methods do not differ"):
        proportional_bias([1.0, 2.0, 3.0], [3.0, 2.0, 1.0])
    with pytest.raises(NotEstimable, match="lie on a line"):
        proportional_bias([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="same length"):
        limits_of_agreement([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="finite"):
        limits_of_agreement([1.0, 2.0, float("inf")], [1.0, 2.0, 3.0])
    for level in (0.0, 1.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            limits_of_agreement(WRIGHT, MINI, level=level)
        with pytest.raises(ValueError, match="between 0 and 1"):
            limits_of_agreement(WRIGHT, MINI, share=level)
        with pytest.raises(ValueError, match="between 0 and 1"):
            proportional_bias(WRIGHT, MINI, level=level)
