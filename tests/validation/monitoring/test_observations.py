"""What is taken of an analysis, and what is not."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from samd.domain.finding import Answer
from tests.validation.builders import result
from tests.validation.monitoring.builders import NOT_ANALYSABLE, PRESENT, ROWS, SCORE, draft, finding
from validation.monitoring.observations import (
    Answered,
    Observation,
    Taken,
    age_band,
    observed,
    of_case,
)

pytestmark = pytest.mark.requirement("VAL-11")

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMBEDDING = """
[[streams]]
name = "Embedding"
measure = "embedding"
rule = "maximum mean discrepancy"
size = 30
rationale = "What the model sees."
"""
PLAN = draft(
    SCORE, PRESENT, NOT_ANALYSABLE, ROWS, SCORE.replace('"Score"', '"By sex"').replace("site", "sex")
)


def one(said: Answered, taken: Taken | None = None) -> Observation:
    return observed(PLAN, "analysis/1", when=NOON, version="a" * 64, said=said, taken=taken)


def test_an_analysed_study_has_a_score_and_a_call() -> None:
    found = one(Answered(Answer.FINDING, [finding(0.7)]))

    assert found.values == {"score Pneumonia": 0.7, "present Pneumonia": 1.0, "not analysable": 0.0}


def test_a_study_that_was_not_analysed_has_no_score_and_is_not_absent() -> None:
    found = one(Answered(Answer.NOT_ANALYSABLE))

    assert found.values == {"not analysable": 1.0}


def test_what_the_network_made_of_the_image_is_watched_in_use_and_in_validation() -> None:
    plan = draft(EMBEDDING)
    case = replace(result("case-1"), embedding=(0.5, 2.0))

    used = observed(
        plan,
        "analysis/1",
        when=NOON,
        version="a" * 64,
        said=Answered(Answer.FINDING, embedding=(0.5, 2.0)),
        taken=None,
    )

    assert used.values == of_case(plan, case, when=NOON).values == {"embedding": (0.5, 2.0)}


@pytest.mark.parametrize(
    ("attributes", "value"),
    [({"Rows": "2022"}, 2022.0), ({"Rows": ""}, None), ({"Rows": "nonsense"}, None), ({"Rows": "nan"}, None)],
)
def test_an_attribute_is_a_number_or_not_recorded(attributes: dict[str, str], value: Any) -> None:
    found = one(Answered(Answer.NOT_ANALYSABLE), Taken(attributes=attributes))

    assert found.values["tag Rows"] == value


def test_a_header_that_was_not_read_says_nothing_of_attributes() -> None:
    found = one(Answered(Answer.FAILED))

    assert "tag Rows" not in found.values
    assert found.level("sex") == "not stated"


def test_groups_are_by_the_groupings_of_the_plan_alone() -> None:
    found = one(Answered(Answer.FAILED), Taken(site="ct1", sex="F", age=70, attributes={"Rows": "1"}))

    assert found.levels == {"sex": "F", "site": "ct1"}


@pytest.mark.parametrize(
    ("age", "band"),
    [(None, "not stated"), (0.0, "below 1"), (1.0, "1 to 5"), (5.99, "1 to 5"), (64.9, "40 to 64"),
     (65, "65 and above"), (101, "65 and above")],
)  # fmt: skip
def test_ages_are_told_in_bands(age: float | None, band: str) -> None:
    assert age_band(age) == band


def test_a_case_of_a_validation_run_is_an_observation_too() -> None:
    case = result("case-1", 0.8, scores={"pneumonia": 0.8}, calls={"pneumonia": "present"})

    found = of_case(PLAN, case, when=NOON)

    assert found.values == {"score Pneumonia": 0.8, "present Pneumonia": 1.0, "not analysable": 0.0}
