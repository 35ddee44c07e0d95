"""Pictures are made worse by stated amounts, and padding stays padding."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from samd.dicom.degradation import averaged, blurred, extent, noisy, stretched, turned

pytestmark = pytest.mark.requirement("VAL-10")


def plane(rows: int = 24, columns: int = 30, *, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(100, 20, (rows, columns)).astype(np.float32)


def padded() -> NDArray[np.float32]:
    values = plane()
    values[:4] = np.nan
    return values


def test_noise_has_the_stated_deviation_and_no_bias() -> None:
    added = noisy(np.zeros((200, 200), np.float32), deviation=7.0, seed="1.2.3")

    assert added.mean() == pytest.approx(0, abs=0.2)
    assert added.std() == pytest.approx(7, abs=0.1)


def test_noise_differs_from_image_to_image_and_only_in_strength_from_level_to_level() -> None:
    nothing = np.zeros((8, 8), np.float32)

    assert (noisy(nothing, deviation=1, seed="1.2.3") == noisy(nothing, deviation=1, seed="1.2.3")).all()
    assert (noisy(nothing, deviation=2, seed="1.2.3") == 2 * noisy(nothing, deviation=1, seed="1.2.3")).all()
    assert (noisy(nothing, deviation=1, seed="1.2.4") != noisy(nothing, deviation=1, seed="1.2.3")).all()


def test_values_are_stretched_about_the_middle() -> None:
    values = np.array([[0, 50, 100]], np.float32)

    assert stretched(values, percent=10, middle=50).tolist() == [[-5, 50, 105]]
    assert stretched(values, percent=-50, middle=50).tolist() == [[25, 50, 75]]


@pytest.mark.parametrize("deviations", [(0.05, 0.05), (1.0, 2.5), (9.0, 3.0)])
def test_blur_is_that_of_scipy(deviations: tuple[float, float]) -> None:
    expected = ndimage.gaussian_filter(plane().astype(float), deviations, mode="nearest")

    np.testing.assert_allclose(blurred(plane(), deviations=deviations), expected, rtol=1e-5)


def test_padding_stays_and_does_not_bleed() -> None:
    even = np.where(np.isnan(padded()), np.nan, 100).astype(np.float32)

    for altered in (
        noisy(padded(), deviation=1, seed="1"),
        stretched(padded(), percent=5, middle=0),
        blurred(padded(), deviations=(2, 2)),
        averaged([padded()] * 3, count=3)[1],
    ):
        assert (np.isnan(altered) == np.isnan(padded())).all()
    np.testing.assert_allclose(blurred(even, deviations=(2, 2)), even, rtol=1e-6)


def test_a_thick_slice_is_the_mean_of_its_neighbours() -> None:
    planes = [np.full((2, 2), value, np.float32) for value in (0, 3, 6, 90)]

    thick = averaged(planes, count=3)

    assert [float(values[0, 0]) for values in thick] == [1, 3, 33, 62]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turn_by_quarters_is_exact(quarters: int) -> None:
    values = plane(20, 20)

    np.testing.assert_allclose(turned(values, degrees=90 * quarters), np.rot90(values, quarters), rtol=1e-5)


def test_a_small_turn_is_that_of_scipy_and_brings_in_the_darkest_value() -> None:
    values = ndimage.gaussian_filter(plane(40, 40), 2).astype(np.float32)

    altered = turned(values, degrees=7)

    expected = ndimage.rotate(values.astype(float), 7, reshape=False, order=1, mode="nearest")
    np.testing.assert_allclose(altered[8:32, 8:32], expected[8:32, 8:32], rtol=1e-4)
    assert altered[0, 0] == values.min()


def test_an_image_of_padding_alone_has_no_extent() -> None:
    assert extent([padded(), np.full((2, 2), np.nan, np.float32)]) == (
        float(np.nanmin(padded())),
        float(np.nanmax(padded())),
    )
    with pytest.raises(ValueError, match="nothing but padding"):
        extent([np.full((2, 2), np.nan, np.float32)])
