"""The ROC curve itself: its points, a band around it, a part of its area, and thresholds chosen on it."""

from dataclasses import dataclass
from math import inf, log, sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.metrics.bootstrap import REPLICATES, Counts, Method, bootstrap
from validation.metrics.estimate import Estimate, NotEstimable, critical
from validation.metrics.roc import scored

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Cases in the order of falling scores, equal scores together: what every curve is made from."""

    order: Indices  # (n,)
    diseased: Booleans  # (n,), in that order
    last: Indices  # (g,) where each group of equal scores ends
    thresholds: Floats  # (g,) the scores themselves

    @classmethod
    def of(cls, scores: ArrayLike, truth: ArrayLike) -> "Ranking":
        """Raises NotEstimable where a class is empty, ValueError as `scored`."""
        values, diseased = scored(scores, truth)
        if diseased.all() or not diseased.any():
            raise NotEstimable("a curve needs cases of both classes")
        order = np.argsort(-values, kind="stable")
        ordered = values[order]
        last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), values.size - 1)
        return cls(order, diseased[order], last, ordered[last])

    def called(self, times: Counts | None = None) -> tuple[Floats, Floats]:
        """How many diseased and how many healthy cases (g,) lie at or above each threshold.

        `times` (n,) says how often each case counts, once where it is left out. Raises NotEstimable where
        a class is empty.
        """
        ordered = np.ones(self.order.size, dtype=np.int64) if times is None else times[self.order]
        diseased = np.cumsum(np.where(self.diseased, ordered, 0))[self.last].astype(np.float64)
        healthy = np.cumsum(ordered)[self.last] - diseased
        if not diseased[-1] or not healthy[-1]:
            raise NotEstimable("a curve needs cases of both classes")
        return diseased, healthy

    def area(self, times: Counts | None = None) -> float:
        """The area under the curve, a tie counting one half. Raises as `called`."""
        diseased, healthy = self.called(times)
        above = diseased - np.diff(diseased, prepend=0.0) / 2
        return float((np.diff(healthy, prepend=0.0) * above).sum() / (diseased[-1] * healthy[-1]))


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The points of an ROC curve, one for each threshold from infinity downwards.

    Cases at or above a threshold are called positive. All arrays are (points,).
    """

    thresholds: Floats
    sensitivity: Floats
    specificity: Floats
    diseased: int
    healthy: int


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Around a whole curve: at each `specificity` (points,), falling, `lower` and `upper` sensitivity."""

    specificity: Floats
    lower: Floats
    upper: Floats
    level: float
    method: str


def curve(scores: ArrayLike, truth: ArrayLike) -> Curve:
    """The empirical ROC curve of `scores` (n,), a higher one meaning diseased, and `truth` (n,).

    Raises NotEstimable where a class is empty.
    """
    ranking = Ranking.of(scores, truth)
    diseased, healthy = ranking.called()
    return Curve(
        thresholds=np.concatenate(([inf], ranking.thresholds)),
        sensitivity=np.concatenate(([0.0], diseased / diseased[-1])),
        specificity=np.concatenate(([1.0], 1 - healthy / healthy[-1])),
        diseased=int(diseased[-1]),
        healthy=int(healthy[-1]),
    )


def simultaneous_band(curve: Curve, *, points: int = 201, level: float = 0.95) -> Band:
    """A band that holds the whole true curve with a probability of at least `level`, for plotting.

    Its width is fixed, after Campbell (1994, Stat Med 13:499): the distribution of each class lies
    within Massart's (1990) bound of Dvoretzky, Kiefer and Wolfowitz with the square root of `level`.
    It is wider than pointwise intervals, and needs no random numbers.
    """
    critical(level)
    alpha = 1 - sqrt(level)
    up = sqrt(log(2 / alpha) / (2 * curve.diseased))
    aside = sqrt(log(2 / alpha) / (2 * curve.healthy))
    grid = np.linspace(0, 1, points)
    rate = 1 - curve.specificity
    # The true point of a threshold lies within `up` and `aside` of its empirical one.
    highest = curve.sensitivity[np.searchsorted(rate, grid + aside, side="right") - 1] + up
    lowest = curve.sensitivity[np.searchsorted(rate, grid - aside, side="left")] - up
    return Band(
        specificity=1 - grid,
        lower=np.clip(lowest, 0, 1),
        upper=np.clip(highest, 0, 1),
        level=level,
        method="simultaneous band of fixed width, Campbell 1994 with Massart's bound",
    )


def partial_auc(
    scores: ArrayLike,
    truth: ArrayLike,
    *,
    over: Literal["specificity", "sensitivity"],
    between: tuple[float, float],
    patients: ArrayLike,
    seed: int,
    standardised: bool = False,
    replicates: int = REPLICATES,
    method: Method = "percentile",
    level: float = 0.95,
) -> Estimate:
    """The area under the part of the ROC curve where specificity, or sensitivity, lies `between` two values.

    The curve runs straight between its points. `standardised` brings the area of that part to 0.5 for
    chance and 1 for a perfect score (McClish 1989). The interval is that of `bootstrap`, stratified by
    truth, and raises as it does; NotEstimable also where a class is empty.
    """
    least, most = sorted(between)
    if not 0 <= least < most <= 1:
        raise ValueError("a partial area lies between two different values from 0 to 1")
    ranking = Ranking.of(scores, truth)

    def area(cases: Indices) -> float:
        diseased, healthy = ranking.called(np.bincount(cases, minlength=ranking.order.size))
        sensitivity = np.concatenate(([0.0], diseased / diseased[-1]))
        rate = np.concatenate(([0.0], healthy / healthy[-1]))
        if over == "sensitivity":  # the same curve, seen from its other side
            rate, sensitivity = 1 - sensitivity[::-1], 1 - rate[::-1]
        return _area_between(rate, sensitivity, 1 - most, 1 - least, standardised=standardised)

    return bootstrap(
        area, patients=patients, strata=truth, seed=seed, replicates=replicates, method=method, level=level
    )


def threshold_for_sensitivity(curve: Curve, wanted: float) -> float:
    """The highest threshold at which at least `wanted` (0 to 1) of the diseased are called positive.

    A threshold chosen on some cases looks too good on them: measure it on others.
    """
    _check_share(wanted)
    return float(curve.thresholds[np.argmax(curve.sensitivity >= wanted)])


def threshold_for_specificity(curve: Curve, wanted: float) -> float:
    """The lowest threshold at which at least `wanted` of the healthy are called negative.

    It is infinite where no score will do. Measure it on other cases.
    """
    _check_share(wanted)
    return float(curve.thresholds[np.flatnonzero(curve.specificity >= wanted)[-1]])


def youden_threshold(curve: Curve) -> float:
    """The threshold where sensitivity + specificity is greatest (Youden 1950), the highest of several.

    Measure it on other cases.
    """
    return float(curve.thresholds[np.argmax(curve.sensitivity + curve.specificity)])


def _area_between(
    rate: Floats, sensitivity: Floats, left: float, right: float, *, standardised: bool
) -> float:
    steps = np.diff(rate) * (sensitivity[1:] + sensitivity[:-1]) / 2
    summed = np.concatenate(([0.0], np.cumsum(steps)))

    def up_to(end: float) -> float:
        before = int(np.searchsorted(rate, end, side="right")) - 1
        beyond = min(before + 1, rate.size - 1)
        gone = end - rate[before]
        width = rate[beyond] - rate[before]
        slope = (sensitivity[beyond] - sensitivity[before]) / width if width else 0.0
        return float(summed[before] + gone * (sensitivity[before] + gone * slope / 2))

    area = up_to(right) - up_to(left)
    if not standardised:
        return area
    chance = (right**2 - left**2) / 2
    return (1 + (area - chance) / (right - left - chance)) / 2


def _check_share(wanted: float) -> None:
    if not 0 <= wanted <= 1:
        raise ValueError(f"a wanted share lies from 0 to 1, not at {wanted}")
