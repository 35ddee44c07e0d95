"""How a segmentation lies on the true one: figures of one case (validation.metrics.segmentation)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from samd.dicom.segments import mask_of
from samd.domain.card import ModelCard
from samd.domain.finding import Outcome
from validation.dataset import Case
from validation.metrics.estimate import NotEstimable
from validation.metrics.segmentation import overlap, surface_distances

# Millimetres within which a surface counts as right.
TOLERANCES = (1.0, 2.0, 3.0, 5.0)

DICE, HAUSDORFF, HAUSDORFF_95, AVERAGE = "Dice", "HD", "HD95", "ASSD"


def within(tolerance: float) -> str:
    """The name of the normalised surface distance at `tolerance` mm."""
    return f"NSD at {tolerance:g} mm"


def overlaps(case: Case, folder: Path, card: ModelCard, outcome: Outcome) -> dict[str, dict[str, float]]:
    """By output the figures of `case` that are defined. Raises NoSegmentation.

    A single plane is measured in the plane.
    """
    labels = outcome.labels
    numbers = {segment.name: segment.number for segment in card.segments}
    if labels is None:
        return {}
    images, spacing = [frame.sop_instance_uid for frame in outcome.frames], _spacing(outcome)
    return {
        output: _figures(labels == number, mask_of(folder / path, images, label=output), spacing)
        for output, path in case.truth.segmentations.items()
        if (number := numbers.get(output))
    }


def _spacing(outcome: Outcome) -> tuple[float, ...]:
    """Millimetres between planes, rows and columns; of a single plane between its rows and columns."""
    across = outcome.frames[0].pixel_spacing or ()
    return across if outcome.plane_spacing is None else (outcome.plane_spacing, *across)


def _figures(found: NDArray[np.bool_], true: NDArray[np.bool_], spacing: Sequence[float]) -> dict[str, float]:
    if len(spacing) == 2:
        found, true = found[0], true[0]
    figures: dict[str, float] = {}
    try:
        figures[DICE] = overlap(found, true).dice
        distances = surface_distances(found, true, spacing=spacing)
    except NotEstimable:
        return figures
    figures |= {
        HAUSDORFF: distances.hausdorff,
        HAUSDORFF_95: distances.hausdorff_95,
        AVERAGE: distances.average,
    }
    return figures | {within(tolerance): distances.within(tolerance) for tolerance in TOLERANCES}
