"""Net benefit at a threshold, and decision curves (Vickers, Elkin 2006, Med Decis Making 26:565).

Who acts from a risk of t on takes one needless act to be worth t / (1 - t) of a needed one. Net benefit
counts needed acts less needless ones at that rate, for each case. Cases are taken as independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt

import numpy as np
from numpy.typing import ArrayLike

from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.proportions import proportion
from validation.metrics.roc import scored

METHOD = "MOVER of Wilson limits"


@dataclass(frozen=True, slots=True)
class NetBenefit:
    """Net benefit of acting on cases at or above `threshold`, of acting on all, and on none, which is 0.

    `over_all` is `model` less `treat_all`, on the same cases. A model is useful at this threshold where
    both `model` and `over_all` lie above 0.
    """

    threshold: float
    model: Estimate
    treat_all: Estimate
    over_all: Estimate
    treat_none: float = 0.0


def net_benefit(
    probabilities: ArrayLike,
    truth: ArrayLike,
    *,
    threshold: float,
    prevalence: float | None = None,
    level: float = 0.95,
) -> NetBenefit:
    """Net benefit of `probabilities` (n,) against `truth` (n,) of 0 and 1 at one `threshold`.

    Without `prevalence`, that of these cases holds, drawn as they come. Where diseased cases were
    gathered on purpose, give the `prevalence` of the clinic, taken as known: then only sensitivity and
    specificity are estimated, and `treat_all` is exact.

    Intervals join the Wilson limits of the two proportions (Zou, Donner 2008, Stat Med 27:1693), with
    their correlation where they come from the same cases, so that none has width 0 where nothing is
    called. Raises NotEstimable where a class is empty, ValueError for what is no probability.
    """
    p, diseased = scored(probabilities, truth)
    if not ((p >= 0) & (p <= 1)).all() or not 0 < threshold < 1:
        raise ValueError("probabilities lie between 0 and 1, and a threshold lies between them")
    if diseased.all() or not diseased.any():
        raise NotEstimable("net benefit needs diseased and healthy cases")
    called = p >= threshold
    found, alarms = int((called & diseased).sum()), int((called & ~diseased).sum())
    ill, well = int(diseased.sum()), int((~diseased).sum())
    rate = threshold / (1 - threshold)
    if prevalence is None:
        n = p.size
        return NetBenefit(
            threshold,
            model=_joined((found, n), (alarms, n), (1.0, rate), same=True, level=level),
            treat_all=_joined((ill, n), (well, n), (1.0, rate), same=True, level=level),
            # The healthy spared, less the diseased missed.
            over_all=_joined((well - alarms, n), (ill - found, n), (rate, 1.0), same=True, level=level),
        )
    if not 0 < prevalence < 1:
        raise ValueError("a prevalence lies between 0 and 1")
    worth, cost = prevalence, (1 - prevalence) * rate
    everyone = worth - cost
    return NetBenefit(
        threshold,
        model=_joined((found, ill), (alarms, well), (worth, cost), same=False, level=level),
        treat_all=Estimate(everyone, everyone, everyone, level, p.size, "exact at the prevalence given"),
        over_all=_joined((well - alarms, well), (ill - found, ill), (cost, worth), same=False, level=level),
    )


def decision_curve(
    probabilities: ArrayLike,
    truth: ArrayLike,
    *,
    thresholds: Sequence[float],
    prevalence: float | None = None,
    level: float = 0.95,
) -> tuple[NetBenefit, ...]:
    """`net_benefit` at each of `thresholds`; intervals hold for each by itself. Raises as `net_benefit`."""
    p, labels = np.asarray(probabilities, dtype=np.float64), np.asarray(truth)
    return tuple(
        net_benefit(p, labels, threshold=threshold, prevalence=prevalence, level=level)
        for threshold in thresholds
    )


def _joined(
    plus: tuple[int, int],
    minus: tuple[int, int],
    weights: tuple[float, float],
    *,
    same: bool,
    level: float,
) -> Estimate:
    """weights[0] * plus - weights[1] * minus, each a count and its total; `same`: of the same cases."""
    a = proportion(*plus, level=level, method="Wilson")
    b = proportion(*minus, level=level, method="Wilson")
    correlation = 0.0
    if same:
        rest = (1 - a.value) * (1 - b.value)
        # Two answers that exclude each other, in multinomial sampling.
        correlation = -sqrt(min(1.0, a.value * b.value / rest)) if rest else 0.0
    value = weights[0] * a.value - weights[1] * b.value

    def reach(first: float, second: float) -> float:
        one, other = weights[0] * first, weights[1] * second
        return sqrt(max(0.0, hypot(one, other) ** 2 - 2 * correlation * one * other))

    return Estimate(
        value,
        value - reach(a.value - a.lower, b.upper - b.value),
        value + reach(a.upper - a.value, b.value - b.lower),
        level,
        a.n if same else a.n + b.n,
        METHOD,
    )
