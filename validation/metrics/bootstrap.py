"""Intervals for any figure by drawing patients anew, within the strata of truth.

A patient is drawn with all its cases, so that cases of one patient need not be independent. The seed
is required and goes into the estimate: the same seed gives the same interval.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from validation.metrics.estimate import Estimate, NotEstimable, critical

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Counts = NDArray[np.int64]
Statistic = Callable[[Indices], float]
Method = Literal["percentile", "BCa"]

REPLICATES = 10_000
# Replicates without a value are left out. So few cannot move a limit out of its tail of 2.5 %.
MOST_UNDEFINED = 0.01
# Draws held at once: they stay in the processor's cache, and memory does not grow with replicates.
DRAWS_AT_ONCE = 1 << 16


def bootstrap(
    statistic: Statistic,
    *,
    patients: ArrayLike,
    strata: ArrayLike,
    seed: int,
    replicates: int = REPLICATES,
    method: Method = "percentile",
    level: float = 0.95,
) -> Estimate:
    """The `statistic` of all cases with its bootstrap interval (Efron, Tibshirani 1993, chapters 13, 14).

    `statistic` takes the indices of the drawn cases, each as often as it is drawn, and raises NotEstimable
    where it is not defined for them. `patients` (n,) says whose each case is, `strata` (n,) in which class
    it is, mostly its truth. As many patients are drawn from each class as it has; a patient with cases in
    several classes belongs to the greatest of them.

    BCa takes its acceleration from leaving out one patient at a time. Replicates where the statistic is
    not defined are counted in the method's name. Raises NotEstimable where they are more than 1 %, where
    a class has a single patient, and where no replicate differs from another, because no interval of
    width 0 can be defended.
    """
    plan = Plan.of(patients, strata)
    values = [
        _or_nan(statistic, plan.cases_of(patients_drawn))
        for drawn in _draws(plan, seed=seed, replicates=replicates, apart=False)
        for patients_drawn in np.concatenate(drawn, axis=1)
    ]
    return interval(
        statistic(np.arange(plan.patient.size)),
        np.array(values),
        lambda: np.array([statistic(plan.cases_without(patient)) for patient in range(plan.size)]),
        plan,
        seed=seed,
        method=method,
        level=level,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Which cases are drawn together: patients, numbered stratum by stratum, then by their first case."""

    patient: Indices  # of each case
    sizes: tuple[int, ...]  # patients in each stratum
    cases: Indices  # ordered by patient
    starts: Indices  # where the cases of each patient start, and the end

    @classmethod
    def of(cls, patients: ArrayLike, strata: ArrayLike) -> "Plan":
        """The plan of cases of `patients` (n,) and `strata` (n,), as `bootstrap` describes it."""
        whose, of = np.asarray(patients), np.asarray(strata)
        if whose.ndim != 1 or whose.shape != of.shape or not whose.size:
            raise ValueError("patients and strata are lists of the same length, one entry a case")
        _, first, number = np.unique(whose, return_index=True, return_inverse=True)
        classes, code = np.unique(of, return_inverse=True)
        stratum = np.zeros(first.size, dtype=np.intp)
        np.maximum.at(stratum, number, code)
        sizes = np.bincount(stratum, minlength=classes.size)
        if (sizes == 1).any():
            name = classes[np.flatnonzero(sizes == 1)[0]]
            raise NotEstimable(f"class {name} has a single patient, who cannot be drawn anew")
        rank = np.empty(first.size, dtype=np.intp)
        rank[np.lexsort((first, stratum))] = np.arange(first.size)
        patient = rank[number]
        return cls(
            patient,
            tuple(int(size) for size in sizes if size),
            np.argsort(patient, kind="stable"),
            np.concatenate(([0], np.cumsum(np.bincount(patient)))),
        )

    @property
    def size(self) -> int:
        """How many patients there are."""
        return len(self.starts) - 1

    def cases_of(self, patients: Indices) -> Indices:
        """All cases of `patients`, as often as they stand there."""
        lengths = self.starts[patients + 1] - self.starts[patients]
        ends = np.cumsum(lengths)
        shift = np.repeat(self.starts[patients] - ends + lengths, lengths)
        cases: Indices = self.cases[np.arange(ends[-1]) + shift]
        return cases

    def cases_without(self, patient: int) -> Indices:
        return np.delete(self.cases, np.s_[self.starts[patient] : self.starts[patient + 1]])


