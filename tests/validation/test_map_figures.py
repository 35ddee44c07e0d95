"""What maps have in common, where they lie, and what their means are worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import spearmanr

from validation.dataset import Box
from validation.map_figures import (
    energy_inside,
    mean_figure,
    points_inside,
    rank_correlation,
    relative_change,
    share_figure,
)
from validation.metrics.estimate import Estimate, NotEstimable

pytestmark = pytest.mark.requirement("VAL-09")

MAP = np.arange(12, dtype=np.float32).reshape(3, 4)
EVEN = np.ones((3, 4), np.float32)
MAPS = arrays(np.float32, (4, 5), elements=st.integers(0, 6).map(float))


def mean(values: list[float | None], patients: list[str] | None = None, *, most: float = 1) -> Estimate:
    patients = patients or [f"P{number}" for number in range(len(values))]
    return mean_figure(values, patients, bounds=(0, most), what="a map", level=0.95, seed=7, replicates=1000)


def share(hits: list[bool | None], patients: list[str] | None = None) -> Estimate:
    patients = patients or [f"P{number}" for number in range(len(hits))]
    return share_figure(hits, patients, what="a box", level=0.95, seed=7, replicates=1000)


@given(MAPS, MAPS)
def test_rank_correlation_is_that_of_scipy(one: NDArray[np.float32], other: NDArray[np.float32]) -> None:
    found = rank_correlation(one, other)

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(one.ravel(), other.ravel()).statistic, abs=1e-9)


def test_rank_correlation_sees_order_and_nothing_else() -> None:
    assert rank_correlation(MAP, np.exp(MAP)) == pytest.approx(1)
    assert rank_correlation(MAP, -MAP) == pytest.approx(-1)
    assert rank_correlation(MAP, EVEN) is None
    with pytest.raises(ValueError, match="cannot be compared"):
        rank_correlation(MAP, MAP.T)


def test_a_change_is_a_share_of_what_was() -> None:
    assert relative_change(MAP, MAP) == 0
    assert relative_change(MAP, 1.5 * MAP) == pytest.approx(0.5)
    assert relative_change(MAP, 0 * MAP) == 1
    with pytest.raises(ValueError, match="0 everywhere"):
        relative_change(0 * MAP, MAP)


def test_the_pointing_game_asks_for_the_centre_of_the_highest_pixel() -> None:
    assert points_inside(MAP, [Box(3, 2, 4, 3)]) is True
    assert points_inside(MAP, [Box(0, 0, 1, 1), Box(3.4, 2.4, 3.6, 2.6)]) is True
    assert points_inside(MAP, [Box(3.6, 2, 4, 3)]) is False
    assert points_inside(MAP, []) is None
    assert points_inside(EVEN, [Box(0, 0, 4, 3)]) is None


def test_energy_is_the_positive_attribution_inside_the_boxes_each_pixel_once() -> None:
    assert energy_inside(MAP, [Box(0, 2, 4, 3)]) == pytest.approx(38 / 66)
    assert energy_inside(MAP, [Box(0, 2, 4, 3), Box(3, 2, 4, 3)]) == pytest.approx(38 / 66)
    assert energy_inside(MAP - 10, [Box(0, 2, 4, 3)]) == 1
    assert energy_inside(MAP, []) is None
    assert energy_inside(-MAP, [Box(0, 2, 4, 3)]) is None


def test_a_mean_leaves_out_what_is_not_defined_and_says_how_many() -> None:
    found = mean([0.2, None, 0.4, 0.9, None])

    assert found.value == pytest.approx(0.5)
    assert found.lower < 0.5 < found.upper
    assert (found.n, found.seed, found.level) == (3, 7, 0.95)
    assert found.method.endswith("; 2 without a map left out")


def test_a_mean_of_equal_values_has_an_exact_interval_and_none_without_bounds() -> None:
    found = mean([0.5] * 4)

    sure = 0.025 ** (1 / 4)
    assert (found.value, found.n) == (0.5, 4)
    assert found.lower == pytest.approx(0.5 * sure)
    assert found.upper == pytest.approx(0.5 * sure + 1 - sure)
    with pytest.raises(NotEstimable, match="no bound"):
        mean([0.5] * 4, most=np.inf)


def test_cases_of_one_patient_count_once() -> None:
    assert mean([0.5] * 4, ["P1", "P1", "P2", "P2"]).n == 2
    assert mean([0.1, 0.2, 0.8, 0.9, 0.5, 0.4], ["P1", "P1", "P2", "P2", "P3", "P3"]).n == 3


def test_a_share_is_exact_and_by_patients_where_they_have_several_cases() -> None:
    alone = share([True, True, True, None, False])
    together = share([True, True, True, False, False, True], ["P1", "P1", "P2", "P2", "P3", "P3"])

    assert (alone.value, alone.n) == (0.75, 4)
    assert alone.lower == pytest.approx(0.1941, abs=1e-4)
    assert alone.upper == pytest.approx(0.9937, abs=1e-4)
    assert alone.method == "Clopper-Pearson; 1 without a box left out"
    assert together.n == 3
    assert "bootstrap" in together.method


def test_where_nothing_is_defined_there_is_no_figure() -> None:
    with pytest.raises(NotEstimable, match="no case has a map"):
        mean([None, None])
    with pytest.raises(NotEstimable, match="no case has a box"):
        share([])
