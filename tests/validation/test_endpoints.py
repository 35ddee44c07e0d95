"""Every figure that a protocol may name, against counts by hand, and its hypothesis."""

from typing import Any

import numpy as np
import pytest

from tests.validation.builders import case, protocol, result
from validation.answers import Answers, answers
from validation.dataset import Truth
from validation.endpoints import METRICS, OF_MEASUREMENTS, OF_SEGMENTATIONS, estimate, hypothesis
from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.hypotheses import Aim, Better
from validation.protocol import Endpoint, Goal, Population

pytestmark = pytest.mark.requirement("VAL-07", "VAL-01")


def endpoint(metric: str, **changes: Any) -> Endpoint:
    return Endpoint(name=metric, metric=metric, of="finding", **changes)


def scored(*, per_patient: int = 1, comparator: bool = False) -> Answers:
    """80 cases, half of them diseased and on the whole with higher scores; two gave no result."""
    random = np.random.default_rng(1)
    labels = [number % 2 for number in range(80)]
    scores = [float(np.clip(random.normal(0.4 + 0.25 * label, 0.2), 0.01, 0.99)) for label in labels]
    cases = [
        case(
            f"c{number}",
            label,
            patient=f"p{number // (2 * per_patient)}-{label}" if per_patient > 1 else f"p{number}",
        )
        for number, label in enumerate(labels)
    ]
    results = {f"c{n}": result(f"c{n}", None if n in {3, 10} else score) for n, score in enumerate(scores)}
    others = {
        f"c{n}": result(f"c{n}", float(np.clip(score + random.normal(0, 0.1), 0.01, 0.99)))
        for n, score in enumerate(scores)
    }
    return answers("finding", cases, results, others if comparator else None)


def measured(*factors: float) -> Answers:
    """Cases whose true value is 100 and whose measured values are `factors` of it."""
    cases = [case(f"c{n}", truth=Truth(measurements={"finding": 100.0})) for n in range(len(factors))]
    results = {
        f"c{n}": result(f"c{n}", measurements={"finding": 100 * factor}) for n, factor in enumerate(factors)
    }
    return answers("finding", cases, results)


def value(metric: str, of: Answers, **changes: Any) -> Estimate:
    return estimate(endpoint(metric, **changes), of, protocol())


def test_proportions_are_those_counted_by_hand() -> None:
    of = scored()
    diseased, present = of.truth == 1, of.score >= 0.5  # a nan is not present

    assert value("sensitivity", of).value == (diseased & present).sum() / diseased.sum()
    lost = np.isnan(of.score) & ~diseased
    assert value("specificity", of).value == (~diseased & ~present & ~lost).sum() / (~diseased).sum()
    assert value("analysable", of).value == 78 / 80
    assert value("sensitivity", of, population=Population.PER_PROTOCOL).n == 39


@pytest.mark.parametrize("metric", sorted(METRICS.keys() - OF_MEASUREMENTS - OF_SEGMENTATIONS))
def test_every_figure_of_scores_has_an_interval_around_it(metric: str) -> None:
    found = value(metric, scored(comparator=True), at=0.3)

    assert found.lower <= found.value <= found.upper
    assert found.level == 0.95
    assert 0 < found.n <= 80


@pytest.mark.parametrize(
    "metric", ["AUC", "AUC difference", "sensitivity", "specificity", "average precision"]
)
def test_several_cases_of_a_patient_take_their_interval_from_patients(metric: str) -> None:
    found = value(metric, scored(per_patient=4, comparator=True))

    assert "bootstrap" in found.method
    assert found.seed == 7


def test_a_figure_that_knows_no_clusters_says_so_rather_than_too_short_an_interval() -> None:
    with pytest.raises(NotEstimable, match="several cases"):
        value("LR+", scored(per_patient=4))


def test_agreement_is_in_percent_of_the_true_value() -> None:
    of = measured(0.98, 1.0, 1.02, 1.04)

    assert value("bias in percent", of).value == pytest.approx(1.0)
    low, high = (value(f"{side} limit of agreement in percent", of).value for side in ("lower", "upper"))
    assert (low + high) / 2 == pytest.approx(1.0)
    assert low < -2 < 4 < high


def test_a_lost_measurement_makes_agreement_not_estimable_unless_the_protocol_leaves_it_out() -> None:
    cases = [case(f"c{n}", truth=Truth(measurements={"finding": 10.0})) for n in range(4)]
    said = {f"c{n}": result(f"c{n}", measurements={"finding": 10.0 + n}) for n in range(3)}
    of = answers("finding", cases, said)

    with pytest.raises(NotEstimable, match="1 cases gave no measurement"):
        value("bias in percent", of)
    assert value("bias in percent", of, population=Population.PER_PROTOCOL).n == 3


def test_a_figure_without_what_it_needs_is_not_estimable() -> None:
    with pytest.raises(NotEstimable, match="at which prevalence"):
        value("PPV at prevalence", scored())


@pytest.mark.parametrize(
    ("goal", "aim", "better"),
    [
        (Goal.AT_LEAST, Aim.GOAL, Better.HIGHER),
        (Goal.AT_MOST, Aim.GOAL, Better.LOWER),
        (Goal.WITHIN, Aim.EQUIVALENCE, Better.HIGHER),
        (Goal.NON_INFERIOR, Aim.NON_INFERIORITY, Better.HIGHER),
        (Goal.SUPERIOR, Aim.SUPERIORITY, Better.HIGHER),
    ],
)
def test_a_goal_is_a_hypothesis_at_the_alpha_of_its_interval(goal: Goal, aim: Aim, better: Better) -> None:
    claim = hypothesis(endpoint("AUC", goal=goal, limit=0.1, level=0.9))

    assert claim is not None
    assert (claim.aim, claim.better) == (aim, better)
    assert claim.alpha == pytest.approx(0.05)
    assert claim.limit == (0.0 if goal is Goal.SUPERIOR else 0.1)


def test_what_is_described_is_not_judged() -> None:
    assert hypothesis(endpoint("AUC")) is None


def overlapping(*dice: float | None) -> Answers:
    """Cases with a segmentation of this Dice; None is a case without a result."""
    truth = Truth(segmentations={"finding": "truth.seg"})
    cases = [case(f"c{n}", truth=truth) for n in range(len(dice))]
    results = {
        f"c{n}": result(f"c{n}", overlaps={"finding": {"Dice": one, "NSD at 2 mm": one, "HD95": 10 * one}})
        for n, one in enumerate(dice)
        if one is not None
    }
    return answers("finding", cases, results)


def test_a_segmentation_that_is_missing_has_a_dice_of_zero_and_no_distance() -> None:
    of = overlapping(0.9, 0.8, None)

    assert value("Dice", of).value == pytest.approx((0.9 + 0.8) / 3)
    assert value("Dice", of, population=Population.PER_PROTOCOL).value == pytest.approx(0.85)
    assert value("NSD", overlapping(0.9, 0.8), at=2.0).value == pytest.approx(0.85)
    assert value("HD95", overlapping(0.9, 0.8)).value == pytest.approx(8.5)
    with pytest.raises(NotEstimable, match="no worst value"):
        value("HD95", of)
    with pytest.raises(NotEstimable, match="tolerance"):
        value("NSD", of)
