"""Intraclass correlation: which share of the variance of ratings is that of what is rated.

All six forms of Shrout and Fleiss (1979). The form decides the answer, so it stands in `method`.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtri

from validation.metrics.estimate import Estimate, NotEstimable, critical

Form = Literal["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"]

MEANING = {
    "1": "one-way random, absolute agreement",
    "2": "two-way random, absolute agreement",
    "3": "two-way mixed, consistency",
}


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Of `subjects` rated by `raters`, named as by Shrout and Fleiss: BMS, WMS, JMS and EMS.

    `between_subjects`; `within_subjects`, which is made of `between_raters` and the `residual`.
    """

    subjects: int
    raters: int
    between_subjects: float
    within_subjects: float
    between_raters: float
    residual: float


def mean_squares(ratings: ArrayLike) -> MeanSquares:
    """Two-way analysis of variance of `ratings` (subjects, raters), one rating each.

    Raises NotEstimable for fewer than two subjects or raters, ValueError where a rating is missing.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError("ratings are a table of numbers, a row for each subject, a column for each rater")
    n, k = table.shape
    if min(n, k) < 2:
        raise NotEstimable(f"an ICC needs two subjects and two raters; there are {n} and {k}")
    table = table - table.mean()
    subjects, raters = table.mean(axis=1), table.mean(axis=0)
    # What rounding leaves of a variance is none.
    none = (1e-12 * float(np.abs(np.asarray(ratings, dtype=np.float64)).max())) ** 2
    squares = (
        k * float((subjects**2).sum()) / (n - 1),
        float(((table - subjects[:, None]) ** 2).sum()) / (n * (k - 1)),
        n * float((raters**2).sum()) / (k - 1),
        float(((table - subjects[:, None] - raters) ** 2).sum()) / ((n - 1) * (k - 1)),
    )
    bms, wms, jms, ems = (square if square > none else 0.0 for square in squares)
    return MeanSquares(n, k, bms, wms, jms, ems)


def icc(ratings: ArrayLike, *, form: Form = "ICC(2,1)", level: float = 0.95) -> Estimate:
    """The intraclass correlation of `ratings` (subjects, raters) in one of its forms.

    ICC(2,1), the default, is what one rating by another rater of the same kind is worth, counting a
    rater's constant shift as error. ICC(1,.) is for raters that differ from subject to subject, ICC(3,.)
    for these raters only, without their shifts; (.,k) is what the mean of all raters is worth. Intervals
    are those of McGraw and Wong (1996, Psychol Methods 1:30), table 7: exact for forms 1 and 3 where
    ratings are normal, with Satterthwaite's degrees of freedom for form 2.

    Raises NotEstimable where raters never disagree but for a shift or subjects do not differ, for then
    there is no interval or no value, and as `mean_squares`; ValueError for a form that is none.
    """
    if form not in get_args(Form):
        raise ValueError(f"there is no form of ICC called {form!r}")
    critical(level)  # refuses a level that is none
    squares = mean_squares(ratings)
    kind, averaged = form[4], form[6] == "k"
    error = squares.within_subjects if kind == "1" else squares.residual
    if not error:
        raise NotEstimable("the raters do not disagree, so that the ICC has no interval")
    if not squares.between_subjects:
        raise NotEstimable("the subjects do not differ, so that nothing can be told apart")
    value = _two_way(squares, 1.0) if kind == "2" else _of_ratio(squares.between_subjects / error, squares)
    if kind == "2":
        lower, upper = _two_way_limits(squares, value, level)
    else:
        lower, upper = _limits(squares, error, squares.subjects - (kind == "3"), level)
    if averaged:
        value, lower, upper = (_of_mean(single, squares.raters) for single in (value, lower, upper))
        if np.isneginf(value):
            raise NotEstimable("the subjects differ so little that a mean rating has no reliability")
    of = f"the mean of {squares.raters} raters" if averaged else "a single rater"
    method = f"{form}, {MEANING[kind]}, {of}; interval of McGraw and Wong 1996"
    return Estimate(value, lower, upper, level, squares.subjects, method)


def _of_ratio(f: float, squares: MeanSquares) -> float:
    return (f - 1) / (f + squares.raters - 1)


def _limits(squares: MeanSquares, error: float, rows: int, level: float) -> tuple[float, float]:
    """`rows` times one less than raters are the degrees of freedom of the `error`."""
    n, degrees = squares.subjects, rows * (squares.raters - 1)
    f, tail = squares.between_subjects / error, 0.5 + level / 2
    lower = f / float(fdtri(n - 1, degrees, tail))
    upper = f * float(fdtri(degrees, n - 1, tail))
    return _of_ratio(lower, squares), _of_ratio(upper, squares)


def _two_way(squares: MeanSquares, f: float) -> float:
    """ICC(2,1), or a limit of it where `f` is not 1 but a quantile of F."""
    n, k = squares.subjects, squares.raters
    rest = k * squares.between_raters + (k * n - k - n) * squares.residual
    subjects = n * squares.between_subjects
    return (subjects - n * f * squares.residual) / (f * rest + subjects)


def _two_way_limits(squares: MeanSquares, value: float, level: float) -> tuple[float, float]:
    n, k = squares.subjects, squares.raters
    # Shrout and Fleiss 1979, p. 424: the degrees of freedom of raters and residual together. Their ICC is
    # a share of variance, not below 0; a negative estimate would leave hardly any degrees.
    share = max(0.0, value)
    raters = k * share * squares.between_raters
    residual = (n * (1 + (k - 1) * share) - k * share) * squares.residual
    degrees = (raters + residual) ** 2 / (raters**2 / (k - 1) + residual**2 / ((n - 1) * (k - 1)))
    tail = 0.5 + level / 2
    lower = _two_way(squares, float(fdtri(n - 1, degrees, tail)))
    upper = _two_way(squares, 1 / float(fdtri(degrees, n - 1, tail)))
    return lower, upper


def _of_mean(single: float, raters: int) -> float:
    """Spearman and Brown: the reliability of the mean of `raters` from that of one."""
    rest = 1 + (raters - 1) * single
    return raters * single / rest if rest > 1e-12 else -float("inf")
