"""The ROC curve and what is read from it, against published figures and against counting by hand."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from tests.validation.metrics.test_roc import CASES, asah, split
from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.roc import delong
from validation.metrics.roc_curve import (
    Ranking,
    curve,
    partial_auc,
    simultaneous_band,
    threshold_for_sensitivity,
    threshold_for_specificity,
    youden_threshold,
)

pytestmark = pytest.mark.requirement("VAL-03")

Side = Literal["specificity", "sensitivity"]


def part(
    scores: NDArray[np.float64] | list[float],
    truth: NDArray[np.int64] | list[int],
    over: Side,
    between: tuple[float, float],
    *,
    standardised: bool = False,
) -> Estimate:
    return partial_auc(
        scores,
        truth,
        over=over,
        between=between,
        standardised=standardised,
        patients=np.arange(len(truth)),
        seed=1,
        replicates=20,
    )


@pytest.mark.parametrize(
    ("over", "area"), [("specificity", 0.0334417344173442), ("sensitivity", 0.0400999322493225)]
)
def test_partial_areas_are_those_published_for_asah(shared_data: Path, over: Side, area: float) -> None:
    scores, truth = asah(shared_data, "wfns")

    assert part(scores, truth, over, (1, 0.9)).value == pytest.approx(area, abs=1e-15)


@given(CASES)
def test_each_point_of_the_curve_is_what_its_threshold_gives(cases: list[tuple[int, bool]]) -> None:
    scores, truth = split(cases)

    points = curve(scores, truth)

    assert (points.sensitivity[0], points.specificity[0]) == (0, 1)
    assert (points.sensitivity[-1], points.specificity[-1]) == (1, 0)
    assert list(points.thresholds[1:]) == sorted(set(scores), reverse=True)
    for threshold, sensitivity, specificity in zip(
        points.thresholds, points.sensitivity, points.specificity, strict=True
    ):
        assert sensitivity == pytest.approx((scores[truth == 1] >= threshold).mean())
        assert specificity == pytest.approx((scores[truth == 0] < threshold).mean())


@given(CASES, st.data())
def test_the_area_of_weighted_cases_is_that_of_repeated_ones(
    cases: list[tuple[int, bool]], data: st.DataObject
) -> None:
    scores, truth = split(cases)
    times = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(cases), max_size=len(cases))))
    drawn, of = np.repeat(scores, times), np.repeat(truth, times)
    wins = drawn[of == 1][:, None] - drawn[of == 0][None]

    ranking = Ranking.of(scores, truth)

    if wins.size:
        assert ranking.area(times) == pytest.approx(((wins > 0) + (wins == 0) / 2).mean(), abs=1e-12)
    else:
        with pytest.raises(NotEstimable):
            ranking.area(times)


@pytest.mark.parametrize("over", ["specificity", "sensitivity"])
@given(cases=CASES, cut=st.floats(0.01, 0.99))
def test_partial_areas_add_up_to_the_whole(over: Side, cases: list[tuple[int, bool]], cut: float) -> None:
    scores, truth = split(cases)
    try:
        left, right = part(scores, truth, over, (0, cut)), part(scores, truth, over, (cut, 1))
    except NotEstimable:
        return  # the part is the same in every replicate

    whole = delong(scores, truth).values[0]

    assert left.value + right.value == pytest.approx(whole, abs=1e-12)
    assert 0 <= left.value <= cut + 1e-12


@pytest.mark.parametrize("over", ["specificity", "sensitivity"])
def test_a_partial_area_is_that_under_straight_lines(over: Side) -> None:
    random = np.random.default_rng(6)
    truth = np.repeat([0, 1], [40, 30])
    scores = np.round(random.normal(size=70) + truth, 1)

    found = part(scores, truth, over, (0.55, 0.85)).value

    points = curve(scores, truth)
    along, height = (points.specificity[::-1], points.sensitivity[::-1])
    if over == "sensitivity":
        along, height = points.sensitivity, points.specificity
    fine = np.linspace(0.55, 0.85, 600_001)
    assert found == pytest.approx(np.interp(fine, along, height).mean() * 0.3, abs=1e-6)


@pytest.mark.parametrize("over", ["specificity", "sensitivity"])
def test_a_standardised_partial_area_is_one_half_for_chance_and_one_for_a_perfect_score(over: Side) -> None:
    chance = part(np.tile(np.arange(8.0), 2), [0] * 8 + [1] * 8, over, (0.6, 0.9), standardised=True)
    random = np.random.default_rng(9)
    scores, truth = np.append(random.normal(size=50), random.normal(2.5, size=50)), [0] * 50 + [1] * 50
    good = part(scores, truth, over, (0.6, 0.9), standardised=True)

    # McClish 1989: the part has the area .3 at most, and .075 under the diagonal.
    plain = part(scores, truth, over, (0.6, 0.9)).value
    assert chance.value == pytest.approx(0.5, abs=1e-12)
    assert good.value == pytest.approx((1 + (plain - 0.075) / (0.3 - 0.075)) / 2, abs=1e-12)


def test_a_partial_area_covers_its_level() -> None:
    random = np.random.default_rng(40)
    truth = np.repeat([0, 1], [150, 150])
    rates = np.linspace(0, 0.2, 20_001)
    population = float(np.mean(norm.sf(norm.isf(rates[1:]) - 1)) * 0.2)

    def estimate(seed: int) -> Estimate:
        return partial_auc(
            random.normal(size=300) + truth,
            truth,
            over="specificity",
            between=(0.8, 1),
            patients=np.arange(300),
            seed=seed,
            replicates=199,
        )

    covered = [e.lower <= population <= e.upper for e in map(estimate, range(400))]

    assert 0.93 <= np.mean(covered) <= 0.97


def test_the_band_holds_the_whole_true_curve_at_least_as_often_as_it_says() -> None:
    random = np.random.default_rng(41)
    truth = np.repeat([0, 1], [80, 60])
    rates = np.linspace(0, 1, 101)
    population = norm.sf(norm.isf(rates) - 1)

    def holds() -> bool:
        band = simultaneous_band(curve(random.normal(size=140) + truth, truth), points=101)
        assert band.specificity == pytest.approx(1 - rates)
        return bool(((band.lower <= population) & (population <= band.upper)).all())

    # Massart's bound and the rectangle make it conservative, so that there is no upper bound.
    assert np.mean([holds() for _ in range(1000)]) >= 0.95


def test_the_band_lies_around_the_curve() -> None:
    random = np.random.default_rng(42)
    truth = np.repeat([0, 1], 100)
    points = curve(np.round(random.normal(size=200) + truth, 1), truth)

    band = simultaneous_band(points, points=51)

    for sensitivity, specificity in zip(points.sensitivity, points.specificity, strict=True):
        at = np.flatnonzero(np.isclose(band.specificity, specificity, atol=1e-9))
        assert (band.lower[at] <= sensitivity).all()
        assert (band.upper[at] >= sensitivity).all()


@given(CASES, st.floats(0, 1))
def test_a_threshold_for_a_wanted_share_is_the_best_one_that_reaches_it(
    cases: list[tuple[int, bool]], wanted: float
) -> None:
    scores, truth = split(cases)
    points = curve(scores, truth)
    offered = [np.inf, *sorted(set(scores), reverse=True)]

    sensitive = [t for t in offered if (scores[truth == 1] >= t).mean() >= wanted]
    specific = [t for t in offered if 1 - (scores[truth == 0] >= t).mean() >= wanted]

    assert threshold_for_sensitivity(points, wanted) == max(sensitive)
    assert threshold_for_specificity(points, wanted) == min(specific)


@given(CASES)
def test_youdens_threshold_has_the_greatest_sum(cases: list[tuple[int, bool]]) -> None:
    scores, truth = split(cases)

    def index(threshold: float) -> float:
        return float((scores[truth == 1] >= threshold).mean() + (scores[truth == 0] < threshold).mean())

    best = youden_threshold(curve(scores, truth))

    assert index(best) == pytest.approx(max(index(t) for t in [np.inf, *scores]), abs=1e-12)


def test_a_curve_without_both_classes_is_not_estimable() -> None:
    with pytest.raises(NotEstimable, match="both classes"):
        curve([0.1, 0.2], [1, 1])


@pytest.mark.parametrize("between", [(0.5, 0.5), (-0.1, 0.5), (0.9, 1.1)])
def test_a_part_that_is_none_is_refused(between: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="partial area"):
        part([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1], "specificity", between)


def test_a_wanted_share_above_one_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted share"):
        threshold_for_sensitivity(curve([0.1, 0.2], [0, 1]), 1.2)
