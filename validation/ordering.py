"""Orders: that somebody wants a signed protocol to be run. `manage.py judge` takes them up.

The rows are the queue; an order stands until it is done, or refused with a reason.
"""

from datetime import datetime

from django.db import transaction

from audit import trail
from audit.actors import current
from audit.events import Event
from audit.models import Record
from audit.verdicts import content_of
from validation import approval
from validation.models import Run, RunOrder

LONGEST_REASON = 1000  # characters of it that the trail keeps


class NotSigned(Exception):
    """The protocol lacks a signature: what is run before it is signed is a deviation."""


class OrderedAlready(Exception):
    """An order for this protocol is not done yet."""


def order(record: Record, *, now: datetime) -> RunOrder:
    """Whoever acts wants the protocol of `record` to be run. Raises NotSigned, OrderedAlready."""
    if not approval.is_signed_before(approval.signatures_of(record.subject), now):
        raise NotSigned
    who = current()
    with transaction.atomic():
        Record.objects.select_for_update().get(pk=record.pk)
        if RunOrder.objects.filter(record=record, ended_at=None).exists():
            raise OrderedAlready
        row = RunOrder.objects.create(record=record, by=who.name, address=who.address, ordered_at=now)
        trail.append(Event.VALIDATION_ORDERED, record.subject, protocol=digest_of(row), order=str(row))
    return row


def waiting() -> list[RunOrder]:
    """The orders that are not done, the oldest first."""
    return list(RunOrder.objects.filter(ended_at=None).select_related("record").order_by("pk"))


def digest_of(row: RunOrder) -> str:
    """The SHA-256 of the protocol that was ordered."""
    return str(content_of(row.record.content).get("digest", ""))


def begun(row: RunOrder, run: Run) -> None:
    """The order is being done by `run`; another one where the device was changed in between."""
    RunOrder.objects.filter(pk=row.pk).update(run=run)


def done(row: RunOrder, *, now: datetime) -> None:
    """The run of the order has its report."""
    RunOrder.objects.filter(pk=row.pk).update(ended_at=now)


def refuse(row: RunOrder, reason: str, *, now: datetime) -> None:
    """The order cannot be done, for this `reason`; what its run has analysed is kept."""
    with transaction.atomic():
        if not RunOrder.objects.filter(pk=row.pk, ended_at=None).update(ended_at=now, refused=reason):
            return
        trail.append(
            Event.VALIDATION_REFUSED,
            row.record.subject,
            outcome=trail.Outcome.MINOR_FAILURE,
            protocol=digest_of(row),
            order=str(row),
            reason=reason[:LONGEST_REASON],
        )
