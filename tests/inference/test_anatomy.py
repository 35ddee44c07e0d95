"""Body and lungs of axial planes that are known by construction."""

import numpy as np
import pytest
from numpy.typing import NDArray

from samd.inference.anatomy import regions
from samd.inference.tissue import Region

AIR, FAT, LUNG, TISSUE = -1000, -100, -850, 40
SPACING = (2.0, 2.0)


def trunk() -> NDArray[np.float32]:
    """A body of 100 x 140 mm in air, 128 x 128 pixels of 2 mm."""
    plane = np.full((128, 128), AIR, dtype=np.float32)
    plane[40:90, 30:100] = TISSUE
    return plane


@pytest.mark.requirement("MOD-03")
def test_the_body_keeps_its_corners_and_nothing_else_is_body() -> None:
    found = regions(trunk(), pixel_spacing=SPACING)

    expected = np.zeros((128, 128), dtype=np.uint8)
    expected[40:90, 30:100] = Region.BODY
    np.testing.assert_array_equal(found, expected)


@pytest.mark.requirement("MOD-03")
@pytest.mark.parametrize("gap", [0, 3], ids=["touching the skin", "below a mattress"])
def test_the_shell_of_a_table_is_not_body(gap: int) -> None:
    plane = trunk()
    plane[90 + gap : 92 + gap, 5:123] = 300  # a shell of 4 mm

    found = regions(plane, pixel_spacing=SPACING)

    beyond = found.copy()
    beyond[40:92, 28:102] = 0  # what touches the skin may count up to 3 mm from it
    assert not beyond.any()


@pytest.mark.requirement("MOD-03")
def test_an_arm_beside_the_trunk_is_body_and_a_cable_is_not() -> None:
    plane = trunk()
    plane[50:75, 105:125] = TISSUE
    plane[10:13, 60:63] = 2000

    found = regions(plane, pixel_spacing=SPACING)

    assert (found[50:75, 105:125] == Region.BODY).all()
    assert not found[:20].any()


@pytest.mark.requirement("MOD-03")
def test_lung_is_air_inside_the_body_with_the_vessels_left_to_the_body() -> None:
    plane = trunk()
    plane[50:80, 40:65] = LUNG
    plane[60:63, 50:53] = TISSUE

    found = regions(plane, pixel_spacing=SPACING)

    assert np.count_nonzero(found == Region.LUNG) == 30 * 25 - 9
    assert (found[60:63, 50:53] == Region.BODY).all()


@pytest.mark.requirement("MOD-03")
def test_gas_without_tissue_is_not_lung_even_with_noise() -> None:
    plane = trunk()
    noise = np.random.default_rng(1).normal(0, 30, (30, 25))
    plane[50:80, 40:65] = AIR + noise

    assert not (regions(plane, pixel_spacing=SPACING) == Region.LUNG).any()


@pytest.mark.requirement("MOD-03")
def test_an_emphysematous_lung_is_still_lung() -> None:
    plane = trunk()
    plane[50:80, 40:65] = LUNG
    plane[50:70, 40:65] = -980  # two thirds of it destroyed

    assert np.count_nonzero(regions(plane, pixel_spacing=SPACING) == Region.LUNG) == 30 * 25


@pytest.mark.requirement("MOD-03")
def test_a_small_pocket_of_mixed_gas_is_not_lung() -> None:
    plane = trunk()
    plane[50:62, 40:60] = LUNG  # 9.6 cm2

    assert not (regions(plane, pixel_spacing=SPACING) == Region.LUNG).any()


@pytest.mark.requirement("MOD-03")
def test_padding_around_a_round_field_of_view_is_outside() -> None:
    plane = trunk()
    plane[:30] = np.nan

    assert not regions(plane, pixel_spacing=SPACING)[:30].any()


@pytest.mark.requirement("MOD-03")
@pytest.mark.parametrize(("fill", "region"), [(AIR, Region.OUTSIDE), (TISSUE, Region.BODY), (np.nan, 0)])
def test_a_plane_of_one_value_is_all_one_region(fill: float, region: int) -> None:
    plane = np.full((64, 64), fill, dtype=np.float32)

    assert (regions(plane, pixel_spacing=SPACING) == region).all()


@pytest.mark.requirement("MOD-03")
def test_sizes_are_in_millimetres_not_in_pixels() -> None:
    limb = np.full((128, 128), AIR, dtype=np.float32)
    limb[40:60, 40:60] = TISSUE

    assert regions(limb, pixel_spacing=(2.0, 2.0)).any(), "40 mm: a limb"
    assert not regions(limb, pixel_spacing=(1.0, 1.0)).any(), "20 mm: a tube"
