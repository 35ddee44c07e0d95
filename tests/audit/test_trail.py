"""Appending to the trail."""

import json
from contextlib import suppress
from datetime import UTC, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit import trail
from audit.entry import COLUMNS, FIELDS, canonical
from audit.events import Event
from audit.models import AuditEvent
from audit.trail import Outcome

pytestmark = pytest.mark.requirement("AUD-01", "AUD-07")


@pytest.mark.django_db
def test_an_event_holds_the_canonical_text_that_its_columns_say() -> None:
    trail.append(Event.RUN_OPENED, "run/1", actor="kim", study="study/7", number=1)

    row = AuditEvent.objects.get()
    content = json.loads(row.canonical)
    assert (content["event"], content["subject"], content["actor"]) == (row.event, row.subject, row.actor)
    assert content["facts"] == {"number": 1}
    assert row.canonical == canonical(content)


@pytest.mark.django_db
def test_it_says_who_what_when_why_from_what_to_what_and_how_it_went() -> None:
    trail.append(
        Event.PEER_CHANGED,
        "peer/3",
        actor="박 kim",
        study="study/7",
        patient="patient/0123456789abcdef",
        model="a" * 64,
        outcome=Outcome.SERIOUS_FAILURE,
        reason="위치 변경",
        changes={"host": ("10.0.0.1", "10.0.0.2"), "port": (104, None)},
        verified=True,
        lines=["one", "two"],
    )

    row = AuditEvent.objects.get()
    content = json.loads(row.canonical)
    assert content.keys() == FIELDS
    columns = {name: getattr(row, name) for name in COLUMNS if name != "at"}
    assert columns == {name: content[name] for name in columns}
    assert content["at"] == row.at.astimezone(UTC).isoformat(timespec="microseconds")
    assert (content["reason"], content["outcome"], content["v"]) == ("위치 변경", 8, 1)
    assert content["changes"] == {"host": ["10.0.0.1", "10.0.0.2"], "port": [104, None]}
    assert content["facts"] == {"verified": True, "lines": ["one", "two"]}
    assert row.canonical.isascii()


@pytest.mark.django_db
@pytest.mark.parametrize("listened", [False, True])
def test_what_append_gives_is_the_row_that_the_database_holds(listened: bool) -> None:
    if listened:
        with CaptureQueriesContext(connection) as seen:
            given = trail.append(Event.RUN_OPENED, "run/1", number=1)
        assert len(seen) == 1
    else:
        given = trail.append(Event.RUN_OPENED, "run/1", number=1)

    kept = AuditEvent.objects.get()
    names = [field.attname for field in AuditEvent._meta.concrete_fields]
    assert [getattr(given, name) for name in names] == [getattr(kept, name) for name in names]
    assert given == kept
    assert not given._state.adding


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_the_transaction_of_its_change_is_refused() -> None:
    with pytest.raises(trail.OutsideTransaction):
        trail.append(Event.RUN_OPENED, "run/1")
    with pytest.raises(trail.OutsideTransaction):
        trail.append_all([trail.happening(Event.RUN_OPENED, "run/1")])


@pytest.mark.django_db(transaction=True)
def test_an_event_of_reading_needs_no_transaction_and_is_durable() -> None:
    given = trail.record(Event.STUDY_VIEWED, "study/1", actor="kim", study="study/1", pages=3)

    assert not connection.in_atomic_block
    kept = AuditEvent.objects.get()
    assert (kept.pk, kept.at, kept.canonical) == (given.pk, given.at, given.canonical)
    assert json.loads(kept.canonical)["facts"] == {"pages": 3}


@pytest.mark.django_db(transaction=True)
def test_an_event_of_reading_joins_the_transaction_that_there_is() -> None:
    with transaction.atomic():
        trail.record(Event.STUDY_VIEWED, "study/1")
        transaction.set_rollback(True)

    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_goes_with_its_change() -> None:
    with transaction.atomic():
        trail.append(Event.RUN_OPENED, "run/1")
        transaction.set_rollback(True)

    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_of_a_part_that_was_undone_is_undone_with_it() -> None:
    with transaction.atomic():
        trail.append(Event.RUN_OPENED, "run/1")
        with suppress(ZeroDivisionError), transaction.atomic():
            trail.append(Event.RUN_OPENED, "run/2")
            _ = 1 / 0
        trail.append(Event.RUN_OPENED, "run/3")

    assert list(AuditEvent.objects.values_list("subject", flat=True)) == ["run/1", "run/3"]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_refuses_the_event_undoes_the_change() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditevent RENAME TO elsewhere")
    try:
        with pytest.raises(DatabaseError), transaction.atomic():
            trail.append(Event.RUN_OPENED, "run/1")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE elsewhere RENAME TO audit_auditevent")


@pytest.mark.django_db
def test_many_events_are_appended_at_once_in_their_order() -> None:
    happened = [trail.happening(Event.STUDY_VIEWED, f"study/{number}", page=number) for number in range(40)]

    rows = trail.append_all(happened)

    kept = list(AuditEvent.objects.order_by("pk"))
    assert rows == kept
    assert [row.canonical for row in rows] == [row.canonical for row in kept]
    assert [row.subject for row in kept] == [f"study/{number}" for number in range(40)]
    assert all(abs(row.at - kept[0].at) < timedelta(minutes=1) for row in kept)
