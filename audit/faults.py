"""Named steps at which a test lets a process die, as a power cut would."""

import os
import signal
from enum import StrEnum


class Step(StrEnum):
    """Every point between two effects of who appends, of the sealing process, and of who keeps its key."""

    # Whoever changes something and records it.
    APPENDED = "appended"  # the event is written, its transaction is open
    # Sealing.
    LEASED = "leased"  # the lease is taken, nothing is read
    NUMBERED = "numbered"  # entries are written, their transaction is open
    COMMITTED = "committed"  # entries are durable, no checkpoint covers them
    SIGNED = "signed"  # the checkpoint is signed, nobody has it
    ANCHORED = "anchored"  # it stands in the anchor file, not in the database
    STORED = "stored"  # it stands in both
    # A new key.
    MADE = "made"  # the new key waits beside the one in use
    ANNOUNCED = "announced"  # the event of the new key is appended, no checkpoint covers it
    ENDORSED = "endorsed"  # both keys have sealed it, the old one is still in its place
    RETIRED = "retired"  # the public part of the old key is put by
    PUBLISHED = "published"  # the public part of the new key is in its place, the private part is not
    REPLACED = "replaced"  # the new key is in its place, what is left over of it is not cleared away
    # After a loss.
    ACKNOWLEDGED = "acknowledged"  # the loss is recorded, the key still signs for the log that was lost


DIE_AT = os.environ.get("AUDIT_DIE_AT")


def reached(step: Step) -> None:
    """Die here if AUDIT_DIE_AT named this step when the process began."""
    if step == DIE_AT:
        os.kill(os.getpid(), signal.SIGKILL)
