"""A change plan is complete or refused, and says what it lacks."""

from dataclasses import replace

import pytest

from samd.domain.change_plan import (
    ChangePlan,
    Comparator,
    Component,
    Criterion,
    Hypothesis,
    Interaction,
    PlanRefused,
    gaps,
    parse,
)
from tests.domain.plans import IN_WOMEN, NOT_WORSE, NOT_WORSE_THAN_LAST, modification, plan

pytestmark = pytest.mark.requirement("CHG-02")


def test_a_plan_that_says_everything_lacks_nothing() -> None:
    assert list(gaps(plan())) == []


@pytest.mark.parametrize("component", Component)
def test_every_part_of_the_protocol_is_traced_to_a_method(component: Component) -> None:
    one = modification()
    without = replace(one, methods=tuple(m for m in one.methods if m.component != component))

    assert list(gaps(plan(without))) == [f"M1: methods: none for {component}"]


@pytest.mark.parametrize(
    ("left", "missing"),
    [((NOT_WORSE, IN_WOMEN), Comparator.LAST), ((NOT_WORSE_THAN_LAST, IN_WOMEN), Comparator.ORIGINAL)],
)
def test_a_candidate_is_compared_with_the_original_and_with_the_last(
    left: tuple[Criterion, ...], missing: Comparator
) -> None:
    assert list(gaps(plan(modification("M1", *left)))) == [
        f"M1: criteria: none compares with the {missing} version"
    ]


@pytest.mark.parametrize("name", ["against_unmodified", "benefits", "risks", "assurance"])
def test_the_impact_of_each_is_stated(name: str) -> None:
    one = modification()
    silent = replace(one, impact=replace(one.impact, **{name: " "}))

    assert list(gaps(plan(silent))) == [f"M1: impact: {name}: say something"]


def test_the_impact_of_each_on_each_other_is_stated() -> None:
    three = [modification(code) for code in ("M1", "M2", "M3")]
    one = Interaction(("M3", "M1"), "none")

    assert list(gaps(plan(*three, interactions=(one,)))) == [
        "interactions: what M1 means for M2",
        "interactions: what M2 means for M3",
    ]


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (replace(NOT_WORSE, limit=0.0), "a margin above 0"),
        (replace(IN_WOMEN, hypothesis=Hypothesis.SUPERIOR), "compare with a version"),
        (replace(NOT_WORSE, hypothesis=Hypothesis.AT_LEAST), "compare with a version"),
        (replace(IN_WOMEN, cases=0), "cases: 1 or more"),
        (replace(IN_WOMEN, level=1.0), "between 0.5 and 1"),
    ],
)
def test_a_criterion_that_makes_no_sense_is_named(odd: Criterion, said: str) -> None:
    found = list(gaps(plan(modification("M1", NOT_WORSE, NOT_WORSE_THAN_LAST, replace(odd, name="Odd")))))

    assert len(found) == 1
    assert "Odd" in found[0]
    assert said in found[0]


@pytest.mark.parametrize(
    "changes",
    [{"failure": ""}, {"cumulative": ""}, {"submission": ""}, {"original": "abc"}, {"modifications": ()}],
)
def test_what_the_whole_plan_lacks_is_named(changes: dict[str, object]) -> None:
    broken: ChangePlan = replace(plan(), **changes)  # type: ignore[arg-type]

    assert [gap.split(":")[0] for gap in gaps(broken)] == list(changes)


def test_a_file_is_refused_with_the_place_and_the_reason() -> None:
    with pytest.raises(PlanRefused, match=r"plan\.toml: missing: cumulative, dated"):
        parse(b'name = "x"', name="plan.toml")