def multiplicities(plan: Plan, *, seed: int, replicates: int) -> Iterator[tuple[Counts, ...]]:
    """How often each patient is drawn: for each stratum (replicates of the piece, its patients).

    They come in pieces of bounded size. This is the resampling alone, without any statistic.
    """
    for piece in _draws(plan, seed=seed, replicates=replicates, apart=True):
        yield tuple(np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape) for drawn in piece)


def interval(
    value: float,
    values: Floats,
    left_out: Callable[[], Floats],
    plan: Plan,
    *,
    seed: int,
    method: Method,
    level: float,
) -> Estimate:
    """The estimate from the replicates `values`, nan where not defined.

    `left_out` gives the figure without each patient in turn, in the order of `plan`. Raises as `bootstrap`.
    """
    if not np.isfinite(value):
        raise NotEstimable(f"the figure of all cases is {value}")
    defined = values[~np.isnan(values)]
    undefined = values.size - defined.size
    if undefined > MOST_UNDEFINED * values.size:
        raise NotEstimable(
            f"{undefined} of {values.size} bootstrap replicates have no value; {MOST_UNDEFINED:.0%} may"
        )
    if np.ptp(defined) <= 1e-12 * abs(value):
        raise NotEstimable(f"every bootstrap replicate gives {value:g}: they say nothing about its spread")
    tails = ndtr(np.array([-1, 1]) * critical(level))
    if method == "BCa":
        tails = _corrected(tails, value, defined, left_out(), plan.sizes)
    elif method != "percentile":
        raise ValueError(f"there is no bootstrap interval called {method!r}")
    # The k-th of B ordered replicates stands for k / (B + 1), Davison and Hinkley 1997, 5.2.
    lower, upper = np.quantile(defined, tails, method="weibull")
    name = f"{method} bootstrap of patients within classes, {values.size} replicates"
    if undefined:
        name += f", {undefined} of them not defined and left out"
    return Estimate(value, float(lower), float(upper), level, plan.size, name, seed)


def _draws(plan: Plan, *, seed: int, replicates: int, apart: bool) -> Iterator[list[Indices]]:
    """Patients drawn within each stratum, (replicates of the piece, patients of the stratum).

    They are numbered within the plan, or, `apart`, so that no number stands in two replicates.
    """
    if replicates < 1:
        raise ValueError("a bootstrap needs replicates")
    random = np.random.default_rng(seed)
    most = max(1, DRAWS_AT_ONCE // plan.size)
    for done in range(0, replicates, most):
        rows = min(most, replicates - done)
        piece, before = [], 0
        for size in plan.sizes:
            drawn = random.integers(0, size, (rows, size))
            drawn += np.arange(rows)[:, None] * size if apart else before
            piece.append(drawn)
            before += size
        yield piece


def _or_nan(statistic: Statistic, cases: Indices) -> float:
    try:
        return statistic(cases)
    except NotEstimable:
        return float("nan")


def _corrected(
    tails: Floats, value: float, defined: Floats, left_out: Floats, sizes: tuple[int, ...]
) -> Floats:
    """The tails of BCa. The acceleration for several strata is that of Davison and Hinkley 1997, 5.3.2."""
    # A replicate that differs from the value by rounding alone is equal to it, and counts one half.
    away = defined - value
    nothing = 1e-9 * np.ptp(defined)
    away[np.abs(away) <= nothing] = 0
    below = np.count_nonzero(away < 0) + np.count_nonzero(away == 0) / 2
    if not 0 < below < defined.size:
        raise NotEstimable("all bootstrap replicates lie on one side of the value: BCa is not defined")
    bias = ndtri(below / defined.size)
    square = cube = 0.0
    for without in np.split(left_out, np.cumsum(sizes)[:-1]):
        n = without.size
        influence = (n - 1) * (without.mean() - without)
        influence[np.abs(influence) <= nothing] = 0
        square += float((influence**2).sum()) / n**2
        cube += float((influence**3).sum()) / n**3
    acceleration = cube / (6 * square**1.5) if square else 0.0
    z = bias + ndtri(tails)
    scale = 1 - acceleration * z
    if (scale <= 0).any():
        raise NotEstimable("the acceleration is too great for a BCa interval")
    corrected: Floats = ndtr(bias + z / scale)
    return corrected
