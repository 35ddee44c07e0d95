"""Every stage and answer has its word, and numbers are rounded for reading."""

import pytest

from samd.console import wording
from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage
from samd.records.models import Job
from tests.console import rows as build

pytestmark = pytest.mark.requirement("WEB-01")


def test_every_answer_stage_kind_and_state_has_a_word() -> None:
    assert set(wording.ANSWERS) == set(Answer)
    assert set(wording.STAGES) == set(Stage)
    assert set(wording.JOB_KINDS) == set(Job.Kind)
    assert set(wording.JOB_STATES) == set(Job.State)


def test_no_two_answers_share_an_icon_or_a_word() -> None:
    words = wording.ANSWERS.values()

    assert len({word.slug for word in words}) == len({str(word.label) for word in words}) == 4


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.93124, "1", "0.931"),
        (31.847, "%", "31.8\u00a0%"),
        (4123.456, "cm3", "4,123\u00a0cm³"),
        (41.2345, "cm3", "41.2\u00a0cm³"),
        (4.12345, "cm2", "4.12\u00a0cm²"),
        (0.41234, "cm2", "0.412\u00a0cm²"),
        (-1001.4, "[hnsf'U]", "-1,001\u00a0HU"),
        (7.0, "kg/m2", "7.00\u00a0kg/m2"),
    ],
)
def test_figures_are_rounded_as_far_as_they_mean_anything(value: float, unit: str, text: str) -> None:
    assert wording.quantity(value, unit) == text


def test_undetermined_is_neither_present_nor_absent() -> None:
    assert wording.presence(present=None, undetermined=True) is wording.UNDETERMINED
    assert wording.presence(present=None, undetermined=False) is wording.MEASURED
    assert wording.presence(present=False, undetermined=False) is wording.ABSENT
    assert wording.presence(present=True, undetermined=False) is wording.PRESENT


def test_measurements_alone_are_a_finding_that_says_nothing_of_disease() -> None:
    measured, present = build.MEASURED, build.PRESENT

    assert "not judge" in str(getattr(wording.answer("finding", [measured]), "meaning", ""))
    assert wording.answer("finding", [measured, present]) is wording.ANSWERS["finding"]
    assert wording.answer("finding", [build.UNDETERMINED]) is wording.ANSWERS["finding"]
    assert wording.answer("nothing found", [build.ABSENT]) is wording.ANSWERS["nothing found"]
    assert wording.answer("", []) is None


def test_an_unknown_requirement_stands_as_it_was_written() -> None:
    assert wording.requirement("cardiac phase") == "cardiac phase"
