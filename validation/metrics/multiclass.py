"""Figures of classifiers with several classes, one of which is true, and of several labels at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.metrics import proportions
from validation.metrics.bootstrap import REPLICATES, Counts, Method, bootstrap
from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.proportions import proportion
from validation.metrics.roc import auc
from validation.metrics.roc_curve import Ranking

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class ConfusionMatrix:
    """`counts` (classes, classes): how often a case of the row's class was called the column's class.

    Its figures take cases as independent; `level` and `method` are those of `proportion`.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]

    def sensitivity(
        self, name: str, *, level: float = 0.95, method: proportions.Method = "Clopper-Pearson"
    ) -> Estimate:
        """The share of the cases of class `name` that is called so. NotEstimable where there are none."""
        right, total = self.counts[self._at(name), self._at(name)], self.counts[self._at(name)].sum()
        return proportion(int(right), int(total), level=level, method=method)

    def ppv(
        self, name: str, *, level: float = 0.95, method: proportions.Method = "Clopper-Pearson"
    ) -> Estimate:
        """The share of calls of `name` that is right, at the frequencies of these very cases."""
        right, total = self.counts[self._at(name), self._at(name)], self.counts[:, self._at(name)].sum()
        return proportion(int(right), int(total), level=level, method=method)

    def accuracy(self, *, level: float = 0.95, method: proportions.Method = "Clopper-Pearson") -> Estimate:
        """The share of cases that is called rightly, at the frequencies of these very cases."""
        return proportion(int(np.trace(self.counts)), int(self.counts.sum()), level=level, method=method)

    def _at(self, name: str) -> int:
        if name not in self.classes:
            raise ValueError(f"there is no class {name!r}")
        return self.classes.index(name)


@dataclass(frozen=True, slots=True)
class LabelAreas:
    """The ROC area of each label that has one, and of the others the reason why not."""

    areas: dict[str, Estimate]
    not_estimable: dict[str, str]


def confusion_matrix(
    called: Sequence[str], truth: Sequence[str], *, classes: Sequence[str]
) -> ConfusionMatrix:
    """The matrix of what was `called` (n,) against `truth` (n,), both names from `classes`."""
    rows, columns = _codes(truth, classes), _codes(called, classes)
    if rows.size != columns.size:
        raise ValueError("called and truth are lists of the same length")
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(counts, (rows, columns), 1)
    return ConfusionMatrix(tuple(classes), counts)


def balanced_accuracy(
    called: Sequence[str],
    truth: Sequence[str],
    *,
    classes: Sequence[str],
    patients: ArrayLike,
    seed: int,
    replicates: int = REPLICATES,
    method: Method = "percentile",
    level: float = 0.95,
) -> Estimate:
    """The mean of the sensitivities of all classes, with its interval by `bootstrap` within classes.

    Raises NotEstimable where a class has no cases, ValueError for a name that is not in `classes`.
    """
    codes, said = _codes(truth, classes), _codes(called, classes)
    if codes.size != said.size:
        raise ValueError("called and truth are lists of the same length")
    right = codes == said

    def of(cases: Indices) -> float:
        totals = np.bincount(codes[cases], minlength=len(classes))
        _all_there(totals, classes)
        hits = np.bincount(codes[cases], weights=right[cases], minlength=len(classes))
        return float((hits / totals).mean())

    return bootstrap(
        of, patients=patients, strata=codes, seed=seed, replicates=replicates, method=method, level=level
    )


def macro_auc(
    scores: ArrayLike,
    truth: Sequence[str],
    *,
    classes: Sequence[str],
    patients: ArrayLike,
    seed: int,
    replicates: int = REPLICATES,
    method: Method = "percentile",
    level: float = 0.95,
) -> Estimate:
    """The mean over classes of the area of a class's score for this class against all others.

    `scores` (n, classes). It depends on how frequent the classes are among the others; `hand_till` does
    not. The interval is that of `bootstrap` within classes. Raises as `balanced_accuracy`.
    """
    table, codes = _table(scores, len(classes), len(truth)), _codes(truth, classes)
    _all_there(np.bincount(codes, minlength=len(classes)), classes)
    rankings = [Ranking.of(table[:, at], codes == at) for at in range(len(classes))]
    return bootstrap(
        _mean_of([ranking.area for ranking in rankings], codes.size),
        patients=patients,
        strata=codes,
        seed=seed,
        replicates=replicates,
        method=method,
        level=level,
    )


