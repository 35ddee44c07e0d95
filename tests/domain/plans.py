"""Builders of change plans and of the reports that they are decided by."""

from dataclasses import replace
from datetime import date
from typing import Any

from samd.domain.change_plan import (
    ChangePlan,
    Comparator,
    Component,
    Criterion,
    Hypothesis,
    Impact,
    Implementation,
    Jurisdiction,
    Kind,
    Method,
    Modification,
)
from samd.domain.plan_decision import Report, Shown

ORIGINAL, LAST, CANDIDATE = "a" * 64, "b" * 64, "c" * 64

NOT_WORSE = Criterion(
    "Area, not worse than the original",
    "AUC difference",
    "pneumonia",
    Comparator.ORIGINAL,
    Hypothesis.NON_INFERIOR,
    cases=100,
    limit=0.02,
)
NOT_WORSE_THAN_LAST = replace(NOT_WORSE, name="Area, not worse than the last", comparator=Comparator.LAST)
IN_WOMEN = Criterion(
    "Sensitivity in women",
    "sensitivity",
    "pneumonia",
    Comparator.FIXED,
    Hypothesis.AT_LEAST,
    cases=50,
    limit=0.85,
    where={"sex": "F"},
)


def modification(code: str = "M1", *criteria: Criterion) -> Modification:
    """A modification that lacks nothing."""
    return Modification(
        code=code,
        title="Trained again on more images",
        rationale="More images make it more certain.",
        kind=Kind.PERFORMANCE,
        before="an area of 0.95",
        after="an area of 0.95 or more",
        implementation=Implementation.MANUAL,
        scope="global",
        frequency="once a year",
        methods=tuple(Method(component, "QP-12", "As written there.") for component in Component),
        criteria=criteria or (NOT_WORSE, NOT_WORSE_THAN_LAST, IN_WOMEN),
        impact=Impact("none", "fewer are missed", "some are found that are not there", "by the criteria"),
    )


def plan(*modifications: Modification, **changes: Any) -> ChangePlan:
    """A plan that lacks nothing."""
    said: dict[str, Any] = {
        "name": "cxr",
        "version": "1",
        "title": "Planned changes",
        "dated": date(2026, 1, 5),
        "jurisdiction": Jurisdiction.FDA,
        "submission": "none",
        "model": "chest-xray-pneumonia",
        "original": ORIGINAL,
        "modifications": modifications or (modification(),),
        "cumulative": "none beyond that of each",
        "whole_device": "none",
        "failure": "The failure is recorded, and the modification is not implemented.",
    }
    return ChangePlan(**said | changes)


def shown(criterion: Criterion, **changes: Any) -> Shown:
    """An endpoint that shows just what `criterion` asks for."""
    found = Shown(
        criterion.name,
        criterion.metric,
        criterion.of,
        str(criterion.hypothesis),
        criterion.limit,
        criterion.level,
        criterion.cases,
        "met",
        "It is met.",
        criterion.where,
    )
    return replace(found, **changes)


def report(comparator: str, *shown: Shown, **changes: Any) -> Report:
    """A signed report of the candidate."""
    return replace(Report("validation/1", CANDIDATE, comparator, signed=True, shown=shown), **changes)


def convincing() -> list[Report]:
    """What shows that the candidate is inside the plan."""
    return [
        report(ORIGINAL, shown(NOT_WORSE), shown(IN_WOMEN)),
        report(LAST, shown(NOT_WORSE_THAN_LAST), shown(IN_WOMEN), subject="validation/2"),
    ]
