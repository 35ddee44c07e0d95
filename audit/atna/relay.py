"""Store and forward: the trail itself is the spool from which the audit repository is fed.

How far the repository has taken the log is one number in the database, and it moves only after a batch was
confirmed (audit.atna.transport). Whatever happens before that - the repository is down, hangs, refuses,
dies in the middle, or we do - the batch is sent again, so nothing is lost, and what came twice is told by
the number of its entry.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from audit import catalogue, sealing, trail
from audit.atna.participants import Source
from audit.atna.record import Record
from audit.atna.syslog import Header
from audit.atna.translation import messages
from audit.atna.transport import Repository, deliver
from audit.checkpoint import read
from audit.events import Event
from audit.models import Entry, Forwarding
from audit.note import NoteRefused

BATCH: Final = 200  # entries in one connection
SUBJECT: Final = "repository"  # of the events about the repository, and the name of our position


class NotBackward(Exception):
    """The position can only go back: to skip entries would lose them."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait: `pause` between two looks, doubled while the repository fails, up to `longest`.

    After `grace` of failing an outage is worth an alarm: a repository that restarts is not.
    """

    pause: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(seconds=60)
    grace: timedelta = timedelta(seconds=30)

    def after(self, failures: int) -> timedelta:
        """The pause after so many failures in a row."""
        return min(self.pause * (1 << min(failures, 16)), self.longest)


@dataclass(frozen=True, slots=True)
class Relay:
    """Feeds one repository. `source` says who reports, except for the log's name, which the log says."""

    repository: Repository
    source: Source
    header: Header

    def step(self) -> int:
        """Send the next batch and move on; give how many entries it had. Raises NotTaken: nothing moved."""
        origin = _origin()
        before = position()
        entries = list(Entry.objects.filter(seq__gte=before).select_related("event").order_by("seq")[:BATCH])
        if not entries or not origin:
            return 0
        deliver(self._frames(entries, origin), self.repository)
        # Whoever else moved it, by hand or beside us, is not to be overruled.
        Forwarding.objects.filter(name=SUBJECT, seq=before).update(seq=entries[-1].seq + 1)
        return len(entries)

    def _frames(self, entries: Sequence[Entry], origin: str) -> Iterator[bytes]:
        source = replace(self.source, origin=origin)
        for entry in entries:
            record = Record.of(entry.seq, entry.event.canonical)
            for part, message in enumerate(messages(record, source)):
                yield self.header.frame(message, at=record.at, origin=origin, seq=entry.seq, part=part)


def _origin() -> str:
    """The name of the log, as its checkpoints say it; empty before the first one."""
    newest = sealing.newest()
    try:
        return read(newest.note.partition("\n\n")[0] + "\n").origin if newest else ""
    except NoteRefused:
        return ""


def position() -> int:
    """The first entry that the repository has not taken."""
    return Forwarding.objects.get_or_create(name=SUBJECT)[0].seq


def waiting() -> int:
    """How many entries the repository has not taken."""
    newest = Entry.objects.order_by("seq").last()
    return newest.seq + 1 - position() if newest else 0


def send_again_from(seq: int) -> None:
    """Let the repository have everything from `seq` on once more. Raises NotBackward."""
    with transaction.atomic():
        before = position()
        if not 0 <= seq <= before:
            raise NotBackward(
                f"the repository has taken the entries before {before}; it can be sent them again from 0 to "
                f"{before}, but entries cannot be skipped"
            )
        Forwarding.objects.filter(name=SUBJECT).update(seq=seq)
        trail.append(Event.PEER_CHANGED, SUBJECT, changes={"position": (before, seq)})


def alarm(reason: str) -> bool:
    """Record that the repository takes nothing, once in an outage; give whether this was that once.

    An outage ends when everything was taken, the alarm itself too.
    """
    with transaction.atomic():
        if _is_alarmed():
            return False
        trail.append(
            Event.TRAIL_ALARMED,
            SUBJECT,
            outcome=trail.Outcome.MINOR_FAILURE,
            reason=reason,
            waiting=waiting(),
            position=position(),
        )
    return True


def _is_alarmed() -> bool:
    """Whether the newest alarm waits for the repository itself."""
    newest = catalogue.search(Q(event=Event.TRAIL_ALARMED, subject=SUBJECT)).newest(1)
    return bool(newest) and not Entry.objects.filter(event__in=newest, seq__lt=position()).exists()
