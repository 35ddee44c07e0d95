"""One event of the trail: its text as sealed, its place in the log, and how anybody can check both."""

from dataclasses import dataclass

from django.utils.functional import Promise

from audit.models import AuditEvent, Entry, Seal
from samd.console.trail_facts import label, value
from samd.console.trail_line import Line, lines, with_place


@dataclass(frozen=True, slots=True)
class EventPage:
    """One event. `leaf` and `chain` are empty while it waits for its number; `seal` while for its checkpoint.

    `newer` and `older` are the rows beside it in the log.
    """

    line: Line
    facts: tuple[tuple[Promise | str, str], ...]
    canonical: str
    leaf: str
    chain: str
    seal: Seal | None
    newer: int | None
    older: int | None


def event_page(pk: int) -> EventPage:
    """The page of the event in row `pk`. Raises AuditEvent.DoesNotExist."""
    event = with_place(AuditEvent.objects.all()).get(pk=pk)
    (line,) = lines([event])
    entry = getattr(event, "entry", None)
    beside = dict(_beside(entry.seq)) if entry else {}
    return EventPage(
        line=line,
        facts=tuple((label(name), value(name, given)) for name, given in sorted(line.facts.items())),
        canonical=event.canonical,
        leaf=entry.leaf if entry else "",
        chain=entry.chain if entry else "",
        seal=Seal.objects.filter(size=line.sealed_by).first() if line.sealed_by is not None else None,
        newer=beside.get(line.seq + 1) if line.seq is not None else None,
        older=beside.get(line.seq - 1) if line.seq is not None else None,
    )


def _beside(seq: int) -> list[tuple[int, int]]:
    return list(Entry.objects.filter(seq__in=(seq - 1, seq + 1)).values_list("seq", "event"))
