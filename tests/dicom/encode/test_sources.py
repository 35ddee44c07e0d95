"""Which instances and frames of the source are meant."""

from dataclasses import replace

import pytest

from samd.dicom.encode.context import Case
from samd.dicom.encode.sources import placed_sources, referenced_frames
from tests.builders import ct_image
from tests.dicom.encode.cases import Arguments, ct, file_of, headers

pytestmark = pytest.mark.requirement("OUT-01")


def _case(arguments: Arguments) -> Case:
    return Case(arguments.outcome, arguments.card, arguments.context, headers(arguments.files))


def test_frame_numbers_are_named_only_where_not_all_frames_are_meant() -> None:
    arguments = ct(files=[file_of(ct_image(NumberOfFrames=3))])
    frames = [replace(arguments.outcome.frames[0], number=number) for number in (3, 1, 2)]

    ((_, of_all),) = referenced_frames(_case(arguments), frames)
    ((_, of_two),) = referenced_frames(_case(arguments), frames[:2])

    assert (of_all, of_two) == (None, [1, 3])


def test_sources_come_in_the_order_of_the_frames_without_the_patient() -> None:
    arguments = ct(files=[file_of(ct_image(index, PatientName="Kim^A")) for index in (2, 0, 1)])

    placed = placed_sources(_case(arguments), arguments.outcome.frames)

    assert [source.SOPInstanceUID for source in placed] == [
        frame.sop_instance_uid for frame in arguments.outcome.frames
    ]
    assert {str(source.PatientName) for source in placed} == {""}


def test_slices_whose_orientation_differs_in_the_last_decimals_lie_in_one_stack() -> None:
    axes = ([1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0.9999999, 0.0000001])
    arguments = ct(files=[file_of(ct_image(i, ImageOrientationPatient=axis)) for i, axis in enumerate(axes)])

    placed = placed_sources(_case(arguments), arguments.outcome.frames)

    assert placed[0].ImageOrientationPatient == placed[1].ImageOrientationPatient
