"""The monthly reviews as they stand: which months are due, which were opened, reviewed and approved."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from django.db.models import Q

from audit import sealing
from audit.catalogue import search
from audit.keyring import Keyring
from audit.manifest import Meaning
from audit.models import AuditEvent, Heading, Record
from audit.month import Month
from audit.records import keyring, verify_record
from audit.review_opening import PREFIX, versions
from audit.verdicts import Verdict, asked, content_of, in_effect, is_complete


class State(StrEnum):
    """How far the review of a month is."""

    RUNNING = "running"  # the month is not over
    DUE = "due"
    OPENED = "opened"
    REVIEWED = "reviewed"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Review:
    """The review of a month: its record, the newest where it was corrected, and the verdicts on it."""

    month: Month
    state: State
    overdue: bool
    record: Record | None = None
    verdicts: tuple[Verdict, ...] = ()


def review_of(month: Month, *, zone: tzinfo, now: datetime, patience: timedelta) -> Review:
    """How the review of `month` stands; it is overdue once `patience` has passed since the month's end."""
    return _review(month, versions(month), keyring(), zone=zone, now=now, patience=patience)


def reviews(*, zone: tzinfo, now: datetime, patience: timedelta) -> list[Review]:
    """Every month that has events, the newest first."""
    records = _by_month(Record.objects.filter(subject__startswith=PREFIX).order_by("pk"))
    ring = keyring()
    return [
        _review(month, records.get(month, []), ring, zone=zone, now=now, patience=patience)
        for month in reversed(list(_months(zone, now)))
        if month in records or _has_events(month, zone)
    ]


def overdue(*, zone: tzinfo, now: datetime, patience: timedelta) -> list[str]:
    """The months ("2026-10") whose review should be approved by now and is not, the oldest first.

    For an alarm that is looked at often: it believes the rows of signatures, which reviews() verifies.
    """
    late = [month for month in _months(zone, now) if now >= month.ends(zone) + patience]
    records = Record.objects.filter(subject__startswith=PREFIX).prefetch_related("signatures__event__entry")
    newest = sealing.newest()
    signed = {
        month
        for month, found in _by_month(records.order_by("pk")).items()
        if _is_signed(found[-1], newest.size if newest else 0)
    }
    return [str(month) for month in late if month not in signed and _has_events(month, zone)]


def _is_signed(record: Record, sealed: int) -> bool:
    """Whether there is a sealed signature for everything that the record asks for."""
    entries = {one.meaning: getattr(one.event, "entry", None) for one in record.signatures.all()}
    given = {meaning for meaning, entry in entries.items() if entry is not None and entry.seq < sealed}
    wanted = {one.meaning for one in asked(content_of(record.content))}
    return bool(wanted) and wanted <= given


def _review(
    month: Month,
    records: list[Record],
    ring: Keyring,
    *,
    zone: tzinfo,
    now: datetime,
    patience: timedelta,
) -> Review:
    record = records[-1] if records else None
    verdicts = verify_record(record.subject, record.content, ring) if record else ()
    state = _state(month, record, verdicts, zone=zone, now=now)
    late = state not in (State.RUNNING, State.APPROVED) and now >= month.ends(zone) + patience
    return Review(month, state, late, record, verdicts)


def _state(
    month: Month, record: Record | None, verdicts: Iterable[Verdict], *, zone: tzinfo, now: datetime
) -> State:
    verdicts = tuple(verdicts)
    if record is None:
        return State.RUNNING if now < month.ends(zone) else State.DUE
    if is_complete(content_of(record.content), verdicts):
        return State.APPROVED
    return State.REVIEWED if Meaning.REVIEWED in in_effect(verdicts) else State.OPENED


def _by_month(records: Iterable[Record]) -> dict[Month, list[Record]]:
    found: dict[Month, list[Record]] = {}
    for record in records:
        found.setdefault(Month.parse(record.subject.split("/")[1]), []).append(record)
    return found


def _months(zone: tzinfo, now: datetime) -> Iterator[Month]:
    """The months from that of the first event to that of `now`."""
    first = Heading.objects.order_by("at").values_list("at", flat=True).first()
    if first is None:
        first = AuditEvent.objects.order_by("pk").values_list("at", flat=True).first()
    if first is None:
        return
    month, last = Month.of(first, zone), Month.of(now, zone)
    while month <= last:
        yield month
        month = month.next


def _has_events(month: Month, zone: tzinfo) -> bool:
    return search(Q(at__gte=month.begins(zone), at__lt=month.ends(zone))).exists()
