"""How far two measurements of the same thing lie apart: Bland and Altman's limits of agreement.

Differences are the first less the second. Where their spread grows with the size of what is measured
(`spread_trend`), take logarithms of both first, and read the limits as ratios. A patient with several
measurements counts once.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, stdtrit
from scipy.stats import nct

from validation.metrics.deming import jackknife, moments_without_each, paired
from validation.metrics.estimate import Estimate, NotEstimable, critical

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class LimitsOfAgreement:
    """Between `lower` and `upper` lies the `share` of differences, were they normal.

    `bias` is their mean and `spread` their standard deviation. Each estimate counts patients; there are
    `pairs` of measurements.
    """

    bias: Estimate
    spread: Estimate
    lower: Estimate
    upper: Estimate
    share: float
    pairs: int


def limits_of_agreement(
    first: ArrayLike,
    second: ArrayLike,
    *,
    patients: ArrayLike | None = None,
    share: float = 0.95,
    level: float = 0.95,
) -> LimitsOfAgreement:
    """Bias +- z standard deviations of the differences of `first` (n,) and `second` (n,).

    One pair a patient: Bland and Altman (1986, Lancet i:307); the intervals are exact for normal
    differences: Student's t for the bias, chi-square for the spread, noncentral t for each limit by
    itself (Carkeet 2015, Optom Vis Sci 92:e71).

    Several pairs for a patient, named in `patients` (n,), what is measured changing from pair to pair:
    the variance is that between patient means and that within patients, every patient weighing the
    same, and the intervals are those of Zou (2013, Stat Methods Med Res 22:630), with Student's t for
    the bias. Where all have as many pairs, the limits are those of Bland and Altman (2007, J Biopharm
    Stat 17:571), section 3.

    Raises NotEstimable for fewer than three patients or where the differences do not vary, and
    ValueError for values that do not fit.
    """
    one, other, patient = paired(first, second, patients)
    differences, z = one - other, critical(share)
    n = int(patient.max()) + 1
    if n < 3:
        raise NotEstimable(f"limits of agreement need three patients; there are {n}")
    counts = np.bincount(patient)
    means = np.bincount(patient, differences) / counts
    rounding = 1e-12 * max(np.abs(one).max(), np.abs(other).max())
    if np.ptp(differences) <= rounding:
        raise NotEstimable("all differences are the same, so that their spread is unknown")
    if n == one.size:
        return _exact(differences, z, share=share, level=level)
    return _mover(means, counts, differences - means[patient], z, share=share, level=level)


def proportional_bias(
    first: ArrayLike, second: ArrayLike, *, patients: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """How much the difference grows for each unit of the mean of `first` (n,) and `second` (n,).

    The slope of Bland and Altman (1999, Stat Methods Med Res 8:135), section 3.2, by least squares with
    Student's t; where a patient has several pairs, with the jackknife over patients. It is drawn away
    from 0 also by a method that only scatters more than the other. Raises NotEstimable for fewer than
    three patients, where the means are all the same, and where all points lie on a line.
    """
    one, other, patient = paired(first, second, patients)
    return _slope((one + other) / 2, one - other, patient, level=level)


def spread_trend(
    first: ArrayLike, second: ArrayLike, *, patients: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """How much the size of the scatter of differences grows for each unit of the mean.

    The slope of the absolute residuals of `proportional_bias` on the mean (Bland, Altman 1999, section
    3.2); the standard deviation grows by sqrt(pi / 2) = 1.25 times that. An interval above 0 says that
    one pair of limits does not fit all sizes. Raises as `proportional_bias`.
    """
    one, other, patient = paired(first, second, patients)
    mean, difference = (one + other) / 2, one - other
    slope = _slope(mean, difference, patient, level=level).value
    residuals = difference - difference.mean() - slope * (mean - mean.mean())
    return _slope(mean, np.abs(residuals), patient, level=level)


def _exact(differences: Floats, z: float, *, share: float, level: float) -> LimitsOfAgreement:
    n = differences.size
    bias, spread = float(differences.mean()), float(differences.std(ddof=1))
    low, high = (1 - level) / 2, (1 + level) / 2
    name = f"limits for {share:.4g} of differences, noncentral t"
    near, far = (float(nct.ppf(tail, n - 1, z * sqrt(n))) / sqrt(n) * spread for tail in (low, high))
    reach = z * spread
    return LimitsOfAgreement(
        bias=_bias(bias, spread / sqrt(n), n, level),
        spread=Estimate(
            spread,
            spread * sqrt((n - 1) / float(chdtri(n - 1, low))),
            spread * sqrt((n - 1) / float(chdtri(n - 1, high))),
            level,
            n,
            "standard deviation, chi-square",
        ),
        lower=Estimate(bias - reach, bias - far, bias - near, level, n, name),
        upper=Estimate(bias + reach, bias + near, bias + far, level, n, name),
        share=share,
        pairs=n,
    )


def _mover(
    means: Floats, counts: Indices, residuals: Floats, z: float, *, share: float, level: float
) -> LimitsOfAgreement:
    """Zou 2013, section 2.3: what is measured varies within a patient."""
    n, pairs = means.size, residuals.size
    between = float(means.var(ddof=1))
    within = float((residuals**2).sum()) / (pairs - n) * (1 - float((1 / counts).mean()))
    parts = np.array([between, within])
    degrees = np.array([n - 1, pairs - n])
    total = float(parts.sum())
    spread = sqrt(total)
    less = parts * (1 - degrees / chdtri(degrees, (1 - level) / 2))
    more = parts * (degrees / chdtri(degrees, (1 + level) / 2) - 1)
    least = sqrt(max(0.0, total - float(np.hypot(*less))))
    most = sqrt(total + float(np.hypot(*more)))
    bias = _bias(float(means.mean()), sqrt(between / n), n, level)
    arm = bias.upper - bias.value
    inner, outer = float(np.hypot(arm, z * (spread - least))), float(np.hypot(arm, z * (most - spread)))
    lower, upper = bias.value - z * spread, bias.value + z * spread
    name = f"limits for {share:.4g} of differences, several for a patient, MOVER of Zou 2013"
    return LimitsOfAgreement(
        bias=bias,
        spread=Estimate(spread, least, most, level, n, "standard deviation, MOVER of Zou 2013"),
        lower=Estimate(lower, lower - outer, lower + inner, level, n, name),
        upper=Estimate(upper, upper - inner, upper + outer, level, n, name),
        share=share,
        pairs=pairs,
    )


def _bias(value: float, error: float, n: int, level: float) -> Estimate:
    critical(level)  # refuses a level that is none
    reach = float(stdtrit(n - 1, 0.5 + level / 2)) * error
    return Estimate(value, value - reach, value + reach, level, n, "mean of patients, Student's t")


def _slope(x: Floats, y: Floats, patient: Indices, *, level: float) -> Estimate:
    sums = moments_without_each(x, y, patient)
    if (sums.xx <= 1e-12 * np.sum(x * x)).any():
        raise NotEstimable("the means of both methods do not differ, so that nothing can grow with them")
    slopes = sums.xy / sums.xx
    n = sums.xx.size - 1
    if n < x.size:
        return jackknife(slopes, level=level, method="least squares, jackknife of patients, Student's t")
    left = float(sums.yy[0] - slopes[0] * sums.xy[0])
    if left <= 1e-12 * float(sums.yy[0]):
        raise NotEstimable("all points lie on a line, which says nothing about the spread of its slope")
    critical(level)
    reach = float(stdtrit(n - 2, 0.5 + level / 2)) * sqrt(left / (n - 2) / float(sums.xx[0]))
    value = float(slopes[0])
    return Estimate(value, value - reach, value + reach, level, n, "least squares, Student's t")
