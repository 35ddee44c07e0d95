"""The ROC area and its interval, against published figures and against cases known by hand."""

import csv
from pathlib import Path

import numpy as np
import pytest

from validation.metrics.estimate import NotEstimable
from validation.metrics.roc import auc, delong, operating_point, proportion

# pROC's own tests of its aSAH data: 41 poor and 72 good outcomes.
PUBLISHED = {
    "wfns": (0.823678861788618, 0.00146991470882363),
    "s100b": (0.731368563686, 0.00266868245717244),
    "ndka": (0.611957994579946, 0.0031908105493913),
}


def asah(folder: Path, marker: str) -> tuple[list[float], list[int]]:
    with (folder / "oracles" / "aSAH.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [float(row[marker]) for row in rows], [int(row["outcome"] == "Poor") for row in rows]


@pytest.mark.requirement("MOD-02")
@pytest.mark.parametrize("marker", PUBLISHED)
def test_area_and_variance_are_those_published_for_asah(shared_data: Path, marker: str) -> None:
    scores, truth = asah(shared_data, marker)

    area, variance = delong(scores, truth)

    # s100b is printed with twelve digits, the others with fifteen.
    assert area == pytest.approx(PUBLISHED[marker][0], abs=1e-12)
    assert variance == pytest.approx(PUBLISHED[marker][1], abs=1e-12)


@pytest.mark.requirement("MOD-02")
def test_the_interval_is_the_one_published_for_asah(shared_data: Path) -> None:
    estimate = auc(*asah(shared_data, "ndka"))

    assert estimate.lower == pytest.approx(0.501244999271703, abs=1e-12)
    assert estimate.upper == pytest.approx(0.722670989888189, abs=1e-12)
    assert (estimate.level, estimate.n) == (0.95, 113)


@pytest.mark.requirement("MOD-02")
def test_a_tie_counts_one_half() -> None:
    area, _ = delong([1.0, 2.0, 2.0, 3.0], [0, 0, 1, 1])

    # Pairs: 2>1, 2=2, 3>1, 3>2.
    assert area == (1 + 0.5 + 1 + 1) / 4


@pytest.mark.requirement("MOD-02")
def test_area_is_the_mean_over_all_pairs() -> None:
    random = np.random.default_rng(7)
    scores, truth = random.integers(0, 12, 200).astype(float), random.integers(0, 2, 200)
    pairs = scores[truth == 1][:, None] - scores[truth == 0][None]

    area, variance = delong(scores, truth)

    wins = (pairs > 0) + (pairs == 0) / 2
    assert area == pytest.approx(wins.mean(), abs=1e-12)
    by_definition = wins.mean(1).var(ddof=1) / len(pairs) + wins.mean(0).var(ddof=1) / pairs.shape[1]
    assert variance == pytest.approx(by_definition, abs=1e-14)


@pytest.mark.requirement("MOD-02")
def test_perfect_separation_has_an_interval_that_ends_at_one() -> None:
    estimate = auc([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])

    assert (estimate.value, estimate.lower, estimate.upper) == (1.0, 1.0, 1.0)


@pytest.mark.requirement("MOD-02")
@pytest.mark.parametrize("truth", [[0, 0, 0], [1, 1, 1], [0, 1, 1]])
def test_an_area_without_two_cases_of_each_class_is_not_estimable(truth: list[int]) -> None:
    with pytest.raises(NotEstimable, match="two cases of each class"):
        auc([0.1, 0.2, 0.3], truth)


@pytest.mark.requirement("MOD-02")
@pytest.mark.parametrize(
    ("scores", "truth"), [([0.1], [0, 1]), ([0.1, float("nan")], [0, 1]), ([0.1, 0.2], [0, 2])]
)
def test_scores_and_truth_that_do_not_fit_are_refused(scores: list[float], truth: list[int]) -> None:
    with pytest.raises(ValueError, match="scores"):
        delong(scores, truth)


@pytest.mark.requirement("MOD-02")
@pytest.mark.parametrize(
    ("count", "total", "lower", "upper"),
    [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
        (29, 29, 0.8806, 1.0),
    ],
)
def test_exact_intervals_of_proportions_are_those_published(
    count: int, total: int, lower: float, upper: float
) -> None:
    estimate = proportion(count, total)

    # Newcombe 1998, Statistics in Medicine 17:857, printed with four digits.
    assert estimate.lower == pytest.approx(lower, abs=5e-5)
    assert estimate.upper == pytest.approx(upper, abs=5e-5)


@pytest.mark.requirement("MOD-02")
def test_a_score_at_the_threshold_is_positive() -> None:
    point = operating_point([0.2, 0.5, 0.5, 0.9], [0, 0, 1, 1], threshold=0.5)

    assert (point.sensitivity.value, point.specificity.value) == (1.0, 0.5)


@pytest.mark.requirement("MOD-02")
def test_a_proportion_of_nothing_is_not_estimable() -> None:
    with pytest.raises(NotEstimable, match="no cases"):
        operating_point([0.2, 0.5], [1, 1], threshold=0.5)
