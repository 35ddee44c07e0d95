"""The monthly review of the trail: what a month holds, in numbers and lists that a person can judge.

Pure, over the events of the month. Everything is a text or a whole number, so that the content has one
canonical text, which is signed (21 CFR 11.10(e); Korean access-log rule: checked at least monthly).
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from typing import Any, Final, NamedTuple

from audit.events import Event
from audit.manifest import Meaning, stamp
from audit.month import Month
from audit.reading import READING, Reader, Rules

FORMAT: Final = "audit-review/1"
REVIEWER, APPROVER = "quality_officer", "approver"
SIGNATURES: Final = (
    {"meaning": str(Meaning.REVIEWED), "role": REVIEWER},
    {"meaning": str(Meaning.APPROVED), "role": APPROVER},
)

# What a reviewer looks at line by line, by what it is about.
SECTIONS: Final[Mapping[str, frozenset[Event]]] = {
    "failed logins": frozenset({Event.USER_LOGIN_FAILED}),
    "locked accounts": frozenset({Event.USER_LOCKED, Event.USER_UNLOCKED}),
    "refused pages": frozenset({Event.USER_REFUSED}),
    "refused peers": frozenset({Event.ASSOCIATION_REFUSED, Event.INSTANCE_REFUSED}),
    "conflicts": frozenset({Event.INSTANCE_CONFLICTED}),
    "alerts": frozenset({Event.TRAIL_ALARMED, Event.ASSOCIATION_DISAGREED, Event.DELIVERY_DISAGREED}),
    "exports": frozenset({Event.TRAIL_EXPORTED}),
    "patients": frozenset({Event.PATIENT_LOOKED_UP, Event.PATIENT_UNLINKED}),
    "roles": frozenset({Event.ROLE_GRANTED, Event.ROLE_WITHDRAWN, Event.USER_TRAINED}),
    "accounts": frozenset({Event.USER_CREATED, Event.USER_DEACTIVATED, Event.USER_FACTOR_CHANGED}),
    "keys": frozenset({Event.SIGNING_KEY_ENROLLED, Event.SIGNING_KEY_RETIRED, Event.TRAIL_KEY_ROTATED}),
    "signatures": frozenset({Event.RECORD_SIGNED, Event.SIGNATURE_REFUSED}),
    "legal holds": frozenset({Event.HOLD_PLACED, Event.HOLD_LIFTED}),
    "configuration": frozenset({Event.MODEL_IMPORTED, Event.PEER_CHANGED}),
    "verifications": frozenset({Event.TRAIL_VERIFIED}),
}
LISTED: Final = frozenset().union(*SECTIONS.values())

# Of everything else a review tells the number.
LOOKED_INTO: Final = LISTED | READING

_LINES = 200  # of a section that are told one by one
_LONGEST = 80  # characters of a value
_NOT_TOLD = frozenset({"manifest", "signature", "note", "digest", "signer"})


class Happened(NamedTuple):
    """An event as a review needs it; `canonical` only of those that are LISTED."""

    at: datetime
    event: str
    subject: str
    actor: str
    address: str
    study: str
    canonical: str


@dataclass(frozen=True, slots=True)
class Verified:
    """A verification of the whole trail, as the trail says it.

    The newest checkpoint that a trusted key signed covered `size` events under `root` (hex).
    """

    at: datetime
    by: str
    events: int
    problems: int
    size: int
    root: str


def findings(
    events: Iterable[Happened],
    *,
    others: Iterable[tuple[str, str, int]] = (),
    zone: tzinfo,
    rules: Rules,
) -> dict[str, Any]:
    """What the events of a month come to; `zone` is that of the site.

    Events that are not LOOKED_INTO may be given as counts, `others`: the event, who did it, how often.
    """
    by_event: Counter[str] = Counter()
    by_person: Counter[str] = Counter()
    for event, person, count in others:
        by_event[event] += count
        by_person[person] += count
    readers: dict[str, Reader] = {}
    lines: dict[str, dict[tuple[str, ...], list[Any]]] = {name: {} for name in SECTIONS}
    section_of = {str(event): name for name, listed in SECTIONS.items() for event in listed}
    reading = frozenset(map(str, READING))
    for one in events:
        by_event[one.event] += 1
        by_person[one.actor] += 1
        if one.event in reading:
            readers.setdefault(one.actor, Reader()).take(one.at.astimezone(zone), one.study, rules)
        if one.event in section_of:
            _list(lines[section_of[one.event]], one)
    return {
        "events": by_event.total(),
        "by_event": dict(by_event),
        "by_person": dict(by_person),
        "sections": [_section(name, kept) for name, kept in lines.items()],
        "reading": [reader.line(person, rules) for person, reader in sorted(readers.items())],
        "rules": asdict(rules),
    }


def content(
    month: Month,
    found: Mapping[str, Any],
    *,
    zone: tzinfo,
    verified: Verified | None,
    author: Mapping[str, str],
    comments: str,
    supersedes: str = "",
    because: str = "",
) -> dict[str, Any]:
    """The record that is signed: `found` (findings), a verification after the month, the reviewer's comments.

    `author` is {"signer": "user/7", "username": …, "name": …}. A correction names the record that it
    `supersedes`, and why.
    """
    return {
        "kind": "review of the audit trail",
        "format": FORMAT,
        "month": str(month),
        "zone": str(zone),
        "from": stamp(month.begins(zone)),
        "to": stamp(month.ends(zone)),
        **found,
        "verification": {**asdict(verified), "at": stamp(verified.at)} if verified else {},
        "author": dict(author),
        "comments": comments,
        "supersedes": supersedes,
        "because": because,
        "signatures": list(SIGNATURES),
    }


def _list(kept: dict[tuple[str, ...], list[Any]], one: Happened) -> None:
    """Lines that say the same become one, with their number and the first and the last time."""
    said = _said(one.canonical)
    reason = str(said.get("reason", ""))
    key = (one.event, one.actor, one.address, one.subject, reason, _detail(said))
    line = kept.setdefault(key, [0, one.at, one.at])
    line[0] += 1
    line[1], line[2] = min(line[1], one.at), max(line[2], one.at)


def _section(name: str, kept: Mapping[tuple[str, ...], list[Any]]) -> dict[str, Any]:
    told = sorted(kept.items(), key=lambda item: (item[1][1], item[0]))
    return {
        "name": name,
        "count": sum(count for count, _first, _last in kept.values()),
        "lines": [
            {
                "event": event,
                "actor": actor,
                "address": address,
                "subject": subject,
                "reason": reason,
                "detail": detail,
                "count": count,
                "first": stamp(first),
                "last": stamp(last),
            }
            for (event, actor, address, subject, reason, detail), (count, first, last) in told[:_LINES]
        ],
        "left_out": max(0, len(told) - _LINES),
    }


def _said(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _detail(said: Mapping[str, Any]) -> str:
    changes, facts = said.get("changes"), said.get("facts")
    parts = [
        f"{name}: {' → '.join(map(_short, pair))}"
        for name, pair in sorted((changes if isinstance(changes, dict) else {}).items())
        if isinstance(pair, list)
    ]
    parts += [
        f"{name}: {_short(value)}"
        for name, value in sorted((facts if isinstance(facts, dict) else {}).items())
        if name not in _NOT_TOLD and value not in ("", None)
    ]
    return "; ".join(parts)


def _short(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
