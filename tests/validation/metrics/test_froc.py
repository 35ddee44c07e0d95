"""FROC, AFROC and wAFROC: against a published analysis, loops over all pairs, and cases known by hand."""

from itertools import product
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.validation.metrics.published import MODALITIES, READERS, federica
from validation.metrics.estimate import NotEstimable
from validation.metrics.froc import (
    Figure,
    accuracies,
    afroc_curve,
    area,
    froc_curve,
    inferred_readings,
    sensitivity_at,
)
from validation.metrics.marks import UNMARKED, Marks, equal_weights
from validation.metrics.mrmc import random_readers_and_cases
from validation.metrics.mrmc_variation import variation

pytestmark = pytest.mark.requirement("VAL-04")

FIGURES = get_args(Figure)


def drawn(seed: int, *, healthy: int = 5, diseased: int = 6) -> Marks:
    """Few different ratings, so that there are ties, and much that is not marked."""
    random = np.random.default_rng(seed)
    weights = equal_weights([0] * healthy + random.integers(1, 4, diseased).tolist())
    lesions = random.integers(0, 4, weights.shape).astype(float)
    lesions[(weights == 0) | (random.uniform(size=weights.shape) < 0.3)] = UNMARKED
    non_lesions = random.integers(0, 4, (healthy + diseased, 3)).astype(float)
    non_lesions[random.uniform(size=non_lesions.shape) < 0.6] = UNMARKED
    return Marks(non_lesions, lesions, weights)


def by_definition(marks: Marks, figure: Figure) -> float:
    """(1 / (K1 sum L)) sum sum psi(highest false mark of a healthy case, rating of a lesion)."""
    total = weight = 0.0
    healthy = [case for case in range(len(marks.weights)) if not marks.diseased[case]]
    for case, lesion in product(range(len(marks.weights)), range(marks.weights.shape[1])):
        if marks.weights[case, lesion] == 0:
            continue
        counts = marks.weights[case, lesion] if figure == "wAFROC" else 1.0
        weight += counts
        for other in healthy:
            false, true = max(marks.non_lesions[other]), marks.lesions[case, lesion]
            total += counts * (1.0 if true > false else 0.5 if true == false else 0.0)
    return total / (weight * len(healthy))


@pytest.mark.parametrize(
    ("figure", "means"),
    [
        ("AFROC", [0.73612676, 0.74753521, 0.70660211, 0.75802817, 0.70324824]),
        ("wAFROC", [0.75321875, 0.760075, 0.72260417, 0.76925417, 0.714375]),
    ],
)
def test_areas_are_as_published_for_federica(shared_data: Path, figure: Figure, means: list[float]) -> None:
    found = accuracies(federica(shared_data), figure=figure, modalities=MODALITIES, readers=READERS)

    assert found.values.mean(axis=1) == pytest.approx(means, abs=5.01e-9)


def test_weighted_areas_are_compared_as_published_for_federica(shared_data: Path) -> None:
    found = accuracies(federica(shared_data), figure="wAFROC", modalities=MODALITIES, readers=READERS)

    varied, compared = variation(found), random_readers_and_cases(found)

    assert found.values[0] == pytest.approx([0.77926667, 0.72489167, 0.703625, 0.80509167], abs=5e-9)
    assert varied.error == pytest.approx(9.2808e-4, abs=5e-9)
    assert [varied.cov1, varied.cov2, varied.cov3] == pytest.approx(
        [4.22036e-4, 3.36156e-4, 3.04311e-4], abs=5e-10
    )
    assert compared.test.statistic == pytest.approx(7.800300, abs=5e-7)
    assert compared.test.df2 == pytest.approx(36.7933, abs=5e-5)
    assert compared.test.p == pytest.approx(1.17105e-4, abs=5e-10)


@pytest.mark.parametrize("figure", FIGURES)
@given(seed=st.integers(0, 10_000))
def test_an_area_is_the_share_of_pairs_that_the_lesion_wins(figure: Figure, seed: int) -> None:
    marks = drawn(seed)

    assert area(marks, figure=figure).value == pytest.approx(by_definition(marks, figure))


@pytest.mark.parametrize("figure", FIGURES)
@given(seed=st.integers(0, 10_000))
def test_an_area_is_that_under_its_curve(figure: Figure, seed: int) -> None:
    marks = drawn(seed)

    curve = afroc_curve(marks, figure=figure)

    x, y = np.append(curve.false_positives, 1.0), np.append(curve.sensitivity, 1.0)
    under = float(((y[1:] + y[:-1]) / 2 * np.diff(x)).sum())
    assert area(marks, figure=figure).value == pytest.approx(under)


@pytest.mark.parametrize("figure", FIGURES)
@given(seed=st.integers(0, 10_000))
def test_the_interval_of_an_area_is_that_of_leaving_out_each_case(figure: Figure, seed: int) -> None:
    marks = drawn(seed)
    count = len(marks.weights)
    without = [by_definition(marks.of(np.delete(np.arange(count), case)), figure) for case in range(count)]

    found = accuracies(
        Marks(marks.non_lesions[None, None], marks.lesions[None, None], marks.weights),
        figure=figure,
        modalities=("1",),
        readers=("a",),
    )

    assert found.covariance.item() == pytest.approx(np.var(without) * (count - 1), abs=1e-12)


