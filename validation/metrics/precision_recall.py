"""Precision against recall, and average precision.

Both depend on how frequent the disease is among the cases: figures of two sets of cases can only be
compared where that is the same. An ROC area has no such limit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.metrics.bootstrap import REPLICATES, Method, bootstrap
from validation.metrics.estimate import Estimate
from validation.metrics.roc_curve import Ranking

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionRecallCurve:
    """Precision and recall (points,) of the cases at or above each of the falling thresholds (points,).

    `prevalence` is the share of diseased cases: the precision of chance.
    """

    thresholds: Floats
    precision: Floats
    recall: Floats
    prevalence: float


def precision_recall_curve(scores: ArrayLike, truth: ArrayLike) -> PrecisionRecallCurve:
    """The curve of `scores` (n,), a higher one meaning diseased, against `truth` (n,) of 0 and 1.

    Raises NotEstimable where a class is empty, ValueError for other values.
    """
    ranking = Ranking.of(scores, truth)
    diseased, healthy = ranking.called()
    return PrecisionRecallCurve(
        ranking.thresholds,
        precision=diseased / (diseased + healthy),
        recall=diseased / diseased[-1],
        prevalence=float(diseased[-1] / (diseased[-1] + healthy[-1])),
    )


def average_precision(
    scores: ArrayLike,
    truth: ArrayLike,
    *,
    patients: ArrayLike,
    seed: int,
    replicates: int = REPLICATES,
    method: Method = "percentile",
    level: float = 0.95,
) -> Estimate:
    """The mean of precision over the steps of recall, each at its own threshold, without interpolation.

    Cases with equal scores are called together, at one threshold. The interval is that of `bootstrap`
    over `patients` (n,), stratified by truth, so that it holds for the prevalence of these cases. Raises
    as `precision_recall_curve` and `bootstrap`.
    """
    ranking = Ranking.of(scores, truth)

    def of(cases: Indices) -> float:
        diseased, healthy = ranking.called(np.bincount(cases, minlength=ranking.order.size))
        found = np.diff(diseased, prepend=0.0)
        # Where nothing is called yet, nothing is found either.
        precision = diseased / np.maximum(diseased + healthy, 1)
        return float((found * precision).sum() / diseased[-1])

    return bootstrap(
        of, patients=patients, strata=truth, seed=seed, replicates=replicates, method=method, level=level
    )
