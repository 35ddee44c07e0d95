"""Each reader's figure of merit in each modality, and how their errors over cases go together.

Readers who see the same cases err together. The analysis of several readers (`mrmc`) needs that
covariance; here it is estimated in three ways, for any area made of pairs of a diseased and a healthy
case (ROC, AFROC, wAFROC), for sensitivity and specificity, and from a jackknife of any other figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.metrics.estimate import NotEstimable
from validation.metrics.mrmc_readings import Readings
from validation.metrics.pairs import METHODS, Method, Pairs, jackknife_covariance, sample_covariance
from validation.metrics.roc import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Accuracies:
    """`values` (modalities, readers) of a figure of merit, from `cases` cases.

    `covariance` (modalities, readers, modalities, readers) is that of their errors over cases, by
    `method`. No value can lie outside `bounds`. Raises ValueError for other shapes and for numbers
    that are not finite.
    """

    figure: str
    method: str
    modalities: tuple[str, ...]
    readers: tuple[str, ...]
    values: Floats
    covariance: Floats
    cases: int
    bounds: tuple[float, float]

    def __post_init__(self) -> None:
        shape = (len(self.modalities), len(self.readers))
        if self.values.shape != shape or self.covariance.shape != shape + shape:
            raise ValueError("there is a figure for each modality and reader, and a covariance for each two")
        if not (np.isfinite(self.values).all() and np.isfinite(self.covariance).all()):
            raise ValueError("figures of merit and their covariances are finite numbers")


def areas(readings: Readings, *, method: Method) -> Accuracies:
    """The empirical ROC areas (ties one half) and their covariance.

    DeLong: DeLong et al. (1988), Biometrics 44:837. Jackknife: over all cases, as Dorfman, Berbaum,
    Metz (1992). Unbiased: U-statistics (Gallas 2006, Acad Radiol 13:353), as iMRMC has it. Raises
    NotEstimable where a class has fewer than two cases.
    """
    pairs = Pairs(
        readings.ratings[..., readings.truth][..., None],
        np.ones((int(readings.truth.sum()), 1)),
        readings.ratings[..., ~readings.truth],
    )
    return compared(
        pairs, figure="ROC area", method=method, modalities=readings.modalities, readers=readings.readers
    )


def compared(
    pairs: Pairs, *, figure: str, method: Method, modalities: Sequence[str], readers: Sequence[str]
) -> Accuracies:
    """The share of pairs in which the lesion is rated higher than the healthy case, ties one half.

    Raises NotEstimable where a class has fewer than two cases, and ValueError for DeLong's or the
    unbiased covariance where diseased cases do not all count the same: the area is a ratio then,
    and only the jackknife holds.
    """
    m, n = len(pairs.weights), pairs.healthy.shape[-1]
    if min(m, n) < 2:
        raise NotEstimable(f"{figure} needs two cases of each class; there are {m} diseased and {n} healthy")
    if method not in METHODS:
        raise ValueError(f"a covariance is estimated by {', '.join(METHODS)}, not by {method!r}")
    sizes = pairs.sizes
    if method != "jackknife" and not np.allclose(sizes, sizes[0]):
        raise ValueError(
            f"the {method} covariance needs diseased cases of equal weight; take the jackknife for {figure}"
        )
    shape = (len(modalities), len(readers))
    flat = Pairs(pairs.lesions.reshape(-1, *pairs.weights.shape), pairs.weights, pairs.healthy.reshape(-1, n))
    values, covariance = METHODS[method](flat)
    return Accuracies(
        figure,
        method,
        tuple(modalities),
        tuple(readers),
        values.reshape(shape),
        covariance.reshape(shape + shape),
        m + n,
        (0.0, 1.0),
    )


def sensitivities(readings: Readings, *, threshold: float) -> Accuracies:
    """The share of diseased cases rated at or above `threshold`.

    A share is a mean over cases, so the jackknife and the unbiased covariance are the same.
    Raises NotEstimable where there are fewer than two diseased cases.
    """
    called = readings.ratings[..., readings.truth] >= threshold
    return _shares(called.astype(np.float64), f"sensitivity at a rating of {threshold:g} or more", readings)


def specificities(readings: Readings, *, threshold: float) -> Accuracies:
    """The share of healthy cases rated below `threshold`; otherwise as `sensitivities`."""
    called = readings.ratings[..., ~readings.truth] < threshold
    return _shares(called.astype(np.float64), f"specificity at a rating of {threshold:g} or more", readings)


def jackknifed(
    values: ArrayLike,
    leave_one_out: ArrayLike,
    *,
    figure: str,
    modalities: Sequence[str],
    readers: Sequence[str],
    bounds: tuple[float, float] = (-float("inf"), float("inf")),
) -> Accuracies:
    """Any figure of merit: its `values` (modalities, readers), and those without each case in turn.

    `leave_one_out` (cases, modalities, readers) holds only cases on which the figure can depend.
    Raises NotEstimable for fewer than two cases.
    """
    replicates = np.asarray(leave_one_out, dtype=np.float64)
    if len(replicates) < 2:
        raise NotEstimable(f"a jackknife of {figure} needs two cases")
    means = np.asarray(values, dtype=np.float64)
    covariance = jackknife_covariance(replicates.reshape(len(replicates), -1).T)
    return Accuracies(
        figure,
        "jackknife",
        tuple(modalities),
        tuple(readers),
        means,
        covariance.reshape(means.shape + means.shape),
        len(replicates),
        bounds,
    )


def _shares(called: Floats, figure: str, readings: Readings) -> Accuracies:
    cases = called.shape[-1]
    if cases < 2:
        raise NotEstimable(f"{figure} needs two cases of its class; there are {cases}")
    flat = called.reshape(-1, cases)
    shape = called.shape[:2]
    return Accuracies(
        figure,
        "jackknife",
        readings.modalities,
        readings.readers,
        called.mean(axis=-1),
        (sample_covariance(flat) / cases).reshape(shape + shape),
        cases,
        (0.0, 1.0),
    )
