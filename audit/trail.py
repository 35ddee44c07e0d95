"""Appending to the trail, inside the transaction of the change that it records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from audit.actors import current
from audit.entry import COLUMNS, VERSION, canonical
from audit.events import Event
from audit.faults import Step, reached
from audit.models import AuditEvent

Fact = str | int | bool | None | list[str]

FIELDS: Final = (*COLUMNS, "canonical")
_ROW: Final = f"({', '.join(['%s'] * len(FIELDS))})"
_INSERT: Final = f"INSERT INTO audit_auditevent ({', '.join(FIELDS)}) VALUES "  # noqa: S608
_INSERT_ONE: Final = _INSERT + _ROW
_INSERT_SQLITE: Final = _INSERT_ONE.replace("%s", "?")
_STORED: Final = ("id", *FIELDS)


class Outcome(IntEnum):
    """How it went (PS3.15 A.5.2, EventOutcomeIndicator)."""

    SUCCESS = 0
    MINOR_FAILURE = 4
    SERIOUS_FAILURE = 8
    MAJOR_FAILURE = 12


class OutsideTransaction(Exception):
    """An event without the change that it records would say what may never have happened."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event that stands nowhere yet: the values of its row, in the order of FIELDS."""

    values: tuple[datetime, str, str, str, str, str, str, str, int, str]

    def as_row(self, pk: int) -> AuditEvent:
        """The event as the row `pk`, which the database holds."""
        return AuditEvent.from_db(DEFAULT_DB_ALIAS, _STORED, (pk, *self.values))


def happening(
    event: Event,
    subject: str,
    *,
    actor: str = "",
    study: str = "",
    patient: str = "",
    model: str = "",
    outcome: Outcome = Outcome.SUCCESS,
    reason: str = "",
    changes: Mapping[str, tuple[Fact, Fact]] | None = None,
    **facts: Fact,
) -> Happening:
    """What `append` with the same arguments would write, now."""
    who = current()
    at = timezone.now().astimezone(UTC)
    name, level, actor = str(event), int(outcome), actor or who.name
    text = canonical(
        {
            "at": at.isoformat(timespec="microseconds"),
            "event": name,
            "subject": subject,
            "actor": actor,
            "address": who.address,
            "study": study,
            "patient": patient,
            "model": model,
            "outcome": level,
            "reason": reason,
            "changes": {key: list(pair) for key, pair in changes.items()} if changes else {},
            "facts": facts,
            "v": VERSION,
        }
    )
    return Happening((at, name, subject, actor, who.address, study, patient, model, level, text))


def append(
    event: Event,
    subject: str,
    *,
    actor: str = "",
    study: str = "",
    patient: str = "",
    model: str = "",
    outcome: Outcome = Outcome.SUCCESS,
    reason: str = "",
    changes: Mapping[str, tuple[Fact, Fact]] | None = None,
    **facts: Fact,
) -> AuditEvent:
    """Record `event` about `subject` ("analysis/17") in the current transaction.

    `study`, `patient` and `model` say whose story it belongs to: "study/17", a surrogate, a digest.
    `reason` is why, `changes` holds (old, new) by attribute. Who and where come from audit.actors unless
    `actor` names somebody. Nothing here identifies a patient: row ids, digests, surrogates, reasons and
    counts. Raises OutsideTransaction where there is no transaction, so that event and change commit
    together.
    """
    database = transaction.get_connection()
    if not database.in_atomic_block:
        raise OutsideTransaction(f"{event} on {subject} must be appended in the transaction of its change")
    happened = happening(
        event,
        subject,
        actor=actor,
        study=study,
        patient=patient,
        model=model,
        outcome=outcome,
        reason=reason,
        changes=changes,
        **facts,
    )
    row = happened.as_row(_inserted(happened, database))
    reached(Step.APPENDED)
    return row


def record(event: Event, subject: str, **about: Any) -> AuditEvent:
    """The event that `append` with the same arguments appends, where nothing is changed: for reading.

    Where there is no transaction it makes one of its own, of a single statement, and the event is durable
    when this returns; that takes half of what `append` in a transaction takes.
    """
    database = transaction.get_connection()
    if database.in_atomic_block or not database.get_autocommit():
        return append(event, subject, **about)
    happened = happening(event, subject, **about)
    return happened.as_row(_inserted(happened, database))


def append_all(happenings: Sequence[Happening]) -> list[AuditEvent]:
    """Append what happened, in order, in the current transaction, by one statement: for a group."""
    database = transaction.get_connection()
    if not database.in_atomic_block:
        raise OutsideTransaction("events must be appended in the transaction of their changes")
    parameters = [value for happened in happenings for value in _parameters(happened, database)]
    statement = _INSERT + ", ".join([_ROW] * len(happenings))
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            cursor.execute(statement + " RETURNING id", parameters)
            keys = [int(row[0]) for row in cursor.fetchall()]
        else:
            cursor.execute(statement, parameters)
            # One writer at a time: the rows of a statement follow each other.
            keys = list(range(cursor.lastrowid - len(happenings) + 1, cursor.lastrowid + 1))
    return [happened.as_row(pk) for pk, happened in zip(keys, happenings, strict=True)]


def _parameters(happened: Happening, database: BaseDatabaseWrapper) -> tuple[str | int | None, ...]:
    """The values as the driver of this database takes them."""
    at = happened.values[0]
    if database.vendor == "sqlite" and database.timezone is UTC:
        # What the line below comes to, in a quarter of the time.
        return (str(at.replace(tzinfo=None)), *happened.values[1:])
    return (database.ops.adapt_datetimefield_value(at), *happened.values[1:])


def _inserted(happened: Happening, database: BaseDatabaseWrapper) -> int:
    # Not through the ORM: most of what its create() does is of no use to a row that is never changed.
    parameters = _parameters(happened, database)
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute(_INSERT_ONE + " RETURNING id", parameters)
            return int(cursor.fetchone()[0])
    if database.execute_wrappers or database.force_debug_cursor:  # somebody listens to what is executed
        with database.cursor() as cursor:
            cursor.execute(_INSERT_ONE, parameters)
            return int(cursor.lastrowid)
    with database.wrap_database_errors:
        return int(database.connection.execute(_INSERT_SQLITE, parameters).lastrowid)
