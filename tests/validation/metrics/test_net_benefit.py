"""Net benefit: counts by hand, its bounds, and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, logit

from validation.metrics.estimate import NotEstimable
from validation.metrics.net_benefit import decision_curve, net_benefit
from validation.metrics.proportions import proportion

pytestmark = pytest.mark.requirement("VAL-05")

# Ten cases, four of them diseased.
P = [0.05, 0.1, 0.15, 0.2, 0.25, 0.4, 0.2, 0.5, 0.7, 0.9]
TRUTH = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]

Samples = tuple[NDArray[np.float64], NDArray[np.int64]]


def simulated(n: int, random: np.random.Generator) -> Samples:
    x = random.normal(-0.5, 1.5, n)
    return expit(x), (random.random(n) < expit(0.3 + 0.8 * x)).astype(np.int64)


def test_needed_acts_less_needless_ones_at_the_odds_of_the_threshold() -> None:
    found = net_benefit(P, TRUTH, threshold=0.2)

    # A case at the threshold is acted on: four of the diseased, three of the healthy.
    assert found.model.value == pytest.approx(4 / 10 - 3 / 10 / 4)
    assert found.treat_all.value == pytest.approx(4 / 10 - 6 / 10 / 4)
    assert found.over_all.value == pytest.approx(3 / 10 / 4)
    assert found.treat_none == 0.0
    assert (found.model.n, found.threshold) == (10, 0.2)


@given(st.integers(0, 1000), st.floats(0.01, 0.99))
def test_the_gain_over_treating_all_is_the_difference(seed: int, threshold: float) -> None:
    p, truth = simulated(40, np.random.default_rng(seed))

    for prevalence in (None, 0.1):
        found = net_benefit(p, truth, threshold=threshold, prevalence=prevalence)

        assert found.over_all.value == pytest.approx(found.model.value - found.treat_all.value)
        for estimate in (found.model, found.treat_all, found.over_all):
            assert estimate.lower <= estimate.value <= estimate.upper


@given(st.integers(0, 1000), st.floats(0.01, 0.99))
def test_the_prevalence_of_the_cases_gives_their_own_net_benefit(seed: int, threshold: float) -> None:
    p, truth = simulated(40, np.random.default_rng(seed))

    own = net_benefit(p, truth, threshold=threshold)
    stated = net_benefit(p, truth, threshold=threshold, prevalence=float(truth.mean()))

    assert stated.model.value == pytest.approx(own.model.value)
    assert stated.treat_all.value == pytest.approx(own.treat_all.value)
    assert stated.treat_all.method == "exact at the prevalence given"


def test_a_model_that_calls_all_is_treating_all() -> None:
    found = net_benefit(P, TRUTH, threshold=0.05)

    assert found.model == found.treat_all
    assert found.over_all.value == 0.0
    assert found.over_all.lower < 0 < found.over_all.upper


def test_the_interval_of_treating_all_is_that_of_the_prevalence() -> None:
    found = net_benefit(P, TRUTH, threshold=0.25).treat_all

    share = proportion(4, 10, method="Wilson")
    assert found.lower == pytest.approx(share.lower - (1 - share.lower) / 3)
    assert found.upper == pytest.approx(share.upper - (1 - share.upper) / 3)


def test_where_nothing_is_called_the_interval_still_has_a_width() -> None:
    found = net_benefit(P, TRUTH, threshold=0.95).model

    unseen = proportion(0, 10, method="Wilson").upper
    assert found.value == 0.0
    assert [found.lower, found.upper] == pytest.approx([-19 * unseen, unseen])


def test_a_curve_is_the_net_benefit_at_each_threshold() -> None:
    curve = decision_curve(P, TRUTH, thresholds=[0.1, 0.5], prevalence=0.2, level=0.9)

    assert curve == tuple(
        net_benefit(P, TRUTH, threshold=threshold, prevalence=0.2, level=0.9) for threshold in (0.1, 0.5)
    )


@pytest.mark.parametrize("prevalence", [None, 0.2])
def test_intervals_cover_as_they_say(prevalence: float | None) -> None:
    random, threshold = np.random.default_rng(29), 0.3
    p, _ = simulated(2_000_000, random)
    risk = expit(0.3 + 0.8 * logit(p))
    share = float(risk.mean()) if prevalence is None else prevalence
    found, alarms = np.mean(risk * (p >= threshold)), np.mean((1 - risk) * (p >= threshold))
    rate = threshold / (1 - threshold)
    model = share * found / risk.mean() - (1 - share) * rate * alarms / (1 - risk.mean())
    everyone = share - (1 - share) * rate
    covered = []
    for _ in range(3000):
        curve = net_benefit(*simulated(300, random), threshold=threshold, prevalence=prevalence)
        estimates = [(curve.model, model), (curve.over_all, model - everyone)]
        if prevalence is None:
            estimates.append((curve.treat_all, everyone))
        covered.append([estimate.lower <= true <= estimate.upper for estimate, true in estimates])

    assert (np.abs(np.mean(covered, axis=0) - 0.95) < 0.02).all()


def test_one_class_alone_has_no_net_benefit() -> None:
    for truth in ([0, 0], [1, 1]):
        with pytest.raises(NotEstimable, match="diseased and healthy"):
            net_benefit([0.2, 0.4], truth, threshold=0.3)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="probabilities lie between"):
        net_benefit([0.2, 1.4], [0, 1], threshold=0.3)
    for threshold in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="a threshold lies between"):
            net_benefit(P, TRUTH, threshold=threshold)
    for prevalence in (0.0, 1.0):
        with pytest.raises(ValueError, match="prevalence"):
            net_benefit(P, TRUTH, threshold=0.3, prevalence=prevalence)
    with pytest.raises(ValueError, match="same length"):
        net_benefit([0.2], [0, 1], threshold=0.3)
