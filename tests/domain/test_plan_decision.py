"""A candidate is inside, outside or deviated, by code, and every criterion says why."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samd.domain.plan_decision import PlanDecision, Report, Standing, decide
from tests.domain.plans import CANDIDATE, IN_WOMEN, LAST, NOT_WORSE, convincing, plan, shown

pytestmark = pytest.mark.requirement("CHG-03")


def decided(reports: list[Report], *, code: str = "M1") -> PlanDecision:
    return decide(plan(), code, candidate=CANDIDATE, last=LAST, reports=reports)


def judged(report: Report, verdicts: list[str]) -> Report:
    """The report with other verdicts."""
    pairs = zip(report.shown, verdicts, strict=True)
    return replace(report, shown=tuple(replace(one, verdict=verdict) for one, verdict in pairs))


def altered(change: Callable[[Report], Report]) -> PlanDecision:
    """What becomes of it where the first report is another."""
    first, *others = convincing()
    return decided([change(first), *others])


def test_what_meets_every_criterion_is_inside() -> None:
    found = decided(convincing())

    assert found.standing == Standing.INSIDE
    assert {line.standing for line in found.lines} == {Standing.INSIDE}


@pytest.mark.parametrize("verdict", ["not met", "not estimable"])
def test_a_subgroup_that_falls_is_outside_and_is_named(verdict: str) -> None:
    fallen = shown(IN_WOMEN, verdict=verdict, sentence="The lower limit, 0.81, is not above 0.85.")

    found = altered(lambda report: replace(report, shown=(report.shown[0], fallen)))

    assert found.standing == Standing.OUTSIDE
    (line,) = [line for line in found.lines if line.standing == Standing.OUTSIDE]
    assert line.criterion == "Sensitivity in women"
    assert "0.81" in line.reason
    assert found.reasons == ("The failure is recorded, and the modification is not implemented.",)


def test_a_modification_that_is_not_planned_is_outside() -> None:
    found = decided(convincing(), code="M9")

    assert found.standing == Standing.OUTSIDE
    assert found.reasons == ("the plan has no modification M9, only: M1",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: replace(r, signed=False), "is not signed by everybody"),
        (lambda r: replace(r, deviations=("3 cases were not run.",)), "3 cases were not run"),
        (lambda r: replace(r, model=LAST), "is of another version"),
    ],
)
def test_a_report_that_was_not_made_as_it_should_is_a_deviation(
    change: Callable[[Report], Report], said: str
) -> None:
    found = altered(change)

    assert found.standing == Standing.DEVIATED
    assert any(said in reason for reason in found.reasons)


@pytest.mark.parametrize(
    "change",
    [
        {"limit": 0.05},  # a wider margin
        {"level": 0.9},
        {"metric": "sensitivity difference"},
        {"of": "other"},
        {"goal": "superior"},
        {"where": {"sex": "F"}},
    ],
)
def test_another_question_than_that_of_the_plan_is_no_answer_to_it(change: dict[str, object]) -> None:
    other = shown(NOT_WORSE, **change)

    found = altered(lambda report: replace(report, shown=(other, report.shown[1])))

    assert found.standing == Standing.DEVIATED
    assert "no report judges AUC difference of pneumonia, compared with the original" in found.lines[0].reason


@pytest.mark.parametrize("change", [{"limit": 0.01}, {"level": 0.99}])
def test_a_stricter_question_is_an_answer(change: dict[str, object]) -> None:
    stricter = shown(NOT_WORSE, **change)

    found = altered(lambda report: replace(report, shown=(stricter, report.shown[1])))

    assert found.standing == Standing.INSIDE


def test_too_few_cases_are_a_deviation() -> None:
    few = shown(NOT_WORSE, n=99)

    found = altered(lambda report: replace(report, shown=(few, report.shown[1])))

    assert found.standing == Standing.DEVIATED
    assert found.lines[0].reason == "it rests on 99 cases; the plan asks for 100"


def test_a_comparison_with_another_version_does_not_count() -> None:
    found = altered(lambda report: replace(report, comparator="d" * 64))

    assert found.standing == Standing.DEVIATED


def test_without_a_report_nothing_is_decided_in_favour() -> None:
    assert decided([]).standing == Standing.DEVIATED


def test_nobody_picks_the_report_that_suits() -> None:
    first, *others = convincing()
    worse = replace(
        first, subject="validation/3", shown=(shown(NOT_WORSE, verdict="not met"), first.shown[1])
    )

    assert decided([first, *others, worse]).standing == Standing.OUTSIDE


@given(st.lists(st.sampled_from(["met", "not met", "not estimable"]), min_size=4, max_size=4))
def test_it_is_inside_only_if_everything_that_was_shown_is_met(verdicts: list[str]) -> None:
    one, two = convincing()
    said = [judged(one, verdicts[:2]), judged(two, verdicts[2:])]

    inside = decided(said).standing == Standing.INSIDE

    assert inside is all(verdict == "met" for verdict in verdicts)
