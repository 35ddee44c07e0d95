"""Appending to the trail, inside the transaction of the change that it records."""

import json
from datetime import UTC

from django.db import transaction
from django.utils import timezone

from audit.events import Event
from audit.models import AuditEvent

Fact = str | int | bool | None | list[str]


class OutsideTransaction(Exception):
    """An event without the change that it records would say what may never have happened."""


def canonical(*, at: str, event: str, subject: str, actor: str, facts: dict[str, Fact]) -> str:
    """The one text of an event: JSON with sorted keys, no spaces, ASCII, no floats (RFC 8785 style)."""
    content = {"actor": actor, "at": at, "event": event, "facts": facts, "subject": subject}
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def append(event: Event, subject: str, *, actor: str = "", **facts: Fact) -> None:
    """Record `event` about `subject` ("study/17") in the current transaction.

    `facts` hold no patient identifiers: row ids, digests, derived UIDs, reasons and counts. Raises
    OutsideTransaction where there is no transaction, so that event and change commit together.
    """
    if not transaction.get_connection().in_atomic_block:
        raise OutsideTransaction(f"{event} on {subject} must be appended in the transaction of its change")
    at = timezone.now().astimezone(UTC)
    AuditEvent.objects.create(
        at=at,
        event=event,
        subject=subject,
        actor=actor,
        canonical=canonical(
            at=at.isoformat(timespec="microseconds"), event=event, subject=subject, actor=actor, facts=facts
        ),
    )
