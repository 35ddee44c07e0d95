"""The database refuses changes; what somebody with every right does all the same is found by verification."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit.inspection import inspect
from audit.models import AuditEvent, Entry, Heading, Seal
from audit.protection import PROTECTED, role_statements
from audit.recovery import recover
from audit.roles import script
from audit.sequencer import Sequencer
from audit.verification.findings import Kind, Verification
from tests.audit.grown import (
    event_id,
    grow,
    replica,
    sql,
    triggers_disabled,
    triggers_dropped,
)

ROOT = Path(__file__).parents[2]

KEYS = {"audit_entry": "seq", "audit_seal": "size"}  # primary keys that are not called id

append_only = pytest.mark.requirement("AUD-06")
found = pytest.mark.requirement("AUD-05")
committing = pytest.mark.django_db(transaction=True)
postgresql = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="only on PostgreSQL"
)
on_sqlite = pytest.mark.skipif(
    os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="only on SQLite"
)


# The triggers.


@append_only
@committing
@pytest.mark.parametrize("table", PROTECTED)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {key} = {key}", "DELETE FROM {}"])
def test_what_was_recorded_is_not_changed_or_deleted(table: str, statement: str) -> None:
    if connection.vendor == "sqlite":
        put_a_row_into(table)  # there, triggers look at rows

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(statement.replace("{key}", KEYS.get(table, "id")).replace("{}", table))


def put_a_row_into(table: str) -> None:
    """Some row, whatever it says."""
    with connection.cursor() as cursor:
        columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
    values = ", ".join("'2026-11-22 00:00:00'" if name.endswith("at") else "1" for name in columns)
    with connection.constraint_checks_disabled():
        sql(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})")  # noqa: S608


@append_only
@postgresql
@pytest.mark.django_db
@pytest.mark.parametrize("table", PROTECTED)
def test_tables_are_not_emptied(table: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(f"TRUNCATE {table} CASCADE")


@append_only
@committing
@pytest.mark.part11("11.10(c)")
def test_the_orm_is_refused_as_well(sequencer: Sequencer) -> None:
    grow(sequencer, 1)

    for change in (
        lambda: AuditEvent.objects.update(actor="lee"),
        lambda: Entry.objects.all().delete(),
        lambda: Seal.objects.get().delete(),
        lambda: AuditEvent.objects.get().save(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


# The restricted role of PostgreSQL.


@pytest.fixture
def restricted(db: None) -> Iterator[Callable[[str], None]]:
    """Runs statements as a role that got what `audit role` prints."""
    sql("CREATE ROLE samd_test_device NOLOGIN")
    for statement in script("samd_test_device", owner="samd_test_owner").split("\n"):
        if not statement.startswith("--"):
            sql(statement)

    def run(statement: str) -> None:
        with transaction.atomic():
            sql("SET LOCAL ROLE samd_test_device")
            sql(statement)

    yield run
    sql("RESET ROLE")


@append_only
@postgresql
@pytest.mark.parametrize("table", PROTECTED)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET {key} = {key}",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP TABLE {}",
        "DROP TRIGGER {}_no_update ON {}",
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    ],
)
@pytest.mark.part11("11.10(c)")
def test_the_restricted_role_is_refused(
    restricted: Callable[[str], None], statement: str, table: str
) -> None:
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"):
        restricted(statement.replace("{key}", KEYS.get(table, "id")).replace("{}", table))


@append_only
@postgresql
def test_the_restricted_role_adds_and_reads(restricted: Callable[[str], None]) -> None:
    restricted(
        "INSERT INTO audit_auditevent (at, event, subject, actor, address, study, patient, model, outcome, "
        "canonical) VALUES (now(), 'study:viewed', 'study/1', 'kim', '', '', '', '', 0, '{}')"
    )
    restricted("SELECT * FROM audit_auditevent")
    restricted("UPDATE audit_lease SET token = token")
    assert AuditEvent.objects.filter(canonical="{}").exists()


@append_only
def test_a_role_is_named_safely() -> None:
    assert 'TO "a""; DROP TABLE x"' in role_statements('a"; DROP TABLE x')[0]


# Somebody with every right: the triggers are off.


Way = Callable[[], AbstractContextManager[None]]


def ways() -> list[Any]:
    return [
        triggers_dropped,
        pytest.param(triggers_disabled, marks=postgresql),
        pytest.param(replica, marks=postgresql),
    ]


def numbers(result: Verification, kind: Kind) -> list[tuple[int | None, int | None]]:
    return [(problem.first, problem.last) for problem in result.problems if problem.kind is kind]


@found
@committing
@pytest.mark.parametrize("way", ways())
@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE audit_auditevent SET actor = 'lee' WHERE id = {id}", Kind.ALTERED),
        (
            "UPDATE audit_auditevent SET canonical = replace(canonical, 'kim', 'lee') WHERE id = {id}",
            Kind.ALTERED,
        ),
        ("UPDATE audit_auditevent SET at = '2020-01-01 00:00:00+00:00' WHERE id = {id}", Kind.ALTERED),
        ("UPDATE audit_entry SET leaf = upper(leaf) WHERE seq = 4", Kind.ALTERED),
        ("UPDATE audit_entry SET chain = leaf WHERE seq = 4", Kind.ALTERED),
        ("UPDATE audit_entry SET seq = 400 WHERE seq = 4", Kind.REORDERED),
        ("UPDATE audit_heading SET actor = 'lee' WHERE id = {id}", Kind.DATABASE),
        ("DELETE FROM audit_heading WHERE id = {id}", Kind.DATABASE),
    ],
)
def test_a_row_that_was_edited_with_the_triggers_off_is_found(
    sequencer: Sequencer, way: Way, statement: str, kind: Kind
) -> None:
    grow(sequencer, 9)

    with way():
        sql(statement.format(id=event_id(4)))
    result = inspect()

    assert 4 in [first for first, _last in numbers(result, kind)]


@found
@committing
@pytest.mark.parametrize("way", ways())
def test_an_event_that_was_deleted_with_the_triggers_off_is_found(sequencer: Sequencer, way: Way) -> None:
    grow(sequencer, 9)

    with way():
        gone = event_id(4)
        sql("DELETE FROM audit_entry WHERE seq = 4")
        sql("DELETE FROM audit_auditevent WHERE id = %s", gone)
    result = inspect()

    assert numbers(result, Kind.REMOVED) == [(4, 4)]


@found
@committing
def test_an_event_that_became_unnumbered_is_found(sequencer: Sequencer) -> None:
    grow(sequencer, 9)

    with triggers_dropped():
        sql("DELETE FROM audit_entry WHERE seq = 4")

    assert numbers(inspect(), Kind.REMOVED) == [(4, 4)]


@found
@committing
@pytest.mark.parametrize("way", ways())
def test_the_end_that_was_cut_off_with_its_checkpoints_is_found(sequencer: Sequencer, way: Way) -> None:
    grow(sequencer, 5)
    grow(sequencer, 4)

    with way():
        cut = [event_id(seq) for seq in range(5, 9)]
        sql("DELETE FROM audit_seal WHERE size > 5")
        sql("DELETE FROM audit_entry WHERE seq >= 5")
        for key in cut:
            sql("DELETE FROM audit_heading WHERE id = %s", key)
            sql("DELETE FROM audit_auditevent WHERE id = %s", key)
    result = inspect()

    assert numbers(result, Kind.TRUNCATED) == [(5, 8)]
    assert result.protected == 5


@found
@committing
def test_triggers_that_are_gone_are_found(sequencer: Sequencer) -> None:
    grow(sequencer, 1)

    with triggers_dropped():
        result = inspect()

    assert [problem.kind for problem in result.problems] == [Kind.DATABASE] * len(PROTECTED)


@found
@postgresql
@committing
def test_triggers_that_are_disabled_are_found(sequencer: Sequencer) -> None:
    grow(sequencer, 1)

    with triggers_disabled():
        result = inspect()

    assert {problem.kind for problem in result.problems} == {Kind.DATABASE}


@found
@committing
def test_nothing_is_found_in_a_database_that_nobody_touched(sequencer: Sequencer) -> None:
    grow(sequencer, 9)

    result = inspect()

    assert result.ok, result.problems
    assert result.anchored == 9


@found
@committing
def test_an_anchor_file_that_is_gone_is_found(sequencer: Sequencer) -> None:
    grow(sequencer, 9)
    Path(settings.AUDIT_ANCHOR_FILE).unlink()

    assert [problem.kind for problem in inspect().problems] == [Kind.ANCHOR]


@found
@committing
def test_a_new_device_has_neither_events_nor_an_anchor_file(sequencer: Sequencer) -> None:
    assert inspect().ok


@found
@pytest.mark.requirement("AUD-04")
@committing
def test_an_older_copy_that_somebody_acknowledged_is_told_and_is_no_alarm(sequencer: Sequencer) -> None:
    grow(sequencer, 5)
    grow(sequencer, 4)
    go_back(5)
    assert numbers(inspect(), Kind.TRUNCATED) == [(5, 8)]

    go_on(sequencer)
    grow(sequencer, 6)
    go_back(9)
    assert not inspect().ok
    go_on(sequencer)
    result = inspect()

    assert result.ok, result.problems
    assert result.origin == "hospital.example/samd~3"
    assert [remark for remark in result.remarks if "LOST, as os/park acknowledged" in remark] == list(
        result.remarks
    )
    assert len(result.remarks) == 2


def go_back(count: int) -> None:
    """An older copy is restored: with the first `count` events, and the checkpoints of those."""
    with triggers_dropped():
        gone = list(Entry.objects.filter(seq__gte=count).values_list("event_id", flat=True))
        Seal.objects.filter(size__gt=count).delete()
        Entry.objects.filter(seq__gte=count).delete()
        Heading.objects.filter(pk__in=gone).delete()
        AuditEvent.objects.filter(pk__gte=min(gone)).delete()


def go_on(sequencer: Sequencer) -> None:
    """Somebody acknowledges the loss, and the log goes on under its next name."""
    sequencer.begin_anew()
    recover(sequencer, reason="the disk failed", actor="os/park", now=timezone.now())


# A SQLite database that is edited as a file.


@pytest.fixture
def file(sequencer: Sequencer, tmp_path: Path, transactional_db: None) -> Path:
    """A trail of 9 events, sealed, in a database file of its own."""
    grow(sequencer, 9)
    path = tmp_path / "copy.sqlite3"
    with sqlite3.connect(path) as copy:
        connection.ensure_connection()
        connection.connection.backup(copy)
    copy.close()
    return path


def verified(database: Path) -> subprocess.CompletedProcess[str]:
    """`manage.py audit verify` on a database file."""
    return subprocess.run(
        [sys.executable, "manage.py", "audit", "verify"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {
            "DATABASE_URL": f"sqlite:///{database}",
            "SAMD_HOME": str(database.parent / "home"),
            "AUDIT_KEY": str(settings.AUDIT_KEY),
            "AUDIT_ANCHOR_FILE": str(settings.AUDIT_ANCHOR_FILE),
        },
    )


@found
@on_sqlite
def test_a_file_that_nobody_edited_is_intact(file: Path) -> None:
    done = verified(file)

    assert (done.returncode, done.stderr) == (0, "")
    assert "INTACT" in done.stdout


@found
@on_sqlite
def test_a_file_that_was_edited_by_its_own_tools_is_found(file: Path) -> None:
    with sqlite3.connect(file) as edited:
        (trigger,) = edited.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'audit_auditevent_no_update'"
        ).fetchone()
        edited.execute("DROP TRIGGER audit_auditevent_no_update")
        edited.execute(
            "UPDATE audit_auditevent SET actor = 'lee', canonical = replace(canonical, 'kim', 'lee') "
            "WHERE subject = 'study/4'"
        )
        edited.execute(trigger)
    edited.close()

    done = verified(file)

    assert done.returncode == 1
    assert "event 4 was altered: what it says is not what was sealed" in done.stdout


@found
@on_sqlite
@pytest.mark.parametrize(("old", "new"), [(b'"actor":"kim"', b'"actor":"lee"'), (b"study/4", b"study/3")])
def test_bytes_of_the_file_that_were_edited_are_found(file: Path, old: bytes, new: bytes) -> None:
    raw = file.read_bytes()
    place = raw.index(old, raw.index(b'"subject":"study/4"') - 400)
    file.write_bytes(raw[:place] + new + raw[place + len(old) :])

    done = verified(file)

    assert done.returncode == 1
    assert "event 4 " in done.stdout


@found
@on_sqlite
def test_an_older_copy_of_the_file_is_found(file: Path, sequencer: Sequencer) -> None:
    older = file.with_name("older.sqlite3")
    shutil.copy(file, older)
    grow(sequencer, 3)  # sealed, and anchored outside

    done = verified(older)

    assert done.returncode == 1
    assert "12 events were sealed" in done.stdout
    assert "only 9 are here" in done.stdout


@found
@on_sqlite
def test_a_file_that_is_no_database_cannot_be_read(file: Path) -> None:
    file.write_bytes(b"x" * 8192)

    assert verified(file).returncode == 2


@found
@on_sqlite
def test_the_result_of_a_verification_is_in_the_trail(file: Path) -> None:
    verified(file)

    with sqlite3.connect(file) as read:
        (text,) = read.execute("SELECT canonical FROM audit_auditevent ORDER BY id DESC LIMIT 1").fetchone()
    read.close()
    said = json.loads(text)
    assert (said["event"], said["outcome"], said["facts"]["events"]) == ("trail:verified", 0, 9)
    assert said["actor"].startswith("os/")
