"""The measurement groups of the report: one for the analysis as a whole, one for each finding.

TID 1501, or 1411 and 1410 where a finding has a segment (PS3.16). The group of the analysis carries
which of the four answers it is: an analysis that was not made has no other group.
"""

from collections.abc import Iterator

from highdicom.sr import (
    AlgorithmIdentification,
    FindingSite,
    ImageContentItem,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    ReferencedSegment,
    ReferencedSegmentationFrame,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SourceImageForSegmentation,
    SourceSeriesForSegmentation,
    TextContentItem,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes

from samd.dicom.encode import wording
from samd.dicom.encode.coding import ABSENT, PRESENT, UNDETERMINED, concept
from samd.dicom.encode.context import Case
from samd.dicom.encode.segmentation import Segmentation
from samd.dicom.encode.sources import referenced_frames
from samd.domain.card import ModelCard
from samd.domain.codes import Code
from samd.domain.finding import Answer, Finding

Group = (
    MeasurementsAndQualitativeEvaluations
    | PlanarROIMeasurementsAndQualitativeEvaluations
    | VolumetricROIMeasurementsAndQualitativeEvaluations
)

COMMENT = Code("121106", "DCM", "Comment")
PRESENCE = Code("705057003", "SCT", "Presence")
REASON = Code("410666004", "SCT", "Reason for")
SUMMARY = Code("121111", "DCM", "Summary")
SUMMARY_OF_ANALYSES = Code("111065", "DCM", "Summary of Analyses")
SUMMARY_OF_FINDINGS = Code("111017", "DCM", "CAD Processing and Findings Summary")
VISUAL_EXPLANATION = Code("130401", "DCM", "Visual explanation")
SEGMENTATION = Code("113076", "DCM", "Segmentation")

# PS3.16 CID 6042, and for what was analysed CID 6047.
_STATUS = {
    Answer.FINDING: Code("111222", "DCM", "Succeeded"),
    Answer.NOTHING_FOUND: Code("111222", "DCM", "Succeeded"),
    Answer.NOT_ANALYSABLE: Code("111225", "DCM", "Not Attempted"),
    Answer.FAILED: Code("111224", "DCM", "Failed"),
}
_FOUND = {
    Answer.FINDING: Code("111242", "DCM", "All algorithms succeeded; with findings"),
    Answer.NOTHING_FOUND: Code("111241", "DCM", "All algorithms succeeded; without findings"),
}
# The concept by which the analysis refers to an object that no finding refers to.
_ROLES = {
    "1.2.840.10008.5.1.4.1.1.66.4": SEGMENTATION,
    "1.2.840.10008.5.1.4.1.1.30": VISUAL_EXPLANATION,
    "1.2.840.10008.5.1.4.1.1.7": SUMMARY,
}


def measurement_groups(case: Case, segments: Segmentation | None, others: list[Dataset]) -> list[Group]:
    """The group of the analysis, which refers to `others`, then those of the findings of an analysed case."""
    findings = [_finding_group(case, finding, segments) for finding in case.outcome.findings]
    return [_analysis_group(case, others), *(findings if case.analysed else [])]


def refers_to_a_segment(case: Case, segments: Segmentation) -> bool:
    """Whether a finding of `case` refers to `segments`."""
    return any(finding.segment in segments.numbers for finding in case.outcome.findings)


def algorithm(card: ModelCard) -> AlgorithmIdentification:
    """Which model, down to the digests of its weights and manifest, with its limits (TID 4019)."""
    return AlgorithmIdentification(
        name=wording.ascii_text(card.title),
        version=wording.ascii_text(card.version),
        manufacturer=wording.ascii_text(card.manufacturer),
        parameters=[
            f"weights SHA-256 {card.weights_digest}",
            f"manifest SHA-256 {card.digest}",
            *(wording.thresholds(classification) for classification in card.classifications),
        ],
        family=codes.DCM.ArtificialIntelligence,
    )


def _analysis_group(case: Case, others: list[Dataset]) -> Group:
    answer = case.outcome.answer
    evaluations = [QualitativeEvaluation(concept(SUMMARY_OF_ANALYSES), concept(_STATUS[answer]))]
    if case.analysed:
        evaluations.append(QualitativeEvaluation(concept(SUMMARY_OF_FINDINGS), concept(_FOUND[answer])))
    else:
        for code in dict.fromkeys(reason.code for reason in case.outcome.reasons):
            evaluations.append(QualitativeEvaluation(concept(REASON), concept(code)))
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(case.uid("analysis"), "analysis"),
        algorithm_id=algorithm(case.card),
        qualitative_evaluations=evaluations,
        source_images=_analysed_images(case) if case.analysed else None,
    )
    items = group[0].ContentSequence
    items.extend(
        TextContentItem(concept(COMMENT), sentence, RelationshipTypeValues.CONTAINS)
        for sentence in _sentences(case)
    )
    items.extend(
        ImageContentItem(
            concept(_ROLES[other.SOPClassUID]),
            other.SOPClassUID,
            other.SOPInstanceUID,
            relationship_type=RelationshipTypeValues.CONTAINS,
        )
        for other in others
    )
    return group


