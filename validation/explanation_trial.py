"""One explanation put to the test: what its map does under noise, without training, and beside the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from samd.dicom.decode import DecodeLimits, load_volume
from samd.dicom.read import Unreadable, read_study
from samd.domain.finding import Explanation, Outcome, Volume
from samd.inference.explanation_trials import attribution_of, randomised
from samd.inference.model import Model
from samd.inference.run import NotFinite
from samd.pipeline import AnalysisFailed, Report
from validation.dataset import Case
from validation.examine import answer_to
from validation.map_figures import Map, energy_inside, points_inside, rank_correlation, relative_change

# Noise that nobody would see: its standard deviation as a share of the range of the plane.
NOISE = 0.01
_DRAWS = 3

# A network without training gives an even map about every second time; then another one is drawn.
_MOST_NETWORKS = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """The trials of one case. A figure that is not defined for it is None; `patient` is a pseudonym.

    `similarity` is by how many parts of the network were randomised, from its output on.
    """

    patient: str
    faithfulness: float | None = None  # None: there was nothing to explain
    withheld: bool = False
    points: bool | None = None
    energy: float | None = None
    stability: float | None = None
    sensitivity: float | None = None
    similarity: Mapping[int, float | None] = field(default_factory=dict)


def trial_of(
    case: Case,
    folder: Path,
    model: Model,
    layers: tuple[str, ...],
    *,
    seed: Sequence[int],
    limits: DecodeLimits,
) -> Trial:
    """All trials of one case; one without a result, or with nothing to explain, has none."""
    try:
        answer = answer_to(case, folder, model, limits=limits)
    except (Unreadable, AnalysisFailed):
        return Trial(case.patient)
    explanation = answer.outcome.explanation if isinstance(answer, Report) else None
    if not isinstance(answer, Report) or explanation is None:
        return Trial(case.patient)
    volume = _explained_plane(case, folder, answer.outcome, explanation, limits)
    own = attribution_of(model, volume)
    if own is None:
        raise RuntimeError("a plane that was explained has an explanation")
    boxes = case.truth.boxes.get(explanation.target, ())
    shown = None if explanation.attribution is None else explanation.attribution[0]
    trial = Trial(
        case.patient,
        faithfulness=explanation.faithfulness.value,
        withheld=explanation.withheld,
        points=None if shown is None else points_inside(shown, boxes),
        energy=None if shown is None else energy_inside(shown, boxes),
    )
    if np.ptp(own.seen) == 0:  # it has no order that could stay or go
        return trial
    stability, sensitivity = _under_noise(model, volume, own.seen, seed)
    similarity = {
        count: _without_training(model, volume, own.seen, layers[:count], seed)
        for count in range(1, len(layers) + 1)
    }
    return replace(trial, stability=stability, sensitivity=sensitivity, similarity=similarity)


def _explained_plane(
    case: Case, folder: Path, outcome: Outcome, explanation: Explanation, limits: DecodeLimits
) -> Volume:
    frame = outcome.frames[explanation.planes[0]]
    study = read_study([(folder / path, digest) for path, digest in sorted(case.files.items())]).study
    return load_volume(
        [i for s in study.series for i in s.instances if i.sop_instance_uid == frame.sop_instance_uid],
        [frame],
        limits=limits,
    )


def _under_noise(model: Model, volume: Volume, own: Map, seed: Sequence[int]) -> tuple[float, float]:
    """The mean rank correlation over draws of the noise, and the greatest relative change.

    A map that the noise makes even has kept nothing: its correlation counts as 0.
    """
    spread = float(np.nanmax(volume.values) - np.nanmin(volume.values))
    correlations, changes = [], []
    for draw in range(_DRAWS):
        noise = np.random.default_rng([*seed, draw]).standard_normal(volume.values.shape)
        values = (volume.values + NOISE * spread * noise).astype(np.float32)
        found = attribution_of(model, replace(volume, values=values))
        other = np.zeros_like(own) if found is None else found.seen
        correlations.append(rank_correlation(own, other) or 0.0)
        changes.append(relative_change(own, other))
    return float(np.mean(correlations)), max(changes)


def _without_training(
    model: Model, volume: Volume, own: Map, layers: tuple[str, ...], seed: Sequence[int]
) -> float | None:
    """How much of the order of the map is left, 0 to 1, with the first network that gives a map at all."""
    for state in np.random.SeedSequence([*seed, len(layers)]).generate_state(_MOST_NETWORKS):
        try:
            other = attribution_of(randomised(model, int(state), layers=layers), volume)
        except NotFinite:
            continue
        found = None if other is None else rank_correlation(own, other.seen)
        if found is not None:
            return abs(found)
    return None
