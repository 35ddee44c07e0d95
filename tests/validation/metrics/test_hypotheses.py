"""A hypothesis is decided by where its interval lies, and says so in one line."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.hypotheses import (
    Aim,
    Better,
    Decision,
    Hypothesis,
    Verdict,
    decide,
    decide_in_sequence,
    joint_verdict,
    superiority_after,
)

pytestmark = pytest.mark.requirement("VAL-06")

GOAL = Hypothesis("sensitivity", Aim.GOAL, 0.85)
NOT_WORSE = Hypothesis("AUC", Aim.NON_INFERIORITY, 0.05)


def between(lower: float, upper: float, level: float = 0.95) -> Estimate:
    return Estimate((lower + upper) / 2, lower, upper, level, 100, "by hand")


@pytest.mark.parametrize(
    ("aim", "limit", "better", "lower", "upper", "verdict"),
    [
        (Aim.GOAL, 0.85, Better.HIGHER, 0.851, 0.95, Verdict.MET),
        (Aim.GOAL, 0.85, Better.HIGHER, 0.849, 0.95, Verdict.NOT_MET),
        (Aim.GOAL, 2.0, Better.LOWER, 1.0, 1.99, Verdict.MET),
        (Aim.GOAL, 2.0, Better.LOWER, 1.0, 2.01, Verdict.NOT_MET),
        (Aim.NON_INFERIORITY, 0.05, Better.HIGHER, -0.049, 0.02, Verdict.MET),
        (Aim.NON_INFERIORITY, 0.05, Better.HIGHER, -0.051, 0.20, Verdict.NOT_MET),
        (Aim.NON_INFERIORITY, 0.05, Better.LOWER, -0.30, 0.049, Verdict.MET),
        (Aim.NON_INFERIORITY, 0.05, Better.LOWER, -0.30, 0.051, Verdict.NOT_MET),
        (Aim.SUPERIORITY, 0.0, Better.HIGHER, 0.001, 0.1, Verdict.MET),
        (Aim.SUPERIORITY, 0.0, Better.HIGHER, -0.001, 0.1, Verdict.NOT_MET),
        (Aim.SUPERIORITY, 0.0, Better.LOWER, -0.1, -0.001, Verdict.MET),
        (Aim.EQUIVALENCE, 0.05, Better.HIGHER, -0.049, 0.049, Verdict.MET),
        (Aim.EQUIVALENCE, 0.05, Better.HIGHER, -0.051, 0.0, Verdict.NOT_MET),
        (Aim.EQUIVALENCE, 0.05, Better.HIGHER, 0.0, 0.051, Verdict.NOT_MET),
    ],
)
def test_the_verdict_is_where_the_interval_lies(
    aim: Aim, limit: float, better: Better, lower: float, upper: float, verdict: Verdict
) -> None:
    hypothesis = Hypothesis("figure", aim, limit, better)

    assert decide(hypothesis, between(lower, upper)).verdict is verdict


@pytest.mark.parametrize(
    ("hypothesis", "estimate"),
    [
        (GOAL, between(0.85, 0.9)),
        (NOT_WORSE, between(-0.05, 0.1)),
        (Hypothesis("AUC", Aim.SUPERIORITY), between(0.0, 0.1)),
        (Hypothesis("AUC", Aim.EQUIVALENCE, 0.05), between(-0.05, 0.05)),
        (GOAL, Estimate(0.9, -inf, inf, 0.95, 100, "by hand")),
    ],
)
def test_a_bound_on_the_limit_does_not_pass_it(hypothesis: Hypothesis, estimate: Estimate) -> None:
    assert decide(hypothesis, estimate).verdict is Verdict.NOT_MET


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0.01, 0.5))
def test_lower_is_better_is_the_mirror_of_higher_is_better(value: float, reach: float, margin: float) -> None:
    worse_if_less = Hypothesis("f", Aim.NON_INFERIORITY, margin)
    worse_if_more = Hypothesis("f", Aim.NON_INFERIORITY, margin, Better.LOWER)

    there = decide(worse_if_less, between(value - reach, value + reach))
    mirrored = decide(worse_if_more, between(-value - reach, -value + reach))

    assert there.verdict is mirrored.verdict


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0.01, 0.5))
def test_equivalence_is_non_inferiority_both_ways(value: float, reach: float, margin: float) -> None:
    estimate = between(value - reach, value + reach)

    both = [
        decide(Hypothesis("f", Aim.NON_INFERIORITY, margin, way), estimate).verdict is Verdict.MET
        for way in Better
    ]

    equivalent = decide(Hypothesis("f", Aim.EQUIVALENCE, margin), estimate)
    assert (equivalent.verdict is Verdict.MET) == all(both)


def test_alpha_says_which_interval_decides() -> None:
    assert GOAL.level == pytest.approx(0.95)
    assert Hypothesis("sensitivity", Aim.GOAL, 0.85, alpha=0.05).level == pytest.approx(0.9)
    with pytest.raises(ValueError, match=r"alpha 0\.025 belongs to an interval at 0\.95"):
        decide(GOAL, between(0.86, 0.9, level=0.9))


def test_a_figure_that_is_not_estimable_has_no_verdict_but_a_reason() -> None:
    decision = decide(GOAL, NotEstimable("there is no diseased case"))

    assert (decision.verdict, decision.estimate) == (Verdict.NOT_ESTIMABLE, None)
    line = "sensitivity, performance goal: not estimable: there is no diseased case."
    assert str(decision) == line


def test_a_bound_that_is_no_number_has_no_verdict() -> None:
    decision = decide(GOAL, Estimate(0.9, nan, 0.95, 0.95, 10, "by hand"))

    assert decision.verdict is Verdict.NOT_ESTIMABLE


def test_an_interval_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match="above the upper"):
        decide(GOAL, between(0.95, 0.9))


@pytest.mark.parametrize(
    ("hypothesis", "estimate", "line"),
    [
        (
            GOAL,
            Estimate(0.9121, 0.8712, 0.9438, 0.95, 263, "Clopper-Pearson"),
            (
                "sensitivity, performance goal: met. 0.9121 (95 % interval 0.8712 to 0.9438, n = 263): "
                "the lower bound 0.8712 lies above 0.85, at one-sided alpha 0.025."
            ),
        ),
        (
            Hypothesis("Hausdorff distance, mm", Aim.NON_INFERIORITY, 0.5, Better.LOWER, alpha=0.05),
            Estimate(0.2, -0.2, 0.6, 0.9, 40, "normal"),
            (
                "Hausdorff distance, mm, non-inferiority: not met. 0.2 (90 % interval -0.2 to 0.6, n = 40): "
                "the upper bound 0.6 does not lie below 0.5, at one-sided alpha 0.05."
            ),
        ),
        (
            Hypothesis("AUC", Aim.EQUIVALENCE, 0.05),
            Estimate(0.0, -0.04, 0.04, 0.95, 40, "normal"),
            (
                "AUC, equivalence: met. 0 (95 % interval -0.04 to 0.04, n = 40): "
                "the interval lies between -0.05 and 0.05, at one-sided alpha 0.025."
            ),
        ),
    ],
)
def test_a_decision_is_one_plain_line(hypothesis: Hypothesis, estimate: Estimate, line: str) -> None:
    assert str(decide(hypothesis, estimate)) == line


def test_a_bound_that_rounds_to_the_limit_is_printed_in_full() -> None:
    line = str(decide(GOAL, Estimate(0.9, 0.8500001, 0.95, 0.95, 50, "by hand")))

    assert "lower bound 0.8500001 lies above 0.85" in line


def test_superiority_is_tested_after_non_inferiority_at_no_cost() -> None:
    both = superiority_after(NOT_WORSE, between(0.01, 0.1))
    first_only = superiority_after(NOT_WORSE, between(-0.01, 0.1))
    neither = superiority_after(NOT_WORSE, between(-0.06, 0.1))

    assert [decision.verdict for decision in both] == [Verdict.MET, Verdict.MET]
    assert [decision.verdict for decision in first_only] == [Verdict.MET, Verdict.NOT_MET]
    assert [decision.verdict for decision in neither] == [Verdict.NOT_MET, Verdict.NOT_TESTED]
    assert str(neither[1]) == "AUC, superiority: not tested: AUC, non-inferiority, was not met."


def test_superiority_after_anything_else_is_refused() -> None:
    with pytest.raises(ValueError, match="first step"):
        superiority_after(GOAL, between(0.9, 0.95))


@given(st.lists(st.sampled_from([Verdict.MET, Verdict.NOT_MET, Verdict.NOT_ESTIMABLE]), max_size=6))
def test_a_fixed_sequence_stops_at_the_first_that_is_not_met(wanted: list[Verdict]) -> None:
    of: dict[Verdict, Estimate | NotEstimable] = {
        Verdict.MET: between(0.9, 0.95),
        Verdict.NOT_MET: between(0.8, 0.95),
        Verdict.NOT_ESTIMABLE: NotEstimable("no case"),
    }

    decisions = decide_in_sequence([(GOAL, of[verdict]) for verdict in wanted])

    met = next((i for i, verdict in enumerate(wanted) if verdict is not Verdict.MET), len(wanted))
    expected = wanted[: met + 1] + [Verdict.NOT_TESTED] * (len(wanted) - met - 1)
    assert [decision.verdict for decision in decisions] == expected


def test_a_sequence_shares_one_alpha() -> None:
    other = Hypothesis("specificity", Aim.GOAL, 0.8, alpha=0.05)
    with pytest.raises(ValueError, match="one alpha"):
        decide_in_sequence([(GOAL, between(0.9, 0.95)), (other, between(0.9, 0.95, 0.9))])


def test_co_primary_endpoints_are_met_together_or_not_at_all() -> None:
    met, missed, silent = (Decision(GOAL, verdict) for verdict in list(Verdict)[:3])

    assert joint_verdict([met, met]) is Verdict.MET
    assert joint_verdict([met, missed, silent]) is Verdict.NOT_MET
    assert joint_verdict([met, silent]) is Verdict.NOT_ESTIMABLE
    with pytest.raises(ValueError, match="no decision"):
        joint_verdict([])


@pytest.mark.parametrize(
    ("aim", "limit", "alpha"),
    [
        (Aim.NON_INFERIORITY, 0.0, 0.025),
        (Aim.NON_INFERIORITY, -0.05, 0.025),
        (Aim.EQUIVALENCE, 0.0, 0.025),
        (Aim.SUPERIORITY, 0.05, 0.025),
        (Aim.GOAL, nan, 0.025),
        (Aim.GOAL, inf, 0.025),
        (Aim.GOAL, 0.85, 0.5),
        (Aim.GOAL, 0.85, 0.0),
    ],
)
def test_a_hypothesis_that_cannot_be_is_refused(aim: Aim, limit: float, alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha|limit|margin"):
        Hypothesis("figure", aim, limit, alpha=alpha)
