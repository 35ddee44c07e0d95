"""Builders of what the pages of the trail show: events as the device and people leave them, sealed."""

from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import trail
from audit.actors import acting
from audit.events import Event
from audit.models import AuditEvent
from audit.protection import protect, unprotect
from audit.sequencer import Sequencer


def event(
    what: Event, subject: str = "analysis/1", *, by: str = "device", at: str = "", **said: Any
) -> AuditEvent:
    """An event as `by` leaves it, from the workstation `at`."""
    with acting(by, address=at), transaction.atomic():
        return trail.append(what, subject, **said)


def event_read_by(person: str) -> AuditEvent:
    """That `person` has opened a study."""
    return event(Event.STUDY_VIEWED, "study/1", by=person, at="10.0.0.1", study="study/1")


def seal(sequencer: Sequencer) -> None:
    """Number everything that waits, and sign a checkpoint over it."""
    while sequencer.step(timezone.now()):
        pass
    sequencer.seal(timezone.now())


def forge(**columns: Any) -> None:
    """Change every row of the trail, as somebody does who owns the database."""
    _forge(AuditEvent.objects.all(), columns)


def forge_one(event: AuditEvent, **columns: Any) -> None:
    """Change one row of the trail in the same way."""
    _forge(AuditEvent.objects.filter(pk=event.pk), columns)


def _forge(rows: QuerySet[AuditEvent], columns: dict[str, Any]) -> None:
    unprotect(connection)
    try:
        rows.update(**columns)
    finally:
        protect(connection)
