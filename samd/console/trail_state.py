"""How the trail stands: what is sealed, what waits, and what somebody must see to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from audit import catalogue, keys, sealing
from audit.events import Event
from audit.models import AuditEvent, Entry, Forwarding
from audit.trail import Outcome

# A checkpoint is due after a minute: after two, nobody makes them.
LONGEST_WAIT = timedelta(minutes=2)

# Events commit in another order than that of their rows: so far before the last numbered one is looked.
_LOOK_BACK = 1_000


@dataclass(frozen=True, slots=True)
class Sealing:
    """The newest checkpoint (0 events and no time where there is none) and the events after it.

    `oldest` is when the first of the `waiting` happened.
    """

    size: int
    sealed_at: datetime | None
    waiting: int
    oldest: datetime | None

    def is_stalled(self, now: datetime) -> bool:
        """Whether an event waits longer for its checkpoint than it may."""
        return self.oldest is not None and now - self.oldest > LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class LastVerification:
    """When somebody last verified the trail, who, and whether it was whole."""

    at: datetime
    by: str
    passed: bool
    event: int


@dataclass(frozen=True, slots=True)
class ForwardingLine:
    """A repository elsewhere, and how many numbered events it has not got yet."""

    name: str
    behind: int


@dataclass(frozen=True, slots=True)
class TrailHealth:
    """What the operations page says of the trail. `key_exposed`: this process could read the signing key."""

    sealing: Sealing
    stalled: bool
    last_verification: LastVerification | None
    key_exposed: bool
    key: str
    anchor_file: str
    anchored: bool
    forwardings: tuple[ForwardingLine, ...]


def sealing_state() -> Sealing:
    """How far the trail is sealed, by queries that look only at its end."""
    seal = sealing.newest()
    size = seal.size if seal else 0
    last = Entry.objects.order_by("-seq").first()
    numbered = last.seq + 1 if last else 0
    uncovered = Entry.objects.filter(seq=size).select_related("event").first()
    unnumbered = AuditEvent.objects.filter(
        ~Exists(Entry.objects.filter(event=OuterRef("pk"))), pk__gt=last.event_id - _LOOK_BACK if last else 0
    )
    first = unnumbered.order_by("pk").values_list("at", flat=True).first()
    times = [at for at in (uncovered.event.at if uncovered else None, first) if at is not None]
    return Sealing(
        size=size,
        sealed_at=seal.at if seal else None,
        waiting=numbered - size + unnumbered.count(),
        oldest=min(times, default=None),
    )


def last_verification() -> LastVerification | None:
    """The newest verification that was run here."""
    rows = catalogue.search(Q(event=Event.TRAIL_VERIFIED)).newest(1)
    if not rows:
        return None
    event = AuditEvent.objects.get(pk=rows[0])
    return LastVerification(event.at, event.actor, event.outcome == Outcome.SUCCESS, event.pk)


def trail_health(now: datetime) -> TrailHealth:
    """How the trail stands at `now`."""
    state = sealing_state()
    anchor = Path(settings.AUDIT_ANCHOR_FILE)
    return TrailHealth(
        sealing=state,
        stalled=state.is_stalled(now),
        last_verification=last_verification(),
        key_exposed=keys.is_exposed(),
        key=str(settings.AUDIT_KEY),
        anchor_file=str(anchor),
        anchored=_is_there(anchor),
        forwardings=_forwardings(),
    )


def _is_there(anchor: Path) -> bool:
    try:
        return anchor.is_file()
    except OSError:  # its folder belongs to somebody else, as it should
        return True


def _forwardings() -> tuple[ForwardingLine, ...]:
    last = Entry.objects.order_by("-seq").values_list("seq", flat=True).first()
    numbered = 0 if last is None else last + 1
    return tuple(
        ForwardingLine(row.name, max(0, numbered - row.seq)) for row in Forwarding.objects.order_by("name")
    )
