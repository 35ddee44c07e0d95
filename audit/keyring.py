"""Whose signing key is whose, as the trail says it, and from when until when. Pure, over events of the trail.

The table of keys is not believed: whoever can write it could put in a key of their own. A key counts once
its enrolment is sealed and somebody else, whose key counted already, has signed that the person is who they
say (21 CFR 11.100(b)). Only the first key of all rests on nobody's word, or one that
comes when none is left. Whoever owns the database can bring that about, by events that retire every key: so
such a key counts, and is named to whoever verifies the trail.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from audit.events import Event
from audit.verification.rows import NotAnEvent, content_of

CONFIRMATION = "signing-key/"  # what a record about a key is called, and 16 digits of the key's SHA-256

EVENTS = (Event.SIGNING_KEY_ENROLLED, Event.SIGNING_KEY_RETIRED)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """`signer` ("user/7") enrolled `key` (base64) at place `seq` of the log; it was retired at `retired`.

    `confirmation` names the record by which somebody confirms it; empty for a key that needs none. At place
    `confirmed` that record was first signed.
    """

    key: str
    signer: str
    username: str
    name: str
    confirmation: str
    seq: int
    retired: int | None = None
    confirmed: int | None = None

    def is_open(self, seq: int) -> bool:
        """Whether the key stood and was not retired at place `seq`, confirmed or not."""
        return self.seq < seq and (self.retired is None or self.retired > seq)

    @property
    def backed(self) -> int | None:
        """Since where somebody's word, or nobody's where none was needed, stood behind it; None for never."""
        return self.confirmed if self.confirmation else self.seq

    def stands(self, seq: int) -> bool:
        """Whether it was open at place `seq`, and backed before."""
        return self.is_open(seq) and self.backed is not None and self.backed < seq


@dataclass(slots=True)
class Keyring:
    """Every enrolment of a trail, by key; events are taken in the order of the log."""

    enrolments: dict[str, Enrolment] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[tuple[int, str]]) -> "Keyring":
        """The keyring of (place, canonical text) of events, of which only those on keys are looked at.

        What is no event is passed over: whoever may add rows could otherwise keep everybody from signing.
        """
        ring = cls()
        for seq, text in events:
            try:
                ring.take(seq, content_of(text))
            except NotAnEvent:
                continue
        return ring

    def take(self, seq: int, said: Mapping[str, Any]) -> None:
        """Take in the event at place `seq`."""
        match said["event"]:
            case Event.SIGNING_KEY_ENROLLED:
                self._enrol(seq, said)
            case Event.SIGNING_KEY_RETIRED:
                known = self.enrolments.get(text_of(said["facts"], "key"))
                if known and known.retired is None and known.signer == said["subject"]:
                    self.enrolments[known.key] = replace(known, retired=seq)
            case Event.RECORD_SIGNED:
                for known in list(self.enrolments.values()):
                    if known.confirmation == said["subject"] and known.confirmed is None:
                        self.enrolments[known.key] = replace(known, confirmed=seq)

    def _enrol(self, seq: int, said: Mapping[str, Any]) -> None:
        facts = said["facts"]
        enrolment = Enrolment(
            key=text_of(facts, "key"),
            signer=said["subject"],
            username=said["actor"],
            name=text_of(facts, "name"),
            confirmation=text_of(facts, "confirmation"),
            seq=seq,
        )
        # Whoever enrolled a key first has it: a second enrolment of it is somebody else's claim.
        self.enrolments.setdefault(enrolment.key, enrolment)

    def may_be_first(self, signer: str, seq: int) -> bool:
        """Whether nobody but `signer` had a key that stood at place `seq`: who could have confirmed one?"""
        return not any(e.stands(seq) for e in self.enrolments.values() if e.signer != signer)

    def unbacked(self) -> Iterator[Enrolment]:
        """The keys that rest on nobody's word although a key was backed before them."""
        first = min((e.backed for e in self.enrolments.values() if e.backed is not None), default=0)
        return (e for e in self.enrolments.values() if not e.confirmation and e.seq > first)


def text_of(facts: Mapping[str, Any], name: str) -> str:
    """The text of a fact; empty where it is none."""
    value = facts.get(name)
    return value if isinstance(value, str) else ""
