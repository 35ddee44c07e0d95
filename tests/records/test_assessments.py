"""A physician's assessment is kept with its event, superseded and never overwritten, and holds no text."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from audit.events import Event
from audit.models import AuditEvent
from samd.domain import assessment as domain
from samd.domain.assessment import Fault, Statement, Why
from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage
from samd.records import assessments
from samd.records.assessments import NotAssessed, Refusal
from samd.records.models import Analysis, Assessment
from tests.console import rows as build
from tests.console.conftest import device as device
from tests.records.assessing import AGREED, KIM, LEE, NOT_ASSESSABLE, assessed, changed

pytestmark = [pytest.mark.requirement("REV-01"), pytest.mark.django_db]


def events() -> list[dict[str, Any]]:
    found = AuditEvent.objects.filter(event=Event.RESULT_ASSESSED).order_by("pk")
    return [json.loads(one.canonical) for one in found]


def test_an_assessment_is_kept_with_who_when_and_its_event() -> None:
    analysis = build.finding(build.study())

    row = assessed(analysis, changed(analysis, Statement.ABSENT, Why.WRONG_LOCATION))

    assert (row.user, row.by, row.printed_name, row.decision) == (7, "kim", "Dr. Kim", "changed")
    assert row.findings == [
        {"finding": 0, "name": "Pneumonia (Lung)", "model": "present", "physician": "absent"}
    ]
    assert row.reasons == ["false positive", "wrong location"]
    (said,) = events()
    assert row.event.pk == AuditEvent.objects.get(event=Event.RESULT_ASSESSED).pk
    assert (said["actor"], said["subject"], said["study"]) == ("kim", str(analysis), str(analysis.run.study))
    assert said["model"] == analysis.model.digest
    assert said["changes"] == {"Pneumonia (Lung)": ["present", "absent"]}
    assert said["facts"] == {
        "decision": "changed",
        "override": True,
        "reasons": ["false positive", "wrong location"],
        "replaces": "",
    }


@pytest.mark.parametrize("said", [AGREED, NOT_ASSESSABLE])
def test_agreeing_is_no_override(said: domain.Assessment) -> None:
    assessed(build.finding(build.study()), said)

    assert [one["facts"]["override"] for one in events()] == [False]


def test_a_later_assessment_takes_the_place_of_the_earlier_and_both_stay() -> None:
    analysis = build.finding(build.study())
    first = assessed(analysis)

    second = assessed(analysis, changed(analysis), by=LEE)

    first.refresh_from_db()
    assert (first.decision, second.supersedes) == ("agreed", first)
    assert assessments.current_of([analysis]) == {analysis.pk: second}
    assert [one["facts"]["replaces"] for one in events()] == ["", str(first)]


def test_who_has_not_seen_the_assessment_that_counts_does_not_take_its_place() -> None:
    analysis = build.finding(build.study())
    first = assessed(analysis)

    for seen in (None, first.pk + 1):
        with pytest.raises(NotAssessed) as refused:
            assessments.assess(analysis, AGREED, by=LEE, now=timezone.now(), seen=seen)
        assert refused.value.why == Refusal.MEANWHILE

    assert Assessment.objects.count() == len(events()) == 1


@pytest.mark.parametrize("stage", [Stage.REPORTED, Stage.DELIVERED, Stage.UNDELIVERED])
@pytest.mark.parametrize("answer", [Answer.FINDING, Answer.NOTHING_FOUND, Answer.NOT_ANALYSABLE])
def test_every_result_that_says_something_can_be_assessed(stage: Stage, answer: Answer) -> None:
    assert assessed(build.analysis(build.study(), answer, stage=stage)).pk


@pytest.mark.parametrize(
    ("answer", "stage", "why"),
    [
        ("", Stage.QUEUED, Refusal.NO_RESULT),
        ("", Stage.ANALYSING, Refusal.NO_RESULT),
        (Answer.FAILED, Stage.DELIVERED, Refusal.FAILED),
    ],
)
def test_what_has_no_result_is_not_assessed(answer: str, stage: Stage, why: Refusal) -> None:
    analysis = build.analysis(build.study(), answer, stage=stage)

    with pytest.raises(NotAssessed, match=str(why)):
        assessed(analysis)

    assert not assessments.is_assessable(analysis)
    assert events() == []


def test_a_superseded_result_is_not_assessed() -> None:
    before = build.finding(build.study())
    build.analysis(build.next_run(before.run.study), supersedes=before, stage=Stage.QUEUED)

    with pytest.raises(NotAssessed) as refused:
        assessed(before)

    assert refused.value.why == Refusal.SUPERSEDED


def test_what_does_not_hold_together_is_not_kept() -> None:
    with pytest.raises(NotAssessed) as refused:
        assessed(build.finding(build.study()), domain.changed([], []))

    assert refused.value.why == Fault.NOTHING_CHANGED
    assert events() == []


def test_findings_of_one_name_are_told_apart() -> None:
    analysis = build.finding(build.study(), findings=[build.PRESENT, build.MEASURED, build.ABSENT])

    names = [call.name for call in assessments.calls_of(analysis)]

    assert names == ["Pneumonia (Lung) 1", "Adipose tissue", "Pneumonia (Lung) 2"]


def test_what_was_kept_is_read_back() -> None:
    analysis = build.finding(build.study())
    said = changed(analysis, Statement.UNDETERMINED, Why.OTHER)

    assert assessments.read(Assessment.objects.get(pk=assessed(analysis, said).pk)) == said


def test_an_assessment_and_what_it_is_of_are_not_deleted() -> None:
    analysis = build.finding(build.study())
    first = assessed(analysis)
    assessed(analysis, NOT_ASSESSABLE)

    for row in (analysis, first):
        with pytest.raises(ProtectedError):
            row.delete()


def copied(of: Assessment, **changes: Any) -> None:
    """Another row with the content of this one, past assess()."""
    other = Assessment.objects.get(pk=of.pk)
    other.pk, other._state.adding = None, True
    other.event = AuditEvent.objects.exclude(pk=of.event_id).latest("pk")
    for name, value in changes.items():
        setattr(other, name, value)
    with transaction.atomic():
        other.save()


def test_the_database_keeps_one_assessment_current() -> None:
    analysis = build.finding(build.study())
    first = assessed(analysis)
    second = assessed(analysis)
    assessed(build.finding(build.study()))  # an event to spare

    for changes in ({"supersedes": None}, {"supersedes": first}, {"supersedes": second, "decision": "maybe"}):
        with pytest.raises(IntegrityError):
            copied(second, **changes)


def test_nothing_that_names_a_patient_stands_in_row_or_event() -> None:
    run = build.study(PatientName="Secret^Name", PatientID="SECRET-ID")
    analysis = build.finding(run)

    row = assessed(analysis, changed(analysis), by=KIM)

    kept = json.dumps([row.findings, row.reasons, events()])
    assert "ecret" not in kept.lower()
    texts = {field.name for field in Assessment._meta.get_fields() if type(field).__name__ == "TextField"}
    assert texts == set()
    assert Analysis.objects.get(pk=analysis.pk).findings == analysis.findings  # the result stays as it was
