"""Sample sizes, against powers summed case by case and published figures."""

from functools import cache
from math import comb, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from validation.metrics.proportions import proportion
from validation.metrics.sample_size import (
    Variance,
    auc_against_goal,
    cases_for_limits_of_agreement,
    cases_for_proportion_width,
    enrolment,
    hanley_mcneil,
    limits_of_agreement_reach,
    obuchowski,
    paired_auc_difference,
    proportion_against_goal,
    proportion_power,
    proportion_width,
)

pytestmark = pytest.mark.requirement("VAL-06")


@cache
def bounds(n: int, alpha: float) -> list[tuple[float, float]]:
    found = [proportion(x, n, level=1 - 2 * alpha) for x in range(n + 1)]
    return [(estimate.lower, estimate.upper) for estimate in found]


def chance(x: int, n: int, p: float) -> float:
    return comb(n, x) * p**x * (1 - p) ** (n - x)


def power_by_intervals(n: int, expected: float, goal: float, alpha: float) -> float:
    """Every count that n cases may give, by whether its interval passes the goal."""
    passes = [lower > goal if expected > goal else upper < goal for lower, upper in bounds(n, alpha)]
    return sum(chance(x, n, expected) for x in range(n + 1) if passes[x])


@given(st.integers(1, 60), st.integers(1, 19), st.integers(1, 19), st.sampled_from([0.025, 0.05]))
def test_power_is_the_probability_that_the_interval_passes(
    n: int, expected: int, goal: int, alpha: float
) -> None:
    if expected == goal:
        return
    p1, p0 = expected / 20, goal / 20

    power = proportion_power(n, expected=p1, goal=p0, alpha=alpha)

    assert power == pytest.approx(power_by_intervals(n, p1, p0, alpha), abs=1e-9)


def test_the_power_and_the_error_are_those_published_for_78_cases() -> None:
    # Khan, Sarker, Hackshaw 2012 (Br J Cancer 107:1801): 10 % against 20 % by A'Hern's exact test,
    # n = 78 has an exact alpha of 4.53 % and a power of 80.81 %.
    power = proportion_power(78, expected=0.2, goal=0.1, alpha=0.05)
    error = proportion_power(78, expected=0.1 + 1e-12, goal=0.1, alpha=0.05)

    assert power == pytest.approx(0.8081, abs=1e-4)
    assert error == pytest.approx(0.0453, abs=5e-5)


@pytest.mark.parametrize(
    ("expected", "goal", "power", "alpha"),
    [(0.2, 0.1, 0.8, 0.05), (0.9, 0.75, 0.9, 0.025), (0.05, 0.15, 0.8, 0.025), (0.6, 0.4, 0.95, 0.025)],
)
def test_from_the_planned_number_on_the_power_stays(
    expected: float, goal: float, power: float, alpha: float
) -> None:
    plan = proportion_against_goal(expected=expected, goal=goal, power=power, alpha=alpha)

    after = [power_by_intervals(n, expected, goal, alpha) for n in range(plan.n, plan.n + 60)]
    assert min(after) >= power
    assert power_by_intervals(plan.n - 1, expected, goal, alpha) < power
    assert plan.power == pytest.approx(after[0], abs=1e-9)


@pytest.mark.parametrize(("expected", "goal"), [(0.9, 0.75), (0.05, 0.15)])
def test_the_plan_names_the_count_that_passes_and_its_true_error(expected: float, goal: float) -> None:
    plan = proportion_against_goal(expected=expected, goal=goal, power=0.8)

    up = expected > goal
    passing, next_to_it = plan.count, plan.count - 1 if up else plan.count + 1
    side = 0 if up else 1
    assert (bounds(plan.n, 0.025)[passing][side] > goal) == up
    assert (bounds(plan.n, 0.025)[next_to_it][side] > goal) != up
    counts = range(plan.count, plan.n + 1) if up else range(plan.count + 1)
    assert plan.alpha == pytest.approx(sum(chance(x, plan.n, goal) for x in counts), abs=1e-9)
    assert plan.alpha < 0.025


def test_a_smaller_number_may_reach_the_power_by_luck_and_is_not_given() -> None:
    plan = proportion_against_goal(expected=0.2, goal=0.1, power=0.8, alpha=0.05)

    assert plan.n > 78
    assert proportion_power(78, expected=0.2, goal=0.1, alpha=0.05) >= 0.8


@given(st.floats(0.55, 0.95), st.floats(0.03, 0.2), st.floats(0.5, 0.95))
@settings(max_examples=25)
def test_lower_is_better_needs_as_many_as_its_complement(p: float, apart: float, power: float) -> None:
    up = proportion_against_goal(expected=p, goal=p - apart, power=power)
    down = proportion_against_goal(expected=1 - p, goal=1 - (p - apart), power=power)

    assert abs(up.n - down.n) <= 1  # 1 - (1 - p) is not always p
    assert up.power == pytest.approx(down.power, abs=0.05)


