"""The Segmentation: labels come back out of it as they went in, with names, colours and sources."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from highdicom.color import CIELabColor
from highdicom.seg import Segmentation, segread
from numpy.typing import NDArray
from pydicom import Dataset

from samd.dicom.encode import UnknownSegment, to_bytes
from samd.domain.card import Segment
from samd.domain.codes import Code
from samd.domain.study import Frame
from tests.builders import ct_image
from tests.cards import ADIPOSE, LUNG, TISSUE
from tests.dicom.encode.cases import SEGMENTATION, Arguments, ct, dx_image, file_of, found, radiograph
from tests.dicom.encode.content import code_of

pytestmark = pytest.mark.requirement("OUT-01")


def _read(arguments: Arguments) -> Segmentation:
    return segread(BytesIO(to_bytes(found(arguments.encoded(), SEGMENTATION))))


def _labels_by_source(seg: Segmentation) -> dict[tuple[str, int], NDArray[np.uint8]]:
    """For each source frame, the Segment Numbers of its pixels."""
    planes: dict[tuple[str, int], NDArray[np.uint8]] = {}
    pixels = seg.pixel_array.reshape(-1, seg.Rows, seg.Columns)
    for groups, mask in zip(seg.PerFrameFunctionalGroupsSequence, pixels, strict=True):
        (source,) = groups.DerivationImageSequence[0].SourceImageSequence
        shared = seg.SharedFunctionalGroupsSequence[0]
        segment = groups.get("SegmentIdentificationSequence") or shared.SegmentIdentificationSequence
        key = source.ReferencedSOPInstanceUID, int(source.get("ReferencedFrameNumber", 1))
        plane = planes.setdefault(key, np.zeros(mask.shape, np.uint8))
        plane[mask == 1] = segment[0].ReferencedSegmentNumber
    return planes


def _expected(arguments: Arguments) -> dict[tuple[str, int], NDArray[np.uint8]]:
    keyed = zip(arguments.outcome.frames, arguments.labels, strict=True)
    return {(frame.sop_instance_uid, frame.number): plane for frame, plane in keyed if plane.any()}


def _same(
    left: dict[tuple[str, int], NDArray[np.uint8]], right: dict[tuple[str, int], NDArray[np.uint8]]
) -> bool:
    return left.keys() == right.keys() and all(np.array_equal(left[key], right[key]) for key in left)


def _scattered(arguments: Arguments) -> Arguments:
    """Labels that differ from plane to plane; where there are more than one, the first has none."""
    shape = (len(arguments.outcome.frames), 8, 10)
    labels = np.random.default_rng(7).integers(0, 3, shape, dtype=np.uint8)
    labels[: len(labels) - 1][:1] = 0
    return arguments.changed(labels=labels)


def _enhanced(positions: list[float]) -> bytes:
    """An Enhanced CT image with a frame at each position."""
    dataset = ct_image(
        pixels=np.zeros((len(positions), 8, 10), np.uint16),
        SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1",
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        PixelSpacing=None,
    )
    shared, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measures.PixelSpacing, measures.SliceThickness = [2.5, 2.5], 5
    shared.PixelMeasuresSequence = [measures]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = []
    for z in positions:
        groups, position = Dataset(), Dataset()
        position.ImagePositionPatient = [-10, -12, z]
        groups.PlanePositionSequence = [position]
        # Some vendors repeat the orientation in every frame instead of sharing it.
        groups.PlaneOrientationSequence = [orientation]
        dataset.PerFrameFunctionalGroupsSequence.append(groups)
    return file_of(dataset)


OBLIQUE = [0.8, 0.6, 0.0, 0.0, 0.0, -1.0]
GEOMETRIES = {
    "axial": lambda: ct(planes=5),
    "received in another order": lambda: ct(files=[file_of(ct_image(index)) for index in (3, 0, 4, 1, 2)]),
    "one plane": lambda: ct(planes=1),
    "oblique": lambda: ct(
        files=[
            file_of(
                ct_image(
                    index,
                    ImageOrientationPatient=OBLIQUE,
                    ImagePositionPatient=[-10 + 3.0 * index, 7 - 4.0 * index, 2.5],
                )
            )
            for index in range(4)
        ]
    ),
    "no thickness": lambda: ct(files=[file_of(ct_image(i, SliceThickness=None)) for i in range(3)]),
    "no frame of reference": lambda: ct(
        files=[file_of(ct_image(i, FrameOfReferenceUID=None)) for i in range(3)]
    ),
    "multi-frame": lambda: ct(files=[_enhanced([0.0, 5.0, 10.0, 15.0])]),
    "multi-frame, frames in another order": lambda: ct(files=[_enhanced([10.0, 0.0, 15.0, 5.0])]),
    "multi-frame of three": lambda: ct(files=[_enhanced([0.0, 5.0, 10.0])]),
}


@pytest.mark.parametrize("kind", GEOMETRIES)
def test_labels_come_back_on_the_frames_they_were_made_from(kind: str) -> None:
    arguments = _scattered(GEOMETRIES[kind]())

    seg = _read(arguments)

    assert _same(_labels_by_source(seg), _expected(arguments))


@pytest.mark.parametrize("kind", GEOMETRIES)
def test_planes_lie_where_their_sources_lie(kind: str) -> None:
    arguments = GEOMETRIES[kind]()
    by_source: dict[tuple[str, int], Frame] = {
        (frame.sop_instance_uid, frame.number): frame for frame in arguments.outcome.frames
    }

    seg = _read(arguments)

    (orientation,) = seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    for groups in seg.PerFrameFunctionalGroupsSequence:
        (source,) = groups.DerivationImageSequence[0].SourceImageSequence
        frame = by_source[source.ReferencedSOPInstanceUID, int(source.get("ReferencedFrameNumber", 1))]
        (place,) = groups.PlanePositionSequence
        assert place.ImagePositionPatient == pytest.approx(frame.position)
        assert frame.row_direction is not None
        assert frame.column_direction is not None
        axes = frame.row_direction + frame.column_direction
        assert orientation.ImageOrientationPatient == pytest.approx(axes)


def test_only_frames_that_were_analysed_are_named() -> None:
    arguments = ct(files=[_enhanced([0.0, 5.0, 0.0, 5.0])])  # two stacks at the same places
    second = tuple(frame for frame in arguments.outcome.frames if frame.number > 2)
    labels = np.ones((2, 8, 10), np.uint8)

    seg = _read(arguments.changed(frames=second, labels=labels, explanation=None))

    assert {number for _, number in _labels_by_source(seg)} == {3, 4}


def test_a_radiograph_is_segmented_without_a_place_in_patient_space() -> None:
    labels = np.ones((1, 8, 10), np.uint8)
    arguments = radiograph()
    card = replace(arguments.card, segments=ct().card.segments)

    seg = found(arguments.changed(card=card, labels=labels).encoded(), SEGMENTATION)

    assert "FrameOfReferenceUID" not in seg
    assert seg.PatientOrientation == ["L", "F"]
    assert seg.PixelData[:10] == b"\xff" * 10


def test_segments_are_described_by_the_card() -> None:
    first, second = _read(ct()).SegmentSequence

    assert (first.SegmentNumber, first.SegmentLabel) == (1, "adipose")
    assert code_of(first.SegmentedPropertyCategoryCodeSequence) == TISSUE
    assert code_of(first.SegmentedPropertyTypeCodeSequence) == ADIPOSE
    assert first.SegmentAlgorithmType == second.SegmentAlgorithmType == "AUTOMATIC"
    assert CIELabColor.from_dicom_value(tuple(second.RecommendedDisplayCIELabValue)).to_rgb() == (
        100,
        150,
        250,
    )
    (algorithm,) = first.SegmentationAlgorithmIdentificationSequence
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("measuring", "1.0.0")
    assert code_of(algorithm.AlgorithmFamilyCodeSequence).value == "123110"
    assert "b" * 64 in algorithm.AlgorithmParameters


def test_segments_that_do_not_occur_are_left_out_and_the_others_numbered_without_gaps() -> None:
    arguments = ct()
    segments = (
        *arguments.card.segments,
        Segment(7, "airway", TISSUE, Code("89187006", "SCT", "Airway"), (9, 9, 9)),
    )
    labels = np.where(arguments.labels == 1, 7, arguments.labels).astype(np.uint8)

    seg = _read(arguments.changed(card=replace(arguments.card, segments=segments), labels=labels))

    assert [(s.SegmentNumber, s.SegmentLabel) for s in seg.SegmentSequence] == [(1, "lung"), (2, "airway")]
    (_, plane), *_ = _labels_by_source(seg).items()
    assert (np.unique(plane).tolist(), LUNG.value) == (
        [0, 1, 2],
        seg.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0].CodeValue,
    )


def test_a_label_that_the_card_does_not_describe_is_refused() -> None:
    labels = np.full((3, 8, 10), 9, np.uint8)

    with pytest.raises(UnknownSegment, match="segment 9"):
        ct().changed(labels=labels).encoded()


def test_a_segment_without_a_finding_is_not_tracked() -> None:
    arguments = ct()

    seg = _read(arguments.changed(findings=arguments.outcome.findings[:1]))

    assert ["TrackingUID" in segment for segment in seg.SegmentSequence] == [True, False]


def test_a_dx_source_with_a_frame_of_reference_but_no_place_is_segmented_too() -> None:
    arguments = radiograph(file=file_of(dx_image(FrameOfReferenceUID="1.2.3.4")))
    card = replace(arguments.card, segments=ct().card.segments)

    seg = found(arguments.changed(card=card, labels=np.ones((1, 8, 10), np.uint8)).encoded(), SEGMENTATION)

    assert seg.NumberOfFrames == 1
