"""Limits set by simulation, against run lengths by Markov chains and as published."""

from math import comb, log

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr

from validation.metrics.chart_design import (
    Draw,
    average_run_length,
    detection,
    false_alarm_probability,
    limited_by_false_alarms,
    limited_by_run_length,
    resampled,
)
from validation.metrics.control_charts import Cusum, Ewma, RateChart, RateCusum
from validation.metrics.estimate import NotEstimable

pytestmark = pytest.mark.requirement("VAL-11")

CELLS = 301


def normal(mean: float = 0.0) -> Draw:
    return lambda random, streams: random.normal(mean, 1.0, streams)


def events(rate: float) -> Draw:
    return lambda random, streams: random.binomial(1, rate, streams).astype(float)


def cusum_run_length(k: float, h: float, shift: float) -> float:
    """Brook and Evans 1972, both sides joined as 1/ARL = 1/rise + 1/fall (Kemp 1961)."""

    def one_sided(mean: float) -> float:
        width = 2 * h / (2 * CELLS - 1)
        centres = np.arange(CELLS) * width
        upper = ndtr(centres[None] + width / 2 - centres[:, None] + k - mean)
        lower = ndtr(centres[None] - width / 2 - centres[:, None] + k - mean)
        lower[:, 0] = 0.0
        return float(np.linalg.solve(np.eye(CELLS) - (upper - lower), np.ones(CELLS))[0])

    return 1 / (1 / one_sided(shift) + 1 / one_sided(-shift))