def _sentences(case: Case) -> Iterator[str]:
    outcome = case.outcome
    yield f"{wording.headline(outcome)}. {wording.meaning(outcome)}"
    if case.analysed:
        yield wording.explanation(outcome)
    else:
        for reason in outcome.reasons:
            yield wording.ascii_text(f"{reason.requirement}: {reason.message}")
    yield f"{wording.RESEARCH_USE}."
    for limit in case.card.limits_of_use:
        yield wording.ascii_text(limit)


def _finding_group(case: Case, finding: Finding, segments: Segmentation | None) -> Group:
    parts = {
        "tracking_identifier": TrackingIdentifier(
            finding.tracking_uid, wording.ascii_text(finding.tracking_identifier, wording.LONG_STRING)
        ),
        "finding_type": concept(finding.type),
        "algorithm_id": algorithm(case.card),
        "finding_sites": [FindingSite(concept(finding.site))] if finding.site else None,
        "measurements": [
            Measurement(concept(m.name), _six_digits(m.value), concept(m.unit)) for m in finding.measurements
        ],
        "qualitative_evaluations": _presence(finding),
    }
    if segments is None or finding.segment not in segments.numbers:
        return MeasurementsAndQualitativeEvaluations(source_images=_analysed_images(case), **parts)
    number = segments.numbers[finding.segment]
    target = (segments.dataset.SOPClassUID, segments.dataset.SOPInstanceUID)
    if len(case.outcome.frames) > 1:
        series = SourceSeriesForSegmentation(case.sources[0].SeriesInstanceUID)
        region = ReferencedSegment(*target, segment_number=number, source_series=series)
        return VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_segment=region, **parts)
    ((source, frames),) = referenced_frames(case, case.outcome.frames)
    # On a single plane each segment has one frame, in the order of segments.
    frame = ReferencedSegmentationFrame(
        *target,
        frame_number=number,
        segment_number=number,
        source_image=SourceImageForSegmentation(source.SOPClassUID, source.SOPInstanceUID, frames),
    )
    return PlanarROIMeasurementsAndQualitativeEvaluations(referenced_segment=frame, **parts)


def _presence(finding: Finding) -> list[QualitativeEvaluation]:
    """Present, absent or undetermined (CID 240); nothing where presence is not the question."""
    if finding.undetermined:
        return [QualitativeEvaluation(concept(PRESENCE), concept(UNDETERMINED))]
    if finding.present is None:
        return []
    return [QualitativeEvaluation(concept(PRESENCE), concept(PRESENT if finding.present else ABSENT))]


def _analysed_images(case: Case) -> list[SourceImageForMeasurementGroup]:
    return [
        SourceImageForMeasurementGroup(source.SOPClassUID, source.SOPInstanceUID, frames)
        for source, frames in referenced_frames(case, case.outcome.frames)
    ]


def _six_digits(value: float) -> float:
    # More would say of a model's output what it does not know, and of a float32 what it does not hold.
    return float(f"{value:.6g}")
