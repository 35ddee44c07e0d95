"""The whole trail out of the database, as lines that need no database to be verified (audit.lines).

Nothing is judged here: the rows are read as they are, whatever somebody has made of them, past the ORM, so
that the verifier gets to see it.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.db import connection as default_connection
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from audit import keys, trail
from audit.anchor import make_durable
from audit.entry import COLUMNS
from audit.events import Event
from audit.lines import FORMAT, line

_PAGE: Final = 2_000  # rows that are fetched at once

_SEALS: Final = "SELECT size, root, note FROM audit_seal ORDER BY size"
_NUMBERED: Final = (
    "SELECT entry.seq, entry.leaf, entry.chain, event.id, event.canonical, {columns} FROM audit_entry entry "
    "LEFT JOIN audit_auditevent event ON event.id = entry.event_id ORDER BY entry.seq"
)
# What got its number after the numbered ones were read is told as waiting.
_PENDING: Final = (
    "SELECT event.canonical, {columns} FROM audit_auditevent event WHERE NOT EXISTS "
    "(SELECT 1 FROM audit_entry entry WHERE entry.event_id = event.id AND entry.seq < %s) ORDER BY event.id"
)
_RECORDS: Final = "SELECT subject, content FROM audit_record ORDER BY id"


@dataclass(slots=True)
class _Counts:
    """How many lines of each kind there were."""

    checkpoints: int = 0
    events: int = 0
    pending: int = 0
    records: int = 0


def lines() -> Iterator[str]:
    """The lines of an export, each with its newline: one consistent state, in constant memory.

    Writers are not held up. Raises KeyRefused where the public key of the trail cannot be read.
    """
    known = keys.known()
    yield line(
        "export",
        format=FORMAT,
        origin=known[-1].name,
        keys=[str(key) for key in known],
        at=timezone.now().astimezone(UTC).isoformat(timespec="microseconds"),
    )
    counts = _Counts()
    with _snapshot() as connection:
        for size, root, note in _rows(connection, _SEALS):
            counts.checkpoints += 1
            yield line("checkpoint", size=size, root=_text(root), note=_text(note))
        next_seq = 0
        for seq, leaf, chain, event, canonical, *columns in _rows(connection, _NUMBERED):
            counts.events += 1
            next_seq = seq + 1 if isinstance(seq, int) else next_seq
            text = "" if event is None else _text(canonical)  # the number is there, the event is not
            hashes = {"seq": seq, "leaf": _text(leaf), "chain": _text(chain)}
            yield line("event", **hashes, canonical=text, **_columns(columns))
        for canonical, *columns in _rows(connection, _PENDING, next_seq):
            counts.pending += 1
            yield line("pending", canonical=_text(canonical), **_columns(columns))
        for subject, content in _rows(connection, _RECORDS):
            counts.records += 1
            yield line("record", subject=_text(subject), content=_text(content))
    yield line(
        "end",
        events=counts.events,
        checkpoints=counts.checkpoints,
        pending=counts.pending,
        records=counts.records,
    )


def write(path: Path, *, reason: str) -> str:
    """Export the trail to `path`, all of it or nothing, and record that somebody took it; give its SHA-256.

    The file is readable by its owner alone.
    `reason` is why: the Korean rule on access logs asks for one at each download. Raises KeyRefused, OSError.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    digest, count = hashlib.sha256(), 0
    try:
        part.touch(mode=0o600)
        with part.open("w", encoding="ascii", newline="\n") as file:
            for text in lines():
                digest.update(text.encode("ascii"))
                count += 1
                file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with transaction.atomic():
            trail.append(Event.TRAIL_EXPORTED, "trail", reason=reason, digest=digest.hexdigest(), lines=count)
        part.replace(path)
        make_durable(path.parent)
    finally:
        part.unlink(missing_ok=True)
    return digest.hexdigest()


@contextmanager
def _snapshot() -> Iterator[BaseDatabaseWrapper]:
    """A connection on which all that is read is of one moment.

    It is a connection of its own, so that whatever the caller does meanwhile is no part of it. Inside a
    transaction it is the caller's. The order of reading makes up for what that transaction may not isolate.
    """
    if default_connection.in_atomic_block:
        yield _lenient(default_connection)
        return
    own = default_connection.copy()
    try:
        if own.vendor == "postgresql":
            own.set_autocommit(False)
            with own.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        else:
            with own.cursor() as cursor:
                cursor.execute("BEGIN DEFERRED")  # not IMMEDIATE: that would hold up all who write
        yield _lenient(own)
        own.rollback() if own.vendor == "postgresql" else own.connection.rollback()
    finally:
        own.close()


def _lenient(connection: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    """The connection, which reads bytes that are no UTF-8 instead of failing at them."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.connection.text_factory = _decoded
    return connection


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _rows(connection: BaseDatabaseWrapper, query: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
    with closing(connection.chunked_cursor()) as cursor:
        cursor.execute(query.format(columns=_selected(connection.vendor)), parameters)
        while page := cursor.fetchmany(_PAGE):
            yield from page


def _selected(vendor: str) -> str:
    """The columns of an event. SQLite gives times as it holds them, not as the driver reads them."""
    names = [f"event.{name}" for name in COLUMNS]
    if vendor == "sqlite":
        names[COLUMNS.index("at")] = "CAST(event.at AS TEXT)"
    return ", ".join(names)


def _columns(values: list[Any]) -> dict[str, Any]:
    return {
        name: _time(value) if name == "at" else _number(value) if name == "outcome" else _text(value)
        for name, value in zip(COLUMNS, values, strict=True)
    }


def _text(value: object) -> str:
    """The text of a column; what is no text, as somebody may have put there, in a form of its own."""
    return value if isinstance(value, str) else f"<{value!r}>"


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


def _time(value: object) -> str:
    """A time as it stands in canonical texts: UTC, to the microsecond."""
    if isinstance(value, datetime):
        # SQLite has no time zones: what it holds is UTC, whatever the clock of this process shows.
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="microseconds")
    text = _text(value)
    if len(text) == 19:  # SQLite: without microseconds where there are none
        text += ".000000"
    return f"{text[:10]}T{text[11:]}+00:00" if len(text) == 26 and text[10] == " " else text
