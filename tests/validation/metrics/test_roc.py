"""ROC areas, their intervals and comparisons, against published figures and against all pairs of cases."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.roc import (
    auc,
    compare_paired,
    compare_unpaired,
    delong,
    midranks,
    operating_point,
    placements,
)

pytestmark = pytest.mark.requirement("VAL-03")

# pROC's own tests of its aSAH data: 41 poor and 72 good outcomes.
PUBLISHED = {
    "wfns": (0.823678861788618, 0.00146991470882363),
    "s100b": (0.731368563686, 0.00266868245717244),
    "ndka": (0.611957994579946, 0.0031908105493913),
}
COVARIANCES = {
    ("wfns", "s100b"): 0.00119615567376754,
    ("wfns", "ndka"): -0.000532967856762438,
    ("ndka", "s100b"): -0.000756164938056579,
}
PAIRED = {
    ("wfns", "s100b"): (2.20898359144091, 0.0271757822291882),
    ("wfns", "ndka"): (2.79777591868904, 0.00514557970691098),
    ("ndka", "s100b"): (-1.39077002573558, 0.164295175223054),
}
# Few different scores make ties, a truth without both classes twice is left to other tests.
CASES = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=4, max_size=60).filter(
    lambda cases: 2 <= sum(truth for _, truth in cases) <= len(cases) - 2
)


def asah(folder: Path, marker: str) -> tuple[list[float], list[int]]:
    with (folder / "oracles" / "aSAH.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [float(row[marker]) for row in rows], [int(row["outcome"] == "Poor") for row in rows]


def wins_of(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each diseased (row) and healthy case (column) 1, one half or 0."""
    pairs = scores[truth == 1][:, None] - scores[truth == 0][None]
    return (pairs > 0) + (pairs == 0) / 2