@given(st.integers(0, 10_000))
def test_a_froc_curve_counts_the_marks_at_or_above_each_rating(seed: int) -> None:
    marks = drawn(seed)

    curve = froc_curve(marks)

    lesions = marks.lesions[marks.weights > 0]
    for threshold, false_positives, sensitivity in zip(
        curve.thresholds, curve.false_positives, curve.sensitivity, strict=True
    ):
        assert false_positives == (marks.non_lesions >= threshold).sum() / len(marks.weights)
        assert sensitivity == (lesions >= threshold).sum() / len(lesions)


@given(st.integers(0, 10_000), st.floats(0, 3))
def test_the_sensitivity_at_a_rate_is_the_greatest_that_keeps_to_it(seed: int, rate: float) -> None:
    marks = drawn(seed)
    curve = froc_curve(marks)

    point = sensitivity_at(marks, false_positives_per_case=rate)

    assert point.false_positives_per_case <= rate
    assert point.sensitivity.value == curve.sensitivity[curve.false_positives <= rate].max()


def test_the_interval_of_a_sensitivity_leaves_out_each_case_with_lesions() -> None:
    marks = Marks(
        np.empty((4, 0)),
        np.array([[9.0, 9.0], [9.0, UNMARKED], [9.0, UNMARKED], [UNMARKED, UNMARKED]]),
        np.array([[0.5, 0.5], [0.5, 0.5], [1.0, 0.0], [0.0, 0.0]]),
    )

    found = sensitivity_at(marks, false_positives_per_case=0.0).sensitivity

    # 4 of 5 lesions; without each case 2/3, 3/3 and 3/4.
    variance = np.var([2 / 3, 1, 3 / 4]) * 2
    assert (found.value, found.n) == (0.8, 3)
    assert found.lower == pytest.approx(0.8 - 1.959963984540054 * np.sqrt(variance))
    assert found.upper == 1.0


@pytest.mark.parametrize(("rating", "lower", "upper"), [(UNMARKED, 0.0, 0.6024), (1.0, 0.3976, 1.0)])
def test_where_no_lesion_or_every_lesion_is_found_the_interval_is_exact(
    rating: float, lower: float, upper: float
) -> None:
    marks = Marks(np.empty((4, 0)), np.full((4, 2), rating), np.full((4, 2), 0.5))

    found = sensitivity_at(marks, false_positives_per_case=0.0).sensitivity

    assert [found.lower, found.upper] == pytest.approx([lower, upper], abs=5e-5)


def test_where_the_highest_rating_makes_too_many_false_marks_nothing_is_marked() -> None:
    marks = Marks(np.full((4, 1), 9.0), np.full((4, 1), 9.0), np.ones((4, 1)))

    point = sensitivity_at(marks, false_positives_per_case=0.5)

    assert (point.threshold, point.false_positives_per_case, point.sensitivity.value) == (np.inf, 0.0, 0.0)


def test_a_reading_without_any_mark_is_worth_as_much_as_chance() -> None:
    """All lesions and all healthy cases tie at -inf."""
    blank = drawn(1)
    blank = Marks(
        np.full_like(blank.non_lesions, UNMARKED), np.full_like(blank.lesions, UNMARKED), blank.weights
    )

    assert area(blank, figure="wAFROC").value == 0.5
    assert froc_curve(blank).thresholds.tolist() == [np.inf]


def test_a_false_mark_on_a_diseased_case_counts_in_froc_alone() -> None:
    marks = drawn(4)
    more = marks.non_lesions.copy()
    more[marks.diseased, 0] = 9.0
    noisy = Marks(more, marks.lesions, marks.weights)

    assert area(noisy, figure="AFROC") == area(marks, figure="AFROC")
    assert froc_curve(noisy).false_positives[-1] > froc_curve(marks).false_positives[-1]


def test_highest_ratings_make_an_roc_reading() -> None:
    marks = drawn(2)

    several = inferred_readings(
        Marks(marks.non_lesions[None, None], marks.lesions[None, None], marks.weights),
        modalities=("1",),
        readers=("a",),
    )

    assert several.ratings.shape == (1, 1, 11)
    assert several.truth.sum() == 6


@pytest.mark.parametrize("figure", FIGURES)
def test_an_area_without_healthy_cases_is_not_estimable(figure: Figure) -> None:
    with pytest.raises(NotEstimable, match="6 diseased and 0 healthy"):
        area(drawn(1, healthy=0), figure=figure)
    with pytest.raises(NotEstimable, match="needs healthy cases"):
        afroc_curve(drawn(1, healthy=0), figure=figure)


def test_a_curve_without_a_lesion_is_not_estimable() -> None:
    with pytest.raises(NotEstimable, match="no lesion"):
        froc_curve(drawn(1, diseased=0))


def test_a_single_case_with_lesions_partly_found_has_no_interval() -> None:
    marks = Marks(np.empty((1, 0)), np.array([[1.0, UNMARKED]]), np.full((1, 2), 0.5))

    with pytest.raises(NotEstimable, match="two cases with lesions"):
        sensitivity_at(marks, false_positives_per_case=0.0)


@pytest.mark.parametrize("rate", [-0.1, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate of false positives"):
        sensitivity_at(drawn(1), false_positives_per_case=rate)


def test_a_curve_of_several_readings_and_an_unknown_figure_are_refused() -> None:
    marks = drawn(1)
    several = Marks(marks.non_lesions[None], marks.lesions[None], marks.weights)

    with pytest.raises(ValueError, match="one reading"):
        froc_curve(several)
    with pytest.raises(ValueError, match="AFROC or wAFROC"):
        area(marks, figure="FROC")  # type: ignore[arg-type]
