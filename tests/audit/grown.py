"""Builders of trails in the database, and of what attackers with every right do to it there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from audit import trail
from audit.events import Event
from audit.models import Entry
from audit.protection import protect, unprotect
from audit.sequencer import Sequencer


def grow(sequencer: Sequencer, count: int) -> None:
    """Append `count` events and seal them."""
    for number in range(count):
        with transaction.atomic():
            trail.append(
                Event.STUDY_VIEWED, f"study/{number}", actor="kim", study=f"study/{number}", reason="김"
            )
    seal(sequencer)


def seal(sequencer: Sequencer) -> None:
    """Seal everything that there is."""
    while sequencer.step(timezone.now()):
        pass
    sequencer.seal(timezone.now())


def anchors() -> bytes:
    """The checkpoints that lie outside the database."""
    return Path(settings.AUDIT_ANCHOR_FILE).read_bytes()


def event_id(seq: int) -> int:
    """The row of the event `seq`."""
    return int(Entry.objects.values_list("event_id", flat=True).get(seq=seq))


def sql(statement: str, *parameters: int | str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@contextmanager
def triggers_dropped() -> Iterator[None]:
    """As somebody who owns the tables can do, and undo when they are done."""
    unprotect(connection)
    try:
        yield
    finally:
        protect(connection)


@contextmanager
def triggers_disabled() -> Iterator[None]:
    """The same on PostgreSQL, without a trace in the schema afterwards."""
    tables = ("audit_auditevent", "audit_entry", "audit_seal", "audit_heading", "audit_record")
    for table in tables:
        sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    try:
        yield
    finally:
        for table in tables:
            sql(f"ALTER TABLE {table} ENABLE TRIGGER ALL")


@contextmanager
def replica() -> Iterator[None]:
    """What a superuser of PostgreSQL can say, after which no trigger and no foreign key is looked at."""
    sql("SET session_replication_role = replica")
    try:
        yield
    finally:
        sql("SET session_replication_role = origin")
