"""One entry of the log, read from its canonical text: what an audit message is made of."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

DEVICE: Final = "device"  # the actor of what the device does by itself

_OUTCOMES: Final = (0, 4, 8, 12)
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


@dataclass(frozen=True, slots=True)
class Record:
    """What an entry says; `canonical` is the text that is sealed, `seq` its number in the log.

    A text that is no event of ours - the trail was altered below us - gives a record without an event: it
    is passed on all the same, for whoever watches the repository.
    """

    seq: int
    canonical: str
    event: str = ""
    subject: str = ""
    actor: str = ""
    address: str = ""
    at: datetime = _BEGINNING
    study: str = ""
    patient: str = ""
    model: str = ""
    outcome: int = 12
    reason: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, seq: int, canonical: str) -> "Record":
        try:
            content = json.loads(canonical)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict) or not _text(content.get("event")):
            return cls(seq, canonical, reason="the entry is not an event of this trail")
        facts = content.get("facts")
        return cls(
            seq,
            canonical,
            event=_text(content.get("event")),
            subject=_text(content.get("subject")),
            actor=_text(content.get("actor")),
            address=_text(content.get("address")),
            at=_moment(content.get("at")),
            study=_text(content.get("study")),
            patient=_text(content.get("patient")),
            model=_text(content.get("model")),
            outcome=_outcome(content.get("outcome")),
            reason=_text(content.get("reason")),
            facts=facts if isinstance(facts, dict) else {},
        )

    def fact(self, *names: str) -> str:
        """The first of the facts `names` that holds a text, or nothing."""
        return next((text for name in names if (text := _text(self.facts.get(name)))), "")

    def number(self, *names: str) -> int | None:
        """The first of the facts `names` that holds a count."""
        counts = (self.facts.get(name) for name in names)
        return next((count for count in counts if type(count) is int and count >= 0), None)

    def uids(self, name: str) -> tuple[str, ...]:
        """The UIDs in the fact `name`, a text or a list."""
        value = self.facts.get(name)
        texts = value if isinstance(value, list) else [value]
        return tuple(text for text in texts if isinstance(text, str) and _is_uid(text))


def _is_uid(text: str) -> bool:
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def _text(value: object) -> str:
    """A text that is more than white space, or nothing."""
    return value if isinstance(value, str) and value.strip() else ""


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else _BEGINNING
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return _BEGINNING


def _outcome(value: object) -> int:
    """The outcome; one that is not of PS3.15 A.5.2 is the worst, so that somebody looks."""
    return value if type(value) is int and value in _OUTCOMES else max(_OUTCOMES)
