"""Which models take a study: for every model in force one selection, or a refusal with its reasons."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from samd.domain.card import InputGate, Limits, ModelCard
from samd.domain.codes import (
    INSUFFICIENT_QUALITY,
    OBJECT_SET_INCOMPLETE,
    OBJECT_TYPES_NOT_SUPPORTED,
    OBJECTS_INCORRECTLY_FORMATTED,
    Code,
)
from samd.domain.finding import Reason
from samd.domain.geometry import Arrangement, arrange
from samd.domain.study import Instance, Series, Study


@dataclass(frozen=True, slots=True)
class Selection:
    """One analysis to do: this model on this series, its frames in the order of `arrangement`."""

    card: ModelCard
    series: Series
    arrangement: Arrangement

    @property
    def digest(self) -> str:
        """SHA-256 of what will be analysed, by content."""
        return _digest(f"{i.sop_instance_uid} {i.sha256}" for i in self.series.instances)


@dataclass(frozen=True, slots=True)
class Declined:
    """This model does not analyse this study. `concerns` is False where no series is of its modality."""

    card: ModelCard
    reasons: tuple[Reason, ...]
    concerns: bool
    series: Series | None = None  # the one that came closest

    @property
    def digest(self) -> str:
        """SHA-256 of what was refused and why."""
        contents = self.series.instances if self.series else ()
        return _digest(
            [*(r.message for r in self.reasons), *(f"{i.sop_instance_uid} {i.sha256}" for i in contents)]
        )


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def select_models(
    study: Study, cards: Iterable[ModelCard], *, decodable: frozenset[str]
) -> tuple[Selection | Declined, ...]:
    """For every card a Selection or a Declined. `decodable` are transfer syntax UIDs that can be read.

    Of several series that a model accepts it gets the one with most planes; among equals the lowest
    series number, then the lowest UID, so that the choice never depends on the order of arrival. A
    model of single images takes no study in which several qualify.
    """
    return tuple(_decide(study, card, decodable) for card in cards)


def _decide(study: Study, card: ModelCard, decodable: frozenset[str]) -> Selection | Declined:
    candidates = sorted((s for s in study.series if s.modality in card.gate.modalities), key=_preference)
    if not candidates:
        found = ", ".join(sorted({s.modality or "none" for s in study.series})) or "none"
        wanted = " or ".join(sorted(card.gate.modalities))
        message = f"the model analyses {wanted}; the modality of this study is {found}"
        return Declined(card, (Reason("modality", message, OBJECT_TYPES_NOT_SUPPORTED),), concerns=False)
    refusals: list[Declined] = []
    selections: list[Selection] = []
    for series in candidates:
        arrangement = arrange([frame for instance in series.instances for frame in instance.frames])
        reasons = _unmet(card.gate, study, series, arrangement, decodable)
        if isinstance(arrangement, Arrangement) and not reasons:
            selections.append(Selection(card, series, arrangement))
        else:
            refusals.append(Declined(card, reasons, concerns=True, series=series))
    if len(selections) > 1 and card.gate.planes.most == 1:
        # What is absent on one exposure may be present on another that would not be looked at.
        message = f"{len(selections)} images qualify; the model takes a study with one"
        reason = Reason("planes", message, OBJECT_TYPES_NOT_SUPPORTED)
        return Declined(card, (reason,), concerns=True, series=selections[0].series)
    if selections:
        return selections[0]
    return min(refusals, key=lambda refusal: len(refusal.reasons))


def _preference(series: Series) -> tuple[int, int, str]:
    planes = sum(len(instance.frames) for instance in series.instances)
    return (-planes, series.number, series.series_instance_uid)


def _unmet(
    gate: InputGate,
    study: Study,
    series: Series,
    arrangement: Arrangement | tuple[Reason, ...],
    decodable: frozenset[str],
) -> tuple[Reason, ...]:
    """Every input requirement that the series does not meet, all named together."""
    reasons = [*_unmet_by_study(gate, study), *_unmet_by_description(gate, series)]
    reasons += _unmet_by_encoding(gate, series.instances, decodable)
    if isinstance(arrangement, Arrangement):
        reasons += _unmet_by_geometry(gate, series, arrangement)
    else:
        reasons += arrangement
    return tuple(reasons)


def _unmet_by_study(gate: InputGate, study: Study) -> list[Reason]:
    reasons = []
    if study.unreadable:
        # Any series may lack what they hold, and absence is only said of what was wholly seen.
        message = f"{study.unreadable} files of the study cannot be read"
        reasons.append(Reason("readable files", message, OBJECTS_INCORRECTLY_FORMATTED))
    if study.patient_age is not None and not gate.patient_age.admit(study.patient_age):
        message = f"the stated age is outside the range of the model, {gate.patient_age} years"
        reasons.append(Reason("patient age", message, OBJECT_TYPES_NOT_SUPPORTED))
    return reasons


def _unmet_by_description(gate: InputGate, series: Series) -> list[Reason]:
    reasons = []
    part = series.body_part
    if part and (part in gate.excluded_body_parts or (gate.body_parts and part not in gate.body_parts)):
        reasons.append(
            Reason(
                "body part", f"the body part {part} is outside the intended use", OBJECT_TYPES_NOT_SUPPORTED
            )
        )
    views = {i.view_position for i in series.instances if i.view_position}
    if gate.views and views - gate.views:
        found, wanted = ", ".join(sorted(views - gate.views)), " or ".join(sorted(gate.views))
        reasons.append(
            Reason("view", f"the view is {found}; the model takes {wanted}", OBJECT_TYPES_NOT_SUPPORTED)
        )
    return reasons


def _unmet_by_encoding(
    gate: InputGate, instances: tuple[Instance, ...], decodable: frozenset[str]
) -> list[Reason]:
    reasons = []
    unknown = {i.transfer_syntax_uid for i in instances} - decodable
    if unknown:
        message = f"images in transfer syntax {', '.join(sorted(unknown))} cannot be decoded here"
        reasons.append(Reason("transfer syntax", message, OBJECT_TYPES_NOT_SUPPORTED))
    if not gate.lossy and any(i.lossy for i in instances):
        message = "the images were compressed with loss; their values cannot be trusted for this model"
        reasons.append(Reason("compression", message, INSUFFICIENT_QUALITY))
    colours = {i.photometric_interpretation for i in instances} - {"MONOCHROME1", "MONOCHROME2"}
    if colours:
        message = f"the images are {', '.join(sorted(colours)) or 'of no stated kind'}, not greyscale"
        reasons.append(Reason("photometric interpretation", message, OBJECT_TYPES_NOT_SUPPORTED))
    return reasons


def _unmet_by_geometry(gate: InputGate, series: Series, arrangement: Arrangement) -> list[Reason]:
    reasons = []
    if gate.orientations and arrangement.orientation not in gate.orientations:
        wanted = " or ".join(sorted(gate.orientations))
        message = f"the planes are {arrangement.orientation}; the model takes {wanted}"
        reasons.append(Reason("orientation", message, OBJECT_TYPES_NOT_SUPPORTED))
    smallest = min(min(instance.rows, instance.columns) for instance in series.instances)
    spacing = arrangement.pixel_spacing or ()
    between = arrangement.plane_spacing
    return [
        *reasons,
        *_outside(gate.planes, [len(arrangement.frames)], "planes", "images", OBJECT_SET_INCOMPLETE),
        *_outside(gate.rows_and_columns, [smallest], "matrix", "rows or columns", INSUFFICIENT_QUALITY),
        *_outside(gate.pixel_spacing, spacing, "pixel spacing", "mm between pixels", INSUFFICIENT_QUALITY),
        *_outside(
            gate.plane_spacing,
            [] if between is None else [between],
            "plane spacing",
            "mm between planes",
            INSUFFICIENT_QUALITY,
        ),
    ]


def _outside(
    limits: Limits, values: Iterable[float], requirement: str, what: str, code: Code
) -> list[Reason]:
    """A reason for the first of `values` that the limits do not admit."""
    found = next((value for value in values if not limits.admit(value)), None)
    if found is None:
        return []
    return [Reason(requirement, f"there are {found:.4g} {what}; the model takes {limits}", code)]
