"""Searching the trail: by person, study, patient, model, event, subject, outcome and time, newest first.

Events are found by their headings, which the sealing process writes with their numbers; those that wait for a
number are the newest, and are looked through one by one. Conditions are on columns that both have.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Max, Q, QuerySet

from audit.models import AuditEvent, Heading

# So many ids are looked back for events that wait for their number.
_LATE = 1000

_COLUMNS = ("id", "at", "event", "subject", "actor", "address", "study", "patient", "model", "outcome")


def add(events: Iterable[AuditEvent]) -> None:
    """Make `events` findable; to be called where they get their numbers."""
    Heading.objects.bulk_create(
        Heading(**{name: getattr(event, name) for name in _COLUMNS}) for event in events
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What passes a search. Either part is ordered and cut off by whoever asks."""

    waiting: QuerySet[AuditEvent]  # newer than everything that has a heading
    headings: QuerySet[Heading]

    def newest(self, count: int, *, before: int | None = None) -> list[int]:
        """The keys of the newest `count` events, those before the key `before` only; newest first."""
        return self._nearest("-pk", Q() if before is None else Q(pk__lt=before), count)

    def next(self, count: int, *, after: int) -> list[int]:
        """The keys of the `count` events that come next after the key `after`; oldest first."""
        return self._nearest("pk", Q(pk__gt=after), count)

    def _nearest(self, order: str, beyond: Q, count: int) -> list[int]:
        parts = (self.waiting, self.headings) if order == "-pk" else (self.headings, self.waiting)
        found: list[int] = []
        for part in parts:
            if len(found) < count:
                rows = part.filter(beyond).order_by(order).values_list("pk", flat=True)
                found += rows[: count - len(found)]
        return found

    def exists(self) -> bool:
        """Whether there is any."""
        return self.headings.exists() or self.waiting.exists()


def late(conditions: Q) -> QuerySet[AuditEvent]:
    """Those of the last events that pass `conditions` and have no number yet, though newer ones may have one.

    `search` finds them a moment later. For what must count at once: on PostgreSQL an event that commits out
    of turn waits until the sealing process comes by.
    """
    newest = Heading.objects.aggregate(newest=Max("pk"))["newest"] or 0
    return AuditEvent.objects.filter(conditions, pk__gt=newest - _LATE, entry=None)


def search(conditions: Q) -> Found:
    """The events that pass `conditions`, on the columns that people search.

    On PostgreSQL an event that commits out of turn is found once it has its number, a moment later.
    """
    newest = Heading.objects.aggregate(newest=Max("pk"))["newest"] or 0
    waiting = AuditEvent.objects.filter(conditions, pk__gt=newest)
    return Found(waiting, Heading.objects.filter(conditions))
