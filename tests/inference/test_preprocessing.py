"""What a network is shown of an image."""

import numpy as np
import pytest

from samd.inference.preprocessing import centre_crop_resize, whole_hounsfield


@pytest.mark.requirement("MOD-02")
def test_an_image_of_the_right_size_only_changes_its_scale() -> None:
    plane = np.linspace(100, 1100, 28 * 28, dtype=np.float32).reshape(28, 28)

    prepared = centre_crop_resize(plane, size=28, low=0, high=100)

    np.testing.assert_allclose(prepared.values, (plane - 100) / 1000, atol=1e-6)


@pytest.mark.requirement("MOD-02")
@pytest.mark.parametrize("shape", [(40, 64), (64, 40)])
def test_the_centre_of_the_longer_side_is_seen(shape: tuple[int, int]) -> None:
    plane = np.zeros(shape, dtype=np.float32)

    prepared = centre_crop_resize(plane, size=20, low=1, high=99)

    assert prepared.values.shape == (20, 20)
    assert (prepared.height, prepared.width) == (40, 40)
    assert {prepared.top, prepared.left} == {0, 12}


@pytest.mark.requirement("MOD-02")
def test_neither_offset_nor_gain_of_the_detector_matters() -> None:
    plane = np.random.default_rng(0).random((90, 70), dtype=np.float32)

    prepared = centre_crop_resize(plane, size=28, low=1, high=99)
    louder = centre_crop_resize(plane * 4000 + 300, size=28, low=1, high=99)

    np.testing.assert_allclose(prepared.values, louder.values, atol=1e-4)
    assert prepared.values.min() == 0.0
    assert prepared.values.max() == 1.0


@pytest.mark.requirement("MOD-02")
def test_resizing_averages_what_becomes_one_pixel() -> None:
    checkerboard = np.indices((280, 280)).sum(axis=0) % 2
    plane = checkerboard.astype(np.float32)
    plane[:, 140:] += 1

    values = centre_crop_resize(plane, size=28, low=0, high=100).values

    # Without an antialiasing filter the checkerboard would show as stripes.
    assert np.ptp(values[2:-2, 2:10]) < 0.01


@pytest.mark.requirement("MOD-02")
def test_padding_is_dark_and_an_empty_image_stays_unknown() -> None:
    plane = np.full((28, 28), 500.0, dtype=np.float32)
    plane[10:18, 10:18] = 900
    plane[0] = np.nan

    prepared = centre_crop_resize(plane, size=28, low=1, high=99)

    assert prepared.values[0].max() == 0.0
    assert np.isnan(
        centre_crop_resize(np.full((5, 5), np.nan, np.float32), size=28, low=1, high=99).values
    ).all()


@pytest.mark.requirement("MOD-02")
def test_an_even_image_has_no_contrast() -> None:
    even = np.full((30, 30), 7.0, dtype=np.float32)

    assert not centre_crop_resize(even, size=28, low=1, high=99).values.any()


@pytest.mark.requirement("MOD-03")
def test_hounsfield_units_become_whole_and_stop_at_air() -> None:
    plane = np.array([[-29.6, -29.4, -3024.0, np.nan]], dtype=np.float32)

    values = whole_hounsfield(plane).values

    np.testing.assert_array_equal(values, np.array([[-30.0, -29.0, -1024.0, np.nan]], dtype=np.float32))
