"""From a prediction to findings: thresholds, volumes, areas and fractions as the card defines them."""

import numpy as np

from samd.domain.card import Classification, Fraction, ModelCard, Segment
from samd.domain.codes import AREA, CUBIC_CENTIMETRE, PERCENT, RATIO, SQUARE_CENTIMETRE, VOLUME, Code
from samd.domain.finding import Answer, Finding, Measurement, Prediction, Volume
from samd.domain.identity import derived_uid


def conclude(
    card: ModelCard, prediction: Prediction, volume: Volume, *, study_instance_uid: str
) -> tuple[Answer, tuple[Finding, ...]]:
    """The findings of a completed analysis, and whether there are any.

    Segments are measured in cm3, on a single plane in cm2; their presence is not judged, so that no
    amount of a tissue in the images is 0, never "absent". NOTHING_FOUND is only what was wholly absent
    or 0: an undetermined finding is a finding.
    """
    findings = [_classified(card, c, prediction, study_instance_uid) for c in card.classifications]
    if prediction.labels is not None:
        amounts = _amounts(card, prediction, volume)
        findings += [_measured(card, s, amounts, volume, study_instance_uid) for s in card.segments]
    nothing = all(_is_nothing(finding) for finding in findings)
    return (Answer.NOTHING_FOUND if nothing else Answer.FINDING), tuple(findings)


def _is_nothing(finding: Finding) -> bool:
    measured_only = finding.present is None and not finding.undetermined
    return finding.present is False or (measured_only and finding.segment is None)


def _classified(card: ModelCard, output: Classification, prediction: Prediction, study: str) -> Finding:
    score = prediction.scores[output.name]
    undetermined = output.absent_below <= score < output.threshold
    return Finding(
        type=output.finding,
        site=output.site,
        tracking_identifier=f"{card.name} {output.name}",
        tracking_uid=_tracking_uid(study, card, output.name),
        present=None if undetermined else score >= output.threshold,
        undetermined=undetermined,
        measurements=(Measurement(output.score, score, RATIO),),
    )


def _amounts(card: ModelCard, prediction: Prediction, volume: Volume) -> dict[int, float]:
    """By segment number, cm3 or on a single plane cm2."""
    spacing = volume.frames[0].pixel_spacing
    if prediction.labels is None or spacing is None:
        raise ValueError("segments are measured on labelled planes of known pixel spacing")
    unit = spacing[0] * spacing[1] / 100.0  # cm2
    if volume.plane_spacing is not None:
        unit *= volume.plane_spacing / 10.0  # cm3
    counts = np.bincount(prediction.labels.ravel(), minlength=256)
    return {s.number: float(counts[s.number]) * unit for s in card.segments}


def _measured(
    card: ModelCard, segment: Segment, amounts: dict[int, float], volume: Volume, study: str
) -> Finding:
    amount = amounts[segment.number]
    name, unit = _quantity(volume)
    fractions = (_fraction(f, amounts) for f in card.fractions if f.segment == segment.number)
    return Finding(
        type=segment.type,
        tracking_identifier=f"{card.name} {segment.name}",
        tracking_uid=_tracking_uid(study, card, segment.name),
        measurements=(Measurement(name, amount, unit), *(f for f in fractions if f is not None)),
        segment=segment.number if amount else None,
    )


def _quantity(volume: Volume) -> tuple[Code, Code]:
    if volume.plane_spacing is None:
        return AREA, SQUARE_CENTIMETRE
    return VOLUME, CUBIC_CENTIMETRE


def _fraction(fraction: Fraction, amounts: dict[int, float]) -> Measurement | None:
    whole = sum(amounts[number] for number in fraction.whole)
    if whole <= 0 or whole < fraction.least_whole:
        return None  # not estimable: too little of the whole is in the images
    part = sum(amounts[number] for number in fraction.part)
    return Measurement(fraction.name, 100.0 * part / whole, PERCENT)


def _tracking_uid(study: str, card: ModelCard, output: str) -> str:
    """The same for the same thing in every run and version, so that a PACS can follow it."""
    return derived_uid("tracking", study, card.name, output)
