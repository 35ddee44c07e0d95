"""The main job as plain calls: decode, run, explain, conclude, encode. Read this first.

The clinic and the validation run these same functions. They need no database and no queue: what they
read arrives as arguments, and what they make is returned.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from samd.dicom.decode import DecodeLimits, DecoderDied, Undecodable, load_volume
from samd.dicom.encode import Context, Encoded, encode
from samd.dicom.read import headers
from samd.domain.card import ModelCard
from samd.domain.codes import EQUIPMENT_FAILURE, INSUFFICIENT_QUALITY
from samd.domain.finding import Answer, Outcome, Reason, Volume
from samd.domain.measuring import conclude
from samd.domain.selection import Declined, Selection
from samd.domain.study import Instance, Study
from samd.inference.catalogue import Model
from samd.inference.explain import explain
from samd.inference.run import Featureless, NotFinite, predict

# A report on what was not analysed names at most so many of the study's images as evidence.
EVIDENCE_LIMIT = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The answer of one model to one study, and the DICOM objects that say it."""

    outcome: Outcome
    encoded: Encoded


class AnalysisFailed(Exception):
    """The analysis cannot succeed however often it is tried; `reason` says why, without patient data."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


def analyse(
    study: Study, selection: Selection, model: Model, *, context: Context, limits: DecodeLimits
) -> Report | Declined:
    """Run `model` on what was selected from `study`.

    Gives Declined where the pixels cannot be decoded, or show nothing, which only trying can tell. Raises
    AnalysisFailed where the decoder died at its limits or the model's output is not finite.
    """
    series, arrangement, card = selection.series, selection.arrangement, selection.card
    try:
        volume = load_volume(
            series.instances, arrangement.frames, plane_spacing=arrangement.plane_spacing, limits=limits
        )
        prediction = predict(model, volume)
    except Undecodable as refusal:
        return Declined(card, (refusal.reason,), concerns=True, series=series)
    except Featureless as refusal:
        reason = Reason("image content", str(refusal), INSUFFICIENT_QUALITY)
        return Declined(card, (reason,), concerns=True, series=series)
    except DecoderDied as death:
        raise AnalysisFailed(death.reason) from death
    except NotFinite as failure:
        raise AnalysisFailed(Reason("model output", str(failure), EQUIPMENT_FAILURE)) from failure
    explanation = explain(model, volume, prediction)
    answer, findings = conclude(card, prediction, volume, study_instance_uid=study.study_instance_uid)
    outcome = Outcome(
        answer=answer,
        findings=findings,
        frames=volume.frames,
        plane_spacing=volume.plane_spacing,
        labels=prediction.labels,
        explanation=explanation,
        embedding=prediction.embedding,
    )
    instances = {instance.sop_instance_uid: instance for instance in series.instances}
    analysed = dict.fromkeys(frame.sop_instance_uid for frame in volume.frames)
    return _encoded(outcome, card, context, [instances[uid] for uid in analysed], volume)


def refuse(study: Study, declined: Declined, *, context: Context) -> Report:
    """The report that a study is not analysable, with every requirement that failed."""
    outcome = Outcome(answer=Answer.NOT_ANALYSABLE, reasons=declined.reasons)
    return _without_analysis(study, declined.card, outcome, context)


def fail(study: Study, card: ModelCard, reason: Reason, *, context: Context) -> Report:
    """The report that the analysis failed. It says nothing of the patient, least of all "absent"."""
    return _without_analysis(study, card, Outcome(answer=Answer.FAILED, reasons=(reason,)), context)


def _without_analysis(study: Study, card: ModelCard, outcome: Outcome, context: Context) -> Report:
    instances = [instance for series in study.series for instance in series.instances]
    return _encoded(outcome, card, context, instances[:EVIDENCE_LIMIT], None)


def _encoded(
    outcome: Outcome,
    card: ModelCard,
    context: Context,
    instances: Sequence[Instance],
    volume: Volume | None,
) -> Report:
    return Report(outcome, encode(outcome, card, context, headers(instances), volume))
