"""What was marked in a case: how surely each lesion, and what else that is no lesion.

A case is an image or examination as it was read. -inf stands for "not marked": a lesion that was
missed, a case without a false mark. Two of them tie, and a tie counts one half.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from validation.metrics.roc import Floats

UNMARKED = -np.inf


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """The marks of one reading, or with axes (modalities, readers) in front those of several.

    `non_lesions` (..., cases, marks) are ratings of marks that hit no lesion, -inf where there is no
    further one. `lesions` (..., cases, lesions) are the ratings of the lesions; `weights`
    (cases, lesions) sum to 1 over the lesions of a case and are 0 where it has no further one: a
    case without weights is healthy. Raises ValueError for anything else.
    """

    non_lesions: Floats
    lesions: Floats
    weights: Floats

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or self.lesions.shape[-2:] != self.weights.shape:
            raise ValueError("lesions and weights are given for the same cases")
        if self.non_lesions.shape[:-1] != self.lesions.shape[:-1]:
            raise ValueError("marks on lesions and other marks are given for the same readings and cases")
        for ratings in (self.non_lesions, self.lesions):
            if np.isnan(ratings).any() or np.isposinf(ratings).any():
                raise ValueError("a rating is a number, or -inf where nothing was marked")
        if not (np.isfinite(self.weights).all() and (self.weights >= 0).all()):
            raise ValueError("weights are positive, and 0 where a case has no further lesion")
        if not np.allclose(self.weights.sum(axis=1)[self.diseased], 1):
            raise ValueError("the weights of a case with lesions sum to 1")
        if np.isfinite(self.lesions[..., self.weights == 0]).any():
            raise ValueError("a lesion that does not exist has a rating")

    @property
    def diseased(self) -> NDArray[np.bool_]:
        """Which cases have a lesion (cases,)."""
        return np.asarray((self.weights > 0).any(axis=1), dtype=np.bool_)

    def of(self, cases: Sequence[int] | NDArray[np.intp]) -> "Marks":
        """The marks of `cases` by number, in that order, a case repeated where its number is."""
        chosen = np.asarray(cases)
        return Marks(self.non_lesions[..., chosen, :], self.lesions[..., chosen, :], self.weights[chosen])


def equal_weights(lesions_per_case: Sequence[int]) -> Floats:
    """Weights (cases, lesions) that share a case equally among its lesions."""
    counts = np.asarray(lesions_per_case)
    present = np.arange(max(1, int(counts.max(initial=0)))) < counts[:, None]
    weights: Floats = present / np.maximum(counts, 1)[:, None]
    return weights


def crossed_marks(readings: Sequence[Sequence[Marks]]) -> Marks:
    """Several readings [modality][reader] of the same cases as one, for `accuracies`.

    Raises ValueError where a reader is missing in a modality or the lesions are not the same.
    """
    flat = [one for row in readings for one in row]
    if not flat or len({len(row) for row in readings}) != 1:
        raise ValueError("the reading is not fully crossed: a modality lacks a reader")
    if any(one.non_lesions.ndim != 2 or not np.array_equal(one.weights, flat[0].weights) for one in flat):
        raise ValueError("the reading is not fully crossed: readings are not of the same cases and lesions")
    most = max(one.non_lesions.shape[1] for one in flat)
    shape = (len(readings), len(readings[0]))
    padded = np.full((len(flat), len(flat[0].weights), most), UNMARKED)
    for place, one in enumerate(flat):
        padded[place, :, : one.non_lesions.shape[1]] = one.non_lesions
    lesions = np.stack([one.lesions for one in flat])
    return Marks(
        padded.reshape(*shape, *padded.shape[1:]),
        lesions.reshape(*shape, *lesions.shape[1:]),
        flat[0].weights,
    )


def highest_ratings(marks: Marks) -> Floats:
    """The rating of each case (..., cases): that of its highest mark, -inf where there is none."""
    either = np.concatenate([marks.non_lesions, marks.lesions], axis=-1)
    highest: Floats = either.max(axis=-1, initial=UNMARKED)
    return highest
