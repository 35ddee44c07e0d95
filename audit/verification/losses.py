"""Losses that somebody acknowledged: an older copy was restored, and the log went on under its next name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.events import Event
from audit.incarnation import following

_TYPES = {"origin": str, "size": int, "root": str, "kept": int, "events": int, "continued": str}


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The event `seq` says: of the log `origin`, signed over `size` events under `root`, `kept` are left.

    There were `events` in the older copy, and what follows is signed for the log `continued`. Whoever may add
    events can have one sealed that says anything; which of them count is for audit.verification.conclusions.
    """

    seq: int
    origin: str
    size: int
    root: str
    kept: int
    events: int
    continued: str
    actor: str
    reason: str

    @property
    def is_consistent(self) -> bool:
        """Whether a device could say this: no more is kept than there is, and the next name follows."""
        return self.continued == following(self.origin) and 0 <= self.kept <= self.events <= self.seq

    def names(self, origin: str, size: int, root: bytes) -> bool:
        """Whether a checkpoint of the log `origin` is one of those that are lost."""
        if origin != self.origin or not self.kept < size <= self.size:
            return False
        return size < self.size or root.hex() == self.root

    @property
    def words(self) -> str:
        return (
            f"LOST, as {self.actor} acknowledged in event {self.seq} ({self.reason}): of the {self.size} "
            f"events that were sealed as {self.origin}, those from number {self.kept} on may be missing or "
            f"different here. What follows is sealed as {self.continued}."
        )


def acknowledged(seq: int, content: Mapping[str, Any]) -> Acknowledged | None:
    """The loss that the event `seq` acknowledges, None where it is about something else."""
    facts = content["facts"]
    if content["event"] != Event.TRAIL_ALARMED or content["subject"] != "trail":
        return None
    if any(type(facts.get(name)) is not expected for name, expected in _TYPES.items()):
        return None
    return Acknowledged(
        seq, **{name: facts[name] for name in _TYPES}, actor=content["actor"], reason=content["reason"]
    )
