"""What the trail says that a person may do.

The rows of samd.accounts.models are there to be listed; who writes into them gives nothing to anybody.
What opens a door (a role, a training, the end of a lock) counts once a signed checkpoint covers its event;
what shuts one counts at once.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import OuterRef, Q, Subquery

from audit.catalogue import late, search
from audit.entry import leaf_hash
from audit.events import Event
from audit.models import AuditEvent, Entry, Seal

_TELLING = (
    Event.ROLE_GRANTED,
    Event.ROLE_WITHDRAWN,
    Event.USER_TRAINED,
    Event.USER_LOCKED,
    Event.USER_UNLOCKED,
    Event.USER_DEACTIVATED,
)


@dataclass(frozen=True, slots=True)
class Trained:
    """A training; both days count."""

    role: str
    completed_on: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class Told:
    """An event about a person; `sealed` says that a signed checkpoint covers just this text of it."""

    event: str
    facts: dict[str, Any]
    sealed: bool


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The roles that nobody withdrew with the end of each, the trainings, and whether the account is shut."""

    granted: dict[str, datetime | None]
    trained: tuple[Trained, ...]
    shut: bool

    def roles(self, *, now: datetime, today: date) -> frozenset[str]:
        """The roles that count at `now`: not ended, and trained for `today` (21 CFR 11.10(d), (g), (i))."""
        current = {t.role for t in self.trained if t.completed_on <= today <= t.valid_until}
        return frozenset(
            role for role, until in self.granted.items() if role in current and (until is None or now < until)
        )


def entitlement_of(user: User) -> Entitlement:
    """What `user` may do, by the trail."""
    return add_up(_told(f"user/{user.pk}"))


def add_up(events: Iterable[Told]) -> Entitlement:
    """What `events` about one person, in their order, come to."""
    granted: dict[str, datetime | None] = {}
    trained: list[Trained] = []
    shut = False
    for told in events:
        facts = told.facts
        match told.event:
            case Event.ROLE_GRANTED if told.sealed:
                granted[facts["role"]] = datetime.fromisoformat(facts["until"]) if facts["until"] else None
            case Event.ROLE_WITHDRAWN:
                granted.pop(facts["role"], None)
            case Event.USER_TRAINED if told.sealed:
                first, last = (date.fromisoformat(facts[name]) for name in ("completed_on", "valid_until"))
                trained.append(Trained(facts["role"], first, last))
            case Event.USER_LOCKED:
                # A lock-out after failures is not this one: it ends by itself (samd.accounts.lockout).
                shut = shut or facts.get("until_opened", False)
            case Event.USER_UNLOCKED if told.sealed:
                shut = False
            case Event.USER_DEACTIVATED:
                granted.clear()
    return Entitlement(granted, tuple(trained), shut)


def _told(subject: str) -> list[Told]:
    """The events about `subject` that count here, those with a number first and in its order."""
    about = Q(subject=subject, event__in=_TELLING)
    parts = search(about).headings, late(about)
    keys = [pk for part in parts for pk in part.values_list("pk", flat=True)]
    entry = Entry.objects.filter(event=OuterRef("pk"))
    rows = AuditEvent.objects.filter(pk__in=keys).annotate(
        seq=Subquery(entry.values("seq")), leaf=Subquery(entry.values("leaf"))
    )
    size = Seal.objects.order_by("-size").values_list("size", flat=True).first() or 0
    said = [(row, json.loads(row.canonical)) for row in rows]
    return [
        Told(text["event"], text["facts"], _is_sealed(row.canonical, row.leaf, row.seq, size))
        for row, text in sorted(said, key=lambda one: (one[0].seq is None, one[0].seq or one[0].pk))
        if text["subject"] == subject
    ]


def _is_sealed(text: str, leaf: str | None, seq: int | None, size: int) -> bool:
    """A text that somebody changed after it was sealed has another leaf: it opens nothing."""
    return seq is not None and seq < size and leaf_hash(text).hex() == leaf