def split(cases: list[tuple[int, bool]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    return np.array([score for score, _ in cases], float), np.array([truth for _, truth in cases], int)


def holds(estimate: Estimate, truth: float) -> bool:
    return estimate.lower <= truth <= estimate.upper


@pytest.mark.requirement("MOD-02")
@pytest.mark.parametrize("marker", PUBLISHED)
def test_area_and_variance_are_those_published_for_asah(shared_data: Path, marker: str) -> None:
    areas = delong(*asah(shared_data, marker))

    # s100b is printed with twelve digits, the others with fifteen.
    assert areas.values[0] == pytest.approx(PUBLISHED[marker][0], abs=1e-12)
    assert areas.covariance[0, 0] == pytest.approx(PUBLISHED[marker][1], abs=1e-12)
    assert (areas.diseased, areas.healthy) == (41, 72)


@pytest.mark.parametrize("markers", COVARIANCES)
def test_covariances_are_those_published_for_asah(shared_data: Path, markers: tuple[str, str]) -> None:
    first, truth = asah(shared_data, markers[0])
    second, _ = asah(shared_data, markers[1])

    areas = delong([first, second], truth)

    assert areas.covariance[0, 1] == pytest.approx(COVARIANCES[markers], abs=1e-15)
    assert areas.covariance[1, 0] == areas.covariance[0, 1]
    assert areas.values == pytest.approx([PUBLISHED[marker][0] for marker in markers], abs=1e-12)
    assert areas.covariance.diagonal() == pytest.approx([PUBLISHED[m][1] for m in markers], abs=1e-12)


@pytest.mark.requirement("MOD-02")
@pytest.mark.parametrize(
    ("marker", "lower", "upper", "digits"),
    [
        ("wfns", 0.748535, 0.898823, 5e-7),
        ("s100b", 0.630118, 0.832619, 5e-7),
        ("ndka", 0.501244999271703, 0.722670989888189, 1e-14),
    ],
)
def test_the_interval_is_the_one_published_for_asah(
    shared_data: Path, marker: str, lower: float, upper: float, digits: float
) -> None:
    estimate = auc(*asah(shared_data, marker))

    assert estimate.lower == pytest.approx(lower, abs=digits)
    assert estimate.upper == pytest.approx(upper, abs=digits)
    assert (estimate.level, estimate.n) == (0.95, 113)


@pytest.mark.parametrize("markers", PAIRED)
def test_paired_comparisons_are_those_published_for_asah(shared_data: Path, markers: tuple[str, str]) -> None:
    first, truth = asah(shared_data, markers[0])
    second, _ = asah(shared_data, markers[1])

    comparison = compare_paired(first, second, truth)

    assert comparison.statistic == pytest.approx(PAIRED[markers][0], abs=1e-13)
    assert comparison.p == pytest.approx(PAIRED[markers][1], abs=1e-14)
    assert comparison.degrees_of_freedom is None
    spread = np.sqrt(PUBLISHED[markers[0]][1] * PUBLISHED[markers[1]][1])
    assert comparison.correlation == pytest.approx(COVARIANCES[markers] / spread, abs=1e-12)


def test_the_interval_of_a_paired_difference_is_the_one_published_for_asah(shared_data: Path) -> None:
    wfns, truth = asah(shared_data, "wfns")
    s100b, _ = asah(shared_data, "s100b")

    difference = compare_paired(wfns, s100b, truth).difference

    assert difference.lower == pytest.approx(0.0104061769564846, abs=1e-14)
    assert difference.upper == pytest.approx(0.174214419249478, abs=1e-14)


def test_the_unpaired_comparison_is_the_one_published_for_asah(shared_data: Path) -> None:
    comparison = compare_unpaired(asah(shared_data, "wfns"), asah(shared_data, "s100b"))

    assert comparison.statistic == pytest.approx(1.43490640926908, abs=1e-13)
    assert comparison.p == pytest.approx(0.152825378808796, abs=1e-13)
    assert comparison.difference.n == 226
    assert comparison.difference.lower < 0 < comparison.difference.upper


@pytest.mark.requirement("MOD-02")
def test_a_tie_counts_one_half() -> None:
    areas = delong([1.0, 2.0, 2.0, 3.0], [0, 0, 1, 1])

    # Pairs: 2>1, 2=2, 3>1, 3>2.
    assert areas.values[0] == (1 + 0.5 + 1 + 1) / 4


@given(CASES)
def test_area_variance_and_placements_are_those_over_all_pairs(cases: list[tuple[int, bool]]) -> None:
    scores, truth = split(cases)
    wins = wins_of(scores, truth)

    areas, shares = delong(scores, truth), placements(scores, truth)

    assert areas.values[0] == pytest.approx(wins.mean(), abs=1e-12)
    by_definition = wins.mean(1).var(ddof=1) / len(wins) + wins.mean(0).var(ddof=1) / wins.shape[1]
    assert areas.covariance[0, 0] == pytest.approx(by_definition, abs=1e-14)
    assert shares[truth == 1] == pytest.approx(wins.mean(1), abs=1e-12)
    assert shares[truth == 0] == pytest.approx(wins.mean(0), abs=1e-12)


@given(CASES, st.randoms(use_true_random=False))
def test_the_covariance_of_markers_is_that_over_all_pairs(
    cases: list[tuple[int, bool]], random: object
) -> None:
    one, truth = split(cases)
    other, third = np.array(random.sample(list(one), len(one))), -one  # type: ignore[attr-defined]
    rows = [wins_of(scores, truth) for scores in (one, other, third)]

    areas = delong([one, other, third], truth)

    by_definition = np.cov([wins.mean(1) for wins in rows]) / len(rows[0])
    by_definition += np.cov([wins.mean(0) for wins in rows]) / rows[0].shape[1]
    assert areas.covariance == pytest.approx(by_definition, abs=1e-14)


@given(CASES)
def test_only_the_order_of_scores_matters(cases: list[tuple[int, bool]]) -> None:
    scores, truth = split(cases)

    plain, stretched = delong(scores, truth), delong(np.exp(scores / 2) - 7, truth)

    assert plain.values[0] == stretched.values[0]
    assert plain.covariance[0, 0] == stretched.covariance[0, 0]


@given(CASES)
def test_swapping_the_classes_turns_the_area_round(cases: list[tuple[int, bool]]) -> None:
    scores, truth = split(cases)

    plain, swapped = delong(scores, truth), delong(scores, 1 - truth)

    assert swapped.values[0] == pytest.approx(1 - plain.values[0], abs=1e-12)
    assert swapped.covariance[0, 0] == pytest.approx(plain.covariance[0, 0], abs=1e-14)


@given(st.lists(st.integers(0, 9), min_size=1))
def test_equal_values_share_their_mean_rank(values: list[int]) -> None:
    ranks = midranks(np.array(values, float))

    for value, rank in zip(values, ranks, strict=True):
        below, equal = sum(v < value for v in values), values.count(value)
        assert rank == below + (equal + 1) / 2


def test_the_interval_of_an_area_covers_its_level() -> None:
    random = np.random.default_rng(20)
    truth = np.repeat([0, 1], [70, 40])

    covered = [
        holds(auc(random.normal(size=110) + 1.2 * truth, truth), norm.cdf(1.2 / np.sqrt(2)))
        for _ in range(3000)
    ]

    assert 0.93 <= np.mean(covered) <= 0.97


def test_the_interval_of_a_paired_difference_covers_its_level() -> None:
    random = np.random.default_rng(21)
    truth = np.repeat([0, 1], [60, 50])
    difference = norm.cdf(1.3 / np.sqrt(2)) - norm.cdf(0.8 / np.sqrt(2))

    def estimate() -> Estimate:
        shared = random.normal(size=110) * np.sqrt(0.6)
        one, other = (shared + random.normal(size=110) * np.sqrt(0.4) for _ in range(2))
        return compare_paired(one + 1.3 * truth, other + 0.8 * truth, truth).difference

    assert 0.93 <= np.mean([holds(estimate(), difference) for _ in range(2000)]) <= 0.97


def test_the_interval_of_an_unpaired_difference_covers_its_level() -> None:
    random = np.random.default_rng(22)
    truth, other = np.repeat([0, 1], [60, 50]), np.repeat([0, 1], [30, 30])
    difference = norm.cdf(1.3 / np.sqrt(2)) - norm.cdf(0.8 / np.sqrt(2))

    def estimate() -> Estimate:
        first = random.normal(size=110) + 1.3 * truth, truth
        second = random.normal(size=60) + 0.8 * other, other
        return compare_unpaired(first, second).difference

    assert 0.93 <= np.mean([holds(estimate(), difference) for _ in range(2000)]) <= 0.97


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


def test_a_second_marker_is_checked_as_the_first_is() -> None:
    with pytest.raises(ValueError, match="finite"):
        delong([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, float("nan"), 4.0]], [0, 1, 0, 1])
    with pytest.raises(ValueError, match="same length"):
        compare_paired([1.0, 2.0, 3.0, 4.0], [1.0, 2.0], [0, 1, 0, 1])
    with pytest.raises(ValueError, match="one score"):
        compare_unpaired(([[1.0, 2.0, 3.0, 4.0]] * 2, [0, 1, 0, 1]), ([1.0, 2.0, 3.0, 4.0], [0, 1, 0, 1]))


def test_markers_that_order_all_cases_alike_cannot_be_compared() -> None:
    scores, truth = np.array([1.0, 2.0, 3.0, 4.0, 2.5]), [0, 1, 0, 1, 1]

    with pytest.raises(NotEstimable, match="no variance"):
        compare_paired(scores, scores * 3, truth)


def test_a_marker_without_variance_has_no_correlation() -> None:
    comparison = compare_paired([1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 2.0, 4.0], [0, 0, 1, 1])

    assert comparison.correlation is None


@pytest.mark.requirement("MOD-02")
def test_a_score_at_the_threshold_is_positive() -> None:
    point = operating_point([0.2, 0.5, 0.5, 0.9], [0, 0, 1, 1], threshold=0.5)

    assert (point.sensitivity.value, point.specificity.value) == (1.0, 0.5)


@pytest.mark.requirement("MOD-02")
def test_a_proportion_of_nothing_is_not_estimable() -> None:
    with pytest.raises(NotEstimable, match="no cases"):
        operating_point([0.2, 0.5], [1, 1], threshold=0.5)
