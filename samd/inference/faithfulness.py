"""How well an attribution map says what a model used: deletion and insertion, normalised."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

METRIC = "deletion-insertion, random 0, at most 1 (Petsiuk et al. 2018)"

Plane = NDArray[np.float32]


def deletion_insertion(
    score: Callable[[Plane], float],
    image: Plane,
    *,
    baseline: Plane,
    attribution: Plane,
    steps: int,
) -> float:
    """The area between the insertion and the deletion curve over the range of both: -1 to 1.

    Pixels are taken in falling order of `attribution`. Deletion replaces them by those of
    `baseline`, insertion puts those of `image` into `baseline`; after each of `steps` equal parts
    the `score` of the image is taken, and each curve is integrated by the trapezoidal rule
    (Petsiuk, Das, Saenko 2018, BMVC, arXiv:1806.07421; Samek et al. 2017, IEEE TNNLS 28:2660).

    For a random order the two curves are mirror images in distribution, because to insert a random
    part is to delete the random rest: the expected value is exactly 0, whatever the model. The
    reversed order has the opposite sign. Equal attributions fall in a fixed pseudo-random order, so
    that a map that says nothing is a random map; a map without any difference has the value 0, and
    so has a score that never changes.
    """
    importance = attribution.ravel()
    if importance.size == 0 or np.ptp(importance) == 0:
        return 0.0
    scattered = np.random.default_rng(0).permutation(importance.size)
    order = scattered[np.argsort(-importance[scattered], kind="stable")]
    cuts = np.linspace(0, importance.size, steps + 1).round().astype(int)
    deletion, insertion = image.ravel().copy(), baseline.ravel().copy()
    deleted, inserted = [score(image)], [score(baseline)]
    for begin, end in pairwise(cuts):
        part = order[begin:end]
        deletion[part] = baseline.ravel()[part]
        insertion[part] = image.ravel()[part]
        deleted.append(score(deletion.reshape(image.shape)))
        inserted.append(score(insertion.reshape(image.shape)))
    span = max(*deleted, *inserted) - min(*deleted, *inserted)
    if not np.isfinite(span) or span == 0:
        return 0.0
    difference = np.asarray(inserted) - np.asarray(deleted)
    return float(np.trapezoid(difference, dx=1 / steps) / span)
