"""Changing the images of a case on purpose, to see how far a model holds beside its best conditions."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from os.path import commonpath
from pathlib import Path
from tempfile import TemporaryDirectory

from samd.dicom.alteration import ALTERATIONS, alter
from samd.dicom.decode import DEFAULT_LIMITS, DecodeLimits
from validation.dataset import Case, Truth

# What can be done to a case, and in which unit a protocol states its levels.
UNITS: Mapping[str, str] = {kind: alteration.unit for kind, alteration in ALTERATIONS.items()}

# After a turn of the image the true boxes lie elsewhere.
_MOVES = frozenset({"orientation"})


def parse_variant(variant: str) -> tuple[str, float]:
    """Kind and level of `variant` ("noise=10"). Raises ValueError unless it is one that there is."""
    kind, _, level = variant.partition("=")
    if kind not in ALTERATIONS:
        raise ValueError(f"there is no perturbation {kind}; there are: {', '.join(ALTERATIONS)}")
    try:
        return kind, float(level)
    except ValueError:
        raise ValueError(f"the level of {kind} is a number, not {level!r}") from None


@contextmanager
def perturbed(
    case: Case, folder: Path, variant: str, *, limits: DecodeLimits = DEFAULT_LIMITS
) -> Iterator[tuple[Case, Path]]:
    """The case under `variant` ("noise=10") with the folder of its files, which are gone afterwards.

    The case itself, untouched, where `variant` is empty. Boxes that would lie elsewhere are left out of the
    truth. Raises ValueError for a variant that there is not, or that cannot be put on this case; nothing
    of it is left then.
    """
    if not variant:
        yield case, folder
        return
    kind, level = parse_variant(variant)
    with TemporaryDirectory(prefix="perturbed-") as name:
        made = Path(name)
        paths = sorted(case.files)
        # As deep as in the folder of the set, so that every file keeps its name in the case.
        below = made / commonpath([Path(path).parent for path in paths])
        altered = alter([folder / path for path in paths], below, kind=kind, level=level, limits=limits)
        files = {
            str(path.relative_to(made)): hashlib.sha256(path.read_bytes()).hexdigest() for path in altered
        }
        yield replace(case, files=files, pixels=(), truth=_truth(case.truth, kind)), made


def _truth(truth: Truth, kind: str) -> Truth:
    return replace(truth, boxes={}) if kind in _MOVES else truth
