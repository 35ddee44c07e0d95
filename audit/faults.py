"""Named steps at which a test lets a process die, as a power cut would."""

import os
import signal
from enum import StrEnum


class Step(StrEnum):
    """Every point between two effects of the sealing process."""

    LEASED = "leased"  # the lease is taken, nothing is read
    NUMBERED = "numbered"  # entries are written, their transaction is open
    COMMITTED = "committed"  # entries are durable, no checkpoint covers them
    SIGNED = "signed"  # the checkpoint is signed, nobody has it
    ANCHORED = "anchored"  # it stands in the anchor file, not in the database
    STORED = "stored"  # it stands in both
    ANNOUNCED = "announced"  # the event of a new key is appended, the key is not in use


def reached(step: Step) -> None:
    """Die here if AUDIT_DIE_AT names this step."""
    if os.environ.get("AUDIT_DIE_AT") == step:
        os.kill(os.getpid(), signal.SIGKILL)
