"""The line between two methods that both measure with error, and how sure its slope and intercept are.

Its interval comes from leaving out one patient at a time, so a patient may have several measurements.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from validation.metrics.estimate import Estimate, NotEstimable

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Line:
    """second = intercept + slope * first."""

    slope: Estimate
    intercept: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Means and sums of squares about them, of all pairs [0] and of those without each patient [1:]."""

    mean_x: Floats
    mean_y: Floats
    xx: Floats
    yy: Floats
    xy: Floats


def deming(
    first: ArrayLike,
    second: ArrayLike,
    *,
    variance_ratio: float = 1.0,
    patients: ArrayLike | None = None,
    level: float = 0.95,
) -> Line:
    """The line of Deming (1943) through `first` (n,) and `second` (n,), two measurements of each case.

    `variance_ratio` is the error variance of the second method over that of the first: 1 makes the line
    orthogonal, and the greater it is, the nearer comes regression of the second on the first.
    `patients` (n,) says whose each case is; without it each is another's. Slope and intercept are those
    of all cases; their intervals are jackknife standard errors times Student's t with two degrees of
    freedom less than patients (Linnet 1993, Clin Chem 39:424).

    Raises NotEstimable for fewer than three patients, where no line is defined, and where all points lie
    on it, because no interval of width 0 can be defended; ValueError for values that do not fit.
    """
    if not 0 < variance_ratio < float("inf"):
        raise ValueError("the ratio of two error variances is positive")
    x, y, patient = paired(first, second, patients)
    sums = moments_without_each(x, y, patient)
    slopes = _slopes(sums, variance_ratio)
    name = f"Deming, variance ratio {variance_ratio:g}, jackknife of patients, Student's t"
    return Line(
        slope=jackknife(slopes, level=level, method=name),
        intercept=jackknife(sums.mean_y - slopes * sums.mean_x, level=level, method=name),
    )


def jackknife(values: Floats, *, level: float, method: str) -> Estimate:
    """Of a figure of a line: `values` [0] with all patients, [1:] without each in turn.

    Student's t has two degrees of freedom less than patients, for the line has two constants. Raises
    NotEstimable where the values do not differ.
    """
    n = values.size - 1
    error = float(np.sqrt((n - 1) / n * np.sum((values[1:] - values[1:].mean()) ** 2)))
    if error <= 1e-12 * (abs(float(values[0])) or 1.0):
        raise NotEstimable("leaving out a patient changes nothing, which says nothing about the spread")
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not at {level}")
    value, reach = float(values[0]), float(stdtrit(n - 2, 0.5 + level / 2)) * error
    return Estimate(value, value - reach, value + reach, level, n, method)


def moments_without_each(x: Floats, y: Floats, patient: Indices) -> Moments:
    """In one pass, whatever the number of patients, numbered from 0 in `patient` (n,).

    Raises NotEstimable for fewer than three patients.
    """
    patients = int(patient.max()) + 1
    if patients < 3:
        raise NotEstimable(f"a line and its interval need three patients; there are {patients}")
    # About the mean, so that little is lost in differences of sums.
    x_mean, y_mean = x.mean(), y.mean()
    x, y = x - x_mean, y - y_mean
    products = np.ones_like(x), x, y, x * x, y * y, x * y
    groups = np.stack([np.bincount(patient, product) for product in products])
    total = groups.sum(axis=1, keepdims=True)
    n, sx, sy, sxx, syy, sxy = np.concatenate([total, total - groups], axis=1)
    return Moments(
        sx / n + x_mean,
        sy / n + y_mean,
        np.maximum(0.0, sxx - sx * sx / n),
        np.maximum(0.0, syy - sy * sy / n),
        sxy - sx * sy / n,
    )


def paired(first: ArrayLike, second: ArrayLike, patients: ArrayLike | None) -> tuple[Floats, Floats, Indices]:
    """Two measurements of each case, and the number of its patient from 0, each case its own without.

    Raises ValueError unless they are finite numbers and lists of the same length.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.ndim != 1 or one.shape != other.shape or not one.size:
        raise ValueError("the measurements of both methods are lists of the same length")
    if not (np.isfinite(one) & np.isfinite(other)).all():
        raise ValueError("measurements are finite numbers")
    if patients is None:
        return one, other, np.arange(one.size)
    whose = np.asarray(patients)
    if whose.shape != one.shape:
        raise ValueError("patients is a list with one entry for each case")
    number: Indices = np.unique(whose, return_inverse=True)[1]
    return one, other, number


def _slopes(sums: Moments, ratio: float) -> Floats:
    if (np.abs(sums.xy) <= 1e-12 * np.sqrt(sums.xx * sums.yy)).any():
        raise NotEstimable("the two methods do not vary together, so that no line is defined")
    apart = sums.yy - ratio * sums.xx
    root = np.hypot(apart, 2 * np.sqrt(ratio) * sums.xy)
    # Of the two forms of the same root, the one that adds numbers of the same sign.
    rises = apart >= 0
    over = np.where(rises, 2 * sums.xy, root - apart)
    slopes: Floats = np.where(rises, apart + root, 2 * ratio * sums.xy) / over
    return slopes
