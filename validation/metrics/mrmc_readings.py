"""What several readers said of the same cases in several modalities, laid out as the analysis needs it.

A modality is whatever the readings are compared over: with and without the device, CT and MR.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from validation.metrics.roc import Floats

SHOWN = 5  # of a long list of faults, as many are named


@dataclass(frozen=True, slots=True)
class Rating:
    """One reader's rating of one case in one modality; higher means more surely diseased."""

    reader: str
    modality: str
    case: str
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """A fully crossed reading: `ratings` (modalities, readers, cases) and `truth` (cases,), True = diseased.

    -inf is the rating of a case in which nothing was marked. Raises ValueError for other shapes, for
    nan and for +inf.
    """

    modalities: tuple[str, ...]
    readers: tuple[str, ...]
    ratings: Floats
    truth: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.ratings.shape != (len(self.modalities), len(self.readers), self.truth.size):
            raise ValueError("ratings are an array of modalities, readers and cases")
        if self.truth.dtype != np.bool_ or self.truth.ndim != 1:
            raise ValueError("truth is a list of True and False")
        if np.isnan(self.ratings).any() or np.isposinf(self.ratings).any():
            raise ValueError("a rating is a number, or -inf where nothing was marked")


def crossed(
    ratings: Iterable[Rating], *, truth: Mapping[str, bool], modalities: Sequence[str], readers: Sequence[str]
) -> Readings:
    """The ratings as arrays, modalities and readers in the order given, cases in the order of `truth`.

    Raises ValueError unless every reader rated every case once in every modality; the message
    names what is missing, double or not part of the design.
    """
    given = tuple(ratings)
    faults = [*_faults(given, truth, modalities, readers)]
    if faults:
        raise ValueError("the reading is not fully crossed: " + "; ".join(faults))
    value = {(one.modality, one.reader, one.case): one.value for one in given}
    array = [[[value[m, r, c] for c in truth] for r in readers] for m in modalities]
    return Readings(
        tuple(modalities),
        tuple(readers),
        np.array(array, dtype=np.float64).reshape(len(modalities), len(readers), len(truth)),
        np.array(list(truth.values()), dtype=np.bool_),
    )


def _faults(
    given: Sequence[Rating], truth: Mapping[str, bool], modalities: Sequence[str], readers: Sequence[str]
) -> Iterator[str]:
    for what, names in (("modality", modalities), ("reader", readers)):
        yield from (f"{what} {name} is listed twice" for name, count in Counter(names).items() if count > 1)
    planned = {(m, r, c): None for m in modalities for r in readers for c in truth}
    counts = Counter((one.modality, one.reader, one.case) for one in given)
    yield from _named("missing", [cell for cell in planned if cell not in counts])
    yield from _named("rated more than once", [cell for cell, count in counts.items() if count > 1])
    yield from _named("not part of the design", [cell for cell in counts if cell not in planned])


def _named(what: str, cells: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    if cells:
        names = [f"reader {r}, modality {m}, case {c}" for m, r, c in cells[:SHOWN]]
        rest = f", and {len(cells) - SHOWN} more" if len(cells) > SHOWN else ""
        yield f"{what} ({len(cells)}): " + " / ".join(names) + rest
