"""Which marks hit which lesions, by a rule declared beforehand.

Boxes are (n, 2, d): the lower and the upper corner in d dimensions. Points are (n, d). Both are in
millimetres, so that a distance does not depend on the spacing of the pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

from validation.metrics.marks import UNMARKED, Marks, equal_weights
from validation.metrics.roc import Floats

# What a second mark on the same lesion is; to be declared with the rule.
Repeats = Literal["ignored", "false positive"]


class HitRule(Protocol):
    """When a mark hits a lesion."""

    @property
    def name(self) -> str:
        """The rule in words, for the report."""
        ...

    def closeness(self, marks: Floats, lesions: Floats) -> Floats:
        """How well each mark hits each lesion (marks, lesions), higher is better, -inf for a miss."""
        ...


@dataclass(frozen=True, slots=True)
class OverlapAtLeast:
    """The boxes overlap: intersection over union of `iou` or more. Raises ValueError outside 0 < iou <= 1."""

    iou: float

    def __post_init__(self) -> None:
        if not 0 < self.iou <= 1:
            raise ValueError(f"an intersection over union lies above 0 and up to 1, not at {self.iou}")

    @property
    def name(self) -> str:
        return f"intersection over union of {self.iou:g} or more"

    def closeness(self, marks: Floats, lesions: Floats) -> Floats:
        lower = np.maximum(_boxes(marks)[:, None, 0], _boxes(lesions)[None, :, 0])
        upper = np.minimum(marks[:, None, 1], lesions[None, :, 1])
        shared = np.clip(upper - lower, 0, None).prod(axis=-1)
        union = _size(marks)[:, None] + _size(lesions)[None] - shared
        overlap = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
        return np.where(overlap >= self.iou, overlap, UNMARKED)


@dataclass(frozen=True, slots=True)
class CentreInside:
    """The centre of the mark lies in the lesion's box or on its edge."""

    @property
    def name(self) -> str:
        return "centre of the mark inside the box of the lesion"

    def closeness(self, marks: Floats, lesions: Floats) -> Floats:
        centres, boxes = _centres(marks)[:, None], _boxes(lesions)[None]
        inside = ((boxes[:, :, 0] <= centres) & (centres <= boxes[:, :, 1])).all(axis=-1)
        return np.where(inside, -_distances(marks, lesions), UNMARKED)


@dataclass(frozen=True, slots=True)
class CentreWithin:
    """The centres lie at most `millimetres` apart. Raises ValueError unless that is positive."""

    millimetres: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.millimetres) and self.millimetres > 0):
            raise ValueError(f"a distance is a positive number of millimetres, not {self.millimetres}")

    @property
    def name(self) -> str:
        return f"centres at most {self.millimetres:g} mm apart"

    def closeness(self, marks: Floats, lesions: Floats) -> Floats:
        distances = _distances(marks, lesions)
        return np.where(distances <= self.millimetres, -distances, UNMARKED)


@dataclass(frozen=True, slots=True)
class MarkedCase:
    """The marks of one case: a rating for each lesion (-inf if missed) and those of the other marks.

    `hit_by` has for each lesion the number of the mark that hit it, None if it was missed.
    """

    lesions: tuple[float, ...]
    non_lesions: tuple[float, ...]
    hit_by: tuple[int | None, ...]


def score(
    marks: ArrayLike, ratings: ArrayLike, lesions: ArrayLike, *, rule: HitRule, repeats: Repeats
) -> MarkedCase:
    """Decide for each mark of a case whether it hits a lesion.

    `marks` are boxes or points, `ratings` (n,) theirs, `lesions` boxes or points. Marks are taken by
    falling rating, of equal ratings the earlier first; each takes the lesion it hits best among
    those nobody hit yet. A mark that hits only lesions already hit is `repeats`: ignored, or a false
    positive. Raises ValueError for shapes that do not fit, corners in the wrong order, numbers that
    are not finite, and points where the rule needs boxes.
    """
    if repeats not in ("ignored", "false positive"):
        raise ValueError(f"a repeated hit is 'ignored' or a 'false positive', not {repeats!r}")
    rated = np.asarray(ratings, dtype=np.float64)
    places, truth = _places(marks, "mark"), _places(lesions, "lesion")
    if rated.shape != (len(places),) or not np.isfinite(rated).all():
        raise ValueError("each mark has one finite rating")
    closeness = np.full((len(places), len(truth)), UNMARKED)
    if closeness.size:
        if places.shape[-1] != truth.shape[-1]:
            raise ValueError(f"marks have {places.shape[-1]} dimensions and lesions {truth.shape[-1]}")
        closeness = rule.closeness(places, truth)
    hit_by: list[int | None] = [None] * len(truth)
    others = []
    for mark in (int(place) for place in np.argsort(-rated, kind="stable")):
        hits = [lesion for lesion in range(len(truth)) if closeness[mark, lesion] > UNMARKED]
        free = [lesion for lesion in hits if hit_by[lesion] is None]
        if free:
            hit_by[max(free, key=lambda lesion: closeness[mark, lesion])] = mark
        elif not hits or repeats == "false positive":
            others.append(float(rated[mark]))
    found = tuple(UNMARKED if mark is None else float(rated[mark]) for mark in hit_by)
    return MarkedCase(found, tuple(others), tuple(hit_by))


def one_reading(cases: Sequence[MarkedCase]) -> Marks:
    """The marks of all cases of one reading, its lesions of equal weight within a case."""
    weights = equal_weights([len(case.lesions) for case in cases])
    non_lesions = np.full((len(cases), max((len(case.non_lesions) for case in cases), default=0)), UNMARKED)
    lesions = np.full(weights.shape, UNMARKED)
    for place, case in enumerate(cases):
        non_lesions[place, : len(case.non_lesions)] = case.non_lesions
        lesions[place, : len(case.lesions)] = case.lesions
    return Marks(non_lesions, lesions, weights)


def _places(given: ArrayLike, what: str) -> Floats:
    places = np.asarray(given, dtype=np.float64)
    if places.size == 0:
        return places.reshape(0, 2)
    if places.ndim not in (2, 3) or (places.ndim == 3 and places.shape[1] != 2):
        raise ValueError(f"each {what} is a box (2, d) or a point (d,)")
    if not np.isfinite(places).all():
        raise ValueError(f"the place of a {what} is not finite")
    if places.ndim == 3 and (places[:, 0] > places[:, 1]).any():
        raise ValueError(f"the box of a {what} has its lower corner above its upper one")
    return places


def _boxes(places: Floats) -> Floats:
    if places.ndim != 3:
        raise ValueError("this hit rule needs boxes, not points")
    return places


def _size(boxes: Floats) -> Floats:
    size: Floats = (boxes[:, 1] - boxes[:, 0]).prod(axis=-1)
    return size


def _centres(places: Floats) -> Floats:
    centres: Floats = places.mean(axis=1) if places.ndim == 3 else places
    return centres


def _distances(marks: Floats, lesions: Floats) -> Floats:
    apart = _centres(marks)[:, None] - _centres(lesions)[None]
    distances: Floats = np.sqrt((apart**2).sum(axis=-1))
    return distances
