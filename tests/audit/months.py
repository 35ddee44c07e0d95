"""Builders of a site with a month to review."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone

from audit import review_opening, reviews, trail
from audit.actors import acting
from audit.events import Event
from audit.models import Record
from audit.month import Month
from audit.reviews import Review
from tests.audit.signers import LEE, Site
from tests.audit.signers import site as site
from tests.audit.signers import staffed as staffed

SEOUL = ZoneInfo("Asia/Seoul")
PATIENCE = timedelta(days=14)
NOW = datetime(2026, 11, 3, 3, 0, tzinfo=UTC)
OCTOBER = Month(2026, 10)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the clock of the trail."""

    def set_clock(moment: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: moment)

    return set_clock


@pytest.fixture
def october(staffed: Site, at: Callable[[datetime], None]) -> Site:
    """A site with events in October, at the beginning of November."""
    at(datetime(2026, 10, 7, 1, 0, tzinfo=UTC))
    with acting("kim", address="10.0.0.5"), transaction.atomic():
        trail.append(Event.STUDY_VIEWED, "study/1", study="study/1")
        trail.append(Event.INSTANCE_STORED, "instance/1", actor="device", study="study/1")
        trail.append(Event.TRAIL_EXPORTED, "trail", reason="asked for by the ministry", format="csv")
    at(NOW)
    verify()
    staffed.seal()
    return staffed


def verify(**facts: str | int) -> None:
    """What the console says in the trail when somebody has verified it."""
    said: dict[str, Any] = {"events": 7, "protected": 7, "problems": 0, "root": "ab" * 32} | facts
    with transaction.atomic():
        trail.append(Event.TRAIL_VERIFIED, "trail", actor="lee", **said)


def opened(comments: str = "Nothing unusual.", **changes: object) -> Record:
    asked = {"person": LEE, "zone": SEOUL, "now": NOW, "because": ""} | changes
    return review_opening.open_review(OCTOBER, comments=comments, **asked)  # type: ignore[arg-type]


def state(now: datetime = NOW) -> Review:
    return reviews.review_of(OCTOBER, zone=SEOUL, now=now, patience=PATIENCE)


def overdue(now: datetime) -> list[str]:
    return reviews.overdue(zone=SEOUL, now=now, patience=PATIENCE)
