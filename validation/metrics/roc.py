"""Discrimination of a score: the ROC area with DeLong's interval, and exact operating points.

A tie between a diseased and a healthy case counts one half. Cases are taken as independent: where
a patient has several, these intervals are too short.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from validation.metrics.estimate import Estimate, NotEstimable

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a threshold gives: cases at or above it are called positive."""

    threshold: float
    sensitivity: Estimate
    specificity: Estimate


def auc(scores: ArrayLike, truth: ArrayLike, *, level: float = 0.95) -> Estimate:
    """The area under the empirical ROC curve with its confidence interval by DeLong et al. (1988).

    `scores` (n,) and `truth` (n,) of 0 and 1; a higher score means diseased. The interval is normal,
    area +- z standard errors, cut off at 0 and 1. Raises NotEstimable where a class has fewer than
    two cases, because then there is no variance, and ValueError for other values.
    """
    area, variance = delong(scores, truth)
    margin = NormalDist().inv_cdf(0.5 + level / 2) * float(np.sqrt(variance))
    return Estimate(
        value=area,
        lower=max(0.0, area - margin),
        upper=min(1.0, area + margin),
        level=level,
        n=np.asarray(truth).size,
        method="DeLong, normal interval cut off at 0 and 1",
    )


def delong(scores: ArrayLike, truth: ArrayLike) -> tuple[float, float]:
    """The area and its variance, from the structural components of DeLong et al. (1988).

    They are found from midranks (Sun, Xu 2014, IEEE SPL 21:1389). Raises as `auc` does.
    """
    diseased, healthy = _classes(scores, truth)
    m, n = len(diseased), len(healthy)
    if min(m, n) < 2:
        raise NotEstimable(
            f"an ROC area needs two cases of each class; there are {m} diseased and {n} healthy"
        )
    ranks = midranks(np.concatenate([diseased, healthy]))
    # For each case the share of the other class on its right side, ties one half.
    of_diseased = (ranks[:m] - midranks(diseased)) / n
    of_healthy = 1 - (ranks[m:] - midranks(healthy)) / m
    variance = np.var(of_diseased, ddof=1) / m + np.var(of_healthy, ddof=1) / n
    return float(of_diseased.mean()), float(variance)


def operating_point(
    scores: ArrayLike, truth: ArrayLike, *, threshold: float, level: float = 0.95
) -> OperatingPoint:
    """Sensitivity and specificity of `scores` at or above `threshold`, with exact intervals.

    Raises NotEstimable where a class is empty.
    """
    diseased, healthy = _classes(scores, truth)
    return OperatingPoint(
        threshold,
        sensitivity=proportion(int((diseased >= threshold).sum()), len(diseased), level=level),
        specificity=proportion(int((healthy < threshold).sum()), len(healthy), level=level),
    )


def proportion(count: int, total: int, *, level: float = 0.95) -> Estimate:
    """`count` of `total` with the exact interval of Clopper and Pearson (1934).

    Raises NotEstimable where `total` is 0.
    """
    if total == 0:
        raise NotEstimable("a proportion of no cases is not defined")
    tail = (1 - level) / 2
    lower = float(betaincinv(count, total - count + 1, tail)) if count else 0.0
    upper = float(betaincinv(count + 1, total - count, 1 - tail)) if count < total else 1.0
    return Estimate(count / total, lower, upper, level, total, "Clopper-Pearson")


def midranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last: NDArray[Any] = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[place]
    return ranks


def _classes(scores: ArrayLike, truth: ArrayLike) -> tuple[Floats, Floats]:
    values, labels = np.asarray(scores, dtype=np.float64), np.asarray(truth)
    if values.ndim != 1 or values.shape != labels.shape:
        raise ValueError("scores and truth are lists of the same length")
    if not np.isfinite(values).all() or not np.isin(labels, (0, 1)).all():
        raise ValueError("scores are finite numbers, and truth is 0 or 1")
    return values[labels == 1], values[labels == 0]
