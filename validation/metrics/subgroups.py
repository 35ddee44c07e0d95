"""The same figure in every subgroup, and whether it differs between them.

A value that was not recorded makes a group of its own; a group too small is listed, with the reason
it has no figure. Nothing is left out of the table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from validation.metrics.estimate import Estimate, NotEstimable, critical
from validation.metrics.multiplicity import holm

Figure = Callable[[NDArray[np.intp]], Estimate]
Adjustment = Callable[[ArrayLike], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Row:
    """One level of a variable with its `n` cases; `level` is None where the value was not recorded.

    `estimate` is None, and `reason` says why, where there is no figure.
    """

    level: str | None
    n: int
    estimate: Estimate | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Whether a figure differs between levels: `q` is chi-square on `degrees` where it does not.

    `i_squared` is the share of the spread that chance does not explain (Higgins, Thompson 2002).
    """

    q: float
    degrees: int
    p: float
    i_squared: float
    method: str


@dataclass(frozen=True, slots=True)
class Subgroups:
    """The table of one variable. `adjusted_p` is that of all variables tested together.

    `heterogeneity` is None, and `reason` says why, where the levels cannot be compared.
    """

    variable: str
    rows: tuple[Row, ...]
    heterogeneity: Heterogeneity | None
    adjusted_p: float | None
    reason: str = ""


def tabulate(
    variables: Mapping[str, Sequence[object]],
    figure: Figure,
    *,
    minimum: int,
    planned: Mapping[str, Sequence[str]] | None = None,
    adjust: Adjustment = holm,
) -> tuple[Subgroups, ...]:
    """`figure` at every level of every variable, with a test of heterogeneity for each variable.

    `variables` gives for each name one value per case; `figure` takes the indices (k,) of cases and
    returns their Estimate or raises NotEstimable. `planned` names the levels the protocol expects, so
    that one without cases is listed too. The p values are adjusted over the variables that have one.
    Raises ValueError where the variables are of different lengths, and as `rows` does.
    """
    if len({len(values) for values in variables.values()}) > 1:
        raise ValueError("every variable has one value for each case")
    planned = planned or {}
    if not planned.keys() <= variables.keys():
        raise ValueError("levels are planned for a variable that is not there")
    tables = [
        _table(name, rows(values, figure, minimum=minimum, planned=planned.get(name, ())))
        for name, values in variables.items()
    ]
    adjusted = iter(adjust([table.heterogeneity.p for table in tables if table.heterogeneity]))
    return tuple(
        Subgroups(table.variable, table.rows, table.heterogeneity, float(next(adjusted)))
        if table.heterogeneity
        else table
        for table in tables
    )


def rows(
    values: Sequence[object], figure: Figure, *, minimum: int, planned: Sequence[str] = ()
) -> tuple[Row, ...]:
    """One row for each level: the planned ones first, then others by name, the not recorded last.

    None, an empty text and a nan count as not recorded. A level with fewer than `minimum` cases, or
    whose figure rests on fewer, is not estimated. Raises ValueError for a minimum below 1.
    """
    if minimum < 1:
        raise ValueError(f"the smallest group to be estimated has at least one case, not {minimum}")
    names = [_level(value) for value in values]
    others = sorted({name for name in names if name is not None} - set(planned))
    order: list[str | None] = [*dict.fromkeys(planned), *others]
    if None in names:
        order.append(None)
    places: dict[str | None, list[int]] = {name: [] for name in order}
    for place, name in enumerate(names):
        places[name].append(place)
    return tuple(_row(name, np.array(places[name], dtype=np.intp), figure, minimum) for name in order)


def cochran(estimates: Sequence[Estimate]) -> Heterogeneity:
    """Cochran's Q (1954) of figures from different cases, weighted by their standard errors.

    A standard error is the longer arm of the interval over the normal value of its level: exact for
    a normal interval, even one cut off at a bound, and on the safe side for a skewed one. Raises
    NotEstimable for fewer than two figures, or one without spread.
    """
    if len(estimates) < 2:
        raise NotEstimable("fewer than two groups have a figure to compare")
    errors = np.array([_standard_error(estimate) for estimate in estimates])
    if not (np.isfinite(errors) & (errors > 0)).all():
        raise NotEstimable("a group has a figure without a standard error to weigh it by")
    values = np.array([estimate.value for estimate in estimates])
    weights = 1 / errors**2
    mean = np.sum(weights * values) / np.sum(weights)
    return _heterogeneity(float(np.sum(weights * (values - mean) ** 2)), len(estimates) - 1, "Cochran's Q")


def proportions_chi_square(counts: ArrayLike, totals: ArrayLike) -> Heterogeneity:
    """Pearson's chi-square test that proportions `counts` (k,) of `totals` (k,) are the same.

    For groups where Cochran's Q has no weight: a proportion of 0 or 1. Raises NotEstimable for fewer
    than two groups, where all or none are counted, or where an expected count lies below 1, and
    ValueError for counts that cannot be.
    """
    x, n = np.asarray(counts, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    if x.ndim != 1 or x.shape != n.shape or not ((x >= 0) & (x <= n) & (n > 0)).all():
        raise ValueError("counts lie between 0 and their totals, and no group is empty")
    if x.size < 2:
        raise NotEstimable("fewer than two groups have a figure to compare")
    rate = x.sum() / n.sum()
    if min(rate, 1 - rate) * n.min() < 1:
        raise NotEstimable("a group has fewer than one case expected, too few for chi-square")
    q = float(np.sum((x - n * rate) ** 2 / (n * rate * (1 - rate))))
    return _heterogeneity(q, x.size - 1, "Pearson's chi-square")


def _table(variable: str, found: tuple[Row, ...]) -> Subgroups:
    # A value not recorded is no level of the variable: it is listed, not compared.
    known = [row.estimate for row in found if row.level is not None and row.estimate is not None]
    try:
        return Subgroups(variable, found, cochran(known), None)
    except NotEstimable as reason:
        return Subgroups(variable, found, None, None, str(reason))


def _row(level: str | None, cases: NDArray[np.intp], figure: Figure, minimum: int) -> Row:
    n = int(cases.size)
    if n < minimum:
        return Row(level, n, None, f"{n} cases, fewer than the {minimum} that the protocol asks for")
    try:
        estimate = figure(cases)
    except NotEstimable as reason:
        return Row(level, n, None, str(reason))
    if estimate.n < minimum:
        few = f"the figure rests on {estimate.n} cases, fewer than the {minimum} that the protocol asks for"
        return Row(level, n, None, few)
    return Row(level, n, estimate)


def _level(value: object) -> str | None:
    if value is None or value == "" or (isinstance(value, float) and np.isnan(value)):
        return None
    return str(value)


def _standard_error(estimate: Estimate) -> float:
    arm = max(estimate.value - estimate.lower, estimate.upper - estimate.value)
    return arm / critical(estimate.level) if isfinite(arm) else float("inf")


def _heterogeneity(q: float, degrees: int, method: str) -> Heterogeneity:
    excess = max(0.0, (q - degrees) / q) if q > 0 else 0.0
    return Heterogeneity(q, degrees, float(chi2.sf(q, degrees)), excess, method)
