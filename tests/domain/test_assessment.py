"""What holds together as an assessment of a result, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samd.domain.assessment import (
    INSTEAD,
    Assessment,
    Called,
    Correction,
    Decision,
    Fault,
    Statement,
    Why,
    changed,
    fault,
    reasons_for,
    stated,
)
from samd.domain.finding import Answer

pytestmark = pytest.mark.requirement("REV-01")

CALLS = (
    Called(0, "Pneumonia (Lung)", Statement.PRESENT),
    Called(1, "Effusion (Lung)", Statement.ABSENT),
    Called(2, "Nodule (Lung)", Statement.UNDETERMINED),
    Called(3, "Adipose tissue", Statement.MEASURED),
)


def instead(place: int, said: Statement) -> Correction:
    return Correction(place, CALLS[place].name, CALLS[place].statement, said)


def fault_of(said: Assessment, answer: str = Answer.FINDING) -> Fault | None:
    return fault(said, answer=answer, calls=CALLS)


@pytest.mark.parametrize("decision", [Decision.AGREED, Decision.NOT_ASSESSABLE])
def test_who_agrees_or_cannot_judge_need_say_no_more(decision: Decision) -> None:
    assert fault_of(Assessment(decision)) is None
    assert not Assessment(decision).is_override


def test_who_agrees_changes_nothing() -> None:
    assert fault_of(Assessment(Decision.AGREED, reasons=(Why.OTHER,))) == Fault.NO_CHANGE


def test_a_change_is_an_override_and_says_what_is_changed() -> None:
    assert changed([], [Why.OTHER]).is_override
    assert fault_of(changed([], [])) == Fault.NOTHING_CHANGED


@pytest.mark.parametrize(
    ("place", "said", "why"),
    [
        (0, Statement.ABSENT, (Why.FALSE_POSITIVE,)),
        (1, Statement.PRESENT, (Why.FALSE_NEGATIVE,)),
        (2, Statement.PRESENT, ()),
        (3, Statement.MISMEASURED, (Why.WRONG_MEASUREMENT,)),
    ],
)
def test_what_a_correction_says_by_itself_is_its_reason(
    place: int, said: Statement, why: tuple[Why, ...]
) -> None:
    found = changed([instead(place, said)], [])

    assert found.reasons == why
    assert fault_of(found) is None


@given(st.integers(0, 3), st.sampled_from(Statement))
def test_a_finding_is_changed_to_something_else_that_can_be_said_of_it(place: int, said: Statement) -> None:
    found = fault_of(changed([instead(place, said)], [Why.OTHER]))

    assert (found is None) == (said in INSTEAD[CALLS[place].statement])


@pytest.mark.parametrize(
    "wrong",
    [
        [Correction(7, "Pneumonia (Lung)", Statement.PRESENT, Statement.ABSENT)],
        [Correction(0, "Fracture", Statement.PRESENT, Statement.ABSENT)],
        [Correction(0, "Pneumonia (Lung)", Statement.ABSENT, Statement.PRESENT)],
        [instead(0, Statement.ABSENT), instead(0, Statement.UNDETERMINED)],
    ],
)
def test_only_what_the_model_said_is_changed_and_only_once(wrong: list[Correction]) -> None:
    assert fault_of(changed(wrong, [])) == Fault.UNKNOWN_FINDING


def test_a_false_positive_names_its_finding() -> None:
    assert fault_of(changed([], [Why.FALSE_POSITIVE])) == Fault.WHICH_POSITIVE
    assert fault_of(changed([instead(2, Statement.ABSENT)], [Why.FALSE_POSITIVE])) is None


def test_a_second_finding_that_was_missed_needs_no_correction() -> None:
    assert fault_of(changed([], [Why.FALSE_NEGATIVE])) is None


def test_reasons_fit_the_answer() -> None:
    suitable = changed([], [Why.SUITABLE_IMAGE])

    assert fault_of(suitable) == Fault.REASON_DOES_NOT_FIT
    assert fault(suitable, answer=Answer.NOT_ANALYSABLE, calls=()) is None
    assert Why.WRONG_LOCATION not in reasons_for(Answer.NOT_ANALYSABLE)


@pytest.mark.parametrize(
    ("present", "undetermined", "said"),
    [
        (True, False, Statement.PRESENT),
        (False, False, Statement.ABSENT),
        (None, True, Statement.UNDETERMINED),
        (None, False, Statement.MEASURED),
    ],
)
def test_the_marks_of_a_finding_are_one_statement(
    present: bool | None, undetermined: bool, said: Statement
) -> None:
    assert stated(present=present, undetermined=undetermined) == said
