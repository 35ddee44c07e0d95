"""How many cases a study needs, for the very rule by which it will be judged.

Powers are those of the decisions in `hypotheses`: an interval's bound strictly past a limit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, exp, isfinite, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv
from scipy.stats import binom, t

from validation.metrics.estimate import critical

# Beyond this many cases a search says so instead of going on.
LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class ProportionPlan:
    """`n` cases, with the count that passes: at least `count`, or at most where lower is better.

    `power` is reached at `n` and at every larger number; `alpha` is the true one-sided error at `n`.
    """

    n: int
    count: int
    power: float
    alpha: float
    method: str


@dataclass(frozen=True, slots=True)
class CaseMix:
    """How many cases of either class give `power`."""

    diseased: int
    healthy: int
    power: float
    method: str


def proportion_against_goal(
    *, expected: float, goal: float, power: float, alpha: float = 0.025
) -> ProportionPlan:
    """The smallest number of cases from which the exact interval passes `goal` with `power` at least.

    The rule is Clopper and Pearson's bound at one-sided `alpha` past `goal`: the lower bound where
    `expected` lies above it, the upper where below. The power of an exact test goes up and down with n
    (Chernick, Liu 2002), so this is the n from which it stays; a smaller one may reach it by luck.
    Raises ValueError where `expected` and `goal` are equal or too near for a million cases.
    """
    _between_0_and_1(expected=expected, goal=goal, power=power)
    _one_sided(alpha)
    if expected == goal:
        raise ValueError("an expected proportion equal to the goal is never shown to pass it")
    # By Hoeffding's inequality every n from here on has the power; below it is searched one by one.
    enough = ceil(((sqrt(-log(alpha) / 2) + sqrt(-log(1 - power) / 2)) / (expected - goal)) ** 2)
    if enough > LARGEST:
        raise ValueError(f"expected {expected:g} lies too near to the goal {goal:g}")
    sizes = np.arange(1, enough + 1)
    risen = _risen(expected, goal)
    counts, reached = _passing(sizes, *risen, alpha)
    short = np.flatnonzero(reached < power)
    place = int(short[-1]) + 1 if short.size else 0
    n, count = int(sizes[place]), int(counts[place])
    return ProportionPlan(
        n,
        count if expected > goal else n - count,
        float(reached[place]),
        float(binom.sf(count - 1, n, risen[1])),
        "exact binomial, the n from which the power stays",
    )


def proportion_power(n: int, *, expected: float, goal: float, alpha: float = 0.025) -> float:
    """The probability that the exact interval of `n` cases passes `goal` when `expected` is true."""
    _between_0_and_1(expected=expected, goal=goal)
    _one_sided(alpha)
    _, power = _passing(np.array([_cases(n)]), *_risen(expected, goal), alpha)
    return float(power[0])


def proportion_width(n: int, *, expected: float, level: float = 0.95) -> float:
    """The mean width of Clopper and Pearson's interval over all counts that `n` cases may give."""
    _between_0_and_1(expected=expected, level=level)
    counts = np.arange(_cases(n) + 1)
    chances = binom.pmf(counts, n, expected)
    counts, chances = counts[chances > 0], chances[chances > 0]
    tail = (1 - level) / 2
    # The beta function has no zero parameter: those bounds are 0 and 1 by definition.
    lower = np.where(counts > 0, betaincinv(np.maximum(counts, 1), n - counts + 1, tail), 0.0)
    upper = np.where(counts < n, betaincinv(counts + 1, np.maximum(n - counts, 1), 1 - tail), 1.0)
    return float(np.sum((upper - lower) * chances))


def cases_for_proportion_width(width: float, *, expected: float, level: float = 0.95) -> int:
    """The smallest number of cases whose interval is on average no wider than `width` (both arms)."""
    _between_0_and_1(width=width)
    return _smallest(lambda n: proportion_width(n, expected=expected, level=level) <= width, 1)


Variance = Callable[[float, int, int], float]


