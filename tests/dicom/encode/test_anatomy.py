"""Sides of the patient, as the letters of the header say them."""

from typing import Any

import pytest
from pydicom import Dataset

from samd.dicom.encode.anatomy import image_axes

pytestmark = pytest.mark.requirement("OUT-01")


@pytest.mark.parametrize(
    ("letters", "axes"),
    [
        (["L", "F"], ((1, 0, 0), (0, 0, -1))),
        (["A", "F"], ((0, -1, 0), (0, 0, -1))),
        (["PL", "FR"], ((0, 1, 0), (0, 0, -1))),
        (["L", "R"], None),
        (["L"], None),
        (["", ""], None),
        (["X", "F"], None),
        (None, None),
    ],
)
def test_axes_follow_the_leading_letters_of_patient_orientation(letters: Any, axes: Any) -> None:
    header = Dataset()
    if letters is not None:
        header.PatientOrientation = letters

    assert image_axes(header) == axes
