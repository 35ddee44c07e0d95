"""Discrimination of a score: areas under ROC curves, their comparison, and exact operating points.

A tie between a diseased and a healthy case counts one half. Cases are taken as independent: where
a patient has several, these intervals are too short, and `validation.metrics.bootstrap` has others.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtr, stdtrit

from validation.metrics.estimate import Estimate, NotEstimable, normal_interval
from validation.metrics.proportions import proportion

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.intp]

DELONG = "DeLong, normal interval cut off at 0 and 1"


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a threshold gives: cases at or above it are called positive."""

    threshold: float
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """The areas `values` (k,) of k markers of the same cases, and their `covariance` (k, k)."""

    values: Floats
    covariance: Floats
    diseased: int
    healthy: int

    def estimate(self, marker: int = 0, *, level: float = 0.95) -> Estimate:
        """The area of one marker, area +- z standard errors, cut off at 0 and 1."""
        return normal_interval(
            float(self.values[marker]),
            float(np.sqrt(self.covariance[marker, marker])),
            level=level,
            n=self.diseased + self.healthy,
            method=DELONG,
            bounds=(0.0, 1.0),
        )


@dataclass(frozen=True, slots=True)
class AreaComparison:
    """Two areas and their `difference`, the first minus the second, with the two-sided `p` value.

    `statistic` is z, or Student's t with `degrees_of_freedom` where these are given. `correlation` is
    that of the two areas, None where one has no variance.
    """

    first: Estimate
    second: Estimate
    difference: Estimate
    statistic: float
    degrees_of_freedom: float | None
    p: float
    correlation: float | None


def auc(scores: ArrayLike, truth: ArrayLike, *, level: float = 0.95) -> Estimate:
    """The area under the empirical ROC curve with its confidence interval by DeLong et al. (1988).

    `scores` (n,) and `truth` (n,) of 0 and 1; a higher score means diseased. The interval is normal,
    area +- z standard errors, cut off at 0 and 1. Raises NotEstimable where a class has fewer than
    two cases, because then there is no variance, and ValueError for other values.
    """
    return delong(scores, truth).estimate(level=level)


def delong(scores: ArrayLike, truth: ArrayLike) -> Areas:
    """The areas of one or several markers, and their covariance by DeLong et al. (1988).

    `scores` (n,) or, for k markers of the same cases, (k, n). The structural components are found by
    sorting each case once a marker (after Sun, Xu 2014, IEEE SPL 21:1389), in memory linear in n.
    Raises as `auc`.
    """
    table = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    if table.ndim != 2:
        raise ValueError("scores are a list, or a list of lists of the same length")
    diseased, healthy = _classes(table[0], truth)
    of_diseased, of_healthy = np.empty((len(table), diseased.size)), np.empty((len(table), healthy.size))
    if len(table) == 1:  # the order of the cases does not matter
        of_diseased[0], of_healthy[0] = _twice_below(np.sort(table[0, diseased]), np.sort(table[0, healthy]))
    else:
        for marker, row in enumerate(table):
            scored(row, truth)
            ill, well = row[diseased], row[healthy]
            by_ill, by_well = np.argsort(ill), np.argsort(well)
            ill, well = ill[by_ill], well[by_well]
            of_diseased[marker, by_ill], of_healthy[marker, by_well] = _twice_below(ill, well)
    of_diseased /= 2 * healthy.size
    of_healthy /= -2 * diseased.size
    of_healthy += 1
    values = of_diseased.mean(axis=1)
    covariance = _covariance(of_diseased) / diseased.size + _covariance(of_healthy) / healthy.size
    return Areas(values, covariance, diseased.size, healthy.size)


def placements(scores: ArrayLike, truth: ArrayLike) -> Floats:
    """For each case the share (n,) of the other class that lies on its right side, ties one half.

    They are the structural components of the area: V10 for the diseased, V01 for the healthy. Raises
    as `auc`.
    """
    diseased, healthy = _classes(scores, truth)
    values = np.asarray(scores, dtype=np.float64)
    diseased = diseased[np.argsort(values[diseased])]
    healthy = healthy[np.argsort(values[healthy])]
    of_diseased, of_healthy = _twice_below(values[diseased], values[healthy])
    shares: Floats = np.empty(values.size)
    shares[diseased], shares[healthy] = of_diseased / (2 * healthy.size), 1 - of_healthy / (2 * diseased.size)
    return shares


def compare_paired(
    first: ArrayLike, second: ArrayLike, truth: ArrayLike, *, level: float = 0.95
) -> AreaComparison:
    """The areas of two markers of the same cases, by the test of DeLong et al. (1988).

    `first` and `second` (n,) are scores. Raises as `auc`, and NotEstimable where the difference has no
    variance, as where both markers order all cases alike.
    """
    areas = delong(_pair(first, second), truth)
    variances = areas.covariance.diagonal()
    variance = float(variances.sum() - 2 * areas.covariance[0, 1])
    difference, error = float(areas.values[0] - areas.values[1]), _error(variance, variances)
    z = difference / error
    both = float(np.sqrt(variances.prod()))
    return AreaComparison(
        first=areas.estimate(0, level=level),
        second=areas.estimate(1, level=level),
        difference=normal_interval(
            difference,
            error,
            level=level,
            n=areas.diseased + areas.healthy,
            method="DeLong, paired",
            bounds=(-1.0, 1.0),
        ),
        statistic=z,
        degrees_of_freedom=None,
        p=2 * float(ndtr(-abs(z))),
        correlation=float(areas.covariance[0, 1]) / both if both else None,
    )


