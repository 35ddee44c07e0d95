"""The trail as a list, newest first, a page at a time however long it is."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from audit import catalogue
from audit.models import AuditEvent
from samd.console.trail_facts import OUTCOMES
from samd.console.trail_filter import PROBLEMS, TrailFilter
from samd.console.trail_line import Line, lines, with_place

ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Some lines, newest first. `newer` and `older` are where the pages beside this one begin, if any."""

    lines: tuple[Line, ...]
    newer: int | None
    older: int | None


def trail_page(
    wanted: TrailFilter, *, before: int | None = None, after: int | None = None, size: int = ON_A_PAGE
) -> TrailPage:
    """The newest `size` events that pass, of those before the row `before`, or next after the row `after`.

    No row is counted or passed over: the page of a trail of a million events costs what the first one costs.
    """
    if after is not None and before is None:
        found = following(wanted, after=after, count=size + 1)
        newer, older = len(found) > size, True
        found = found[size - 1 :: -1] if newer else found[::-1]
    else:
        found = newest(wanted, before=before, count=size + 1)
        newer, older = before is not None, len(found) > size
        found = found[:size]
    return TrailPage(
        lines=lines_of(found),
        newer=found[0] if found and newer else None,
        older=found[-1] if found and older else None,
    )


def newest(wanted: TrailFilter, *, count: int, before: int | None = None) -> list[int]:
    """The rows of the newest `count` events that pass, of those before the row `before`; newest first."""
    found = (row for part in _parts(wanted) for row in part.newest(count, before=before))
    return sorted(found, reverse=True)[:count]


def following(wanted: TrailFilter, *, count: int, after: int) -> list[int]:
    """The rows of the `count` events that pass and come next after the row `after`; oldest first."""
    found = (row for part in _parts(wanted) for row in part.next(count, after=after))
    return sorted(found)[:count]


def lines_of(rows: Iterable[int]) -> tuple[Line, ...]:
    """The lines of these rows, in this order."""
    rows = list(rows)
    events = {event.pk: event for event in with_place(AuditEvent.objects.filter(pk__in=rows))}
    return lines(events[row] for row in rows)


def is_known(column: str, value: str) -> bool:
    """Whether any event has this value: what an address may name."""
    return catalogue.search(Q(**{column: value})).exists()


def _parts(wanted: TrailFilter) -> list[catalogue.Found]:
    # Each value has its place in the index: the nearest of several are among the nearest of each.
    alternatives = [Q(event=event) for event in wanted.events]
    if not alternatives and wanted.outcome == PROBLEMS:
        alternatives = [Q(outcome=outcome) for outcome in OUTCOMES if outcome]
    conditions = wanted.conditions()
    return [catalogue.search(conditions & one) for one in alternatives or [Q()]]
