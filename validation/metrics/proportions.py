"""Proportions and what is made from a fourfold table: sensitivity, predictive values, likelihood ratios.

Cases are taken as independent. Where a patient has several, these intervals are too short: use
`validation.metrics.bootstrap`.
"""

from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, betaincinv, expit

from validation.metrics.estimate import Estimate, NotEstimable, critical, normal_interval

Method = Literal["Clopper-Pearson", "Wilson"]


@dataclass(frozen=True, slots=True)
class FourfoldTable:
    """How many cases were called rightly and wrongly. Raises ValueError for a negative number."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    def __post_init__(self) -> None:
        if min(self.true_positives, self.false_positives, self.false_negatives, self.true_negatives) < 0:
            raise ValueError("the cells of a fourfold table are numbers of cases, none below 0")

    @property
    def diseased(self) -> int:
        return self.true_positives + self.false_negatives

    @property
    def healthy(self) -> int:
        return self.false_positives + self.true_negatives

    @property
    def mirrored(self) -> "FourfoldTable":
        """The table of the opposite question: is the case healthy, and was it called so?"""
        return FourfoldTable(
            self.true_negatives, self.false_negatives, self.false_positives, self.true_positives
        )


@dataclass(frozen=True, slots=True)
class PairedProportions:
    """Two proportions of the same cases.

    `difference` is the first minus the second. `p` is that of McNemar's exact test, two-sided; it rests
    on the cases where the two disagree, `only_first` and `only_second`.
    """

    first: Estimate
    second: Estimate
    difference: Estimate
    p: float
    only_first: int
    only_second: int


def proportion(
    count: int, total: int, *, level: float = 0.95, method: Method = "Clopper-Pearson"
) -> Estimate:
    """`count` of `total` with its interval.

    Clopper and Pearson (1934) is exact and covers at least `level`, often more; Wilson (1927) covers
    `level` on average. Raises NotEstimable where `total` is 0, ValueError where `count` is not of it.
    """
    z = critical(level)
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total} is not a proportion")
    if total == 0:
        raise NotEstimable("a proportion of no cases is not defined")
    if method == "Wilson":
        lower, upper = _wilson(count, total, z)
    elif method == "Clopper-Pearson":
        lower, upper = _clopper_pearson(count, total, (1 - level) / 2)
    else:
        raise ValueError(f"a proportion has no interval called {method!r}")
    return Estimate(count / total, lower, upper, level, total, method)


def fourfold(called: ArrayLike, truth: ArrayLike) -> FourfoldTable:
    """The table of `called` (n,) against `truth` (n,), both of 0 and 1."""
    positive, diseased = _answers(called, truth)
    return FourfoldTable(
        true_positives=int((positive & diseased).sum()),
        false_positives=int((positive & ~diseased).sum()),
        false_negatives=int((~positive & diseased).sum()),
        true_negatives=int((~positive & ~diseased).sum()),
    )


def sensitivity(table: FourfoldTable, *, level: float = 0.95, method: Method = "Clopper-Pearson") -> Estimate:
    """The share of the diseased that is called positive. Raises NotEstimable where nobody is diseased."""
    return proportion(table.true_positives, table.diseased, level=level, method=method)


def specificity(table: FourfoldTable, *, level: float = 0.95, method: Method = "Clopper-Pearson") -> Estimate:
    """The share of the healthy that is called negative. Raises NotEstimable where nobody is healthy."""
    return proportion(table.true_negatives, table.healthy, level=level, method=method)


def observed_ppv(
    table: FourfoldTable, *, level: float = 0.95, method: Method = "Clopper-Pearson"
) -> Estimate:
    """The share of positive calls that is right, at the prevalence of these very cases.

    It says nothing about the clinic where diseased cases were gathered on purpose: see `ppv_at`.
    Raises NotEstimable where nothing is called positive.
    """
    called = table.true_positives + table.false_positives
    return proportion(table.true_positives, called, level=level, method=method)


def observed_npv(
    table: FourfoldTable, *, level: float = 0.95, method: Method = "Clopper-Pearson"
) -> Estimate:
    """The share of negative calls that is right; the rest as in `observed_ppv`."""
    return observed_ppv(table.mirrored, level=level, method=method)


def ppv_at(prevalence: float, table: FourfoldTable, *, level: float = 0.95) -> Estimate:
    """The positive predictive value where `prevalence` (0 to 1, taken as known) are diseased.

    The interval is the standard logit one of Mercaldo, Lau and Zhou (2007, Stat Med 26:2170), equations
    8 to 11. It is not defined where a cell is 0: then sensitivity and specificity are adjusted as in
    their Table II, and the interval is stretched to reach the value. Raises NotEstimable where a class
    is empty or nothing is called positive.
    """
    return _predictive_value(prevalence, table, level=level, what="positive")


def npv_at(prevalence: float, table: FourfoldTable, *, level: float = 0.95) -> Estimate:
    """The negative predictive value where `prevalence` are diseased; the rest as in `ppv_at`."""
    return _predictive_value(1 - prevalence, table.mirrored, level=level, what="negative")


def positive_likelihood_ratio(table: FourfoldTable, *, level: float = 0.95) -> Estimate:
    """Sensitivity / (1 - specificity) with the log interval of Simel, Samsa and Matchar (1991).

    Raises NotEstimable where no case of a class is called positive: the ratio is then 0, infinite or
    undefined, and its logarithm has no interval.
    """
    return _likelihood_ratio(
        table.true_positives, table.diseased, table.false_positives, table.healthy, level
    )


def negative_likelihood_ratio(table: FourfoldTable, *, level: float = 0.95) -> Estimate:
    """(1 - sensitivity) / specificity; the rest as above, where no case is called negative."""
    return _likelihood_ratio(
        table.false_negatives, table.diseased, table.true_negatives, table.healthy, level
    )


def compare_paired_proportions(
    first: ArrayLike, second: ArrayLike, *, level: float = 0.95
) -> PairedProportions:
    """`first` (n,) against `second` (n,), answers of 0 and 1 about the same n cases.

    For two sensitivities give the diseased cases only, for two specificities the healthy ones. The
    interval of the difference is that of Newcombe (1998, Stat Med 17:2635), method 10; the p value that
    of McNemar's exact test. Raises NotEstimable where there are no cases.
    """
    one, other = _answers(first, second)
    n = one.size
    both, neither = int((one & other).sum()), int((~one & ~other).sum())
    only_first, only_second = int((one & ~other).sum()), int((~one & other).sum())
    a = proportion(both + only_first, n, level=level, method="Wilson")
    b = proportion(both + only_second, n, level=level, method="Wilson")
    phi = _phi(both, only_first, only_second, neither)
    difference = a.value - b.value
    return PairedProportions(
        first=a,
        second=b,
        difference=Estimate(
            difference,
            difference - _square_and_add(a.value - a.lower, b.upper - b.value, phi),
            difference + _square_and_add(b.value - b.lower, a.upper - a.value, phi),
            level,
            n,
            "Newcombe's method 10",
        ),
        # The lesser number of two fair coins, both tails; without a discordant case it is 1.
        p=min(1.0, 2 * float(bdtr(min(only_first, only_second), only_first + only_second, 0.5))),
        only_first=only_first,
        only_second=only_second,
    )


def _clopper_pearson(count: int, total: int, tail: float) -> tuple[float, float]:
    lower = float(betaincinv(count, total - count + 1, tail)) if count else 0.0
    upper = float(betaincinv(count + 1, total - count, 1 - tail)) if count < total else 1.0
    return lower, upper


def _wilson(count: int, total: int, z: float) -> tuple[float, float]:
    middle = (count + z * z / 2) / (total + z * z)
    reach = z * sqrt(count * (total - count) / total + z * z / 4) / (total + z * z)
    # At the ends the formula gives 0 and 1, but for rounding.
    return (middle - reach if count else 0.0), (middle + reach if count < total else 1.0)


def _predictive_value(prevalence: float, table: FourfoldTable, *, level: float, what: str) -> Estimate:
    if not 0 < prevalence < 1:
        raise ValueError("a prevalence lies between 0 and 1")
    if not table.diseased or not table.healthy:
        raise NotEstimable("a predictive value at a stated prevalence needs cases of both classes")
    right, wrong = float(table.true_positives), float(table.false_positives)
    of, among = float(table.diseased), float(table.healthy)
    if not right and not wrong:
        raise NotEstimable(f"no case is called {what}, so that there is no {what} predictive value")
    odds = prevalence / (1 - prevalence)
    value = odds * right / of / (odds * right / of + wrong / among)
    method = "logit, Mercaldo et al. 2007"
    if 0 in (right, wrong) or right == of or wrong == among:
        extra = critical(level) ** 2
        right, wrong, of, among = right + extra / 2, wrong + extra / 2, of + extra, among + extra
        method = "adjusted logit, Mercaldo et al. 2007"
    interval = normal_interval(
        log(odds * right / of) - log(wrong / among),
        sqrt(1 / right - 1 / of + 1 / wrong - 1 / among),
        level=level,
        n=table.diseased + table.healthy,
        method=method,
        inverse=lambda logit: float(expit(logit)),
    )
    lower, upper = min(interval.lower, value), max(interval.upper, value)
    return Estimate(value, lower, upper, level, interval.n, method)


def _likelihood_ratio(count: int, of: int, other: int, among: int, level: float) -> Estimate:
    if not count or not other:
        raise NotEstimable("a likelihood ratio needs cases of both classes with this answer")
    return normal_interval(
        log(count / of) - log(other / among),
        sqrt(1 / count - 1 / of + 1 / other - 1 / among),
        level=level,
        n=of + among,
        method="log, Simel et al. 1991",
        inverse=exp,
    )


def _phi(both: int, only_first: int, only_second: int, neither: int) -> float:
    """The correlation of two answers, made smaller by half a case where it is positive."""
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if not margins:
        return 0.0
    product = float(both * neither - only_first * only_second)
    if product > 0:
        product = max(0.0, product - (both + only_first + only_second + neither) / 2)
    return product / sqrt(margins)


def _square_and_add(first: float, second: float, phi: float) -> float:
    return sqrt(max(0.0, first**2 - 2 * phi * first * second + second**2))


def _answers(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    one, other = np.asarray(first), np.asarray(second)
    if one.ndim != 1 or one.shape != other.shape:
        raise ValueError("answers are lists of the same length")
    if not np.isin(one, (0, 1)).all() or not np.isin(other, (0, 1)).all():
        raise ValueError("answers are 0 or 1")
    return one.astype(bool), other.astype(bool)
