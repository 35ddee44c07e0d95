"""The monthly reviews for people: the list of months, and the page of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit import review_opening, reviews
from audit.models import Record
from audit.month import Month
from audit.records import verify_record
from audit.review import REVIEWER, Verified
from audit.review_opening import Obstacle
from audit.reviews import State
from audit.signing_keys import Person
from audit.turn import Refusal
from audit.verdicts import Verdict, content_of
from samd.console.review_content import Shown, shown
from samd.console.signature_page import SignatureLine, Turn, signature_lines, turn
from samd.console.wording import Word

STATES: Mapping[State, Word] = {
    State.RUNNING: Word("queued", pgettext_lazy("review", "not over yet")),
    State.DUE: Word("caution", pgettext_lazy("review", "due")),
    State.OPENED: Word("analysing", pgettext_lazy("review", "drawn up, not signed")),
    State.REVIEWED: Word("reported", pgettext_lazy("review", "reviewed")),
    State.APPROVED: Word("verified", pgettext_lazy("review", "approved")),
}

OBSTACLES: Mapping[Obstacle, Promise] = {
    Obstacle.NO_ROLE: _("Only a quality officer draws up a review. Nothing was kept."),
    Obstacle.NOT_OVER: _("The month is not over. Nothing was kept."),
    Obstacle.NOT_VERIFIED: _(
        "The trail was not verified since the month ended. Verify it first; nothing was kept."
    ),
    Obstacle.NO_REASON: _("The month has a review. Say why another takes its place; nothing was kept."),
    Obstacle.OPENED: _("Somebody else has just drawn up this review. Yours was not kept."),
}


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A month in the list."""

    month: str
    day: date
    state: Word
    overdue: bool
    signatures: tuple[SignatureLine, ...]


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A month. `shown` is None where the record cannot be read; without `record` it is a draft.

    `version` counts from 1 and is 0 for a draft; `others` are the other versions. `is_verified` says whether
    the trail was verified since the month ended; `altered`, whether the record is not what was drawn up, or
    a signature does not count.
    """

    month: str
    day: date
    state: Word
    overdue: bool
    shown: Shown | None
    record: Record | None
    signatures: tuple[SignatureLine, ...]
    turn: Turn | None
    is_newest: bool
    version: int
    others: tuple[tuple[int, str], ...]
    may_open: bool
    is_verified: bool
    altered: bool


def patience() -> timedelta:
    return timedelta(days=settings.SAMD_REVIEW_DAYS)


def site() -> tzinfo:
    return timezone.get_default_timezone()


def reviews_overdue(now: datetime) -> list[str]:
    """The months ("2026-10") whose review should be approved by now and is not, the oldest first."""
    return reviews.overdue(zone=site(), now=now, patience=patience())


def month_lines(now: datetime) -> tuple[MonthLine, ...]:
    """Every month with events, the newest first."""
    found = reviews.reviews(zone=site(), now=now, patience=patience())
    return tuple(
        MonthLine(
            month=str(one.month),
            day=_day(one.month),
            state=STATES[one.state],
            overdue=one.overdue,
            signatures=signature_lines(one.verdicts),
        )
        for one in found
    )


def review_page(
    month: Month, *, version: int | None, person: Person, key: Refusal | None, now: datetime
) -> ReviewPage:
    """The page of a month: its review, or what the review would hold now.

    `version` counts from 1; None is the newest. Raises IndexError where there is no such version.
    """
    review = reviews.review_of(month, zone=site(), now=now, patience=patience())
    records = review_opening.versions(month)
    if version is not None and not 0 < version <= len(records):
        raise IndexError(version)
    record = records[version - 1] if version else review.record
    verified = review_opening.last_verified(since=month.ends(site()))
    content = content_of(record.content) if record else _draft(month, verified)
    is_newest = record == review.record
    verdicts = verify_record(record.subject, record.content) if record else ()
    may_open = review.state != State.RUNNING and REVIEWER in person.roles and is_newest
    return ReviewPage(
        month=str(month),
        day=_day(month),
        state=STATES[review.state],
        overdue=review.overdue,
        shown=shown(content),
        record=record,
        signatures=signature_lines(verdicts),
        turn=turn(content, verdicts, person, key=key) if record and is_newest else None,
        is_newest=is_newest,
        version=records.index(record) + 1 if record else 0,
        others=tuple((n, str(one)) for n, one in enumerate(records, start=1) if one != record),
        may_open=may_open,
        is_verified=verified is not None,
        altered=record is not None and _is_altered(record, verdicts),
    )


def _is_altered(record: Record, verdicts: tuple[Verdict, ...]) -> bool:
    broken = any(not one.in_effect and not one.is_waiting for one in verdicts)
    return broken or not review_opening.is_as_opened(record)


def _draft(month: Month, verified: Verified | None) -> dict[str, Any]:
    return review_opening.drawn_up(month, zone=site(), verified=verified)


def _day(month: Month) -> date:
    return date(month.year, month.number, 1)
