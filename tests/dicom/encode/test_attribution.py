"""The Parametric Map: attributions come back out of it as they went in, with how they were made."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from highdicom.pm import ParametricMap

from samd.dicom.encode import to_bytes
from tests.dicom.encode.cases import (
    GRAD_CAM,
    PARAMETRIC_MAP,
    Arguments,
    ct,
    dx_image,
    explanation,
    file_of,
    found,
    headers,
    radiograph,
)
from tests.dicom.encode.content import code_of

pytestmark = pytest.mark.requirement("XAI-01")


def _read(arguments: Arguments) -> ParametricMap:
    return ParametricMap.from_file(BytesIO(to_bytes(found(arguments.encoded(), PARAMETRIC_MAP))))


def _planes(pm: ParametricMap) -> np.ndarray:
    return np.frombuffer(pm.FloatPixelData, "<f4").reshape(-1, pm.Rows, pm.Columns)


def test_attributions_come_back_on_the_frames_that_they_explain() -> None:
    arguments = ct(planes=5)
    shown = explanation(planes=(1, 3), shape=(8, 10), target="adipose")
    assert shown.attribution is not None
    shown = replace(shown, attribution=shown.attribution * np.array([1, -2], np.float32)[:, None, None])

    pm = _read(arguments.changed(explanation=shown))

    sources = [
        groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        for groups in pm.PerFrameFunctionalGroupsSequence
    ]
    read = dict(zip(sources, _planes(pm), strict=True))
    explained = [arguments.outcome.frames[plane].sop_instance_uid for plane in (1, 3)]
    assert read.keys() == set(explained)
    np.testing.assert_array_equal([read[uid] for uid in explained], shown.attribution)


def test_the_quantity_is_the_kind_of_explanation_without_a_unit() -> None:
    pm = _read(ct())

    (mapping,) = pm.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    (quantity,) = mapping.QuantityDefinitionSequence
    assert code_of(quantity.ConceptCodeSequence) == GRAD_CAM
    assert code_of(mapping.MeasurementUnitsCodeSequence).value == "1"
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1, 0)


def test_the_map_says_how_it_was_made_and_that_it_is_for_research() -> None:
    pm = _read(ct())

    assert pm.ContentQualification == "RESEARCH"
    assert pm.ContentDescription == "Grad-CAM for adipose"
    assert pm.DerivationDescription == (
        "Method: Grad-CAM; layer: features.7; target: adipose; baseline: zeros; "
        "faithfulness (deletion): 0.8125, limit 0.5. "
        "AI result - not verified - research use, not a cleared device"
    )


def test_the_map_shares_the_frame_of_reference_of_its_source() -> None:
    arguments = ct()

    assert _read(arguments).FrameOfReferenceUID == headers(arguments.files)[0].FrameOfReferenceUID


def test_the_map_of_a_radiograph_lies_in_a_frame_of_its_own_turned_as_the_image_is() -> None:
    left, right = (
        radiograph(file=file_of(dx_image(PatientOrientation=way))) for way in (["L", "F"], ["A", "F"])
    )

    frontal, lateral = _read(left), _read(right)

    axes = [
        list(pm.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient)
        for pm in (frontal, lateral)
    ]
    assert axes == [[1, 0, 0, 0, 0, -1], [0, -1, 0, 0, 0, -1]]
    assert frontal.FrameOfReferenceUID.startswith("2.25.")


@pytest.mark.parametrize("orientation", [None, ["", ""], ["L", "R"], "L", ["X", "Y"]])
def test_a_radiograph_that_does_not_say_how_it_lies_is_taken_as_hung(orientation: object) -> None:
    pm = _read(radiograph(file=file_of(dx_image(PatientOrientation=orientation, PixelSpacing=None))))

    (plane,) = pm.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    assert list(plane.ImageOrientationPatient) == [1, 0, 0, 0, 0, -1]
    np.testing.assert_array_equal(_planes(pm), radiograph().explanation.attribution)


def test_a_constant_map_still_has_a_window() -> None:
    flat = replace(ct().explanation, attribution=np.zeros((1, 8, 10), np.float32))

    pm = _read(ct().changed(explanation=flat))

    assert pm.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence[0].WindowWidth == 1
