"""Drawing up the review of a month from the trail, and keeping it as a record to be signed."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from enum import StrEnum
from itertools import chain, islice
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet

from audit import trail
from audit.catalogue import search
from audit.events import Event
from audit.manifest import digest_of
from audit.models import AuditEvent, Heading, Record
from audit.month import Month
from audit.reading import Rules
from audit.records import create
from audit.review import LISTED, LOOKED_INTO, REVIEWER, Happened, Verified, content, findings
from audit.signing_keys import Person
from audit.verdicts import content_of

_Events = QuerySet[Heading] | QuerySet[AuditEvent]

PREFIX: Final = "review/"

_COLUMNS: Final = ("pk", "at", "event", "subject", "actor", "address", "study")
_AT_ONCE: Final = 5_000  # rows that are fetched together


class Obstacle(StrEnum):
    """Why no review was opened."""

    NO_ROLE = "only a quality officer opens a review"
    NOT_OVER = "the month is not over"
    NOT_VERIFIED = "the trail was not verified since the month ended"
    NO_REASON = "the month has a review; another takes its place only for a reason that is given"
    OPENED = "somebody else has just opened this review"


class NotOpened(Exception):
    """No review was opened; `obstacle` says why."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(str(obstacle))
        self.obstacle = obstacle


def found_in(month: Month, zone: tzinfo, rules: Rules | None = None) -> dict[str, Any]:
    """What the trail holds of a month of the site (audit.review.findings)."""
    found = search(Q(at__gte=month.begins(zone), at__lt=month.ends(zone)))
    parts: tuple[_Events, ...] = (found.headings, found.waiting)
    return findings(
        chain.from_iterable(map(_looked_into, parts)),
        others=chain.from_iterable(map(_others, parts)),
        zone=zone,
        rules=rules or Rules(),
    )


def _looked_into(events: _Events) -> Iterator[Happened]:
    rows = events.filter(event__in=LOOKED_INTO).order_by("pk").values_list(*_COLUMNS)
    some = rows.iterator(chunk_size=_AT_ONCE)
    while batch := list(islice(some, _AT_ONCE)):
        listed = [pk for pk, _at, event, *_rest in batch if event in LISTED]
        texts = dict(AuditEvent.objects.filter(pk__in=listed).values_list("pk", "canonical"))
        for pk, *columns in batch:
            yield Happened._make((*columns, texts.get(pk, "")))


def _others(events: _Events) -> Iterator[tuple[str, str, int]]:
    """Images and the like are many: the database counts them."""
    others = events.exclude(event__in=LOOKED_INTO).order_by().values("event", "actor")
    yield from others.annotate(count=Count("pk")).values_list("event", "actor", "count")


def drawn_up(
    month: Month, *, zone: tzinfo, verified: Verified | None, rules: Rules | None = None
) -> dict[str, Any]:
    """What a review of the month would hold now, without its comments and its author."""
    found = found_in(month, zone, rules)
    return content(month, found, zone=zone, verified=verified, author={}, comments="")


def last_verified(*, since: datetime) -> Verified | None:
    """The newest verification of the trail from `since` on, as the trail has it."""
    newest = search(Q(event=Event.TRAIL_VERIFIED, at__gte=since)).newest(1)
    if not newest:
        return None
    event = AuditEvent.objects.get(pk=newest[0])
    facts = content_of(event.canonical).get("facts", {})
    return Verified(
        at=event.at,
        by=event.actor,
        events=int(facts["events"]),
        problems=int(facts["problems"]),
        size=int(facts["protected"]),
        root=str(facts["root"]),
    )


def open_review(
    month: Month,
    *,
    person: Person,
    comments: str,
    zone: tzinfo,
    now: datetime,
    because: str = "",
) -> Record:
    """Keep the review of `month` with the comments of `person`, to be signed; nothing of it changes any more.

    It holds the newest verification of the trail, which must be from after the month. A month that has a
    review gets another in its place only with a reason, `because`. Raises NotOpened.
    """
    if REVIEWER not in person.roles:
        raise NotOpened(Obstacle.NO_ROLE)
    if month.ends(zone) > now:
        raise NotOpened(Obstacle.NOT_OVER)
    verified = last_verified(since=month.ends(zone))
    if verified is None:
        raise NotOpened(Obstacle.NOT_VERIFIED)
    earlier = versions(month)
    because = because.strip() if earlier else ""
    if earlier and not because:
        raise NotOpened(Obstacle.NO_REASON)
    found = found_in(month, zone)
    said = content(
        month,
        found,
        zone=zone,
        verified=verified,
        author={"signer": person.signer, "username": person.username, "name": person.name},
        comments=comments,
        supersedes=earlier[-1].subject if earlier else "",
        because=because,
    )
    subject = f"{PREFIX}{month}" + (f"/{len(earlier) + 1}" if earlier else "")
    try:
        with transaction.atomic(durable=True):
            record = create(subject, said, now=now)
            trail.append(
                Event.REVIEW_OPENED,
                subject,
                actor=person.username,
                reason=because,
                digest=record.digest,
                month=str(month),
            )
    except IntegrityError:
        raise NotOpened(Obstacle.OPENED) from None
    return record


def is_as_opened(record: Record) -> bool:
    """Whether the record of a review is what the trail says was opened."""
    found = search(Q(event=Event.REVIEW_OPENED, subject=record.subject)).newest(2)
    events = AuditEvent.objects.filter(pk__in=found)
    digests = [content_of(event.canonical).get("facts", {}).get("digest") for event in events]
    return digests == [digest_of(record.content)]


def versions(month: Month) -> list[Record]:
    """The records of the review of a month, the first and its corrections, in their order."""
    records = Record.objects.filter(subject__startswith=f"{PREFIX}{month}").order_by("pk")
    return [one for one in records if one.subject.split("/")[1] == str(month)]
