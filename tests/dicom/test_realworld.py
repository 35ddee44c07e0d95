"""Stored values become Hounsfield units, intensities and brightness as the standard defines them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset

from samd.dicom import pixels
from samd.dicom.decode import Undecodable
from samd.dicom.realworld import real_world_values
from tests.builders import ct_image

pytestmark = pytest.mark.requirement("PIX-03")

STORED = np.array([[0, 1, 100], [1024, 2000, 4095]], np.uint16)


def values_of(dataset: Dataset, *, number: int = 1, is_projection: bool = False) -> NDArray[np.float32]:
    layout = pixels.layout(dataset, most_bytes=2**20)
    stored = pixels.stored_values(dataset, layout, number=number)
    return real_world_values(stored, dataset, layout, number=number, is_projection=is_projection)


def radiograph(stored: NDArray[Any] = STORED, **changes: Any) -> Dataset:
    plain = {"Modality": "DX", "RescaleSlope": None, "RescaleIntercept": None, "RescaleType": None}
    return ct_image(0, stored, **plain | changes)


def lut(data: list[int], *, first: int = 0, bits: int = 16) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(data), first, bits]
    item.ModalityLUTType = "HU"
    item.LUTData = data
    item["LUTData"].VR = item["LUTDescriptor"].VR = "US"
    return item


def test_ct_is_in_hounsfield_units() -> None:
    values = values_of(ct_image(0, STORED, RescaleSlope=2, RescaleIntercept=-1000.5))

    assert values.dtype == np.float32
    assert (values == STORED * 2.0 - 1000.5).all()


def test_each_frame_of_an_enhanced_image_has_its_own_rescale() -> None:
    dataset = ct_image(0, np.stack([STORED, STORED]), RescaleSlope=None, RescaleIntercept=None)
    dataset.SharedFunctionalGroupsSequence = [Dataset()]
    dataset.PerFrameFunctionalGroupsSequence = [Dataset(), Dataset()]
    for groups, intercept in zip(dataset.PerFrameFunctionalGroupsSequence, (-1024, -500), strict=True):
        rescale = Dataset()
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 1, intercept, "HU"
        groups.PixelValueTransformationSequence = [rescale]

    assert (values_of(dataset, number=1) == STORED - 1024.0).all()
    assert (values_of(dataset, number=2) == STORED - 500.0).all()


def test_a_rescale_may_be_shared_by_all_frames() -> None:
    dataset = ct_image(0, np.stack([STORED, STORED]), RescaleSlope=None, RescaleIntercept=None)
    rescale, shared = Dataset(), Dataset()
    rescale.RescaleSlope, rescale.RescaleIntercept = 3, -7
    shared.PixelValueTransformationSequence = [rescale]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [Dataset(), Dataset()]

    assert (values_of(dataset, number=2) == STORED * 3.0 - 7).all()


def test_a_modality_lut_is_looked_up_and_clipped_at_its_ends() -> None:
    stored = np.array([[0, 9, 10], [11, 12, 500]], np.uint16)
    dataset = ct_image(0, stored, RescaleSlope=None, RescaleIntercept=None)
    dataset.ModalityLUTSequence = [lut([5, 50, 500], first=10)]

    assert values_of(dataset).tolist() == [[5, 5, 5], [50, 500, 500]]


@pytest.mark.parametrize("absent", ["RescaleSlope", "RescaleIntercept"])
def test_ct_without_rescale_is_refused_because_its_unit_is_unknown(absent: str) -> None:
    with pytest.raises(Undecodable, match="Hounsfield units are unknown"):
        values_of(ct_image(0, STORED, **{absent: None}))


def test_ct_in_another_unit_is_refused() -> None:
    with pytest.raises(Undecodable, match="not Hounsfield units"):
        values_of(ct_image(0, STORED, RescaleType="MGML"))


@pytest.mark.parametrize("slope", [0, "inf", "nan", "1e30"])
def test_a_rescale_that_cannot_be_applied_is_refused(slope: object) -> None:
    with pytest.raises(Undecodable, match="not a number that can be applied"):
        values_of(ct_image(0, STORED, RescaleSlope=slope))


def test_other_modalities_may_do_without_rescale() -> None:
    assert (values_of(radiograph(Modality="MR")) == STORED).all()


def test_padding_becomes_nan_and_nothing_else_does() -> None:
    values = values_of(ct_image(0, STORED, PixelPaddingValue=1))

    assert np.isnan(values).tolist() == [[False, True, False], [False, False, False]]


@pytest.mark.parametrize(("value", "limit"), [(1, 1024), (1024, 1)])
def test_a_padding_range_counts_in_either_direction(value: int, limit: int) -> None:
    values = values_of(ct_image(0, STORED, PixelPaddingValue=value, PixelPaddingRangeLimit=limit))

    assert np.isnan(values).tolist() == [[False, True, True], [True, False, False]]


def test_a_range_limit_without_a_padding_value_means_nothing() -> None:
    assert not np.isnan(values_of(ct_image(0, STORED, PixelPaddingRangeLimit=1024))).any()


@pytest.mark.parametrize("written", [-2000, 63536, b"\x30\xf8"])
def test_padding_is_found_whether_its_sign_was_written_or_lost(written: int | bytes) -> None:
    dataset = ct_image(0, np.array([[-2000, 0, 100]], np.int16))
    dataset.add_new("PixelPaddingValue", "OB" if isinstance(written, bytes) else "SL", written)

    assert np.isnan(values_of(dataset)).tolist() == [[True, False, False]]


def test_padding_is_compared_in_the_bits_that_count() -> None:
    stored = np.array([[0xF830, 0x0830, 5]], np.uint16).view(np.int16)

    values = values_of(ct_image(0, stored, BitsStored=12, HighBit=11, PixelPaddingValue=-2000))

    assert np.isnan(values).tolist() == [[True, True, False]]


def test_in_a_radiograph_high_means_bright() -> None:
    bright, dark = (
        radiograph(BitsStored=12, HighBit=11),
        radiograph(BitsStored=12, HighBit=11, PhotometricInterpretation="MONOCHROME1"),
    )

    assert (values_of(bright, is_projection=True) == STORED).all()
    assert (values_of(dark, is_projection=True) == 4095 - STORED.astype(float)).all()


def test_a_signed_radiograph_is_inverted_within_its_range() -> None:
    stored = np.array([[-128, -1, 0, 127]], np.int8)

    values = values_of(radiograph(stored, PhotometricInterpretation="MONOCHROME1"), is_projection=True)

    assert values.tolist() == [[127, 0, -1, -128]]


def test_inversion_comes_after_rescale_and_keeps_its_range() -> None:
    dataset = radiograph(
        np.array([[0, 255]], np.uint8),
        PhotometricInterpretation="MONOCHROME1",
        RescaleSlope=2,
        RescaleIntercept=10,
    )

    assert values_of(dataset, is_projection=True).tolist() == [[520, 10]]


def test_hounsfield_units_are_never_inverted() -> None:
    dataset = ct_image(0, STORED, PhotometricInterpretation="MONOCHROME1")

    assert (values_of(dataset) == STORED - 1024.0).all()


def test_padding_stays_nan_in_an_inverted_radiograph() -> None:
    dataset = radiograph(PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=0)

    assert np.isnan(values_of(dataset, is_projection=True)).sum() == 1
