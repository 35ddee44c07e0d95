"""Whether probabilities mean what they say: of cases given 0.3, three in ten are diseased.

Every figure holds for the prevalence of these very cases; where diseased cases were gathered on
purpose, the intercept shows it. Cases are taken as independent.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr, stdtrit

from validation.metrics.estimate import Estimate, NotEstimable, critical, normal_interval
from validation.metrics.proportions import proportion
from validation.metrics.roc import midranks, scored

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Indices = NDArray[np.intp]

BINS = 15


@dataclass(frozen=True, slots=True)
class Recalibration:
    """logit of the risk = intercept + slope * logit of the probability, fitted to the cases.

    A `slope` of 1 and an `intercept` of 0 are ideal; a slope below 1 says that probabilities are too
    extreme. `in_the_large` is the intercept where the slope is held at 1: above 0 where risks are
    higher than said on the whole.
    """

    slope: Estimate
    intercept: Estimate
    in_the_large: Estimate


@dataclass(frozen=True, slots=True)
class Bin:
    """A point of the reliability curve: cases from `lowest` to `highest` probability, their mean
    `predicted`, and the share `observed` that is diseased."""

    lowest: float
    highest: float
    predicted: float
    observed: Estimate


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """The expected calibration error, and `by_chance`, what perfect calibration gives in these bins."""

    error: Estimate
    by_chance: float


def brier(probabilities: ArrayLike, truth: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Brier's score (1950): the mean squared distance of `probabilities` (n,) from `truth` (n,), 0 and 1.

    The interval is Student's, of n squared distances, cut off at 0 and 1. Raises NotEstimable for fewer
    than two cases or where all distances are the same, ValueError for what is no probability.
    """
    p, diseased = _probabilities(probabilities, truth)
    critical(level)  # refuses a level that is none
    squares = (p - diseased) ** 2
    if p.size < 2 or np.ptp(squares) <= 1e-12:
        raise NotEstimable("Brier's score needs two cases that differ, for otherwise its spread is unknown")
    mean, error = float(squares.mean()), float(squares.std(ddof=1) / np.sqrt(p.size))
    reach = float(stdtrit(p.size - 1, 0.5 + level / 2)) * error
    return Estimate(mean, max(0.0, mean - reach), min(1.0, mean + reach), level, p.size, "Student's t")


def recalibration(probabilities: ArrayLike, truth: ArrayLike, *, level: float = 0.95) -> Recalibration:
    """Slope and intercept of Cox (1958, Biometrika 45:562), by maximum likelihood with Wald's intervals.

    Raises NotEstimable where a class is empty, a probability is 0 or 1, all are the same, or they
    separate the classes wholly: then no greatest likelihood exists. Raises ValueError for what is no
    probability.
    """
    p, diseased = _probabilities(probabilities, truth)
    certain = int(((p == 0) | (p == 1)).sum())
    if certain:
        raise NotEstimable(f"{certain} of {p.size} probabilities are 0 or 1, whose logit is infinite")
    if diseased.all() or not diseased.any():
        raise NotEstimable("recalibration needs diseased and healthy cases")
    x: Floats = logit(p)
    if np.ptp(x) <= 1e-12 * np.abs(x).max():
        raise NotEstimable("all probabilities are the same, so that no slope is defined")
    ill, well = x[diseased], x[~diseased]
    if ill.min() >= well.max() or ill.max() <= well.min():
        raise NotEstimable("the probabilities separate the classes, so that the slope has no limit")
    ones = np.ones((x.size, 1))
    both, errors = _logistic(np.column_stack([ones, x]), np.zeros_like(x), diseased)
    large, error = _logistic(ones, x, diseased)

    def estimate(value: float, standard_error: float, method: str) -> Estimate:
        return normal_interval(value, standard_error, level=level, n=x.size, method=method)

    return Recalibration(
        slope=estimate(float(both[1]), float(errors[1]), "logistic recalibration, Wald"),
        intercept=estimate(float(both[0]), float(errors[0]), "logistic recalibration, Wald"),
        in_the_large=estimate(float(large[0]), float(error[0]), "logistic recalibration, slope 1, Wald"),
    )


def reliability_curve(
    probabilities: ArrayLike, truth: ArrayLike, *, bins: int = BINS, level: float = 0.95
) -> tuple[Bin, ...]:
    """The reliability curve in `bins` of equally many cases, with exact intervals of observed shares.

    Equal probabilities stay in one bin, so that with many of them there are fewer bins. Raises
    NotEstimable for fewer cases than bins, ValueError for what is no probability.
    """
    p, diseased = _probabilities(probabilities, truth)
    number = _binned(p, bins)
    points = []
    for place in range(int(number.max()) + 1):
        inside = number == place
        within = p[inside]
        points.append(
            Bin(
                float(within.min()),
                float(within.max()),
                float(within.mean()),
                proportion(int(diseased[inside].sum()), within.size, level=level),
            )
        )
    return tuple(points)


