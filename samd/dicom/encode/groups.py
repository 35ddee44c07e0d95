"""The findings of the report as measurement groups (PS3.16): TID 1411 or 1410 with a segment, else 1501."""

from collections.abc import Sequence
from typing import TypeAlias

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
from samd.domain.finding import Finding

Group: TypeAlias = (
    MeasurementsAndQualitativeEvaluations
    | PlanarROIMeasurementsAndQualitativeEvaluations
    | VolumetricROIMeasurementsAndQualitativeEvaluations
)

PRESENCE = Code("705057003", "SCT", "Presence")
VISUAL_EXPLANATION = Code("130401", "DCM", "Visual explanation")


def finding_group(
    case: Case, finding: Finding, *, segments: Segmentation | None, explanation: Dataset | None
) -> Group:
    """The group of one finding; it refers to its segment, and to `explanation` where that explains it."""
    group = _group(case, finding, segments)
    if explanation is not None and is_explained(case, finding):
        group[0].ContentSequence.append(image(VISUAL_EXPLANATION, explanation))
    return group


def has_segment(finding: Finding, segments: Segmentation | None) -> bool:
    """Whether the finding's segment occurs in the images."""
    return segments is not None and finding.segment in segments.numbers


def is_explained(case: Case, finding: Finding) -> bool:
    """Whether the target of the explanation is the output that this finding comes from."""
    shown, card = case.outcome.explanation, case.card
    if shown is None:
        return False
    classified = {c.finding for c in card.classifications if c.name == shown.target}
    segmented = {s.number for s in card.segments if s.name == shown.target}
    return finding.type in classified or finding.segment in segmented


def algorithm(card: ModelCard) -> AlgorithmIdentification:
    """Which model, down to the digests of its weights and manifest, with its limits (TID 4019)."""
    digests = {"weights": card.weights_digest, "manifest": card.digest}
    return AlgorithmIdentification(
        name=wording.ascii_text(card.title),
        version=wording.ascii_text(card.version),
        manufacturer=wording.ascii_text(card.manufacturer),
        parameters=[
            *(f"{of} SHA-256 {digest}" for of, digest in digests.items() if digest),
            *(wording.thresholds(classification) for classification in card.classifications),
        ],
        family=codes.DCM.ArtificialIntelligence,
    )


def analysed_images(case: Case) -> list[SourceImageForMeasurementGroup]:
    """A reference to each analysed instance, with frame numbers where not all frames were analysed."""
    return [
        SourceImageForMeasurementGroup(source.SOPClassUID, source.SOPInstanceUID, frames)
        for source, frames in referenced_frames(case, case.outcome.frames)
    ]


def image(name: Code, dataset: Dataset) -> ImageContentItem:
    """A reference to one of our own objects."""
    return ImageContentItem(
        concept(name),
        dataset.SOPClassUID,
        dataset.SOPInstanceUID,
        relationship_type=RelationshipTypeValues.CONTAINS,
    )


def _group(case: Case, finding: Finding, segments: Segmentation | None) -> Group:
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
    if segments is None or finding.segment is None or not has_segment(finding, segments):
        return MeasurementsAndQualitativeEvaluations(source_images=analysed_images(case), **parts)
    number = segments.numbers[finding.segment]
    if len(case.outcome.frames) > 1:
        return VolumetricROIMeasurementsAndQualitativeEvaluations(
            referenced_segment=_volume_of(segments.dataset, number, case.sources), **parts
        )
    return PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_segment=_area_of(segments.dataset, number, case), **parts
    )


def _volume_of(segmentation: Dataset, number: int, sources: Sequence[Dataset]) -> ReferencedSegment:
    return ReferencedSegment(
        segmentation.SOPClassUID,
        segmentation.SOPInstanceUID,
        segment_number=number,
        source_series=SourceSeriesForSegmentation(sources[0].SeriesInstanceUID),
    )


def _area_of(segmentation: Dataset, number: int, case: Case) -> ReferencedSegmentationFrame:
    ((source, frames),) = referenced_frames(case, case.outcome.frames)
    # On a single plane each segment has one frame, in the order of segments.
    area = ReferencedSegmentationFrame(
        segmentation.SOPClassUID,
        segmentation.SOPInstanceUID,
        frame_number=number,
        segment_number=number,
        source_image=SourceImageForSegmentation(source.SOPClassUID, source.SOPInstanceUID, frames),
    )
    # PS3.3 C.18.4: either a frame or a segment is named; highdicom names both.
    del area[0].ReferencedSOPSequence[0].ReferencedSegmentNumber
    return area


def _presence(finding: Finding) -> list[QualitativeEvaluation]:
    """Present, absent or undetermined (CID 240); nothing where presence is not the question."""
    if finding.undetermined:
        return [QualitativeEvaluation(concept(PRESENCE), concept(UNDETERMINED))]
    if finding.present is None:
        return []
    return [QualitativeEvaluation(concept(PRESENCE), concept(PRESENT if finding.present else ABSENT))]


def _six_digits(value: float) -> float:
    # More would say of a model's output what it does not know, and of a float32 what it does not hold.
    return float(f"{value:.6g}")
