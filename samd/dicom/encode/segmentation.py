"""Labels as a DICOM Segmentation: binary, one segment for each label that occurs (PS3.3 A.51)."""

from dataclasses import dataclass

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.color import CIELabColor
from highdicom.seg import SegmentAlgorithmTypeValues, SegmentationTypeValues, SegmentDescription
from highdicom.seg import Segmentation as HighdicomSegmentation
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.codedict import codes

from samd.dicom.encode.coding import concept
from samd.dicom.encode.context import Case
from samd.dicom.encode.identity import series_and_equipment
from samd.dicom.encode.sources import name_source_frames, placed_sources
from samd.dicom.encode.wording import LONG_STRING, ascii_text
from samd.domain.card import ModelCard, Segment
from samd.domain.finding import Finding


class UnknownSegment(Exception):
    """The labels hold a number that the model's card does not describe."""


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """The object, and under which Segment Number each label stands in it."""

    dataset: Dataset
    numbers: dict[int, int]


def segmentation(case: Case) -> Segmentation | None:
    """The Segmentation of an analysed case; None where nothing was segmented.

    DICOM numbers segments from 1 without gaps (PS3.3 C.8.20.4), so a label's number may change.
    Raises UnknownSegment, SourceMissing.
    """
    labels = case.outcome.labels
    if not case.analysed or labels is None or not labels.any():
        return None
    numbers = {int(label): number for number, label in enumerate(np.unique(labels[labels > 0]), start=1)}
    frames = case.outcome.frames
    dataset = HighdicomSegmentation(
        source_images=placed_sources(case, frames),
        pixel_array=_renumbered(labels, numbers),
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _description(case, _segment(case.card, label), number) for label, number in numbers.items()
        ],
        content_label="SEGMENTATION",
        content_description=ascii_text(case.card.title, LONG_STRING),
        **series_and_equipment(case, "segmentation", description="segmentation"),
    )
    name_source_frames(dataset, frames)
    return Segmentation(dataset, numbers)


def _renumbered(labels: NDArray[np.uint8], numbers: dict[int, int]) -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    for label, number in numbers.items():
        table[label] = number
    return table[labels]


def _segment(card: ModelCard, label: int) -> Segment:
    for segment in card.segments:
        if segment.number == label:
            return segment
    raise UnknownSegment(f"the labels hold segment {label}, which the card of {card.name} does not describe")


def _description(case: Case, segment: Segment, number: int) -> SegmentDescription:
    finding = _finding_of(case, segment)
    return SegmentDescription(
        segment_number=number,
        segment_label=ascii_text(segment.name, LONG_STRING),
        segmented_property_category=concept(segment.category),
        segmented_property_type=concept(segment.type),
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=_algorithm(case.card),
        tracking_id=ascii_text(finding.tracking_identifier, LONG_STRING) if finding else None,
        tracking_uid=finding.tracking_uid if finding else None,
        display_color=CIELabColor.from_rgb(*segment.colour),
    )


def _finding_of(case: Case, segment: Segment) -> Finding | None:
    return next((finding for finding in case.outcome.findings if finding.segment == segment.number), None)


def _algorithm(card: ModelCard) -> AlgorithmIdentificationSequence:
    return AlgorithmIdentificationSequence(
        name=ascii_text(card.name, LONG_STRING),
        family=codes.DCM.ArtificialIntelligence,
        version=ascii_text(card.version, LONG_STRING),
        source=ascii_text(card.manufacturer, LONG_STRING),
        parameters={"weights SHA-256": card.weights_digest, "manifest SHA-256": card.digest},
    )
