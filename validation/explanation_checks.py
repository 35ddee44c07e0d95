"""Whether explanations say something of the model: faithful, made of its weights, stable, in the right place.

A map that stays what it was when the model forgets all it learned explains the image, not the model (Adebayo
et al. 2018, NeurIPS, arXiv:1810.03292).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samd.dicom.decode import DecodeLimits
from samd.inference.explanation_trials import learned_layers
from samd.inference.model import Model
from validation.dataset import Case
from validation.explanation_trial import NOISE, Trial, trial_of
from validation.map_figures import mean_figure, share_figure
from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.hypotheses import Aim, Better, Decision, Hypothesis, decide
from validation.protocol import ExplanationChecks

STABILITY = f"Rank correlation of maps under noise of {NOISE:.0%} of the range"
SENSITIVITY = f"Greatest relative change of a map under noise of {NOISE:.0%} of the range"
SIMILARITY = "Rank correlation with maps without training, regardless of sign"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of the explanations: every figure by name, and a verdict for each limit."""

    figures: tuple[tuple[str, Estimate | NotEstimable], ...]
    decisions: tuple[Decision, ...]


def check_explanations(
    cases: Sequence[Case],
    folder: Path,
    model: Model,
    *,
    checks: ExplanationChecks,
    seed: int,
    limits: DecodeLimits,
    level: float = 0.95,
    replicates: int = 2000,
) -> Checked:
    """The explanations of `model` for the first `checks.cases` of `cases`, whose files lie under `folder`.

    Each limit of `checks` is held against the `level` interval of its figure. Stability and similarity are
    tried on every map, withheld ones too; the places only of what a reader would see. The same arguments
    give the same figures.
    """
    layers = learned_layers(model)
    trials = [
        trial_of(case, folder, model, layers, seed=[seed, place], limits=limits)
        for place, case in enumerate(cases[: checks.cases])
    ]
    return summarise(trials, layers, checks=checks, seed=seed, level=level, replicates=replicates)


def summarise(
    trials: Sequence[Trial],
    layers: Sequence[str],
    *,
    checks: ExplanationChecks,
    seed: int,
    level: float,
    replicates: int,
) -> Checked:
    """The figures of `trials`, and the verdicts; `layers` are the trained parts, from the output on."""
    made = _Figures(trials, level, seed, replicates)
    explained = _Figures([t for t in trials if t.faithfulness is not None], level, seed, replicates)
    shown = _Figures([t for t in explained.trials if not t.withheld], level, seed, replicates)
    stability = explained.mean(lambda t: t.stability, (-1, 1), "a map that can be compared")
    similarity = _similarity(explained, len(layers))
    figures = [
        ("Cases with an explanation", made.share(lambda t: t.faithfulness is not None, "a result")),
        ("Faithfulness, random 0, at most 1", explained.mean(lambda t: t.faithfulness, (-1, 1), "a map")),
        ("Maps withheld", explained.share(lambda t: t.withheld, "a map")),
        (STABILITY, stability),
        (SENSITIVITY, explained.mean(lambda t: t.sensitivity, (0, np.inf), "a map that is not 0")),
        *(
            (f"{SIMILARITY}: {layer} and what follows it", _similarity(explained, count))
            for count, layer in enumerate(layers[:-1], 1)
        ),
        (SIMILARITY, similarity),
        ("Maps shown whose highest pixel lies in a true box", shown.share(lambda t: t.points, "a true box")),
        (
            "Share of the maps shown inside the true boxes",
            shown.mean(lambda t: t.energy, (0, 1), "a true box"),
        ),
    ]
    alpha = (1 - level) / 2
    claims = [
        (Hypothesis(STABILITY, Aim.GOAL, checks.least_stability, Better.HIGHER, alpha), stability),
        (Hypothesis(SIMILARITY, Aim.GOAL, checks.most_similarity_to_random, Better.LOWER, alpha), similarity),
    ]
    return Checked(tuple(figures), tuple(decide(claim, found) for claim, found in claims))


@dataclass(frozen=True, slots=True)
class _Figures:
    """Figures of some trials, each with the same level, seed and number of replicates."""

    trials: Sequence[Trial]
    level: float
    seed: int
    replicates: int

    def mean(
        self, value: Callable[[Trial], float | None], bounds: tuple[float, float], what: str
    ) -> Estimate | NotEstimable:
        return self._made(mean_figure, [value(trial) for trial in self.trials], what, bounds=bounds)

    def share(self, hit: Callable[[Trial], bool | None], what: str) -> Estimate | NotEstimable:
        return self._made(share_figure, [hit(trial) for trial in self.trials], what)

    def _made(
        self, figure: Callable[..., Estimate], values: object, what: str, **more: object
    ) -> Estimate | NotEstimable:
        patients = [trial.patient for trial in self.trials]
        rest = {"level": self.level, "seed": self.seed, "replicates": self.replicates}
        try:
            return figure(values, patients, what=what, **rest, **more)
        except NotEstimable as reason:
            return reason


def _similarity(figures: _Figures, count: int) -> Estimate | NotEstimable:
    if not count:
        return NotEstimable("not applicable: the model has no trained weights that it could forget")
    return figures.mean(lambda t: t.similarity.get(count), (0, 1), "a map that can be compared")
