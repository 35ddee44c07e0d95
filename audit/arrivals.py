"""Which events wait for their number.

SQLite has one writer at a time, so events commit in the order of their ids. PostgreSQL gives ids when rows
are written, not when they commit: an id that is skipped belongs to a transaction that is still open, or was
rolled back. Such gaps are watched until every transaction that was open when they were found has ended.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from audit.models import AuditEvent, Entry

# A transaction takes its id a moment before it is known as a transaction; a gap is watched so long at least.
GRACE: Final = 600.0  # seconds
# The search through everything, in case that somebody slept in that moment for longer.
SEARCH: Final = 1800.0  # seconds
_LOOK_BACK: Final = 100_000  # ids among which gaps are looked for when a process begins
_MOST_GAPS: Final = 200


@dataclass(frozen=True, slots=True)
class Gap:
    """The ids `first` to `last`, missing when `horizon` was the next transaction to begin, at `since`."""

    first: int
    last: int
    horizon: int
    since: float


def gaps_between(before: int, ids: Sequence[int], *, horizon: int, since: float) -> list[Gap]:
    """What is missing between `before` and the ascending `ids`."""
    pairs = zip((before, *ids), ids, strict=False)
    return [Gap(low + 1, high - 1, horizon, since) for low, high in pairs if high > low + 1]


def joined(gaps: Sequence[Gap], *, most: int) -> list[Gap]:
    """`gaps`, in order, the first ones joined into one where there are more than `most`."""
    spare = len(gaps) - most
    if spare <= 0:
        return list(gaps)
    old = gaps[: spare + 1]
    last = max(old, key=lambda gap: (gap.since, gap.horizon))
    return [Gap(old[0].first, old[-1].last, last.horizon, last.since), *gaps[spare + 1 :]]


@dataclass(slots=True)
class Arrivals:
    """Every id up to `newest` has been looked at, and is numbered or in one of `gaps`."""

    clock: Callable[[], float] = time.monotonic
    newest: int = 0
    gaps: list[Gap] = field(default_factory=list)
    _searched: float | None = None

    def begin(self, alive: Callable[[], object] = lambda: None) -> None:
        """Look at everything once; `alive` is called again and again meanwhile."""
        self.newest = Entry.objects.aggregate(newest=Max("event_id"))["newest"] or 0
        self.gaps = []
        if connection.vendor == "postgresql" and self.newest:
            seen = AuditEvent.objects.filter(pk__range=(self.newest - _LOOK_BACK, self.newest))
            ids = list(seen.order_by("pk").values_list("pk", flat=True))
            self.gaps = gaps_between(ids[0], ids[1:], horizon=_horizon(), since=self.clock()) if ids else []
        self._search(alive)

    def _search(self, alive: Callable[[], object]) -> None:
        late: list[int] = []
        for low in range(0, self.newest + 1, _LOOK_BACK):
            some = _unnumbered().filter(pk__gt=low, pk__lte=min(low + _LOOK_BACK, self.newest))
            late += some.order_by("pk").values_list("pk", flat=True)
            alive()
        found = [Gap(pk, pk, _horizon(), self.clock()) for pk in late]
        self.gaps = sorted({*self.gaps, *found}, key=lambda gap: gap.first)
        self._searched = self.clock()

    def waiting(self, limit: int) -> list[AuditEvent]:
        """The first of those that wait, by id; to be called in the transaction that numbers them."""
        return list(self._candidates().order_by("pk")[:limit])

    def is_any(self) -> bool:
        """Whether an event waits: a cheap look outside any transaction."""
        return self._candidates().exists()

    def _candidates(self) -> QuerySet[AuditEvent]:
        if not self.gaps:
            return AuditEvent.objects.filter(pk__gt=self.newest)
        places = Q(pk__gt=self.newest)
        for gap in self.gaps:
            places |= Q(pk__range=(gap.first, gap.last))
        return _unnumbered().filter(places)

    def numbered(self, events: Iterable[AuditEvent]) -> None:
        """`events`, which were waiting, have got their numbers for good."""
        ids = sorted(event.pk for event in events)
        late = {pk for pk in ids if pk <= self.newest}
        new = ids[len(late) :]
        self.gaps = [gap for gap in self.gaps if gap.first != gap.last or gap.first not in late]
        if not new:
            return
        if connection.vendor == "postgresql":
            self.gaps += gaps_between(self.newest, new, horizon=_horizon(), since=self.clock())
            self.gaps = joined(self.gaps, most=_MOST_GAPS)
        self.newest = new[-1]

    def tidy(self, alive: Callable[[], object] = lambda: None) -> None:
        """Forget the gaps that can hold nothing any more, and search through everything from time to time."""
        if connection.vendor != "postgresql" or self._searched is None:
            return
        now = self.clock()
        if any(now - gap.since >= GRACE for gap in self.gaps):
            ended = _ended()
            self.gaps = [g for g in self.gaps if g.horizon > ended or now - g.since < GRACE]
        if self.clock() - self._searched >= SEARCH:
            self._search(alive)


def _unnumbered() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(~Exists(Entry.objects.filter(event=OuterRef("pk"))))


def _horizon() -> int:
    """The number of the next transaction that begins."""
    return _snapshot("pg_snapshot_xmax")


def _ended() -> int:
    """Every transaction with a smaller number has ended."""
    return _snapshot("pg_snapshot_xmin")


def _snapshot(function: str) -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])
