"""Adjusted p values, so that many tests together err no more often than one.

Each function takes the p values of m tests, in any order unless it says otherwise, and returns the
adjusted ones in the same order: a test is rejected at alpha where its adjusted p is at most alpha.
All raise ValueError for a p value that does not lie between 0 and 1.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def bonferroni(p: ArrayLike) -> Floats:
    """m times p, at most 1. Holds the familywise error under any dependence."""
    values = _probabilities(p)
    return np.minimum(values * values.size, 1.0)


def holm(p: ArrayLike) -> Floats:
    """Step-down Bonferroni (Holm 1979): never larger than Bonferroni's, and under any dependence."""
    values = _probabilities(p)
    order = np.argsort(values, kind="stable")
    factors = np.arange(values.size, 0, -1)
    return _back(np.minimum(np.maximum.accumulate(values[order] * factors), 1.0), order)


def hochberg(p: ArrayLike) -> Floats:
    """Step-up (Hochberg 1988). Holds the familywise error for independent or positively dependent tests."""
    values = _probabilities(p)
    order = np.argsort(-values, kind="stable")
    factors = np.arange(1, values.size + 1)
    return _back(np.minimum(np.minimum.accumulate(values[order] * factors), 1.0), order)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Step-up (Benjamini, Hochberg 1995). Holds the false discovery rate, not the familywise error.

    It does so for independent or positively dependent tests.
    """
    values = _probabilities(p)
    order = np.argsort(-values, kind="stable")
    factors = values.size / np.arange(values.size, 0, -1)
    return _back(np.minimum(np.minimum.accumulate(values[order] * factors), 1.0), order)


def fixed_sequence(p: ArrayLike) -> Floats:
    """p in the order fixed beforehand: each test only after all before it, at the full alpha.

    The adjusted p is the largest so far (Maurer, Hothorn, Lehmacher 1995).
    """
    return np.maximum.accumulate(_probabilities(p))


def serial_gatekeeping(families: Sequence[ArrayLike]) -> tuple[Floats, ...]:
    """p of families in their fixed order: one is opened only when every test before it is rejected.

    Inside a family stands Holm (Westfall, Krishen 2001). Raises ValueError for a family of no tests.
    """
    adjusted: list[Floats] = []
    gate = 0.0
    for family in families:
        own = np.maximum(holm(family), gate)
        if not own.size:
            raise ValueError("a family without tests opens no gate")
        gate = float(own.max())
        adjusted.append(own)
    return tuple(adjusted)


ADJUSTMENTS: dict[str, Callable[[ArrayLike], Floats]] = {
    "Bonferroni": bonferroni,
    "Holm": holm,
    "Hochberg": hochberg,
    "Benjamini-Hochberg": benjamini_hochberg,
    "fixed sequence": fixed_sequence,
}


def _probabilities(p: ArrayLike) -> Floats:
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p values are a list of numbers between 0 and 1")
    return values


def _back(sorted_values: Floats, order: NDArray[np.intp]) -> Floats:
    values = np.empty_like(sorted_values)
    values[order] = sorted_values
    return values
