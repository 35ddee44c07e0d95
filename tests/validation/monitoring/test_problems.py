"""A problem leads to numbers of the quality system, and ends with a reason."""

from datetime import UTC, datetime

import pytest

from audit.events import Event
from audit.models import AuditEvent
from validation.monitoring import problems
from validation.monitoring.problems import Link, ProblemRefused
from validation.monitoring_models import Problem, ProblemLink

pytestmark = [pytest.mark.requirement("VAL-11"), pytest.mark.django_db]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CAPA = Link(ProblemLink.Kind.CAPA, "CAPA-7")


def opened() -> Problem:
    return problems.open_for_complaint(title="Wrongly called infants", reference="C-12", now=NOON)


def test_a_complaint_opens_a_problem_that_is_linked_to_it() -> None:
    assert problems.links_of(opened()) == (Link(ProblemLink.Kind.COMPLAINT, "C-12"),)


def test_the_chain_is_complaint_then_capa_then_change_whatever_came_first() -> None:
    problem = opened()
    for one in (Link(ProblemLink.Kind.CHANGE, "CR-1"), CAPA):
        problems.link(problem.pk, one, now=NOON)

    assert [one.reference for one in problems.links_of(problem)] == ["C-12", "CAPA-7", "CR-1"]


def test_the_same_link_again_changes_nothing() -> None:
    problem = opened()
    for _ in range(2):
        problems.link(problem.pk, CAPA, now=NOON)

    assert problem.links.count() == 2
    assert AuditEvent.objects.filter(event=Event.PROBLEM_LINKED).count() == 2


@pytest.mark.parametrize("reference", ["", "Doe, Jane", "C 12", "-1", "x" * 65])
def test_a_reference_is_a_number_and_no_text(reference: str) -> None:
    with pytest.raises(ProblemRefused):
        problems.link(opened().pk, Link(ProblemLink.Kind.CAPA, reference), now=NOON)


def test_a_bad_reference_leaves_no_problem_behind() -> None:
    with pytest.raises(ProblemRefused):
        problems.open_for_complaint(title="x", reference="Doe, Jane", now=NOON)

    assert not Problem.objects.exists()
    assert not AuditEvent.objects.filter(event=Event.PROBLEM_OPENED).exists()


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_problem_is_not_closed_without_a_reason(reason: str) -> None:
    with pytest.raises(ProblemRefused, match="say what came of it"):
        problems.close(opened().pk, conclusion=reason, now=NOON)


def test_what_is_closed_is_not_changed() -> None:
    problem = opened()
    problems.close(problem.pk, conclusion="no fault of the device", now=NOON)

    with pytest.raises(ProblemRefused, match="is closed"):
        problems.link(problem.pk, CAPA, now=NOON)
    with pytest.raises(ProblemRefused, match="is closed"):
        problems.close(problem.pk, conclusion="again", now=NOON)


def test_a_problem_that_is_not_there_is_said_to_be_so() -> None:
    with pytest.raises(ProblemRefused, match="there is no problem/99"):
        problems.close(99, conclusion="why", now=NOON)
