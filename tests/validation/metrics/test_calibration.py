"""Calibration: sums by hand, closed forms of the logistic line, and simulated probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm, t

from validation.metrics.calibration import brier, calibration_error, recalibration, reliability_curve
from validation.metrics.estimate import NotEstimable
from validation.metrics.proportions import proportion

pytestmark = pytest.mark.requirement("VAL-05")

Floats = NDArray[np.float64]
Truth = NDArray[np.int64]


def simulated(
    n: int, random: np.random.Generator, *, intercept: float = 0.0, slope: float = 1.0
) -> tuple[Floats, Truth]:
    """Probabilities whose recalibration has this intercept and slope."""
    x = random.normal(-0.5, 1.5, n)
    return expit(x), (random.random(n) < expit(intercept + slope * x)).astype(np.int64)


def test_briers_score_by_hand() -> None:
    estimate = brier([0.1, 0.9, 0.8, 0.3], [0, 1, 0, 1])

    squares = [0.01, 0.01, 0.64, 0.49]
    assert estimate.value == pytest.approx(0.2875)
    reach = t.ppf(0.975, 3) * np.std(squares, ddof=1) / 2
    assert [estimate.lower, estimate.upper] == pytest.approx([0.0, 0.2875 + reach])
    assert estimate.n == 4


def test_slope_and_intercept_join_the_logits_of_two_groups() -> None:
    # 12 of 40 said to be at 0.2, 30 of 50 said to be at 0.7: the line goes through both.
    p = [0.2] * 40 + [0.7] * 50
    truth = [1] * 12 + [0] * 28 + [1] * 30 + [0] * 20

    found = recalibration(p, truth)

    low, high = logit(0.2), logit(0.7)
    slope = (logit(0.6) - logit(0.3)) / (high - low)
    assert found.slope.value == pytest.approx(slope, abs=1e-9)
    assert found.intercept.value == pytest.approx(logit(0.3) - slope * low, abs=1e-9)
    error = np.sqrt(1 / 12 + 1 / 28 + 1 / 30 + 1 / 20) / (high - low)
    assert found.slope.upper - found.slope.value == pytest.approx(norm.ppf(0.975) * error, rel=1e-9)


@given(st.integers(0, 1000), st.floats(0.3, 2), st.floats(-1, 1))
def test_the_line_has_the_greatest_likelihood(seed: int, slope: float, intercept: float) -> None:
    p, truth = simulated(150, np.random.default_rng(seed), intercept=intercept, slope=slope)
    x = logit(p)

    found = recalibration(p, truth)

    # The likelihood is concave: its greatest value is where its derivatives are 0.
    left = truth - expit(found.intercept.value + found.slope.value * x)
    assert [left.sum(), (left * x).sum()] == pytest.approx([0, 0], abs=1e-6)
    # Held at slope 1, as many are expected as there are.
    assert expit(found.in_the_large.value + x).sum() == pytest.approx(truth.sum(), abs=1e-6)


def test_perfect_probabilities_have_slope_one_and_intercept_zero() -> None:
    p, truth = simulated(20_000, np.random.default_rng(1))

    line, error = recalibration(p, truth), calibration_error(p, truth)

    assert line.slope.lower < 1 < line.slope.upper
    assert line.intercept.lower < 0 < line.intercept.upper
    assert line.in_the_large.lower < 0 < line.in_the_large.upper
    assert line.slope.value == pytest.approx(1, abs=0.05)
    assert error.error.value < 2 * error.by_chance
    assert error.error.lower < 0.001


def test_squared_probabilities_are_found_out() -> None:
    p, truth = simulated(3000, np.random.default_rng(2))
    squared = p**2

    line, error = recalibration(squared, truth), calibration_error(squared, truth)

    assert line.slope.upper < 1
    assert line.in_the_large.lower > 0
    assert error.error.lower > error.by_chance
    # The mean distance of p and its square.
    assert error.error.lower < np.mean(p - squared) < error.error.upper
    assert brier(squared, truth).value > brier(p, truth).value


def test_intervals_of_the_line_and_of_briers_score_cover_as_they_say() -> None:
    random = np.random.default_rng(27)
    p, _ = simulated(1_000_000, random)
    risk = expit(0.3 + 0.8 * logit(p))
    score = float(np.mean((p - risk) ** 2 + risk * (1 - risk)))
    covered = []
    for _ in range(2500):
        sample = simulated(400, random, intercept=0.3, slope=0.8)
        line = recalibration(*sample)
        estimates = (line.slope, 0.8), (line.intercept, 0.3), (brier(*sample), score)
        covered.append([estimate.lower <= true <= estimate.upper for estimate, true in estimates])

    assert (np.abs(np.mean(covered, axis=0) - 0.95) < 0.02).all()


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.9, 0.0), (0.8, 0.3), (0.5, 0.5)])
def test_the_interval_of_the_calibration_error_covers_at_least_about_what_it_says(
    slope: float, intercept: float
) -> None:
    random = np.random.default_rng(28)
    p, _ = simulated(600_000, random)
    place = np.searchsorted(np.quantile(p, np.arange(1, 15) / 15), p)
    risk = expit(intercept + slope * logit(p))
    true = float(np.abs(np.bincount(place, p - risk)).sum() / p.size)
    covered = []
    for _ in range(800):
        estimate = calibration_error(*simulated(1000, random, intercept=intercept, slope=slope)).error
        covered.append(estimate.lower <= true <= estimate.upper)

    assert np.mean(covered) > 0.93


def test_the_error_by_chance_is_the_mean_of_perfect_probabilities() -> None:
    random = np.random.default_rng(3)
    found = [calibration_error(*simulated(300, random)) for _ in range(300)]

    assert np.mean([of.by_chance for of in found]) == pytest.approx(
        float(np.mean([of.error.value for of in found])), rel=0.06
    )
    assert np.mean([of.error.lower == 0 for of in found]) > 0.9
    assert all(of.error.lower <= of.error.value <= of.error.upper for of in found)


def test_the_calibration_error_by_hand() -> None:
    p = [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9]
    truth = [0, 0, 1, 0, 1, 0, 1, 1]

    found = calibration_error(p, truth, bins=4)

    # Said 0.15, 0.35, 0.65 and 0.85; found 0, 1/2, 1/2 and 1.
    assert found.error.value == pytest.approx(0.15)
    assert found.error.n == 8
    with pytest.raises(NotEstimable, match="are 0"):
        calibration_error(p, truth, bins=2)


def test_equal_probabilities_stay_in_one_bin_whatever_their_order() -> None:
    p, truth = np.array([0.2] * 7 + [0.5] * 2 + [0.9] * 3), np.array([1, 0] * 6)
    order = np.random.default_rng(4).permutation(12)

    curve = reliability_curve(p, truth, bins=4)

    assert curve == reliability_curve(p[order], truth[order], bins=4)
    assert [(point.lowest, point.highest, point.observed.n) for point in curve] == [
        (0.2, 0.2, 7),
        (0.5, 0.5, 2),
        (0.9, 0.9, 3),
    ]


@given(st.integers(15, 200), st.integers(1, 15), st.integers(0, 1000))
def test_bins_hold_equally_many_cases_and_join_up(n: int, bins: int, seed: int) -> None:
    p, truth = simulated(n, np.random.default_rng(seed))

    curve = reliability_curve(p, truth, bins=bins)

    sizes = [point.observed.n for point in curve]
    assert (len(curve), sum(sizes)) == (bins, n)
    assert max(sizes) - min(sizes) <= 1
    for point in curve:
        inside = (p >= point.lowest) & (p <= point.highest)
        assert point.predicted == pytest.approx(p[inside].mean())
        assert point.observed == proportion(int(truth[inside].sum()), int(inside.sum()))


@pytest.mark.parametrize(
    ("p", "truth", "reason"),
    [
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], "separate the classes"),
        ([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0], "separate the classes"),
        ([0.1, 0.5, 0.5, 0.9], [0, 0, 1, 1], "separate the classes"),
        ([0.1, 0.0, 0.8, 1.0], [0, 1, 0, 1], "2 of 4 probabilities are 0 or 1"),
        ([0.3, 0.3, 0.3], [0, 1, 0], "all probabilities are the same"),
        ([0.3, 0.4, 0.5], [0, 0, 0], "diseased and healthy"),
        ([0.3, 0.4, 0.5], [1, 1, 1], "diseased and healthy"),
    ],
)
def test_where_no_line_is_defined_none_is_given(p: list[float], truth: list[int], reason: str) -> None:
    with pytest.raises(NotEstimable, match=reason):
        recalibration(p, truth)


def test_probabilities_far_too_extreme_are_recalibrated() -> None:
    found = recalibration([1e-9, 1 - 1e-9, 1e-9, 1 - 1e-9, 1e-9, 1 - 1e-9], [0, 1, 0, 1, 1, 0])

    assert found.slope.value == pytest.approx(logit(2 / 3) / logit(1 - 1e-9), rel=1e-6)


def test_probabilities_far_too_low_are_recalibrated() -> None:
    # The first step of Newton's method leads to where all risks are 1.
    p, truth = expit(np.linspace(-15, -13, 40)), np.tile([0, 1, 1, 0], 10)

    found = recalibration(p, truth)

    assert found.in_the_large.value == pytest.approx(14, abs=0.05)
    assert expit(found.in_the_large.value + logit(p)).sum() == pytest.approx(20)


def test_an_error_far_beyond_its_spread_keeps_an_interval() -> None:
    p = 1 - np.linspace(1e-15, 9e-15, 30)

    estimate = calibration_error(p, np.zeros(30)).error

    arm = norm.ppf(0.975) * np.sqrt((p * (1 - p)).sum()) / 30
    assert estimate.value == pytest.approx(1.0)
    assert estimate.value - estimate.lower == pytest.approx(arm, rel=1e-3)


def test_the_error_by_chance_is_that_of_the_probabilities_said_not_of_the_cases() -> None:
    found = calibration_error(np.full(30, 0.3), [0] * 29 + [1])

    # One bin: the mean size of a normal variable of variance 0.3 * 0.7 / 30.
    assert found.by_chance == pytest.approx(np.sqrt(2 / np.pi * 0.21 / 30))


def test_what_has_no_spread_is_not_estimable() -> None:
    with pytest.raises(NotEstimable, match="two cases that differ"):
        brier([0.5, 0.5, 0.5], [0, 1, 1])
    with pytest.raises(NotEstimable, match="two cases that differ"):
        brier([0.5], [1])
    with pytest.raises(NotEstimable, match="14 cases are too few for 15 bins"):
        reliability_curve(np.linspace(0.1, 0.9, 14), [0, 1] * 7)
    with pytest.raises(NotEstimable, match="have no spread"):
        calibration_error([0.0, 1.0] * 10, [0, 1] * 10)


def test_what_does_not_fit_is_refused() -> None:
    for p in ([0.5, 1.1], [0.5, -0.1]):
        with pytest.raises(ValueError, match="probabilities lie between"):
            brier(p, [0, 1])
    with pytest.raises(ValueError, match="same length"):
        recalibration([0.5], [0, 1])
    with pytest.raises(ValueError, match="at least one bin"):
        reliability_curve([0.5, 0.6], [0, 1], bins=0)
    with pytest.raises(ValueError, match="confidence level"):
        brier([0.5, 0.6], [0, 1], level=1.5)