def ewma_run_length(weight: float, limit: float, shift: float) -> float:
    """Lucas and Saccucci 1990, appendix."""
    reach = limit * np.sqrt(weight / (2 - weight))
    width = 2 * reach / CELLS
    centres = -reach + (np.arange(CELLS) + 0.5) * width
    start = (1 - weight) * centres[:, None]
    upper = ndtr((centres[None] + width / 2 - start) / weight - shift)
    lower = ndtr((centres[None] - width / 2 - start) / weight - shift)
    return float(np.linalg.solve(np.eye(CELLS) - (upper - lower), np.ones(CELLS))[CELLS // 2])


# Montgomery, Introduction to Statistical Quality Control, tables of CUSUM and EWMA run lengths.
@pytest.mark.parametrize(
    ("k", "h", "shift", "published"),
    [(0.5, 4, 0, 168), (0.5, 5, 0, 465), (0.5, 4, 1, 8.38), (0.5, 5, 1, 10.4), (0.5, 5, 0.5, 38.0)],
)
def test_a_cusum_runs_as_long_as_published(k: float, h: float, shift: float, published: float) -> None:
    found = average_run_length(Cusum(0, 1, k, h), normal(shift), runs=3000, seed=1, level=0.9999)

    assert cusum_run_length(k, h, shift) == pytest.approx(published, rel=5e-3)
    assert found.lower < cusum_run_length(k, h, shift) < found.upper
    assert (found.n, found.seed) == (3000, 1)


@pytest.mark.parametrize(
    ("weight", "limit", "shift", "published"),
    [
        (0.1, 2.814, 0, 500),
        (0.2, 2.962, 0, 500),
        (0.4, 3.054, 0, 500),
        (0.1, 2.814, 1, 10.3),
        (0.1, 2.703, 0, 370),
    ],
)
def test_an_ewma_runs_as_long_as_published(
    weight: float, limit: float, shift: float, published: float
) -> None:
    found = average_run_length(Ewma(0, 1, weight, limit), normal(shift), runs=3000, seed=2, level=0.9999)

    assert ewma_run_length(weight, limit, shift) == pytest.approx(published, rel=1e-2)
    assert found.lower < ewma_run_length(weight, limit, shift) < found.upper


def test_a_rate_cusum_runs_as_long_as_its_markov_chain() -> None:
    # An event weighs as much as ten studies without one, so the sum walks on a lattice (Reynolds,
    # Stoumbos 1999): states 0 to 25 of one such study each, past which it alarms.
    clean, up, top = 0.05, 10, 25
    bad = float(brentq(lambda rate: log(rate / clean) + up * log((1 - rate) / (1 - clean)), 0.06, 0.5))
    unit = -log((1 - bad) / (1 - clean))
    matrix = np.eye(top + 1)
    for state in range(top + 1):
        matrix[state, max(0, state - 1)] -= 1 - clean
        if state + up <= top:
            matrix[state, state + up] -= clean
    by_chain = np.linalg.solve(matrix, np.ones(top + 1))[0]
    chart = RateCusum(clean, bad, limit=(top + 0.5) * unit)

    found = average_run_length(chart, events(clean), runs=3000, seed=3, level=0.9999)
    assert found.lower < by_chain < found.upper


def test_a_rate_chart_alarms_as_often_as_its_exact_probability() -> None:
    chart = RateChart(0.1, 30, limit=2.0)
    batches: Draw = lambda random, streams: random.binomial(30, 0.1, streams).astype(float)  # noqa: E731

    found = average_run_length(chart, batches, runs=3000, seed=4, level=0.9999)

    assert found.lower < 1 / chart.false_alarm() < found.upper


@pytest.mark.parametrize("wanted", [168.0, 465.0])
def test_the_limit_for_a_run_length_is_the_published_one(wanted: float) -> None:
    chart = limited_by_run_length(Cusum(0, 1, 0.5, 1.0), normal(), run_length=wanted, runs=2000, seed=5)

    # The mean of 2,000 run lengths has an error of 2.2 %; one unit of h multiplies them by e.
    assert chart.limit == pytest.approx({168.0: 4.0, 465.0: 5.0}[wanted], abs=0.1)
    assert (chart.target, chart.sd, chart.slack) == (0, 1, 0.5)


def test_the_limit_for_a_run_length_may_lie_below_the_one_given() -> None:
    chart = limited_by_run_length(Ewma(0, 1, 0.1, 50.0), normal(), run_length=500, runs=1500, seed=6)

    assert chart.limit == pytest.approx(2.814, abs=0.05)


@pytest.mark.parametrize("false_alarm", [0.05, 0.2])
def test_the_limit_for_false_alarms_holds_on_streams_not_seen(false_alarm: float) -> None:
    chart = limited_by_false_alarms(Cusum(0, 1, 0.25), normal(), length=300, false_alarm=false_alarm, seed=7)

    measured = false_alarm_probability(chart, normal(), length=300, seed=8)

    # At most the share asked for, and not far below: five standard errors of a share of 4,000.
    assert measured.lower < false_alarm
    assert measured.value > false_alarm - 5 * np.sqrt(false_alarm * (1 - false_alarm) / 4000)


def test_the_limit_for_false_alarms_is_the_lowest_that_is_known_to_hold() -> None:
    def alarms(limit: float) -> int:
        found = false_alarm_probability(Ewma(0, 1, limit=limit), normal(), length=100, runs=400, seed=9)
        return round(found.value * 400)

    limit = limited_by_false_alarms(Ewma(0, 1), normal(), length=100, false_alarm=0.1, runs=400, seed=9).limit

    def by_luck(most: int) -> float:
        return sum(comb(400, x) * 0.1**x * 0.9 ** (400 - x) for x in range(most + 1))

    assert alarms(limit * (1 - 1e-9)) == alarms(limit) + 1
    assert by_luck(alarms(limit)) <= 0.05 < by_luck(alarms(limit) + 1)


def test_limits_hold_with_the_confidence_asked_for() -> None:
    # The largest of ten uniform values passes a limit u with probability 1 - u**10.
    uniform: Draw = lambda random, streams: random.uniform(0, 1, streams)  # noqa: E731
    chart = Ewma(0.0, 1.0, weight=1.0)

    shares = [
        1 - limited_by_false_alarms(chart, uniform, length=10, false_alarm=0.2, runs=100, seed=s).limit ** 10
        for s in range(300)
    ]

    # Three standard errors of a proportion of 300.
    assert np.mean(np.array(shares) <= 0.2) >= 0.95 - 0.038


def test_drift_in_a_stream_of_two_thousand_studies_is_found_with_its_delay_known() -> None:
    random = np.random.default_rng(10)
    clean_scores = random.beta(2, 5, 3000)
    chart = Cusum(float(clean_scores.mean()), float(clean_scores.std()), slack=0.25)
    clean, drifted = resampled(clean_scores), resampled(clean_scores + 0.5 * clean_scores.std())

    chart = limited_by_false_alarms(chart, clean, length=2000, false_alarm=0.05, runs=2000, seed=11)
    measured = false_alarm_probability(chart, clean, length=2000, runs=2000, seed=12)
    found = detection(chart, clean, drifted, change=1000, length=2000, runs=500, seed=13)

    assert measured.lower < 0.05
    assert found.detected.value == 1.0
    assert found.false_alarms.value < 0.05
    assert found.delay is not None
    # The sum rises by a quarter of a deviation a study, so it needs some four limits.
    assert found.delay.value == pytest.approx(chart.limit / 0.25, rel=0.15)


def test_a_delay_counts_from_the_first_changed_study_to_the_alarm() -> None:
    # Certain values: nothing before, then two deviations; the sum passes 5 with the fourth.
    zero, two = resampled([0.0]), resampled([2.0])
    found = detection(Cusum(0, 1, 0.5, 5.0), zero, two, change=7, length=20, runs=10, seed=1)

    assert (found.false_alarms.value, found.detected.value) == (0.0, 1.0)
    assert found.delay is not None
    assert (found.delay.value, found.delay.lower) == (4.0, 4.0)


def test_an_alarm_with_the_last_clean_study_is_false_and_with_the_first_changed_is_not() -> None:
    zero, high = resampled([0.0]), resampled([9.0])

    on_change = detection(Cusum(0, 1), zero, high, change=3, length=4, runs=5, seed=1)

    assert (on_change.false_alarms.value, on_change.detected.value) == (0.0, 1.0)
    with pytest.raises(NotEstimable, match="before the change"):
        detection(Cusum(0, 1), high, high, change=1, length=4, runs=5, seed=1)


def test_a_change_that_is_not_found_has_no_delay() -> None:
    zero = resampled([0.0])

    found = detection(Cusum(0, 1), zero, zero, change=2, length=9, runs=5, seed=1)

    assert (found.detected.value, found.delay) == (0.0, None)


def test_the_same_seed_gives_the_same_figures() -> None:
    chart = Cusum(0, 1, 0.5, 2.0)

    first, again, other = (average_run_length(chart, normal(), runs=50, seed=seed) for seed in (1, 1, 2))

    assert first == again
    assert first.value != other.value


def test_simulations_that_cannot_be_are_refused() -> None:
    chart = Cusum(0, 1)
    with pytest.raises(NotEstimable, match="did not alarm"):
        average_run_length(chart, resampled([0.0]), runs=5, longest=10, seed=1)
    with pytest.raises(NotEstimable, match="no signal"):
        limited_by_false_alarms(chart, resampled([0.0]), length=10, false_alarm=0.1, runs=90, seed=1)
    with pytest.raises(ValueError, match="lie between 0 and 1"):
        limited_by_false_alarms(chart, normal(), length=10, false_alarm=0.0, seed=1)
    with pytest.raises(ValueError, match="too few to know"):
        limited_by_false_alarms(chart, normal(), length=10, false_alarm=0.01, runs=100, seed=1)
    with pytest.raises(ValueError, match="more than one study"):
        limited_by_run_length(chart, normal(), run_length=1.0, seed=1)
    with pytest.raises(ValueError, match="two streams"):
        false_alarm_probability(chart, normal(), length=10, runs=1, seed=1)
    with pytest.raises(ValueError, match="change lies within"):
        detection(chart, normal(), normal(1), change=10, length=10, seed=1)
    with pytest.raises(ValueError, match="clean studies"):
        resampled([])
