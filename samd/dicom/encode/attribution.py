"""An explanation as a Parametric Map: how much each pixel counted for the answer (PS3.3 A.75)."""

import numpy as np
from highdicom import ContentQualificationValues, VOILUTFunctionValues, VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from pydicom import Dataset

from samd.dicom.encode.coding import concept
from samd.dicom.encode.context import Case
from samd.dicom.encode.identity import series_and_equipment
from samd.dicom.encode.sources import name_source_frames, placed_sources
from samd.dicom.encode.wording import LONG_STRING, RESEARCH_USE, ascii_text, method
from samd.domain.codes import RATIO
from samd.domain.finding import Explanation

_SHORT_TEXT = 1024  # characters of a Short Text (ST), PS3.5 6.2


def attribution_map(case: Case) -> Dataset | None:
    """The Parametric Map of the explanation; None where there is none or it was withheld.

    Raises SourceMissing.
    """
    shown = case.outcome.explanation
    if not case.analysed or shown is None or shown.attribution is None:
        return None
    frames = [case.outcome.frames[plane] for plane in shown.planes]
    values = np.ascontiguousarray(shown.attribution, dtype=np.float32)
    low, high = _range(values)
    dataset = ParametricMap(
        source_images=placed_sources(case, frames, always=True),
        pixel_array=values,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[_mapping(shown, low, high)],
        voi_lut_transformations=[_window(low, high)],
        content_label="ATTRIBUTION",
        content_description=ascii_text(f"{shown.method} for {shown.target}", LONG_STRING),
        # Only an authorised product may call its content PRODUCT (PS3.3 C.8.13.2.1.1).
        content_qualification=ContentQualificationValues.RESEARCH,
        derivation=concept(shown.kind),
        **series_and_equipment(case, "attribution", description="attribution map"),
    )
    dataset.DerivationDescription = ascii_text(f"{method(shown)} {RESEARCH_USE}", _SHORT_TEXT)
    name_source_frames(dataset, frames)
    return dataset


def _range(values: np.ndarray) -> tuple[float, float]:
    """Least and greatest value, kept apart so that a window can be drawn between them."""
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low, low + 1.0)


def _window(low: float, high: float) -> VOILUTTransformation:
    return VOILUTTransformation(
        window_center=(low + high) / 2,
        window_width=high - low,
        # The default function does not allow a width below 1 (PS3.3 C.11.2.1.2.1).
        voi_lut_function=VOILUTFunctionValues.LINEAR_EXACT,
    )


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