def test_width_is_the_mean_over_all_counts() -> None:
    for n, p in [(1, 0.5), (7, 0.1), (40, 0.85)]:
        widths = [upper - lower for lower, upper in bounds(n, 0.025)]
        mean = sum(chance(x, n, p) * widths[x] for x in range(n + 1))
        assert proportion_width(n, expected=p) == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5, 0.9])
def test_the_mean_width_falls_with_every_case(p: float) -> None:
    widths = [proportion_width(n, expected=p) for n in range(1, 300)]

    assert (np.diff(widths) < 0).all()


@pytest.mark.parametrize(("width", "p"), [(0.1, 0.9), (0.2, 0.5), (0.05, 0.98)])
def test_the_number_for_a_width_is_the_smallest(width: float, p: float) -> None:
    n = cases_for_proportion_width(width, expected=p)

    assert proportion_width(n, expected=p) <= width < proportion_width(n - 1, expected=p)


def test_the_variance_of_an_area_is_that_of_hanley_and_mcneil() -> None:
    # Hanley, McNeil 1982: an area of 0.893 with 51 abnormal and 58 normal cases has an error of 0.032.
    assert sqrt(hanley_mcneil(0.893, 51, 58)) == pytest.approx(0.0325, abs=5e-5)


@pytest.mark.parametrize("area", [0.6, 0.75, 0.9])
def test_hanley_and_mcneils_variance_is_that_of_exponential_scores(area: float) -> None:
    # Healthy scores exponential of rate 1, diseased of rate r: the area is 1 / (1 + r).
    rate = 1 / area - 1
    q1 = quad(lambda y: np.exp(-2 * rate * y) * np.exp(-y), 0, np.inf)[0]
    q2 = quad(lambda x: (1 - np.exp(-x)) ** 2 * rate * np.exp(-rate * x), 0, np.inf)[0]
    m, n = 40, 70
    exact = (area * (1 - area) + (m - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / (m * n)

    assert hanley_mcneil(area, m, n) == pytest.approx(exact, rel=1e-6)


def test_obuchowskis_variance_is_her_formula() -> None:
    # At an area of 1/2 the normal score is 0: 0.0099 (8 + 8/k) / m with k healthy to a diseased case.
    assert obuchowski(0.5, 100, 100) == pytest.approx(0.0099 * 16 / 100)
    assert obuchowski(0.5, 100, 400) == pytest.approx(0.0099 * 10 / 100)
    a = 1.414 * 1.2815515655446004
    by_hand = 0.0099 * 2.718281828459045 ** (-a * a / 2) * ((5 * a * a + 8) / 60 + (a * a + 8) / 90)
    assert obuchowski(0.9, 60, 90) == pytest.approx(by_hand)


@pytest.mark.parametrize("variance", [hanley_mcneil, obuchowski])
@pytest.mark.parametrize(("expected", "goal", "ratio"), [(0.9, 0.85, 1.0), (0.8, 0.7, 3.0), (0.95, 0.8, 0.4)])
def test_the_area_passes_its_goal_with_the_power_and_not_with_one_case_less(
    variance: Variance, expected: float, goal: float, ratio: float
) -> None:
    plan = auc_against_goal(
        expected=expected, goal=goal, power=0.9, healthy_per_diseased=ratio, variance=variance
    )

    def power(diseased: int) -> float:
        healthy = max(2, int(np.ceil(diseased * ratio - 1e-9)))
        error = sqrt(variance(expected, diseased, healthy))
        return NormalDist(expected, error).cdf(2 * expected - goal - 1.959963984540054 * error)

    assert plan.healthy == max(2, int(np.ceil(plan.diseased * ratio - 1e-9)))
    assert plan.power == pytest.approx(power(plan.diseased))
    assert power(plan.diseased) >= 0.9 > power(plan.diseased - 1)


def test_the_planned_power_is_that_of_simulated_studies() -> None:
    plan = auc_against_goal(expected=0.8, goal=0.7, power=0.8, variance=hanley_mcneil)
    random, rate = np.random.default_rng(3), 1 / 0.8 - 1
    passed = 0
    for _ in range(400):
        diseased = random.exponential(1 / rate, plan.diseased)
        healthy = random.exponential(1, plan.healthy)
        wins = diseased[:, None] > healthy
        # DeLong's variance, from the mean of each case.
        error = sqrt(wins.mean(1).var(ddof=1) / len(diseased) + wins.mean(0).var(ddof=1) / len(healthy))
        passed += wins.mean() - 1.959963984540054 * error > 0.7

    # Four standard errors of a proportion of 400 are 0.08.
    assert passed / 400 == pytest.approx(0.8, abs=0.08)


@pytest.mark.parametrize(
    ("margin", "correlation", "new"), [(0.05, 0.5, 0.88), (0.05, 0.0, 0.9), (0.0, 0.4, 0.93)]
)
def test_a_paired_difference_has_the_power_and_not_with_one_case_less(
    margin: float, correlation: float, new: float
) -> None:
    plan = paired_auc_difference(
        new=new, reference=0.88, margin=margin, correlation=correlation, power=0.8, variance=hanley_mcneil
    )

    def power(n: int) -> float:
        first, second = sqrt(hanley_mcneil(new, n, n)), sqrt(hanley_mcneil(0.88, n, n))
        error = sqrt(first**2 + second**2 - 2 * correlation * first * second)
        return 1 - NormalDist(new - 0.88, error).cdf(1.959963984540054 * error - margin)

    assert plan.power == pytest.approx(power(plan.diseased))
    assert power(plan.diseased) >= 0.8 > power(plan.diseased - 1)


def test_correlated_areas_need_fewer_cases() -> None:
    def needed(correlation: float) -> int:
        plan = paired_auc_difference(new=0.9, reference=0.9, margin=0.05, correlation=correlation, power=0.9)
        return plan.diseased

    assert needed(0.7) < needed(0.3) < needed(0.0)


def test_the_reach_of_a_limit_of_agreement_is_that_published() -> None:
    # Bland's own table of 1.96 sqrt(3/n): 0.34 deviations at 100 cases, 0.24 at 200.
    assert limits_of_agreement_reach(100) == pytest.approx(0.34, abs=5e-3)
    assert limits_of_agreement_reach(200) == pytest.approx(0.24, abs=5e-3)
    assert limits_of_agreement_reach(100, sd=38.8) == pytest.approx(38.8 * limits_of_agreement_reach(100))


def test_simulated_limits_of_agreement_spread_as_planned() -> None:
    random = np.random.default_rng(5)
    samples = random.standard_normal((20_000, 50))
    limits = samples.mean(1) + 1.959963984540054 * samples.std(1, ddof=1)

    # 2.0096 is t at 0.975 with 49 degrees of freedom.
    assert limits.std() == pytest.approx(limits_of_agreement_reach(50) / 2.0096, rel=0.02)


@given(st.floats(0.05, 2))
def test_the_number_for_limits_of_agreement_is_the_smallest(reach: float) -> None:
    n = cases_for_limits_of_agreement(reach)

    assert limits_of_agreement_reach(n) <= reach
    assert n == 3 or limits_of_agreement_reach(n - 1) > reach


@pytest.mark.parametrize(("needed", "usable"), [(10, 0.5), (30, 0.2), (50, 0.97), (5, 1.0)])
def test_enrolment_is_the_smallest_number_with_the_assurance(needed: int, usable: float) -> None:
    n = enrolment(needed, usable=usable, assurance=0.9)

    def assured(cases: int) -> float:
        return sum(chance(x, cases, usable) for x in range(needed, cases + 1))

    assert assured(n) >= 0.9 - 1e-9
    assert assured(n - 1) < 0.9


def test_plans_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="never shown"):
        proportion_against_goal(expected=0.8, goal=0.8, power=0.8)
    with pytest.raises(ValueError, match="too near"):
        proportion_against_goal(expected=0.8001, goal=0.8, power=0.8)
    with pytest.raises(ValueError, match="power lies between"):
        proportion_against_goal(expected=0.9, goal=0.8, power=1.0)
    with pytest.raises(ValueError, match="alpha"):
        proportion_against_goal(expected=0.9, goal=0.8, power=0.8, alpha=0.5)
    with pytest.raises(ValueError, match="at least one case"):
        proportion_power(0, expected=0.9, goal=0.8)
    with pytest.raises(ValueError, match="past the limit"):
        auc_against_goal(expected=0.8, goal=0.8, power=0.8)
    with pytest.raises(ValueError, match="past the limit"):
        paired_auc_difference(new=0.75, reference=0.875, margin=0.125, correlation=0.5, power=0.8)
    with pytest.raises(ValueError, match="correlation"):
        paired_auc_difference(new=0.9, reference=0.9, margin=0.1, correlation=1.0, power=0.8)
    with pytest.raises(ValueError, match="margin"):
        paired_auc_difference(new=0.9, reference=0.9, margin=-0.1, correlation=0.0, power=0.8)
    with pytest.raises(ValueError, match="not even"):
        auc_against_goal(expected=0.80001, goal=0.8, power=0.8)
    with pytest.raises(ValueError, match="healthy cases"):
        auc_against_goal(expected=0.9, goal=0.8, power=0.8, healthy_per_diseased=0.0)
    with pytest.raises(ValueError, match="three cases"):
        limits_of_agreement_reach(2)
    with pytest.raises(ValueError, match="positive"):
        cases_for_limits_of_agreement(0.0)
    with pytest.raises(ValueError, match="usable share"):
        enrolment(10, usable=0.0)
