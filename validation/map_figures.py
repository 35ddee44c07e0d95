"""What two attribution maps have in common, where one lies, and the mean of such figures over cases."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from validation.dataset import Box
from validation.metrics.bootstrap import bootstrap
from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.proportions import proportion
from validation.metrics.roc import midranks

Map = NDArray[np.float32]

# Means that differ by less are the same but for rounding.
_SAME = 1e-9


def rank_correlation(one: Map, other: Map) -> float | None:
    """Spearman's correlation of two maps of one shape, pixel by pixel; None where either is even.

    Equal values share their mean rank. Raises ValueError for maps of different shapes.
    """
    if one.shape != other.shape:
        raise ValueError(f"maps of {one.shape} and {other.shape} pixels cannot be compared")
    first, second = (_centred_ranks(values) for values in (one, other))
    spread = np.sqrt((first @ first) * (second @ second))
    return float(np.clip(first @ second / spread, -1, 1)) if spread else None


def relative_change(before: Map, after: Map) -> float:
    """How far `after` is from `before`, as a share of the length of `before`, which must not be 0.

    The term under the maximum in the sensitivity of Yeh et al. (2019, NeurIPS, arXiv:1901.09392). Raises
    ValueError where it is 0.
    """
    length = float(np.linalg.norm(before.astype(np.float64)))
    if not length:
        raise ValueError("a change has no size beside a map that is 0 everywhere")
    return float(np.linalg.norm(after.astype(np.float64) - before)) / length


def points_inside(attribution: Map, boxes: Sequence[Box]) -> bool | None:
    """Whether the highest pixel lies in a box: the pointing game (Zhang et al. 2018, IJCV 126:1084).

    It is played without a tolerance, and of several highest pixels the first counts. None without a box,
    and for a map that is even.
    """
    if not boxes or np.ptp(attribution) == 0:
        return None
    return bool(_inside(attribution.shape, boxes).flat[attribution.argmax()])


def energy_inside(attribution: Map, boxes: Sequence[Box]) -> float | None:
    """The share of the positive attribution that lies in the boxes (Wang et al. 2020, CVPR workshops).

    None without a box, and for a map that is nowhere positive.
    """
    positive = np.maximum(attribution.astype(np.float64), 0)
    total = float(positive.sum())
    if not boxes or not total:
        return None
    return float(positive[_inside(attribution.shape, boxes)].sum()) / total


def mean_figure(
    values: Sequence[float | None],
    patients: Sequence[str],
    *,
    bounds: tuple[float, float],
    what: str,
    level: float,
    seed: int,
    replicates: int,
) -> Estimate:
    """The mean of the `values` that are defined, by the bootstrap over `patients`; the others are counted.

    Values that are all the same cannot be drawn anew. Their interval rests on this: if all n patients
    have the value c, then at least the share L of all patients has it, L being the lower limit of
    Clopper and Pearson for n of n; the rest lies somewhere within `bounds`. Raises NotEstimable, which
    names `what`, where no value is defined or an interval cannot be given.
    """
    known = [(value, who) for value, who in zip(values, patients, strict=True) if value is not None]
    if not known:
        raise NotEstimable(f"no case has {what}")
    defined, owners = np.array([value for value, _ in known]), np.array([who for _, who in known])
    if np.ptp(defined) < _SAME:
        found = _constant(float(defined.mean()), len(set(owners)), bounds, level)
    else:
        found = bootstrap(
            lambda drawn: float(defined[drawn].mean()),
            patients=owners,
            strata=np.zeros(len(defined)),
            seed=seed,
            replicates=replicates,
            level=level,
        )
    return _counted(found, len(values) - len(known), what)


def share_figure(
    hits: Sequence[bool | None],
    patients: Sequence[str],
    *,
    what: str,
    level: float,
    seed: int,
    replicates: int,
) -> Estimate:
    """The share of `hits` among those that are defined: Clopper and Pearson (1934), exact.

    Where a patient has several cases, as `mean_figure` with the bounds 0 and 1. Raises as it does.
    """
    known = [(hit, who) for hit, who in zip(hits, patients, strict=True) if hit is not None]
    if not known:
        raise NotEstimable(f"no case has {what}")
    if len({who for _, who in known}) == len(known):
        found = proportion(sum(hit for hit, _ in known), len(known), level=level)
        return _counted(found, len(hits) - len(known), what)
    values = [None if hit is None else float(hit) for hit in hits]
    return mean_figure(
        values, patients, bounds=(0, 1), what=what, level=level, seed=seed, replicates=replicates
    )


def _constant(value: float, n: int, bounds: tuple[float, float], level: float) -> Estimate:
    if not np.isfinite(bounds).all():
        raise NotEstimable(f"every case has the value {value:.4g}, and there is no bound to what others have")
    sure = proportion(n, n, level=level).lower
    lower, upper = (sure * value + (1 - sure) * bound for bound in bounds)
    return Estimate(value, lower, upper, level, n, "all alike; Clopper-Pearson on how many others are not")


def _counted(found: Estimate, left_out: int, what: str) -> Estimate:
    if not left_out:
        return found
    return replace(found, method=f"{found.method}; {left_out} without {what} left out")


def _centred_ranks(values: Map) -> NDArray[np.float64]:
    ranks = midranks(values.ravel().astype(np.float64))
    centred: NDArray[np.float64] = ranks - ranks.mean()
    return centred


def _inside(shape: tuple[int, ...], boxes: Sequence[Box]) -> NDArray[np.bool_]:
    """Pixels whose centre lies in a box."""
    row, column = np.ogrid[: shape[0], : shape[1]]
    inside = np.zeros(shape, dtype=np.bool_)
    for box in boxes:
        x, y = column + 0.5, row + 0.5
        inside |= (box.left <= x) & (x < box.right) & (box.top <= y) & (y < box.bottom)
    return inside
