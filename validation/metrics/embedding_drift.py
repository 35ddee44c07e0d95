"""Whether the embeddings that a model computes still lie where those of its validation lay.

No classifier is trained: the two sets of vectors are compared by the distances between them.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.metrics.drift import Drift
from validation.metrics.estimate import NotEstimable

Floats = NDArray[np.float64]


def embedding_drift(
    reference: ArrayLike, sample: ArrayLike, *, seed: int, rounds: int = 499, largest: int = 2000
) -> Drift:
    """The squared maximum mean discrepancy of two sets of vectors (n, d) and (m, d), with its p.

    Unbiased estimate, Gaussian kernel, its width the median distance between different vectors of both
    sets together (Gretton et al. 2012); p over `rounds` random divisions. Raises NotEstimable for
    fewer than two vectors in a set or where all are the same, and ValueError for vectors that do not
    fit or more than `largest` together, whose kernel would not fit into memory: draw a subset.
    """
    vectors, n, m = _pair_of_embeddings(reference, sample, largest)
    squared = _squared_distances(vectors)
    apart = squared[np.triu_indices(n + m, 1)]
    if not apart.max() > 0:
        raise NotEstimable("all vectors are the same, so there is no distance to compare")
    kernel = np.exp(-squared / (2 * float(np.median(apart[apart > 0]))))
    np.fill_diagonal(kernel, 0.0)
    random = np.random.default_rng(seed)
    divided = np.zeros((1 + rounds, n + m))
    divided[0, :n] = 1.0
    for row in divided[1:]:
        row[random.permutation(n + m)[:n]] = 1.0
    # The sums of the kernel inside either set and across, for all divisions at once.
    from_first = divided @ kernel
    inside = np.sum(from_first * divided, axis=1)
    across = from_first.sum(axis=1) - inside
    outside = kernel.sum() - inside - 2 * across
    values = inside / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * across / (n * m)
    reached = int((values[1:] >= values[0] - 1e-12).sum())
    method = f"maximum mean discrepancy, Gaussian kernel, {rounds} permutations"
    return Drift(float(values[0]), (1 + reached) / (1 + rounds), n, m, method, seed)


def _squared_distances(vectors: Floats) -> Floats:
    centred = vectors - vectors.mean(axis=0)
    lengths = np.sum(centred**2, axis=1)
    squared = np.maximum(lengths[:, None] + lengths[None] - 2 * centred @ centred.T, 0.0)
    # What the subtraction leaves of equal vectors is rounding, not distance.
    return np.where(squared > 1e-12 * float(lengths.max(initial=0.0)), squared, 0.0)


def _pair_of_embeddings(reference: ArrayLike, sample: ArrayLike, largest: int) -> tuple[Floats, int, int]:
    first, second = np.asarray(reference, dtype=np.float64), np.asarray(sample, dtype=np.float64)
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or not first.shape[1]:
        raise ValueError("embeddings are two tables of vectors of the same length")
    if min(len(first), len(second)) < 2:
        raise NotEstimable("a discrepancy needs two vectors in either set")
    if len(first) + len(second) > largest:
        raise ValueError(f"more than {largest} vectors together: draw a subset")
    both = np.concatenate([first, second])
    if not np.isfinite(both).all():
        raise ValueError("embeddings are finite numbers")
    return both, len(first), len(second)
