"""The export of the trail: complete, as the database holds it, of one moment, to be verified elsewhere."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from audit import keys, trail
from audit.entry import COLUMNS
from audit.events import Event
from audit.export import lines, write
from audit.models import AuditEvent
from audit.records import create
from audit.sequencer import Sequencer
from audit.signer import KeyRefused
from audit.verification.findings import Kind
from audit.verify import verify
from tests.audit.grown import anchors, event_id, grow, seal, sql, triggers_dropped
from tests.audit.signers import LEE, Site
from tests.audit.signers import site as site
from tests.audit.signers import staffed as staffed

pytestmark = pytest.mark.requirement("AUD-05")

committing = pytest.mark.django_db(transaction=True)


def said() -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines()]


def add(subject: str) -> AuditEvent:
    with transaction.atomic():
        return trail.append(Event.STUDY_VIEWED, subject, actor="kim")


@committing
def test_an_export_verifies_without_the_database(sequencer: Sequencer) -> None:
    grow(sequencer, 250)

    result = verify(lines(), keys=[keys.verifier_key()], anchors=[("anchor", anchors())])

    assert result.ok, result.problems
    assert (result.origin, result.events, result.pending) == ("hospital.example/samd", 250, 0)
    assert (result.protected, result.anchored) == (250, 250)


@pytest.mark.django_db
def test_inside_a_transaction_too(sequencer: Sequencer) -> None:
    grow(sequencer, 3)

    assert verify(lines(), keys=[keys.verifier_key()]).events == 3


@committing
def test_it_begins_with_what_it_is_and_ends_with_what_it_holds(sequencer: Sequencer) -> None:
    grow(sequencer, 3)
    add("study/9")

    first, *between, last = said()

    assert first["format"] == "audit-export/1"
    assert (first["origin"], first["keys"]) == ("hospital.example/samd", [str(keys.verifier_key())])
    assert [one["kind"] for one in between] == ["checkpoint", "event", "event", "event", "pending"]
    assert last == {"kind": "end", "events": 3, "checkpoints": 1, "pending": 1, "records": 0}


@committing
def test_events_stand_in_the_order_of_their_numbers_with_the_columns_of_the_database(
    sequencer: Sequencer,
) -> None:
    grow(sequencer, 12)
    with triggers_dropped():
        AuditEvent.objects.filter(pk=event_id(7)).update(actor="lee")

    events = [one for one in said() if one["kind"] == "event"]

    assert [one["seq"] for one in events] == list(range(12))
    assert (events[7]["actor"], json.loads(events[7]["canonical"])["actor"]) == ("lee", "kim")
    assert all(set(COLUMNS) < set(one) for one in events)


@committing
def test_times_are_written_as_they_are_sealed(sequencer: Sequencer) -> None:
    grow(sequencer, 3)
    with triggers_dropped():
        row = AuditEvent.objects.get(pk=event_id(1))
        row.at = row.at.replace(microsecond=0)
        row.save()

    events = [one for one in said() if one["kind"] == "event"]

    assert events[0]["at"] == json.loads(events[0]["canonical"])["at"]
    assert events[1]["at"].endswith(".000000+00:00")


@committing
def test_an_event_whose_row_is_gone_leaves_its_number(sequencer: Sequencer) -> None:
    grow(sequencer, 5)
    with triggers_dropped(), connection.constraint_checks_disabled():
        gone = event_id(3)
        if connection.vendor == "postgresql":
            sql("SET session_replication_role = replica")
        sql("DELETE FROM audit_auditevent WHERE id = %s", gone)

        result = verify(lines(), keys=[keys.verifier_key()])

        assert [(problem.kind, problem.first) for problem in result.problems] == [(Kind.REMOVED, 3)]
        assert result.protected == 5
        sql("DELETE FROM audit_entry WHERE seq = 3")
        sql("DELETE FROM audit_heading WHERE id = %s", gone)
        if connection.vendor == "postgresql":
            sql("SET session_replication_role = origin")


@committing
@pytest.mark.requirement("SIG-02")
def test_signed_records_are_in_it_as_they_are_now(staffed: Site) -> None:
    staffed.sign("report/1", LEE, "reviewed")

    result = verify(lines(), keys=[keys.verifier_key()])

    assert result.ok, result.problems
    assert (result.records, result.signatures) == (2, 2)  # the report, and the record that confirms a key
    assert any("report/1 is not signed as approved" in remark for remark in result.remarks)


@committing
def test_a_record_that_was_changed_after_signing_is_found(staffed: Site) -> None:
    staffed.sign("report/1", LEE, "reviewed")
    with triggers_dropped():
        sql("UPDATE audit_record SET content = replace(content, 'well', 'ill') WHERE subject = 'report/1'")

    result = verify(lines(), keys=[keys.verifier_key()])

    assert [problem.kind for problem in result.problems] == [Kind.SIGNATURE]
    assert "report/1" in result.problems[0].text


@committing
def test_it_shows_one_moment_while_others_write(sequencer: Sequencer) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("two connections to one SQLite database in memory lock each other out")
    grow(sequencer, 5)
    add("study/waits")
    export = lines()
    begun = [next(export) for _ in range(4)]

    grow(sequencer, 5)
    result = verify([*begun, *export], keys=[keys.verifier_key()])

    assert result.ok
    assert (result.events, result.pending, result.protected) == (5, 1, 5)


@committing
def test_writers_are_not_held_up(sequencer: Sequencer) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("two connections to one SQLite database in memory lock each other out")
    grow(sequencer, 5)
    export = lines()
    for _ in range(3):
        next(export)

    add("study/meanwhile")

    export.close()  # type: ignore[attr-defined]
    assert AuditEvent.objects.filter(subject="study/meanwhile").exists()


@committing
def test_what_is_no_text_any_more_is_shown_and_found(sequencer: Sequencer) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps to the types of its columns")
    grow(sequencer, 6)
    with triggers_dropped():
        sql("UPDATE audit_auditevent SET actor = x'ff41' WHERE id = %s", event_id(1))
        sql("UPDATE audit_auditevent SET outcome = 'x' WHERE id = %s", event_id(2))
        sql("UPDATE audit_auditevent SET at = 'yesterday' WHERE id = %s", event_id(3))
        sql("UPDATE audit_auditevent SET canonical = CAST(x'ff41' AS TEXT) WHERE id = %s", event_id(4))
        sql("UPDATE audit_auditevent SET at = replace(at, ' ', 'X') WHERE id = %s", event_id(5))
        sql("UPDATE audit_auditevent SET at = '2026-13-45 00:00:00' WHERE id = %s", event_id(0))

    result = verify(lines(), keys=[keys.verifier_key()], anchors=[("anchor", anchors())])

    assert {problem.first for problem in result.problems} == {0, 1, 2, 3, 4, 5}
    assert result.protected == 6


@committing
def test_an_export_needs_the_public_key_of_the_trail(settings: Settings, tmp_path: Path) -> None:
    settings.AUDIT_KEY = tmp_path / "nowhere" / "key"

    with pytest.raises(KeyRefused):
        next(iter(lines()))


@committing
@pytest.mark.requirement("AUD-09")
def test_a_file_is_written_whole_and_the_trail_says_why(sequencer: Sequencer, tmp_path: Path) -> None:
    grow(sequencer, 5)

    digest = write(tmp_path / "trail.jsonl", reason="asked for by the inspector")

    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["trail.jsonl"]
    raw = (tmp_path / "trail.jsonl").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == digest
    event = AuditEvent.objects.get(event=Event.TRAIL_EXPORTED)
    told = json.loads(event.canonical)
    assert (told["reason"], told["facts"]["digest"]) == ("asked for by the inspector", digest)
    with (tmp_path / "trail.jsonl").open() as file:
        assert verify(file, keys=[keys.verifier_key()]).ok


@committing
def test_an_export_that_fails_leaves_nothing_behind(
    sequencer: Sequencer, tmp_path: Path, settings: Settings
) -> None:
    grow(sequencer, 5)
    settings.AUDIT_KEY = tmp_path / "nowhere" / "key"

    with pytest.raises(KeyRefused):
        write(tmp_path / "trail.jsonl", reason="asked for by the inspector")

    assert [path for path in tmp_path.iterdir() if path.is_file()] == []
    assert not AuditEvent.objects.filter(event=Event.TRAIL_EXPORTED).exists()


@committing
def test_records_that_nobody_has_signed_yet_are_in_it(sequencer: Sequencer) -> None:
    grow(sequencer, 1)
    with transaction.atomic():
        asked = [{"meaning": "approved", "role": "approver"}]
        create("report/9", {"signatures": asked}, now=AuditEvent.objects.get(pk=event_id(0)).at)
    seal(sequencer)

    assert [one["subject"] for one in said() if one["kind"] == "record"] == ["report/9"]