def hanley_mcneil(area: float, diseased: int, healthy: int) -> float:
    """The variance of an empirical ROC area of exponential scores (Hanley, McNeil 1982)."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (diseased - 1) * (q1 - area**2) + (healthy - 1) * (q2 - area**2)
    return spread / (diseased * healthy)


def obuchowski(area: float, diseased: int, healthy: int) -> float:
    """The variance of the ROC area of normal scores of ordered categories (Obuchowski 1994, 1998).

    With classes of one size it is up to a third larger than Hanley and McNeil's for areas from 0.7 to
    0.95, so the safer one to plan with there; near 0.5 and 1 it is the smaller one.
    """
    a = 1.414 * NormalDist().inv_cdf(area)
    return 0.0099 * exp(-(a**2) / 2) * ((5 * a**2 + 8) / diseased + (a**2 + 8) / healthy)


def auc_against_goal(
    *,
    expected: float,
    goal: float,
    power: float,
    alpha: float = 0.025,
    healthy_per_diseased: float = 1.0,
    variance: Variance = obuchowski,
) -> CaseMix:
    """The fewest diseased cases for which the lower bound of an ROC area lies above `goal`.

    The interval is normal with the variance at the `expected` area, as the analysis will have it.
    Raises ValueError unless 0 < goal < expected < 1.
    """
    _between_0_and_1(goal=goal, expected=expected)
    return _fewest(
        expected - goal,
        lambda diseased, healthy: variance(expected, diseased, healthy),
        power=power,
        alpha=alpha,
        ratio=healthy_per_diseased,
        method=f"ROC area against a goal, normal, variance by {variance.__name__}",
    )


def paired_auc_difference(
    *,
    new: float,
    reference: float,
    margin: float,
    correlation: float,
    power: float,
    alpha: float = 0.025,
    healthy_per_diseased: float = 1.0,
    variance: Variance = obuchowski,
) -> CaseMix:
    """The fewest diseased cases to show that `new` is not worse than `reference` by `margin` or more.

    Both score the same cases; `correlation` is that of the two areas (not of the scores), as Hanley
    and McNeil (1983) table it. A `margin` of 0 plans for superiority. Raises ValueError where the
    expected difference already lies at or below -margin.
    """
    _between_0_and_1(new=new, reference=reference)
    if not -1 < correlation < 1 or not (isfinite(margin) and margin >= 0):
        raise ValueError("the correlation lies between -1 and 1, and the margin is not negative")

    def of_difference(diseased: int, healthy: int) -> float:
        first, second = variance(new, diseased, healthy), variance(reference, diseased, healthy)
        return first + second - 2 * correlation * sqrt(first * second)

    return _fewest(
        new - reference + margin,
        of_difference,
        power=power,
        alpha=alpha,
        ratio=healthy_per_diseased,
        method=f"paired difference of ROC areas, normal, variance by {variance.__name__}",
    )


def limits_of_agreement_reach(
    n: int, *, sd: float = 1.0, level: float = 0.95, coverage: float = 0.95
) -> float:
    """Half the width of the interval of a limit of agreement, for differences with deviation `sd`.

    t(n - 1) times sd sqrt(1/n + z²/(2(n - 1))), Bland and Altman (1999), where z reaches out to
    `coverage` of the differences. Needs three cases.
    """
    _between_0_and_1(level=level, coverage=coverage)
    if _cases(n) < 3 or not sd > 0:
        raise ValueError("limits of agreement need three cases and a positive standard deviation")
    return float(t.ppf((1 + level) / 2, n - 1) * sd * sqrt(1 / n + critical(coverage) ** 2 / (2 * (n - 1))))


def cases_for_limits_of_agreement(
    reach: float, *, sd: float = 1.0, level: float = 0.95, coverage: float = 0.95
) -> int:
    """The smallest number of cases whose limits of agreement are known to +- `reach`, in units of `sd`."""
    if not reach > 0:
        raise ValueError("the reach of an interval is a positive number")
    return _smallest(
        lambda n: limits_of_agreement_reach(n, sd=sd, level=level, coverage=coverage) <= reach, 3
    )


def enrolment(needed: int, *, usable: float, assurance: float = 0.9) -> int:
    """How many to enrol to have `needed` usable cases with probability `assurance`.

    `usable` is the expected share: the prevalence, or one less the not-analysable rate. Exact binomial.
    """
    _between_0_and_1(assurance=assurance)
    if not 0 < usable <= 1:
        raise ValueError(f"a usable share lies above 0 and at most at 1, not at {usable}")
    return _smallest(lambda n: binom.sf(needed - 1, n, usable) >= assurance, _cases(needed))


def _fewest(
    effect: float,
    variance: Callable[[int, int], float],
    *,
    power: float,
    alpha: float,
    ratio: float,
    method: str,
) -> CaseMix:
    """The fewest diseased cases with the power; it rises with their number, so halving finds it."""
    _between_0_and_1(power=power)
    _one_sided(alpha)
    if effect <= 0:
        raise ValueError("what is expected does not lie past the limit, so no number of cases shows it")
    if not (isfinite(ratio) and ratio > 0):
        raise ValueError("the number of healthy cases to a diseased one is positive")

    def reached(diseased: int) -> float:
        error = sqrt(variance(diseased, _healthy(diseased, ratio)))
        return NormalDist().cdf(effect / error - critical(1 - 2 * alpha))

    diseased = _smallest(lambda n: reached(n) >= power, 2)
    return CaseMix(diseased, _healthy(diseased, ratio), reached(diseased), method)


def _healthy(diseased: int, ratio: float) -> int:
    return max(2, ceil(diseased * ratio - 1e-9))


def _passing(
    sizes: NDArray[np.int_], expected: float, goal: float, alpha: float
) -> tuple[NDArray[np.int_], NDArray[np.float64]]:
    """For each n the least count whose lower bound lies above `goal`, and the power that gives."""
    counts = np.asarray(binom.isf(alpha, sizes, goal)).astype(np.int_) + 1
    counts += binom.sf(counts - 1, sizes, goal) >= alpha  # a bound on the goal does not pass it
    return counts, np.asarray(binom.sf(counts - 1, sizes, expected), dtype=np.float64)


def _risen(expected: float, goal: float) -> tuple[float, float]:
    """Both as a proportion that is better when higher: the complement where lower is better."""
    return (expected, goal) if expected > goal else (1 - expected, 1 - goal)


def _smallest(reaches: Callable[[int], bool], start: int) -> int:
    """The smallest n from `start` on that reaches, of a rule that once reached stays so."""
    high = start
    while not reaches(high):
        if high >= LARGEST:
            raise ValueError(f"not even {LARGEST} cases are enough")
        high = min(2 * high, LARGEST)
    low = max(start, high // 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle + 1, high)
    return low


def _cases(n: int) -> int:
    if n < 1:
        raise ValueError(f"a study has at least one case, not {n}")
    return n


def _one_sided(alpha: float) -> None:
    if not 0 < alpha < 0.5:
        raise ValueError(f"a one-sided alpha lies between 0 and 0.5, not at {alpha}")


def _between_0_and_1(**numbers: float) -> None:
    for name, number in numbers.items():
        if not 0 < number < 1:
            raise ValueError(f"{name} lies between 0 and 1, not at {number}")
