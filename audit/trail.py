"""Appending to the trail, inside the transaction of the change that it records."""

from collections.abc import Mapping
from datetime import UTC
from enum import IntEnum

from django.db import transaction
from django.utils import timezone

from audit.actors import current
from audit.entry import VERSION, canonical
from audit.events import Event
from audit.models import AuditEvent

Fact = str | int | bool | None | list[str]


class Outcome(IntEnum):
    """How it went (PS3.15 A.5.2, EventOutcomeIndicator)."""

    SUCCESS = 0
    MINOR_FAILURE = 4
    SERIOUS_FAILURE = 8
    MAJOR_FAILURE = 12


class OutsideTransaction(Exception):
    """An event without the change that it records would say what may never have happened."""


def append(
    event: Event,
    subject: str,
    *,
    actor: str = "",
    study: str = "",
    patient: str = "",
    model: str = "",
    outcome: Outcome = Outcome.SUCCESS,
    reason: str = "",
    changes: Mapping[str, tuple[Fact, Fact]] | None = None,
    **facts: Fact,
) -> AuditEvent:
    """Record `event` about `subject` ("analysis/17") in the current transaction.

    `study`, `patient` and `model` say whose story it belongs to: "study/17", a surrogate, a digest.
    `reason` is why, `changes` holds (old, new) by attribute. Who and where come from audit.actors unless
    `actor` names somebody. Nothing here identifies a patient: row ids, digests, surrogates, reasons and
    counts. Raises OutsideTransaction where there is no transaction, so that event and change commit
    together.
    """
    if not transaction.get_connection().in_atomic_block:
        raise OutsideTransaction(f"{event} on {subject} must be appended in the transaction of its change")
    who = current()
    at = timezone.now().astimezone(UTC)
    columns = {
        "event": str(event),
        "subject": subject,
        "actor": actor or who.name,
        "address": who.address,
        "study": study,
        "patient": patient,
        "model": model,
        "outcome": int(outcome),
    }
    text = canonical(
        {
            **columns,
            "v": VERSION,
            "at": at.isoformat(timespec="microseconds"),
            "reason": reason,
            "changes": {name: list(pair) for name, pair in (changes or {}).items()},
            "facts": facts,
        }
    )
    return AuditEvent.objects.create(at=at, canonical=text, **columns)
