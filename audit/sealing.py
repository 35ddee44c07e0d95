"""What the rest of the device asks of the sealing process: is an event covered; wait until it is."""

import time
from collections.abc import Callable
from datetime import timedelta

from audit.models import AuditEvent, Entry, Seal

PATIENCE = timedelta(seconds=15)

_PAUSE = 0.05  # seconds between two looks


class NotSealed(Exception):
    """No checkpoint covers the event yet: what it announces must not take effect."""


def newest() -> Seal | None:
    """The newest signed checkpoint."""
    return Seal.objects.order_by("size").last()


def is_sealed(event: AuditEvent) -> bool:
    """Whether a signed checkpoint covers `event`."""
    seq = Entry.objects.filter(event=event).values_list("seq", flat=True).first()
    return seq is not None and Seal.objects.filter(size__gt=seq).exists()


def wait_until_sealed(
    event: AuditEvent,
    *,
    patience: timedelta = PATIENCE,
    pause: Callable[[], None] = lambda: time.sleep(_PAUSE),
) -> None:
    """Return once a checkpoint covers `event`, whose transaction has committed. Raises NotSealed."""
    deadline = time.monotonic() + patience.total_seconds()
    while not is_sealed(event):
        if time.monotonic() > deadline:
            raise NotSealed(
                "the trail could not be sealed, so nothing has taken effect; is the sealing process running?"
            )
        pause()