def hand_till(
    scores: ArrayLike,
    truth: Sequence[str],
    *,
    classes: Sequence[str],
    patients: ArrayLike,
    seed: int,
    replicates: int = REPLICATES,
    method: Method = "percentile",
    level: float = 0.95,
) -> Estimate:
    """M of Hand and Till (2001, Machine Learning 45:171): the mean area over all pairs of classes.

    For each ordered pair, the area of the first class's score (a column of `scores`, (n, classes)) among
    the cases of these two alone. It does not depend on how frequent the classes are. The interval is that
    of `bootstrap` within classes. Raises as `balanced_accuracy`.
    """
    table, codes = _table(scores, len(classes), len(truth)), _codes(truth, classes)
    _all_there(np.bincount(codes, minlength=len(classes)), classes)
    areas = [
        _area_within(np.flatnonzero((codes == one) | (codes == other)), table[:, one], codes == one)
        for one, other in permutations(range(len(classes)), 2)
    ]
    return bootstrap(
        _mean_of(areas, codes.size),
        patients=patients,
        strata=codes,
        seed=seed,
        replicates=replicates,
        method=method,
        level=level,
    )


def label_areas(
    scores: ArrayLike, truth: ArrayLike, *, labels: Sequence[str], level: float = 0.95
) -> LabelAreas:
    """The ROC area of each label with its interval by DeLong, from `scores` and `truth` (n, labels).

    Cases are taken as independent; where a patient has several, use `bootstrap_auc` for each label.
    """
    table, answers = _labelled(scores, truth, labels)
    areas, reasons = {}, {}
    for at, label in enumerate(labels):
        try:
            areas[label] = auc(table[:, at], answers[:, at], level=level)
        except NotEstimable as reason:
            reasons[label] = str(reason)
    return LabelAreas(areas, reasons)


def macro_label_auc(
    scores: ArrayLike,
    truth: ArrayLike,
    *,
    labels: Sequence[str],
    patients: ArrayLike,
    seed: int,
    replicates: int = REPLICATES,
    method: Method = "percentile",
    level: float = 0.95,
) -> Estimate:
    """The mean of the areas of all labels, from `scores` and `truth` (n, labels).

    The interval is that of `bootstrap`. Cases with several labels have no strata, so that all patients
    are drawn together; a replicate without one of the labels is not defined. Raises as `bootstrap`, and
    NotEstimable where a label is on none or on all cases.
    """
    table, answers = _labelled(scores, truth, labels)
    rankings = [Ranking.of(table[:, at], answers[:, at]) for at in range(len(labels))]
    return bootstrap(
        _mean_of([ranking.area for ranking in rankings], len(table)),
        patients=patients,
        strata=np.zeros(len(table), dtype=np.intp),
        seed=seed,
        replicates=replicates,
        method=method,
        level=level,
    )


def subset_accuracy(
    called: ArrayLike,
    truth: ArrayLike,
    *,
    level: float = 0.95,
    method: proportions.Method = "Clopper-Pearson",
) -> Estimate:
    """The share of cases with every label right, from `called` and `truth` (n, labels) of 0 and 1."""
    one, other = np.asarray(called), np.asarray(truth)
    if one.ndim != 2 or one.shape != other.shape:
        raise ValueError("called and truth are tables of the same shape, a row a case, a column a label")
    if not np.isin(one, (0, 1)).all() or not np.isin(other, (0, 1)).all():
        raise ValueError("answers are 0 or 1")
    return proportion(int((one == other).all(axis=1).sum()), len(one), level=level, method=method)


def _codes(names: Sequence[str], classes: Sequence[str]) -> Indices:
    if len(classes) < 2 or len(set(classes)) < len(classes):
        raise ValueError("there are two classes or more, each with a name of its own")
    at = {name: code for code, name in enumerate(classes)}
    strangers = set(names) - set(classes)
    if strangers:
        raise ValueError(f"{min(strangers)!r} is none of the classes")
    return np.array([at[name] for name in names], dtype=np.intp)


def _all_there(totals: NDArray[np.intp], classes: Sequence[str]) -> None:
    if not totals.all():
        raise NotEstimable(f"there is no case of class {classes[int(np.argmin(totals))]}")


def _table(scores: ArrayLike, columns: int, rows: int) -> Floats:
    table = np.asarray(scores, dtype=np.float64)
    if table.shape != (rows, columns):
        raise ValueError("scores have a row for each case and a column for each class")
    return table


def _labelled(scores: ArrayLike, truth: ArrayLike, labels: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
    answers = np.asarray(truth)
    if answers.ndim != 2 or answers.shape[1] != len(labels) or not labels:
        raise ValueError("truth has a row for each case and a column for each label")
    return _table(scores, len(labels), len(answers)), answers


def _area_within(cases: Indices, scores: Floats, of_first: NDArray[np.bool_]) -> Callable[[Counts], float]:
    """The area among some `cases` alone, for any number of times that all cases count."""
    ranking = Ranking.of(scores[cases], of_first[cases])
    return lambda times: ranking.area(times[cases])


def _mean_of(areas: Sequence[Callable[[Counts], float]], n: int) -> Callable[[Indices], float]:
    """The mean of `areas` as a statistic of drawn cases."""

    def of(cases: Indices) -> float:
        times = np.bincount(cases, minlength=n)
        return sum(area(times) for area in areas) / len(areas)

    return of
