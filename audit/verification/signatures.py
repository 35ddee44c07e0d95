"""Electronic signatures on records, as the trail and the records tell them (21 CFR 11.50, 11.70, 11.100).

The same rules as in the device (audit.keyring, audit.verdicts), applied to the lines of an export.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from audit.events import Event
from audit.keyring import EVENTS, Keyring, text_of
from audit.manifest import Manifest, NotAManifest, verifies
from audit.verdicts import Asked, Problem, against_record, asked, author_of, content_of
from audit.verification.findings import Findings, Kind

NOTABLE: Final = frozenset({*EVENTS, Event.RECORD_SIGNED})


@dataclass(frozen=True, slots=True)
class _Signed:
    """The event `seq` says that the record `subject` was signed."""

    seq: int
    subject: str
    actor: str
    facts: Mapping[str, Any]


@dataclass(slots=True)
class Signatures:
    """Follows keys and signatures through the trail, then holds the signatures against the records."""

    findings: Findings
    holding: int = 0
    _ring: Keyring = field(default_factory=Keyring)
    _events: list[_Signed] = field(default_factory=list)
    _records: dict[str, str] = field(default_factory=dict)
    _by_subject: dict[str, list[Manifest]] = field(default_factory=dict)  # those that hold

    def noted(self, seq: int, content: Mapping[str, Any]) -> None:
        """Take an event that is about keys or signatures."""
        self._ring.take(seq, content)
        if content["event"] == Event.RECORD_SIGNED:
            self._events.append(_Signed(seq, content["subject"], content["actor"], content["facts"]))

    def record(self, subject: str, content: str) -> None:
        """Take a signed record as it is now."""
        if subject in self._records:
            self.findings.problem(Kind.SIGNATURE, f"there are two records {subject}")
        self._records[subject] = content if _is_readable(content) else ""

    def finish(self) -> None:
        """Judge the signatures in the order of the trail: those that confirm a key come before its own."""
        for event in self._events:
            faults = list(self._faults(event))
            for fault in faults:
                self.findings.problem(
                    Kind.SIGNATURE,
                    f"the signature on {event.subject} in event {event.seq} does not hold: {fault}",
                    first=event.seq,
                )
            if not faults:
                self.holding += 1
                manifest = Manifest.parse(event.facts["manifest"])
                self._by_subject.setdefault(event.subject, []).append(manifest)
        for key in self._ring.unbacked():
            self.findings.remark(
                f"The signing key of {key.username} ({key.name}) in event {key.seq} rests on nobody's word, "
                f"although others signed here before: ask {key.name} whether they made it."
            )
        for subject, content in self._records.items():
            missing = [one.meaning for one in asked(content_of(content)) if not self._is_given(subject, one)]
            if missing:
                self.findings.remark(f"{subject} is not signed as {', '.join(missing)}.")

    def _is_given(self, subject: str, wanted: Asked) -> bool:
        given = self._by_subject.get(subject, [])
        return any((one.meaning, one.role) == (wanted.meaning, wanted.role) for one in given)

    def _faults(self, event: _Signed) -> Iterator[str]:
        try:
            manifest = Manifest.parse(event.facts.get("manifest"))  # type: ignore[arg-type]
        except NotAManifest:
            yield "what was signed cannot be read"
            return
        key, signature = text_of(event.facts, "key"), text_of(event.facts, "signature")
        if not _agree(event, manifest):
            yield "the event does not say what was signed"
        if not _is_canonical(signature) or not verifies(signature, manifest.text, key):
            yield Problem.FORGED
        problem = self._key_problem(manifest, key, event.seq)
        if problem:
            yield problem
        yield from self._against_record(event, manifest)
        if any(one.signer == manifest.signer for one in self._by_subject.get(event.subject, [])):
            yield Problem.TWICE

    def _against_record(self, event: _Signed, manifest: Manifest) -> Iterator[str]:
        record = self._records.get(event.subject)
        if record is None:
            yield "the record is not there any more"
            return
        for problem in against_record(manifest, event.subject, record):
            if problem is not Problem.NOT_ASKED or asked(content_of(record)):
                yield problem

    def _key_problem(self, manifest: Manifest, key: str, place: int) -> Problem | None:
        """Why a signature with `key` at `place` does not count, if it does not."""
        enrolment = self._ring.enrolments.get(key)
        who = (manifest.signer, manifest.username, manifest.name)
        if enrolment is None or enrolment.seq >= place:
            return Problem.UNKNOWN_KEY
        if (enrolment.signer, enrolment.username, enrolment.name) != who:
            return Problem.UNKNOWN_KEY
        if not enrolment.is_open(place):
            return Problem.RETIRED_KEY
        if enrolment.confirmation:
            confirmed = self._is_confirmed(key, enrolment.confirmation, enrolment.signer)
        else:
            confirmed = self._ring.may_be_first(enrolment.signer, enrolment.seq)
        return None if confirmed else Problem.UNCONFIRMED_KEY

    def _is_confirmed(self, key: str, subject: str, signer: str) -> bool:
        """Whether others had confirmed in the record `subject`, until now, that `key` is of `signer`."""
        content = content_of(self._records.get(subject, ""))
        wanted = asked(content)
        return (
            bool(wanted)
            and (content.get("key"), author_of(content)) == (key, signer)
            and all(self._is_given(subject, one) for one in wanted)
        )


def _agree(event: _Signed, manifest: Manifest) -> bool:
    """Whether the event says what its manifest says, and nothing else."""
    told = {
        "meaning": manifest.meaning,
        "name": manifest.name,
        "digest": manifest.digest,
        "manifest": manifest.text,
        "signature": event.facts.get("signature"),
        "key": event.facts.get("key"),
    }
    return (event.subject, event.actor, event.facts) == (manifest.subject, manifest.username, told)


def _is_readable(content: str) -> bool:
    """Whether the text of a record is one that can have been signed."""
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return content.isascii()


def _is_canonical(encoded: str) -> bool:
    """Whether `encoded` is the one base64 text of its bytes."""
    try:
        return base64.b64encode(base64.b64decode(encoded, validate=True)).decode() == encoded
    except ValueError:
        return False
