"""Bootstrap of ROC areas, fast: every score is sorted once, a replicate only counts what was drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.metrics.bootstrap import REPLICATES, Counts, Method, Plan, interval, multiplicities
from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.roc import placements, scored

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Indices = NDArray[np.intp]


def bootstrap_auc(
    scores: ArrayLike,
    truth: ArrayLike,
    *,
    patients: ArrayLike,
    seed: int,
    replicates: int = REPLICATES,
    method: Method = "percentile",
    level: float = 0.95,
) -> Estimate:
    """The ROC area of `scores` (n,) with its interval by `bootstrap`, stratified by `truth` (n,).

    `patients` (n,) says whose each case is. Raises as `bootstrap`, and NotEstimable where a class has
    fewer than two cases.
    """
    return _areas([scores], truth, patients, seed=seed, replicates=replicates, method=method, level=level)


def bootstrap_auc_difference(
    first: ArrayLike,
    second: ArrayLike,
    truth: ArrayLike,
    *,
    patients: ArrayLike,
    seed: int,
    replicates: int = REPLICATES,
    method: Method = "percentile",
    level: float = 0.95,
) -> Estimate:
    """The ROC area of `first` (n,) minus that of `second` (n,), two scores of the same cases.

    Both are taken of the same draws, so that what they have in common cancels. Raises as `bootstrap_auc`.
    """
    markers = [first, second]
    return _areas(markers, truth, patients, seed=seed, replicates=replicates, method=method, level=level)


def _areas(
    markers: list[ArrayLike],
    truth: ArrayLike,
    patients: ArrayLike,
    *,
    seed: int,
    replicates: int,
    method: Method,
    level: float,
) -> Estimate:
    """The area of one marker, or the first minus the second."""
    cases = [scored(marker, truth) for marker in markers]
    diseased = cases[0][1]
    # Ordered by class and score, patients with a single case are numbered as their cases are: what is
    # counted of patients is then already counted of cases, and in order.
    order = np.lexsort((cases[0][0], diseased))
    whose = np.asarray(patients)
    if whose.shape != diseased.shape:
        raise ValueError("patients are a list with one entry a case")
    diseased = diseased[order]
    areas = [_Area.of(values[order], diseased) for values, _ in cases]
    plan = Plan.of(whose[order], diseased)
    values = [
        _difference([area.of_draws(*_by_class(counts, plan, diseased)) for area in areas])
        for counts in multiplicities(plan, seed=seed, replicates=replicates)
    ]
    return interval(
        float(_difference([np.array([area.value]) for area in areas])[0]),
        np.concatenate(values),
        lambda: _difference([area.without_each(plan) for area in areas]),
        plan,
        seed=seed,
        method=method,
        level=level,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Area:
    """The area of one marker for any number of times that each case is drawn.

    The class with fewer cases is looked up among the other, whose numbers are summed up.
    """

    values: Floats  # the scores of the cases
    diseased: Booleans  # which of them are; the healthy come first
    shares: Floats  # placements of the cases
    few_are_diseased: bool
    few: Indices | None  # the order of the scores within the class, None where they are in order
    many: Indices | None
    below: Indices  # for each of the few, in order: how many of the many lie below it
    up_to: Indices  # and how many not above it

    @classmethod
    def of(cls, values: Floats, diseased: Booleans) -> "_Area":
        shares = placements(values, diseased)
        ill, well = values[diseased], values[~diseased]
        few, many = (ill, well) if ill.size <= well.size else (well, ill)
        by_few, by_many = _order(few), _order(many)
        few = few if by_few is None else few[by_few]
        many = many if by_many is None else many[by_many]
        below, up_to = np.searchsorted(many, few), np.searchsorted(many, few, side="right")
        if np.array_equal(below, up_to):
            up_to = below
        return cls(values, diseased, shares, ill.size <= well.size, by_few, by_many, below, up_to)

    @property
    def value(self) -> float:
        return float(self.shares[self.diseased].mean())

    def of_draws(self, healthy: Counts, diseased: Counts) -> Floats:
        """The areas (b,) of draws of the healthy (b, n) and the diseased (b, m), nan where one is empty."""
        few, many = (diseased, healthy) if self.few_are_diseased else (healthy, diseased)
        if self.few is not None:
            few = few[:, self.few]
        if self.many is not None:
            many = many[:, self.many]
        summed = np.zeros((len(many), many.shape[1] + 1), dtype=np.int64)
        np.cumsum(many, axis=1, out=summed[:, 1:])
        beneath = summed.take(self.below, axis=1)
        beneath += beneath if self.up_to is self.below else summed.take(self.up_to, axis=1)
        pairs = 2.0 * few.sum(axis=1) * summed[:, -1]
        share = np.full(len(pairs), np.nan)
        np.divide(np.einsum("bm,bm->b", few, beneath), pairs, out=share, where=pairs > 0)
        return share if self.few_are_diseased else 1 - share

    def without_each(self, plan: Plan) -> Floats:
        """The area without each patient in turn (patients,)."""
        m = int(np.count_nonzero(self.diseased))
        n = self.diseased.size - m
        lost = self.shares * np.where(self.diseased, n, m)
        ill = np.bincount(plan.patient, weights=self.diseased, minlength=plan.size)
        well = np.bincount(plan.patient, minlength=plan.size) - ill
        wins = self.value * m * n - np.bincount(plan.patient, weights=lost, minlength=plan.size)
        for patient in np.flatnonzero((ill > 0) & (well > 0)):
            wins[patient] += self._wins_within(plan.cases[plan.starts[patient] : plan.starts[patient + 1]])
        pairs = (m - ill) * (n - well)
        if not pairs.all():
            raise NotEstimable("without one of the patients a class has no cases")
        remaining: Floats = wins / pairs
        return remaining

    def _wins_within(self, cases: Indices) -> float:
        """Pairs of one patient's own cases: they were taken away with both of them, once too often."""
        ill, well = self.values[cases[self.diseased[cases]]], self.values[cases[~self.diseased[cases]]]
        well.sort()
        twice = np.searchsorted(well, ill) + np.searchsorted(well, ill, side="right")
        return float(twice.sum()) / 2


def _order(values: Floats) -> Indices | None:
    order = np.argsort(values, kind="stable")
    return None if np.array_equal(order, np.arange(order.size)) else order


def _by_class(counts: tuple[Counts, ...], plan: Plan, diseased: Booleans) -> tuple[Counts, Counts]:
    """How often the healthy and the diseased cases were drawn, of how often their patients were."""
    if plan.size == diseased.size and len(counts) == 2:
        return counts[0], counts[1]
    of_cases = np.concatenate(counts, axis=1)[:, plan.patient]
    healthy = int(np.count_nonzero(~diseased))
    return of_cases[:, :healthy], of_cases[:, healthy:]


def _difference(areas: list[Floats]) -> Floats:
    return areas[0] if len(areas) == 1 else areas[0] - areas[1]
