"""Detection and localisation: how surely lesions were marked, against what was marked that is none.

The definitions are those of Chakraborty and Zhai (2016), Med Phys 43:2312. The area under the FROC
curve itself has no bound and is not given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from validation.metrics.estimate import Estimate, NotEstimable, normal_interval
from validation.metrics.marks import UNMARKED, Marks, highest_ratings
from validation.metrics.mrmc_covariance import Accuracies, compared
from validation.metrics.mrmc_readings import Readings
from validation.metrics.pairs import Method, Pairs, jackknife_covariance
from validation.metrics.proportions import proportion
from validation.metrics.roc import Floats

Figure = Literal["AFROC", "wAFROC"]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A point for each rating given, from the highest down: what is marked at or above `thresholds`.

    `false_positives` is marks on no lesion per case (FROC) or the share of healthy cases with one
    (AFROC); `sensitivity` the share of lesions, in AFROC curves with weights if so wished. The first
    point is the origin, at +inf.
    """

    thresholds: Floats
    false_positives: Floats
    sensitivity: Floats


@dataclass(frozen=True, slots=True)
class FrocPoint:
    """The operating point that keeps to a rate of false positives, and the rate that it has."""

    threshold: float
    false_positives_per_case: float
    sensitivity: Estimate


def inferred_readings(marks: Marks, *, modalities: Sequence[str], readers: Sequence[str]) -> Readings:
    """The ROC reading that the highest ratings amount to, for `mrmc_covariance.areas`."""
    return Readings(tuple(modalities), tuple(readers), highest_ratings(marks), marks.diseased)


def accuracies(
    marks: Marks,
    *,
    figure: Figure,
    method: Method = "jackknife",
    modalities: Sequence[str],
    readers: Sequence[str],
) -> Accuracies:
    """The AFROC or wAFROC areas of several readings and their covariance, for `mrmc`.

    The area is the share of pairs of a lesion and a healthy case in which the lesion is rated higher
    than the highest false mark. In AFROC every lesion counts the same, in wAFROC every diseased case.
    AFROC is a ratio and knows only the jackknife. Raises as `mrmc_covariance.compared`.
    """
    return compared(
        _pairs(marks, figure), figure=figure, method=method, modalities=modalities, readers=readers
    )


def area(marks: Marks, *, figure: Figure, level: float = 0.95) -> Estimate:
    """The AFROC or wAFROC area of one reading, with an interval by the jackknife over cases.

    Raises NotEstimable where a class has fewer than two cases.
    """
    one = Marks(_single(marks).non_lesions[None, None], marks.lesions[None, None], marks.weights)
    found = accuracies(one, figure=figure, modalities=("",), readers=("",))
    return normal_interval(
        found.values.item(),
        float(np.sqrt(found.covariance.item())),
        level=level,
        n=found.cases,
        method=f"{figure}, jackknife over cases, normal interval cut off at 0 and 1",
        bounds=(0.0, 1.0),
    )


def froc_curve(marks: Marks) -> Curve:
    """The FROC curve of one reading: false marks on all cases per case, against lesions found.

    Raises NotEstimable where there is no lesion.
    """
    false_marks = _marked(_single(marks).non_lesions)
    found = marks.lesions[_present(marks)]
    thresholds = _thresholds(false_marks, found)
    return Curve(
        thresholds,
        _at_or_above(false_marks, thresholds) / len(marks.weights),
        _at_or_above(found, thresholds) / len(found),
    )


def afroc_curve(marks: Marks, *, figure: Figure) -> Curve:
    """The AFROC or wAFROC curve of one reading.

    With a straight line from its last point to (1, 1) it encloses `area`. Raises NotEstimable where
    there is no lesion or no healthy case.
    """
    present = _present(_single(marks))
    pairs = _pairs(marks, figure)
    if pairs.healthy.size == 0:
        raise NotEstimable(f"{figure} needs healthy cases, and there are none")
    found, weights = marks.lesions[present], pairs.weights[pairs.weights > 0]
    thresholds = _thresholds(_marked(pairs.healthy), found)
    order = np.argsort(-found)
    gained = np.concatenate([[0.0], np.cumsum(weights[order])]) / weights.sum()
    return Curve(
        thresholds,
        _at_or_above(pairs.healthy, thresholds) / pairs.healthy.size,
        gained[_at_or_above(found, thresholds)],
    )


def sensitivity_at(marks: Marks, *, false_positives_per_case: float, level: float = 0.95) -> FrocPoint:
    """The greatest share of lesions found with at most so many false marks per case.

    No point between two ratings is interpolated; where even the highest rating makes too many false
    marks, nothing is marked and the threshold is +inf. The interval is by a jackknife over cases
    with lesions and takes the threshold as given. Raises ValueError for a negative rate, and
    NotEstimable where there is no lesion or some but not all lesions of a single case are found.
    """
    if not false_positives_per_case >= 0:
        raise ValueError(f"a rate of false positives is 0 or more, not {false_positives_per_case}")
    curve = froc_curve(marks)
    place = int((curve.false_positives <= false_positives_per_case).sum()) - 1
    threshold = float(curve.thresholds[place])
    lesions = (marks.weights > 0)[marks.diseased].sum(axis=1)
    found = (marks.lesions[marks.diseased] >= threshold).sum(axis=1)
    share = _share_found(found, lesions, level=level)
    return FrocPoint(threshold, float(curve.false_positives[place]), share)


def _share_found(found: NDArray[np.intp], lesions: NDArray[np.intp], *, level: float) -> Estimate:
    cases, total = len(lesions), int(lesions.sum())
    if found.sum() in (0, total):
        # A jackknife sees no variation here. With a case as one trial the exact interval is a safe one.
        exact = proportion(cases if found.any() else 0, cases, level=level)
        return replace(exact, method="Clopper-Pearson, the lesions of a case as one")
    if cases < 2:
        raise NotEstimable("the interval of a sensitivity needs two cases with lesions")
    without = (found.sum() - found) / (total - lesions)
    variance = jackknife_covariance(without[None]).item()
    return normal_interval(
        float(found.sum() / total),
        float(np.sqrt(variance)),
        level=level,
        n=cases,
        method="jackknife over cases at a fixed threshold, normal interval cut off at 0 and 1",
        bounds=(0.0, 1.0),
    )


def _pairs(marks: Marks, figure: Figure) -> Pairs:
    if figure not in ("AFROC", "wAFROC"):
        raise ValueError(f"the figure is AFROC or wAFROC, not {figure!r}")
    diseased = marks.diseased
    weights = marks.weights[diseased]
    return Pairs(
        marks.lesions[..., diseased, :],
        weights if figure == "wAFROC" else (weights > 0).astype(np.float64),
        marks.non_lesions[..., ~diseased, :].max(axis=-1, initial=UNMARKED),
    )


def _single(marks: Marks) -> Marks:
    if marks.lesions.ndim != 2:
        raise ValueError("a curve or an area is that of one reading")
    return marks


def _present(marks: Marks) -> NDArray[np.bool_]:
    present: NDArray[np.bool_] = marks.weights > 0
    if not present.any():
        raise NotEstimable("there is no lesion to be found")
    return present


def _marked(ratings: Floats) -> Floats:
    marked: Floats = ratings[np.isfinite(ratings)]
    return marked


def _thresholds(*ratings: Floats) -> Floats:
    given = np.unique(_marked(np.concatenate(ratings)))
    return np.concatenate([[np.inf], given[::-1]])


def _at_or_above(ratings: Floats, thresholds: Floats) -> NDArray[np.intp]:
    return ratings.size - np.searchsorted(np.sort(ratings), thresholds, side="left")
