"""Precision, recall and average precision, against their definitions and a known distribution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from tests.validation.metrics.test_roc import CASES, split
from validation.metrics.bootstrap import Method
from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.precision_recall import average_precision, precision_recall_curve
from validation.metrics.roc_curve import Ranking

pytestmark = pytest.mark.requirement("VAL-03")


def by_definition(scores: list[float], truth: list[int]) -> float:
    """The sum over thresholds of precision times the gain in recall."""
    total, before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        called = [t for s, t in zip(scores, truth, strict=True) if s >= threshold]
        recall = sum(called) / sum(truth)
        total += (recall - before) * sum(called) / len(called)
        before = recall
    return total


@given(CASES)
def test_average_precision_adds_precision_over_the_steps_of_recall(cases: list[tuple[int, bool]]) -> None:
    scores, truth = split(cases)
    try:
        estimate = average_precision(scores, truth, patients=np.arange(len(cases)), seed=1, replicates=20)
    except NotEstimable:
        return  # the same in every replicate

    assert estimate.value == pytest.approx(by_definition(list(scores), list(truth)), abs=1e-12)


def test_equal_scores_are_called_together() -> None:
    # One threshold: 2 of 4 called are diseased, whatever their order.
    options = {"patients": np.arange(6), "seed": 1, "replicates": 50}
    first = average_precision([2, 2, 2, 2, 1, 3], [1, 0, 1, 0, 0, 0], **options)  # type: ignore[arg-type]
    turned = average_precision([2, 2, 2, 2, 1, 3], [0, 1, 0, 1, 0, 0], **options)  # type: ignore[arg-type]

    assert first.value == turned.value == 2 / 5


@given(CASES, st.integers(0, 999))
def test_replicates_are_those_of_the_drawn_cases(cases: list[tuple[int, bool]], seed: int) -> None:
    scores, truth = split(cases)
    drawn = np.random.default_rng(seed).integers(0, len(cases), len(cases))
    if truth[drawn].all() or not truth[drawn].any():
        return

    diseased, healthy = Ranking.of(scores, truth).called(np.bincount(drawn, minlength=len(cases)))

    found, called = np.diff(diseased, prepend=0.0), diseased + healthy
    steps = sum(f / diseased[-1] * d / c for f, d, c in zip(found, diseased, called, strict=True) if c)
    assert steps == pytest.approx(by_definition(list(scores[drawn]), list(truth[drawn])), abs=1e-12)


@given(CASES)
def test_each_point_of_the_curve_is_what_its_threshold_gives(cases: list[tuple[int, bool]]) -> None:
    scores, truth = split(cases)

    curve = precision_recall_curve(scores, truth)

    assert list(curve.thresholds) == sorted(set(scores), reverse=True)
    for threshold, precision, recall in zip(curve.thresholds, curve.precision, curve.recall, strict=True):
        assert precision == pytest.approx(truth[scores >= threshold].mean())
        assert recall == pytest.approx((scores[truth == 1] >= threshold).mean())
    assert curve.precision[-1] == pytest.approx(curve.prevalence)


def test_only_the_order_of_scores_matters() -> None:
    random = np.random.default_rng(7)
    truth = np.repeat([0, 1], [60, 30])
    scores = np.round(random.normal(size=90) + truth, 1)
    options = {"patients": np.arange(90), "seed": 1, "replicates": 100}

    plain = average_precision(scores, truth, **options)  # type: ignore[arg-type]
    stretched = average_precision(np.exp(scores), truth, **options)  # type: ignore[arg-type]

    assert plain == stretched


# With 100 diseased cases the percentile interval is a little short: 0.925 of 400.
@pytest.mark.parametrize(("method", "diseased", "times"), [("percentile", 200, 500), ("BCa", 100, 400)])
def test_average_precision_covers_its_level(method: Method, diseased: int, times: int) -> None:
    random = np.random.default_rng(50)
    truth = np.repeat([0, 1], [2 * diseased, diseased])
    # In the population: precision where the diseased lie, a third of all cases.
    at = norm.ppf((np.arange(200_000) + 0.5) / 200_000) + 1.5
    found, false = norm.sf(at - 1.5) / 3, norm.sf(at) * 2 / 3
    population = float(np.mean(found / (found + false)))

    def estimate(seed: int) -> Estimate:
        return average_precision(
            random.normal(size=truth.size) + 1.5 * truth,
            truth,
            patients=np.arange(truth.size),
            seed=seed,
            replicates=199,
            method=method,
        )

    covered = [e.lower <= population <= e.upper for e in map(estimate, range(times))]

    assert 0.93 <= np.mean(covered) <= 0.97


@pytest.mark.parametrize("truth", [[0, 0, 0], [1, 1, 1]])
def test_precision_without_both_classes_is_not_estimable(truth: list[int]) -> None:
    with pytest.raises(NotEstimable, match="both classes"):
        precision_recall_curve([0.1, 0.2, 0.3], truth)
    with pytest.raises(NotEstimable, match="both classes"):
        average_precision([0.1, 0.2, 0.3], truth, patients=np.arange(3), seed=1)
