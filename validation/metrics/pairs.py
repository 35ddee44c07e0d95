"""Areas made of pairs of a diseased and a healthy case: ROC, AFROC and wAFROC, and their covariance.

An area is the share of pairs in which the diseased case is rated higher, a tie counting one half. Each
estimate of the covariance takes all readings at once, because they are readings of the same cases.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from validation.metrics.roc import Floats

Method = Literal["DeLong", "jackknife", "unbiased"]

BLOCK = 1 << 22  # comparisons held in memory at a time


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Two samples to be compared pair by pair: lesions of m diseased cases, and n healthy cases.

    `lesions` (modalities, readers, m, lesions) and `healthy` (modalities, readers, n) are ratings;
    `weights` (m, lesions) are 0 where a case has fewer lesions. A diseased case counts with the sum of
    its weights. In an ROC area each diseased case is one lesion of weight 1.
    """

    lesions: Floats
    weights: Floats
    healthy: Floats

    @property
    def sizes(self) -> Floats:
        """What each diseased case counts (m,)."""
        sizes: Floats = self.weights.sum(axis=1)
        return sizes


def placements(pairs: Pairs) -> tuple[Floats, Floats]:
    """What each case adds to the area, for each row of flat pairs: (rows, m) and (rows, n).

    For a diseased case, the sum of its weights times the share of healthy cases rated lower; for a
    healthy case, the weighted share of lesions rated higher. Ties count one half.
    """
    rows, n = pairs.healthy.shape
    weights = pairs.weights.ravel()
    of_diseased, of_healthy = np.empty((rows, len(pairs.weights))), np.empty((rows, n))
    for row in range(rows):
        lesions, healthy = pairs.lesions[row].ravel(), np.sort(pairs.healthy[row])
        won = (np.searchsorted(healthy, lesions, "left") + np.searchsorted(healthy, lesions, "right")) / 2
        of_diseased[row] = (weights * won).reshape(pairs.weights.shape).sum(axis=1) / n
        order = np.argsort(lesions)
        below = np.concatenate([[0.0], np.cumsum(weights[order])])
        sorted_lesions, ratings = lesions[order], pairs.healthy[row]
        lost = below[np.searchsorted(sorted_lesions, ratings, "left")]
        lost = lost + below[np.searchsorted(sorted_lesions, ratings, "right")]
        of_healthy[row] = 1 - lost / (2 * below[-1])
    return of_diseased, of_healthy


def _by_delong(pairs: Pairs) -> tuple[Floats, Floats]:
    of_diseased, of_healthy = placements(pairs)
    of_diseased = of_diseased / pairs.sizes
    m, n = of_diseased.shape[1], of_healthy.shape[1]
    covariance = sample_covariance(of_diseased) / m + sample_covariance(of_healthy) / n
    return of_diseased.mean(axis=1), covariance


def _by_jackknife(pairs: Pairs) -> tuple[Floats, Floats]:
    of_diseased, of_healthy = placements(pairs)
    sizes, n = pairs.sizes, of_healthy.shape[1]
    total = of_diseased.sum(axis=1, keepdims=True)
    values = total / sizes.sum()
    without_diseased = (total - of_diseased) / (sizes.sum() - sizes)
    without_healthy = (n * values - of_healthy) / (n - 1)
    return values[:, 0], jackknife_covariance(np.concatenate([without_diseased, without_healthy], axis=1))


def _unbiased(pairs: Pairs) -> tuple[Floats, Floats]:
    """The product of two areas less the mean product over pairs that share no case."""
    of_diseased, of_healthy = placements(pairs)
    of_diseased = of_diseased / pairs.sizes
    m, n = of_diseased.shape[1], of_healthy.shape[1]
    values = of_diseased.mean(axis=1)
    products = np.outer(values, values)
    same_diseased = of_diseased @ of_diseased.T * n * n
    same_healthy = of_healthy @ of_healthy.T * m * m
    same_both = sum(block @ block.T for block in _kernels(pairs))
    apart = products * (m * n) ** 2 - same_diseased - same_healthy + same_both
    return values, products - apart / (m * (m - 1) * n * (n - 1))


def _kernels(pairs: Pairs) -> Iterator[Floats]:
    """The comparison of every diseased with every healthy case, (rows, pairs of a block)."""
    rows, n = pairs.healthy.shape
    step = max(1, BLOCK // (rows * n))
    healthy = pairs.healthy[:, None, :]
    weights = pairs.weights / pairs.sizes[:, None]
    for start in range(0, len(weights), step):
        block = slice(start, start + step)
        won = np.zeros((rows, len(weights[block]), n))
        for lesion in range(weights.shape[1]):
            ratings = pairs.lesions[:, block, lesion, None]
            compared_pairs = ((ratings > healthy) + (ratings >= healthy).astype(np.float64)) / 2
            won += weights[block, lesion, None] * compared_pairs
        yield won.reshape(rows, -1)


METHODS: dict[Method, Callable[[Pairs], tuple[Floats, Floats]]] = {
    "DeLong": _by_delong,
    "jackknife": _by_jackknife,
    "unbiased": _unbiased,
}


def sample_covariance(rows: Floats) -> Floats:
    """The covariance (rows, rows) of what stands in columns, one for each case."""
    apart = rows - rows.mean(axis=1, keepdims=True)
    covariance: Floats = apart @ apart.T / (rows.shape[1] - 1)
    return covariance


def jackknife_covariance(replicates: Floats) -> Floats:
    """The covariance of figures (rows) from their values without each case in turn (columns)."""
    cases = replicates.shape[1]
    covariance: Floats = sample_covariance(replicates) * (cases - 1) ** 2 / cases
    return covariance
