"""The bootstrap over patients, against slow drawings by hand and against known distributions."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from validation.metrics.bootstrap import DRAWS_AT_ONCE, Method, Plan, bootstrap, interval, multiplicities
from validation.metrics.estimate import Estimate, NotEstimable

pytestmark = pytest.mark.requirement("VAL-03")

VALUES = np.random.default_rng(3).normal(size=40)
ALONE, TOGETHER = np.arange(40), np.zeros(40)


def mean(cases: NDArray[np.intp]) -> float:
    return float(VALUES[cases].mean())


def holds(estimate: Estimate, truth: float) -> bool:
    return estimate.lower <= truth <= estimate.upper


def test_the_same_seed_gives_the_same_interval_and_is_recorded() -> None:
    first, again, other = (
        bootstrap(mean, patients=ALONE, strata=TOGETHER, seed=seed, replicates=200) for seed in (5, 5, 6)
    )

    assert first == again
    assert first.seed == 5
    assert (first.lower, first.upper) != (other.lower, other.upper)
    assert first.value == pytest.approx(VALUES.mean())
    assert first.n == 40
    assert "200 replicates" in first.method


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=2, max_size=30),
    st.integers(0, 2**32 - 1),
)
def test_patients_are_drawn_whole_and_as_many_of_each_class_as_there_are(
    cases: list[tuple[int, int]], seed: int
) -> None:
    patients, truth = (np.array(column) for column in zip(*cases, strict=True))
    stratum = {patient: truth[patients == patient].max() for patient in patients}
    seen: list[NDArray[np.intp]] = []

    def look(drawn: NDArray[np.intp]) -> float:
        seen.append(drawn)
        return float(len(seen))

    try:
        bootstrap(look, patients=patients, strata=truth, seed=seed, replicates=5)
    except NotEstimable:
        assert 1 in np.bincount(list(stratum.values()))
        return

    assert sorted(seen[-1]) == list(range(len(cases)))
    for drawn in seen[:-1]:
        times = np.bincount(drawn, minlength=len(cases))
        of_patient = {patient: set(times[patients == patient]) for patient in stratum}
        assert all(len(counts) == 1 for counts in of_patient.values())
        for value in set(stratum.values()):
            mine = [patient for patient in stratum if stratum[patient] == value]
            assert sum(of_patient[patient].copy().pop() for patient in mine) == len(mine)


def test_a_case_is_drawn_as_often_as_chance_has_it() -> None:
    plan = Plan.of(np.arange(50), np.repeat([0, 1], [20, 30]))

    pieces = list(multiplicities(plan, seed=8, replicates=20_000))
    counts = np.concatenate([np.concatenate(piece, axis=1) for piece in pieces])

    assert counts.shape == (20_000, 50)
    assert (counts[:, :20].sum(axis=1) == 20).all()
    assert (counts[:, 20:].sum(axis=1) == 30).all()
    # Binomial: 20 draws of 1 in 20, mean 1 and variance 0.95.
    assert counts[:, :20].mean(axis=0) == pytest.approx(1, abs=0.04)
    assert counts[:, :20].var() == pytest.approx(0.95, abs=0.01)


def test_draws_come_in_pieces_of_bounded_size() -> None:
    plan = Plan.of(np.arange(1000), np.zeros(1000))

    for piece in multiplicities(plan, seed=8, replicates=300):
        assert piece[0].size <= DRAWS_AT_ONCE


def test_the_percentile_limits_are_those_of_the_sorted_replicates() -> None:
    plan = Plan.of(ALONE, TOGETHER)
    values = np.random.default_rng(1).permutation(999) / 10

    estimate = interval(50.0, values, lambda: np.zeros(40), plan, seed=1, method="percentile", level=0.95)

    # The 25th and the 975th of 999.
    assert (estimate.lower, estimate.upper) == pytest.approx((2.4, 97.4))


def test_bca_is_the_formula_of_efron() -> None:
    plan = Plan.of(ALONE, TOGETHER)
    values = np.random.default_rng(2).gamma(3, size=1999)
    without = np.array([(VALUES.sum() - value) / 39 for value in VALUES]) ** 3

    estimate = interval(2.5, values, lambda: without, plan, seed=1, method="BCa", level=0.9)

    # Efron and Tibshirani 1993, equations 14.9 to 14.15.
    bias = norm.ppf(np.mean(values < 2.5))
    away = without.mean() - without
    acceleration = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    z = bias + norm.ppf([0.05, 0.95])
    tails = norm.cdf(bias + z / (1 - acceleration * z))
    assert acceleration != 0
    assert (estimate.lower, estimate.upper) == pytest.approx(
        np.quantile(values, tails, method="weibull"), abs=1e-12
    )


def test_bca_leaves_out_one_patient_at_a_time() -> None:
    patients, seen = np.repeat(np.arange(20), 2), []

    def look(cases: NDArray[np.intp]) -> float:
        seen.append(cases)
        return mean(cases)

    bootstrap(look, patients=patients, strata=TOGETHER, seed=1, replicates=100, method="BCa")

    left_out = [set(range(40)) - set(cases) for cases in seen[-20:]]
    assert left_out == [{2 * patient, 2 * patient + 1} for patient in range(20)]


@pytest.mark.parametrize("method", ["percentile", "BCa"])
def test_a_figure_of_clustered_patients_is_covered(method: Method) -> None:
    random = np.random.default_rng(30)
    patients = np.repeat(np.arange(60), np.arange(60) % 3 + 1)

    def estimate(seed: int) -> Estimate:
        values = random.normal(size=60)[patients] + random.normal(size=patients.size) / 2

        def mean_of(cases: NDArray[np.intp]) -> float:
            return float(values[cases].sum() / cases.size)

        return bootstrap(
            mean_of,
            patients=patients,
            strata=np.zeros(patients.size),
            seed=seed,
            replicates=299,
            method=method,
        )

    assert 0.93 <= np.mean([holds(estimate(seed), 0.0) for seed in range(600)]) <= 0.97


def now_and_then(share: float) -> Callable[[NDArray[np.intp]], float]:
    """A mean that is not defined for about a `share` of draws."""
    random = np.random.default_rng(1)

    def statistic(cases: NDArray[np.intp]) -> float:
        if cases.size != np.unique(cases).size and random.random() < share:
            raise NotEstimable("not for these cases")
        return mean(cases)

    return statistic


def test_a_few_replicates_without_a_value_are_counted() -> None:
    estimate = bootstrap(now_and_then(0.003), patients=ALONE, strata=TOGETHER, seed=1, replicates=2000)

    undefined = int(estimate.method.split(", ")[-1].split(" ")[0])
    assert 0 < undefined <= 20


def test_more_than_one_in_a_hundred_replicates_without_a_value_are_refused() -> None:
    with pytest.raises(NotEstimable, match="of 2000 bootstrap replicates have no value"):
        bootstrap(now_and_then(0.05), patients=ALONE, strata=TOGETHER, seed=1, replicates=2000)


def test_a_single_patient_of_a_class_cannot_be_drawn_anew() -> None:
    truth = np.zeros(40)
    truth[[3, 4]] = 1
    patients = ALONE.copy()
    patients[4] = 3

    with pytest.raises(NotEstimable, match="single patient"):
        bootstrap(mean, patients=patients, strata=truth, seed=1, replicates=100)


def test_replicates_that_are_all_the_same_give_no_interval() -> None:
    with pytest.raises(NotEstimable, match="nothing about its spread"):
        bootstrap(lambda _cases: 1.0, patients=ALONE, strata=TOGETHER, seed=1, replicates=100)


def test_a_figure_that_is_no_number_is_refused() -> None:
    with pytest.raises(NotEstimable, match="of all cases is nan"):
        bootstrap(lambda _cases: float("nan"), patients=ALONE, strata=TOGETHER, seed=1, replicates=10)


def test_bca_needs_replicates_on_both_sides_of_the_value() -> None:
    def spread(cases: NDArray[np.intp]) -> float:
        return float(np.unique(cases).size)

    with pytest.raises(NotEstimable, match="on one side"):
        bootstrap(spread, patients=ALONE, strata=TOGETHER, seed=1, replicates=100, method="BCa")


@pytest.mark.parametrize(
    ("patients", "options"),
    [
        (np.arange(39), {}),
        (ALONE, {"replicates": 0}),
        (ALONE, {"method": "studentized"}),
        (ALONE, {"level": 1.5}),
        (ALONE, {"seed": -1}),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    patients: NDArray[np.int64], options: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        bootstrap(
            mean,
            **{"patients": patients, "strata": TOGETHER, "seed": 1, "replicates": 100, **options},  # type: ignore[arg-type]
        )
