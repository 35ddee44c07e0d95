"""The fast bootstrap of ROC areas, against the general one and against cases drawn by patient."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from validation.metrics.bootstrap import Method, bootstrap
from validation.metrics.bootstrap_areas import bootstrap_auc, bootstrap_auc_difference
from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.roc import auc

pytestmark = pytest.mark.requirement("VAL-03")

METHODS = pytest.mark.parametrize("method", ["percentile", "BCa"])


def area(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Over all pairs."""
    pairs = scores[truth == 1][:, None] - scores[truth == 0][None]
    if not pairs.size:
        raise NotEstimable("a class is empty")
    return float(((pairs > 0) + (pairs == 0) / 2).mean())


def holds(estimate: Estimate, truth: float) -> bool:
    return estimate.lower <= truth <= estimate.upper


@METHODS
@given(
    cases=st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 15)), min_size=8, max_size=50),
    alone=st.booleans(),
    seed=st.integers(0, 999),
)
def test_the_fast_bootstrap_gives_what_the_general_one_gives(
    method: Method, cases: list[tuple[int, bool, int]], alone: bool, seed: int
) -> None:
    # In order of class and score both number the patients alike, and so draw the same ones.
    cases.sort(key=lambda case: (case[1], case[0]))
    scores, truth, patients = (np.array(column, dtype=int) for column in zip(*cases, strict=True))
    patients = np.arange(len(cases)) if alone else patients
    if not 2 <= truth.sum() <= len(cases) - 2:
        return

    def slow(drawn: NDArray[np.intp]) -> float:
        return area(scores[drawn].astype(float), truth[drawn])

    def outcome(of: str) -> Estimate | None:
        options = {"patients": patients, "seed": seed, "replicates": 60, "method": method}
        try:
            if of == "fast":
                return bootstrap_auc(scores, truth, **options)  # type: ignore[arg-type]
            return bootstrap(slow, strata=truth, **options)  # type: ignore[arg-type]
        except NotEstimable:
            return None

    fast, general = outcome("fast"), outcome("general")

    assert (fast is None) == (general is None)
    if fast is not None and general is not None:
        assert (fast.value, fast.lower, fast.upper) == pytest.approx(
            (general.value, general.lower, general.upper), abs=1e-9
        )
        assert (fast.n, fast.method, fast.seed) == (general.n, general.method, general.seed)


@METHODS
@pytest.mark.parametrize("diseased", [20, 90])
@pytest.mark.parametrize("cases_each", [1, 3])
def test_the_fast_difference_gives_what_the_general_one_gives(
    method: Method, diseased: int, cases_each: int
) -> None:
    random = np.random.default_rng(4)
    truth = np.repeat([0, 1], [120 - diseased, diseased])
    first = np.round(random.normal(size=120) + truth, 1)
    first = first[np.lexsort((first, truth))]
    second = np.round(first + random.normal(size=120), 1)
    patients = np.arange(120) // cases_each

    def slow(drawn: NDArray[np.intp]) -> float:
        return area(first[drawn], truth[drawn]) - area(second[drawn], truth[drawn])

    options = {"patients": patients, "seed": 9, "replicates": 150, "method": method}
    fast = bootstrap_auc_difference(first, second, truth, **options)  # type: ignore[arg-type]
    general = bootstrap(slow, strata=truth, **options)  # type: ignore[arg-type]

    assert (fast.value, fast.lower, fast.upper) == pytest.approx(
        (general.value, general.lower, general.upper), abs=1e-12
    )


@given(st.permutations(range(12)))
def test_the_order_of_the_cases_does_not_matter(order: list[int]) -> None:
    scores = np.array([1, 2, 3, 4, 5, 6, 4.5, 3.5, 2.5, 7, 8, 9])
    truth, patients = np.array([0] * 6 + [1] * 6), np.arange(12)

    plain = bootstrap_auc(scores, truth, patients=patients, seed=1, replicates=50)
    shuffled = bootstrap_auc(scores[order], truth[order], patients=patients[order], seed=1, replicates=50)

    assert plain == shuffled


def test_without_clusters_the_interval_is_close_to_that_of_delong() -> None:
    random = np.random.default_rng(5)
    truth = np.repeat([0, 1], [300, 200])
    scores = random.normal(size=500) + truth

    estimate = bootstrap_auc(scores, truth, patients=np.arange(500), seed=1, replicates=4000)

    delong = auc(scores, truth)
    assert estimate.value == pytest.approx(delong.value, abs=1e-12)
    assert estimate.lower == pytest.approx(delong.lower, abs=0.004)
    assert estimate.upper == pytest.approx(delong.upper, abs=0.004)


@METHODS
def test_the_area_of_clustered_patients_is_covered_where_delong_is_too_short(method: Method) -> None:
    random = np.random.default_rng(31)
    patients = np.repeat(np.arange(120), np.arange(120) % 4 + 1)
    truth = (patients >= 70).astype(int)
    population = norm.cdf(1 / np.sqrt(2))  # half of the variance is the patient's

    covered, short = [], []
    for seed in range(800):
        scores = random.normal(size=120)[patients] + random.normal(size=patients.size)
        scores = scores / np.sqrt(2) + truth
        estimate = bootstrap_auc(scores, truth, patients=patients, seed=seed, replicates=499, method=method)
        covered.append(holds(estimate, population))
        short.append(holds(auc(scores, truth), population))

    assert 0.93 <= np.mean(covered) <= 0.97
    assert np.mean(short) < 0.93


def test_the_difference_of_two_areas_is_covered() -> None:
    random = np.random.default_rng(32)
    patients = np.repeat(np.arange(130), 2)
    truth = (patients >= 70).astype(int)
    difference = norm.cdf(1.2 / np.sqrt(2)) - norm.cdf(0.7 / np.sqrt(2))

    def estimate(seed: int) -> Estimate:
        shared = random.normal(size=130)[patients]
        one, other = (
            (shared + random.normal(size=patients.size)) / np.sqrt(2) + shift * truth for shift in (1.2, 0.7)
        )
        return bootstrap_auc_difference(one, other, truth, patients=patients, seed=seed, replicates=399)

    assert 0.93 <= np.mean([holds(estimate(seed), difference) for seed in range(800)]) <= 0.97


def test_perfect_separation_has_no_bootstrap_interval() -> None:
    with pytest.raises(NotEstimable, match="nothing about its spread"):
        bootstrap_auc(np.arange(10), [0] * 5 + [1] * 5, patients=np.arange(10), seed=1, replicates=50)


@pytest.mark.parametrize("truth", [[0] * 6, [1] * 6, [0, 1, 1, 1, 1, 1]])
def test_an_area_without_two_cases_of_each_class_is_not_estimable(truth: list[int]) -> None:
    with pytest.raises(NotEstimable):
        bootstrap_auc(np.arange(6), truth, patients=np.arange(6), seed=1)


def test_patients_that_do_not_fit_the_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="one entry a case"):
        bootstrap_auc(np.arange(6), [0, 1] * 3, patients=np.arange(5), seed=1)
