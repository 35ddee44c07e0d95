"""The curves of a report: of every output what can be drawn, and nothing where it is not defined."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from samd.domain.card import ModelCard
from validation.answers import Answers
from validation.document import Curve
from validation.endpoints import agreement, percent_differences
from validation.metrics.calibration import reliability_curve
from validation.metrics.estimate import NotEstimable
from validation.metrics.net_benefit import decision_curve
from validation.metrics.precision_recall import precision_recall_curve
from validation.metrics.roc_curve import curve, simultaneous_band
from validation.protocol import Population

Drawn = Callable[[Answers], Curve]

LEVEL = 0.95  # of the intervals that are drawn
_THRESHOLDS = tuple(step / 20 for step in range(1, 20))


def curves_of(answers: Answers, card: ModelCard) -> Iterator[Curve]:
    """The curves of one output, of the cases that gave a result; `card` says where it is called present."""
    known = answers.counted(Population.PER_PROTOCOL)
    thresholds = {c.name: c.threshold for c in card.classifications}
    scored: tuple[Drawn, ...] = ()
    if known.output in thresholds and not np.isnan(known.score).any():
        roc = partial(_roc, threshold=thresholds[known.output])
        compared = () if np.isnan(known.other).any() else (_compared,)
        scored = (roc, *compared, _precision_recall, _calibration, _decision, _treating_all)
    measured = () if np.isnan(known.measured).any() else (_agreement,)
    for draw in (*scored, *measured):
        try:
            yield draw(known)
        except NotEstimable:
            continue


def _roc(known: Answers, *, threshold: float) -> Curve:
    found = curve(known.score, known.truth)
    band = simultaneous_band(found)
    rate, across = 1 - found.specificity, 1 - band.specificity
    called = known.score >= threshold
    point = (float(called[known.truth == 0].mean()), float(called[known.truth == 1].mean()))
    return Curve(
        "roc",
        known.output,
        x=_floats(rate),
        y=_floats(found.sensitivity),
        low=_floats(np.interp(rate, across, band.lower)),
        high=_floats(np.interp(rate, across, band.upper)),
        note=f"{_n(known)}; {band.method}, {band.level:.0%}",
        series="model",
        marks={"operating point": point},
    )


def _compared(known: Answers) -> Curve:
    found = curve(known.other, known.truth)
    return Curve(
        "roc",
        known.output,
        x=_floats(1 - found.specificity),
        y=_floats(found.sensitivity),
        series="comparator",
    )


def _precision_recall(known: Answers) -> Curve:
    found = precision_recall_curve(known.score, known.truth)
    return Curve(
        "precision-recall",
        known.output,
        x=_floats(found.recall),
        y=_floats(found.precision),
        lines={"prevalence": float(found.prevalence)},
        note=_n(known),
    )


def _calibration(known: Answers) -> Curve:
    groups = reliability_curve(known.score, known.truth, level=LEVEL)
    return Curve(
        "calibration",
        known.output,
        x=tuple(group.predicted for group in groups),
        y=tuple(group.observed.value for group in groups),
        low=tuple(group.observed.lower for group in groups),
        high=tuple(group.observed.upper for group in groups),
        note=f"{_n(known)}; {len(groups)} groups of like size; {groups[0].observed.method}, {LEVEL:.0%}",
        counts=tuple(group.observed.n for group in groups),
    )


def _decision(known: Answers) -> Curve:
    found = decision_curve(known.score, known.truth, thresholds=_THRESHOLDS, level=LEVEL)
    return Curve(
        "decision",
        known.output,
        x=_THRESHOLDS,
        y=tuple(point.model.value for point in found),
        low=tuple(point.model.lower for point in found),
        high=tuple(point.model.upper for point in found),
        note=f"{_n(known)}; {found[0].model.method}, {LEVEL:.0%}",
        series="model",
    )


def _treating_all(known: Answers) -> Curve:
    found = decision_curve(known.score, known.truth, thresholds=_THRESHOLDS, level=LEVEL)
    return Curve(
        "decision",
        known.output,
        x=_THRESHOLDS,
        y=tuple(point.treat_all.value for point in found),
        series="treat all",
    )


def _agreement(known: Answers) -> Curve:
    found = agreement(known, level=LEVEL)
    lines = {"bias": found.bias, "lower limit": found.lower, "upper limit": found.upper}
    return Curve(
        "bland-altman",
        known.output,
        x=_floats((known.measured + known.truth) / 2),
        y=_floats(percent_differences(known)),
        lines={name: line.value for name, line in lines.items()},
        y_name="(%)",
        note=f"{_n(known)}; {found.lower.method}, {LEVEL:.0%}",
        line_intervals={name: (line.lower, line.upper) for name, line in lines.items()},
    )


def _n(known: Answers) -> str:
    return f"n = {len(known)}"


def _floats(values: object) -> tuple[float, ...]:
    return tuple(float(value) for value in np.asarray(values, dtype=np.float64))
