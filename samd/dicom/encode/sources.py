"""The source images as highdicom needs them to place derived planes: geometry only, and no patient.

highdicom copies what it is given through decoded text and refuses what it does not expect, so it is
given less: the patient comes later, byte for byte (heritage), and frames come from the domain.
"""

from collections.abc import Sequence
from dataclasses import replace

from highdicom import PixelMeasuresSequence, PlaneOrientationSequence, PlanePositionSequence
from pydicom import Dataset
from pydicom.valuerep import DSfloat

from samd.dicom.encode.anatomy import image_axes
from samd.dicom.encode.context import Case
from samd.domain.identity import derived_uid
from samd.domain.study import Frame, Vector

_EMPTY = [
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
]
_COPIED = [
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "Modality",
    "Rows",
    "Columns",
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
]


# How frontal radiographs are hung: the patient's left on the right of the image, the feet below. For
# those that do not state Patient Orientation.
_HUNG_FRONTAL: tuple[Vector, Vector] = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0))


class SourceMissing(Exception):
    """A frame of the outcome has no header among the sources."""


def placed_sources(case: Case, frames: Sequence[Frame], *, always: bool = False) -> list[Dataset]:
    """The instances of `frames`, one for each, or a single multi-frame one that has just these frames.

    With a multi-frame source, highdicom numbers the frames as listed here: see name_source_frames().
    Projection radiographs have no place in patient space; where one is needed `always`, they get a
    frame of reference of their own, in which no other image lies. Raises SourceMissing.
    """
    headers = {str(source.SOPInstanceUID): source for source in case.sources}
    missing = {frame.sop_instance_uid for frame in frames} - headers.keys()
    if missing:
        raise SourceMissing(f"{len(missing)} of the analysed images have no header among the sources")
    if always and frames[0].position is None:
        frames = [_on_its_own(frame, headers[frame.sop_instance_uid]) for frame in frames]
    if _is_one_instance(frames):
        header = headers[frames[0].sop_instance_uid]
        return [_multi_frame(header, frames, case.outcome.plane_spacing)]
    return [_placed(headers[f.sop_instance_uid], f, frames[0], case.outcome.plane_spacing) for f in frames]


def name_source_frames(dataset: Dataset, frames: Sequence[Frame]) -> None:
    """Number the frames that `dataset` was derived from as their source does, not as they were listed."""
    sources = [
        source
        for groups in dataset.PerFrameFunctionalGroupsSequence
        for derivation in groups.DerivationImageSequence
        for source in derivation.SourceImageSequence
        if "ReferencedFrameNumber" in source
    ]
    # Segments on the same plane share one item.
    for source in {id(source): source for source in sources}.values():
        source.ReferencedFrameNumber = frames[source.ReferencedFrameNumber - 1].number


def referenced_frames(case: Case, frames: Sequence[Frame]) -> list[tuple[Dataset, list[int] | None]]:
    """The source of each instance in `frames`, with the frame numbers where not all of it is meant."""
    headers = {str(source.SOPInstanceUID): source for source in case.sources}
    numbers: dict[str, list[int]] = {}
    for frame in frames:
        numbers.setdefault(frame.sop_instance_uid, []).append(frame.number)
    return [
        (
            headers[uid],
            None if len(chosen) == int(headers[uid].get("NumberOfFrames") or 1) else sorted(chosen),
        )
        for uid, chosen in numbers.items()
    ]


def _on_its_own(frame: Frame, header: Dataset) -> Frame:
    row, column = image_axes(header) or _HUNG_FRONTAL
    return replace(
        frame,
        position=(0.0, 0.0, 0.0),
        row_direction=row,
        column_direction=column,
        pixel_spacing=frame.pixel_spacing or (1.0, 1.0),
    )


def _is_one_instance(frames: Sequence[Frame]) -> bool:
    return len({frame.sop_instance_uid for frame in frames}) == 1


def _placed(header: Dataset, frame: Frame, first: Frame, plane_spacing: float | None) -> Dataset:
    source = _without_patient(header)
    if frame.pixel_spacing is not None:
        source.PixelSpacing = _decimals(frame.pixel_spacing)
    if frame.position is not None and first.row_direction and first.column_direction:
        source.FrameOfReferenceUID = _frame_of_reference(header)
        source.PositionReferenceIndicator = ""
        source.ImagePositionPatient = _decimals(frame.position)
        # One orientation for all: the last decimals may differ between slices of a series.
        source.ImageOrientationPatient = _decimals(first.row_direction + first.column_direction)
        source.SliceThickness = _thickness(header, plane_spacing)
    return source


def _multi_frame(header: Dataset, frames: Sequence[Frame], plane_spacing: float | None) -> Dataset:
    first = frames[0]
    # Where the IOD is a single-frame one, highdicom reads these attributes instead of the groups.
    source = _placed(header, first, first, plane_spacing)
    source.NumberOfFrames = len(frames)
    shared = Dataset()
    if first.pixel_spacing is not None:
        shared.PixelMeasuresSequence = PixelMeasuresSequence(
            pixel_spacing=first.pixel_spacing, slice_thickness=_thickness(header, plane_spacing)
        )
    source.SharedFunctionalGroupsSequence = [shared]
    if first.position is not None and first.row_direction and first.column_direction:
        shared.PlaneOrientationSequence = PlaneOrientationSequence(
            "PATIENT", first.row_direction + first.column_direction
        )
        source.PerFrameFunctionalGroupsSequence = [_position_of(frame) for frame in frames]
    return source


def _position_of(frame: Frame) -> Dataset:
    groups = Dataset()
    groups.PlanePositionSequence = PlanePositionSequence("PATIENT", frame.position)
    return groups


def _without_patient(header: Dataset) -> Dataset:
    source = Dataset()
    for keyword in _EMPTY:
        setattr(source, keyword, "")
    for keyword in _COPIED:
        if keyword in header:
            setattr(source, keyword, header[keyword].value)
    return source


def _frame_of_reference(header: Dataset) -> str:
    """Its own, or where it has none: that of its series for slices, of nothing else for a radiograph."""
    stated = header.get("FrameOfReferenceUID")
    if stated:
        return str(stated)
    shared = header.SeriesInstanceUID if "ImagePositionPatient" in header else header.SOPInstanceUID
    return derived_uid("frame of reference", str(shared))


def _thickness(header: Dataset, plane_spacing: float | None) -> float | None:
    shared = header.get("SharedFunctionalGroupsSequence")
    measures = shared[0].get("PixelMeasuresSequence") if shared else None
    stated = (measures[0] if measures else header).get("SliceThickness")
    return float(stated) if stated else plane_spacing


def _decimals(values: Sequence[float]) -> list[DSfloat]:
    return [DSfloat(value, auto_format=True) for value in values]