def compare_unpaired(
    first: tuple[ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike], *, level: float = 0.95
) -> AreaComparison:
    """The areas of two sets of different cases, each a pair (scores, truth).

    The difference is held against Student's t with Welch's degrees of freedom, taken over all cases of
    a set, as pROC does (Robin et al. 2011, BMC Bioinformatics 12:77). Raises as `compare_paired`.
    """
    one, other = delong(*first), delong(*second)
    if len(one.values) > 1 or len(other.values) > 1:
        raise ValueError("each set of cases has one score a case")
    variances = np.array([one.covariance[0, 0], other.covariance[0, 0]])
    sizes = np.array([one.diseased + one.healthy, other.diseased + other.healthy])
    difference = float(one.values[0] - other.values[0])
    error = _error(float(variances.sum()), variances)
    df = float(variances.sum() ** 2 / (variances**2 / (sizes - 1)).sum())
    t = difference / error
    a, b = one.estimate(level=level), other.estimate(level=level)
    reach = float(stdtrit(df, 0.5 + level / 2)) * error
    return AreaComparison(
        first=a,
        second=b,
        difference=Estimate(
            difference,
            max(-1.0, difference - reach),
            min(1.0, difference + reach),
            level,
            int(sizes.sum()),
            "DeLong, unpaired, Student's t",
        ),
        statistic=t,
        degrees_of_freedom=df,
        p=2 * float(stdtr(df, -abs(t))),
        correlation=0.0,
    )


def operating_point(
    scores: ArrayLike, truth: ArrayLike, *, threshold: float, level: float = 0.95
) -> OperatingPoint:
    """Sensitivity and specificity of `scores` at or above `threshold`, with exact intervals.

    Raises NotEstimable where a class is empty.
    """
    values, diseased = scored(scores, truth)
    called = values >= threshold
    positive, negative = called[diseased], ~called[~diseased]
    return OperatingPoint(
        threshold,
        sensitivity=proportion(int(positive.sum()), positive.size, level=level),
        specificity=proportion(int(negative.sum()), negative.size, level=level),
    )


def midranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last: NDArray[Any] = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[place]
    return ranks


def scored(scores: ArrayLike, truth: ArrayLike) -> tuple[Floats, Booleans]:
    """`scores` (n,) as numbers, and which cases are diseased (n,).

    Raises ValueError unless both have the same length, scores are finite and truth is 0 or 1.
    """
    values, labels = np.asarray(scores, dtype=np.float64), np.asarray(truth)
    if values.ndim != 1 or values.shape != labels.shape:
        raise ValueError("scores and truth are lists of the same length")
    diseased = labels == 1
    if not np.isfinite(values).all() or not (diseased | (labels == 0)).all():
        raise ValueError("scores are finite numbers, and truth is 0 or 1")
    return values, diseased


def _classes(scores: ArrayLike, truth: ArrayLike) -> tuple[Integers, Integers]:
    """Which cases are diseased (m,) and which healthy (n,), two of each at least."""
    _, is_diseased = scored(scores, truth)
    diseased, healthy = np.flatnonzero(is_diseased), np.flatnonzero(~is_diseased)
    if min(diseased.size, healthy.size) < 2:
        raise NotEstimable(
            "an ROC area needs two cases of each class; there are "
            f"{diseased.size} diseased and {healthy.size} healthy"
        )
    return diseased, healthy


def _twice_below(diseased: Floats, healthy: Floats) -> tuple[Integers, Integers]:
    """Twice the number of the other class below each score of both classes, ties one half.

    `diseased` (m,) and `healthy` (n,) are in rising order; so are the numbers, (m,) and (n,).
    """
    n = healthy.size
    below = up_to = np.searchsorted(healthy, diseased)
    if (healthy[np.minimum(below, n - 1)] == diseased).any():
        up_to = np.searchsorted(healthy, diseased, side="right")
    # The same pairs from the other side: a diseased case with k healthy ones below lies below the rest.
    diseased_below = np.bincount(below, minlength=n + 1)
    diseased_below += diseased_below if up_to is below else np.bincount(up_to, minlength=n + 1)
    np.cumsum(diseased_below, out=diseased_below)
    return below + up_to, diseased_below[:n]


def _covariance(components: Floats) -> Floats:
    """Of k rows, (k, k); the rows are centred in place, so that memory is not taken twice.

    Without BLAS, whose threads get in each other's way on a shared machine.
    """
    components -= components.mean(axis=1, keepdims=True)
    products = np.empty((len(components), len(components)))
    for i, one in enumerate(components):
        for j, other in enumerate(components[: i + 1]):
            products[i, j] = products[j, i] = np.einsum("m,m->", one, other)
    covariance: Floats = products / (components.shape[1] - 1)
    return covariance


def _pair(first: ArrayLike, second: ArrayLike) -> Floats:
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.ndim != 1 or one.shape != other.shape:
        raise ValueError("the scores of both markers are lists of the same length")
    return np.stack([one, other])


def _error(variance: float, variances: Floats) -> float:
    # What is left of the variance by rounding alone is none.
    if variance <= 1e-12 * float(variances.sum()):
        raise NotEstimable("the difference of the two areas has no variance, so that it cannot be tested")
    return float(np.sqrt(variance))
