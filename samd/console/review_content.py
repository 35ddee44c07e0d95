"""Everything that a review of the trail holds, in readable form: what is signed is what is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from samd.console.trail_facts import ACTORS
from samd.console.trail_wording import GROUPS

SECTIONS: Mapping[str, Promise] = {
    "failed logins": _("Failed logins"),
    "locked accounts": _("Accounts locked and unlocked"),
    "refused pages": _("Refused pages and accounts"),
    "refused peers": _("Refused peers and images"),
    "conflicts": _("Conflicting images"),
    "alerts": _("Alarms and counts that disagree"),
    "exports": _("Exports, with their reasons"),
    "patients": _("Surrogates looked up or destroyed"),
    "roles": _("Roles and training"),
    "accounts": _("Accounts and second factors"),
    "keys": _("Keys that sign and seal"),
    "signatures": _("Signatures, given and refused"),
    "legal holds": _("Legal holds"),
    "configuration": _("Models and peers"),
    "verifications": _("Verifications of the trail"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """Events of a section that say the same: how often, and from when to when."""

    event: str
    words: str
    person: Promise | str
    address: str
    subject: str
    reason: str
    detail: str
    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Section:
    """What a reviewer looks at line by line; `left_out` lines are only counted."""

    label: Promise | str
    count: int
    lines: tuple[Told, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The content of a review, part by part and in full: what is signed is what is shown."""

    month: str
    zone: str
    begins: datetime
    ends: datetime
    events: int
    by_event: tuple[tuple[str, str, int], ...]
    by_person: tuple[tuple[Promise | str, int], ...]
    sections: tuple[Section, ...]
    reading: tuple[Mapping[str, Any], ...]
    rules: Mapping[str, int]
    verification: Mapping[str, Any]
    author: Mapping[str, str]
    comments: str
    supersedes: str
    because: str

    @property
    def empty(self) -> tuple[Promise | str, ...]:
        """The sections of which nothing was recorded."""
        return tuple(section.label for section in self.sections if not section.lines)


def shown(content: Mapping[str, Any]) -> Shown | None:
    """The parts of a review's content (audit.review.content); None where it cannot be read as one."""
    events = {str(event): words for group in GROUPS for event, words in group.names}
    try:
        return Shown(
            month=content["month"],
            zone=content["zone"],
            begins=_time(content["from"]),
            ends=_time(content["to"]) - timedelta(microseconds=1),
            events=content["events"],
            by_event=tuple(
                (name, events.get(name, name), count) for name, count in _most_first(content["by_event"])
            ),
            by_person=tuple((_person(who), count) for who, count in _most_first(content["by_person"])),
            sections=tuple(_section(one, events) for one in content["sections"]),
            reading=tuple({**one, "person": _person(one["person"])} for one in content["reading"]),
            rules=content["rules"],
            verification=_verification(content["verification"]),
            author=content["author"],
            comments=content["comments"],
            supersedes=content["supersedes"],
            because=content["because"],
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _section(said: Mapping[str, Any], events: Mapping[str, str]) -> Section:
    return Section(
        label=SECTIONS.get(said["name"], said["name"]),
        count=said["count"],
        lines=tuple(_told(line, events) for line in said["lines"]),
        left_out=said["left_out"],
    )


def _told(line: Mapping[str, Any], events: Mapping[str, str]) -> Told:
    return Told(
        event=line["event"],
        words=events.get(line["event"], line["event"]),
        person=_person(line["actor"]),
        address=line["address"],
        subject=line["subject"],
        reason=line["reason"],
        detail=line["detail"],
        count=line["count"],
        first=_time(line["first"]),
        last=_time(line["last"]),
    )


def _verification(said: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**said, "at": _time(said["at"])} if said else {}


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _person(actor: str) -> Promise | str:
    return ACTORS.get(actor, actor)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
