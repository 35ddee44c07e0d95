"""An explanation as a Parametric Map: how much each pixel counted for the answer (PS3.3 A.75).

A radiograph has no place in patient space; its map then has no plane position either, and lies on its
source pixel by pixel, which the Derivation Image functional group says (PS3.3 C.7.6.16.2.6).
"""

from dataclasses import replace

import numpy as np
from highdicom import ContentQualificationValues, VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from pydicom import Dataset
from pydicom.tag import Tag

from samd.dicom.encode.coding import concept
from samd.dicom.encode.context import Case
from samd.dicom.encode.identity import series_and_equipment
from samd.dicom.encode.sources import name_source_frames, placed_sources
from samd.dicom.encode.wording import LONG_STRING, RESEARCH_USE, ascii_text, method
from samd.domain.codes import RATIO
from samd.domain.finding import Explanation
from samd.domain.identity import derived_uid
from samd.domain.study import Frame

_SHORT_TEXT = 1024  # characters of a Short Text (ST), PS3.5 6.2


def attribution_map(case: Case) -> Dataset | None:
    """The Parametric Map of the explanation; None where there is none or it was withheld.

    Raises SourceMissing.
    """
    shown = case.outcome.explanation
    if not case.analysed or shown is None or shown.attribution is None:
        return None
    frames = [case.outcome.frames[plane] for plane in shown.planes]
    is_placed = frames[0].position is not None
    values = np.ascontiguousarray(shown.attribution, dtype=np.float32)
    low, high = _range(values)
    dataset = ParametricMap(
        source_images=placed_sources(case, frames if is_placed else [_laid_flat(frame) for frame in frames]),
        pixel_array=values,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[_mapping(shown, low, high)],
        voi_lut_transformations=[
            VOILUTTransformation(window_center=(low + high) / 2, window_width=high - low)
        ],
        content_label="ATTRIBUTION",
        content_description=ascii_text(f"{shown.method} for {shown.target}", LONG_STRING),
        # Only an authorised product may call its content PRODUCT (PS3.3 C.8.13.2.1.1).
        content_qualification=ContentQualificationValues.RESEARCH,
        derivation=concept(shown.kind),
        **series_and_equipment(case, "attribution", description="attribution map"),
    )
    dataset.DerivationDescription = ascii_text(f"{method(shown)} {RESEARCH_USE}", _SHORT_TEXT)
    name_source_frames(dataset, frames)
    if not is_placed:
        _take_out_of_patient_space(dataset, frames[0])
    return dataset


def _laid_flat(frame: Frame) -> Frame:
    """A place for a frame that has none, because highdicom 0.28 cannot index a map without one."""
    return replace(
        frame,
        position=(0.0, 0.0, 0.0),
        row_direction=(1.0, 0.0, 0.0),
        column_direction=(0.0, 1.0, 0.0),
        pixel_spacing=frame.pixel_spacing or (1.0, 1.0),
    )


def _take_out_of_patient_space(dataset: Dataset, frame: Frame) -> None:
    """Undo _laid_flat(): a frame of reference that belongs to the image alone, and no plane in it.

    Plane Position and Orientation are required only in a patient-relative frame of reference, and
    claiming one would put letters of the patient's sides on the map (PS3.3 A.75.5).
    """
    dataset.FrameOfReferenceUID = derived_uid("frame of reference", frame.sop_instance_uid)
    del dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    for groups in dataset.PerFrameFunctionalGroupsSequence:
        del groups.PlanePositionSequence
        groups.FrameContentSequence[0].FrameLabel = "ATTRIBUTION"
    (index,) = dataset.DimensionIndexSequence
    index.DimensionIndexPointer = Tag("FrameLabel")
    index.FunctionalGroupPointer = Tag("FrameContentSequence")
    index.DimensionDescriptionLabel = "Frame Label"


def _range(values: np.ndarray) -> tuple[float, float]:
    """Least and greatest value, kept apart so that a window can be drawn between them."""
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low, low + 1.0)


def _mapping(shown: Explanation, low: float, high: float) -> RealWorldValueMapping:
    return RealWorldValueMapping(
        lut_label="ATTRIBUTION",
        lut_explanation=ascii_text(shown.kind.meaning, LONG_STRING),
        unit=concept(RATIO),
        value_range=(low, high),
        slope=1.0,
        intercept=0.0,
        quantity_definition=concept(shown.kind),
    )
