"""The trail verified where it lies: the lines of an export, and what only the database itself can show."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from audit import export, keys, trail
from audit.entry import COLUMNS
from audit.events import Event
from audit.models import Seal
from audit.protection import PROTECTED
from audit.trail import Outcome
from audit.verification.findings import LIMIT, Kind, Problem, Verification
from audit.verify import verify

_DIFFERENT: Final = " OR ".join(f"heading.{name} IS DISTINCT FROM event.{name}" for name in COLUMNS)
_MISLEADING: Final = (
    "SELECT entry.seq FROM audit_entry entry "  # noqa: S608
    "JOIN audit_auditevent event ON event.id = entry.event_id "
    "LEFT JOIN audit_heading heading ON heading.id = event.id "
    f"WHERE {_DIFFERENT} ORDER BY entry.seq LIMIT {LIMIT}"
)
_LEADING_NOWHERE: Final = (
    "SELECT heading.id FROM audit_heading heading "  # noqa: S608
    "LEFT JOIN audit_auditevent event ON event.id = heading.id "
    f"WHERE event.id IS NULL ORDER BY heading.id LIMIT {LIMIT}"
)
_ON_POSTGRESQL: Final = (
    "SELECT tgname FROM pg_trigger WHERE tgrelid::regclass::text = ANY(%s) AND tgenabled IN ('O', 'A')"
)
_ON_SQLITE: Final = "SELECT name FROM sqlite_master WHERE type = 'trigger'"


def inspect(
    *, anchors: Sequence[tuple[str, bytes]] = (), progress: Callable[[int], None] | None = None
) -> Verification:
    """Verify the trail in the database with the keys and the anchor file of this installation, and `anchors`.

    Beyond what an export shows: that events are found under what they say, that the tables are protected,
    and, on SQLite, that the file is sound. Raises KeyRefused, DatabaseError.
    """
    own, missing = _own_anchor()
    known = tuple(reversed(keys.known()))
    result = verify(export.lines(), keys=known, anchors=(*own, *anchors), progress=progress)
    found = [*missing, *_headings(), *_protection(), *_storage()]
    return replace(result, problems=(*result.problems, *found))


def record(result: Verification) -> None:
    """Append what a verification found."""
    first = result.problems[0] if result.problems else None
    with transaction.atomic():
        trail.append(
            Event.TRAIL_VERIFIED,
            "trail",
            outcome=Outcome.SUCCESS if result.ok else Outcome.MAJOR_FAILURE,
            reason=f"{first.kind}: {first.text}" if first else "",
            origin=result.origin,
            events=result.events,
            protected=result.protected,
            unprotected=result.unprotected,
            anchored=result.anchored,
            root=result.checkpoint.root.hex() if result.checkpoint else "",
            signatures=result.signatures,
            problems=len(result.problems) + result.further,
        )


def _own_anchor() -> tuple[list[tuple[str, bytes]], list[Problem]]:
    path = Path(settings.AUDIT_ANCHOR_FILE)
    try:
        return [(str(path), path.read_bytes())], []
    except FileNotFoundError:
        if not Seal.objects.exists():
            return [], []
        why = "is gone, although checkpoints were signed"
    except OSError as problem:
        why = f"cannot be read ({problem.strerror}); run this as somebody who may read it"
    return [], [Problem(Kind.ANCHOR, f"the anchor file {path} {why}")]


def _headings() -> Iterator[Problem]:
    with connection.cursor() as cursor:
        cursor.execute(_MISLEADING)
        for (seq,) in cursor.fetchall():
            yield Problem(
                Kind.DATABASE,
                f"event {seq} is not found under what it says: its heading was altered",
                seq,
                seq,
            )
        cursor.execute(_LEADING_NOWHERE)
        for (key,) in cursor.fetchall():
            yield Problem(Kind.DATABASE, f"the heading {key} leads to no event")


def _protection() -> Iterator[Problem]:
    """Triggers that are missing or switched off; the installation's own tests know what they refuse."""
    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if postgresql:
            cursor.execute(_ON_POSTGRESQL, [list(PROTECTED)])
        else:
            cursor.execute(_ON_SQLITE)
        present = {name for (name,) in cursor.fetchall()}
    operations = ("update", "delete", "truncate") if postgresql else ("update", "delete")
    for table in PROTECTED:
        missing = [operation for operation in operations if f"{table}_no_{operation}" not in present]
        if missing:
            yield Problem(
                Kind.DATABASE, f"nothing stops {' and '.join(missing).upper()} on {table}: its trigger is off"
            )


def _storage() -> Iterator[Problem]:
    """What SQLite itself finds in its file, indexes that do not say what the tables say among it."""
    if connection.vendor != "sqlite":
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check(20)")
            told = [text for (text,) in cursor.fetchall() if text != "ok"]
    except DatabaseError as problem:
        told = [str(problem)]
    for text in told:
        yield Problem(Kind.DATABASE, f"the database file is damaged: {text}")