def calibration_error(
    probabilities: ArrayLike, truth: ArrayLike, *, bins: int = BINS, level: float = 0.95
) -> CalibrationError:
    """The expected calibration error: the mean distance of predicted and observed over `bins`.

    Bins hold equally many cases (`reliability_curve`) and weigh what they hold. The error of few cases
    is above 0 even for perfect probabilities, so an interval around it, as the bootstrap's, lies too
    high. Here the distances found are made smaller or larger by one factor; the limits are the errors
    under which the one found would lie in a tail of the sum of folded normal variables, stretched to
    reach the one found. Raises as `reliability_curve`, and NotEstimable where all distances are 0.
    """
    p, diseased = _probabilities(probabilities, truth)
    critical(level)
    number = _binned(p, bins)
    counts = np.bincount(number)
    distances = np.bincount(number, p - diseased) / counts
    weights = counts / p.size
    found = float((weights * np.abs(distances)).sum())
    spread = np.bincount(number, (p - diseased - distances[number]) ** 2) / np.maximum(counts - 1, 1)
    perfect = np.bincount(number, p * (1 - p)) / counts
    # Not below what perfect calibration gives: else a bin of low probabilities without any diseased would
    # seem to have no spread.
    errors = np.sqrt(np.maximum(spread, perfect) / counts)
    if found <= 1e-12 or not errors.any():
        raise NotEstimable("the distances of predicted and observed are 0 or have no spread")

    def tail(factor: float) -> float:
        """How likely an error below the one found is, were the true distances `factor` of those found."""
        mean, deviation = _folded(factor * distances, errors, weights)
        return float(ndtr((found - mean) / deviation))

    lower = found * _factor(tail, 0.5 + level / 2)
    upper = found * max(1.0, _factor(tail, 0.5 - level / 2))
    name = f"ECE in {counts.size} bins of equal mass, inverted folded normal"
    return CalibrationError(
        Estimate(found, lower, min(1.0, upper), level, p.size, name),
        by_chance=_folded(np.zeros_like(errors), np.sqrt(perfect / counts), weights)[0],
    )


def _probabilities(probabilities: ArrayLike, truth: ArrayLike) -> tuple[Floats, Booleans]:
    p, diseased = scored(probabilities, truth)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities lie between 0 and 1")
    return p, diseased


def _binned(p: Floats, bins: int) -> Indices:
    """The number of each case's bin (n,), from 0, without empty ones."""
    if bins < 1:
        raise ValueError("there is at least one bin")
    if p.size < bins:
        raise NotEstimable(f"{p.size} cases are too few for {bins} bins")
    bin_of_rank = np.floor((midranks(p) - 0.5) * bins / p.size).astype(np.intp)
    number: Indices = np.unique(bin_of_rank, return_inverse=True)[1]
    return number


def _folded(means: Floats, errors: Floats, weights: Floats) -> tuple[float, float]:
    """Mean and standard deviation of the weighted sum of absolute normal variables."""
    safe = np.where(errors > 0, errors, 1.0)
    ratio = means / safe
    absolute = safe * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + means * (1 - 2 * ndtr(-ratio))
    absolute = np.where(errors > 0, absolute, np.abs(means))
    # Far from 0 nothing is folded, and the difference of squares would keep no digits.
    variances = np.where(np.abs(ratio) > 8, errors**2, means**2 + errors**2 - absolute**2)
    deviation = np.sqrt(np.maximum(0.0, (weights**2 * variances).sum()))
    return float((weights * absolute).sum()), float(deviation)


def _factor(tail: Callable[[float], float], at: float) -> float:
    """The factor at which the falling function `tail` reaches `at`, 0 where it starts below."""
    if tail(0.0) <= at:
        return 0.0
    most = 1.0
    while tail(most) > at:
        most *= 2
    return float(brentq(lambda factor: tail(factor) - at, 0.0, most))


def _logistic(design: Floats, offset: Floats, diseased: Booleans) -> tuple[Floats, Floats]:
    """Coefficients and their standard errors by Newton's method, its steps halved where they overshoot."""
    coefficients = np.zeros(design.shape[1])
    likelihood = _log_likelihood(offset, diseased)
    for _ in range(100):
        risk = expit(offset + design @ coefficients)
        information = (design.T * (risk * (1 - risk))) @ design
        score = design.T @ (diseased - risk)
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            break
        gained = _log_likelihood(offset + design @ (coefficients + step), diseased)
        while gained < likelihood - 1e-9 * abs(likelihood):
            step /= 2
            gained = _log_likelihood(offset + design @ (coefficients + step), diseased)
        coefficients, likelihood = coefficients + step, gained
        # A step of a hundred-millionth of the standard errors; the next would be its square.
        if score @ step <= 1e-16:
            return coefficients, np.sqrt(np.diag(np.linalg.inv(information)))
    raise NotEstimable("the likelihood of the recalibration has no maximum that could be found")


def _log_likelihood(linear: Floats, diseased: Booleans) -> float:
    return -float(np.logaddexp(0.0, np.where(diseased, -linear, linear)).sum())
