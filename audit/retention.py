"""How long records are kept, and what is held beyond that: policies, for nothing here deletes anything.

A legal hold is an event, as is its end; what is held now follows from the trail, so that nobody lifts a hold
without a trace.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from django.db import transaction
from django.db.models import Q

from audit import trail
from audit.catalogue import search
from audit.events import Event
from audit.models import AuditEvent

EVERYTHING: Final = "everything"  # a hold on this holds all there is

_PAGE: Final = 1_000


class RecordClass(StrEnum):
    """What is kept, by the rules that it falls under."""

    ACCESS_LOG = "access log"  # who looked at what, logged in, downloaded
    TRAIL = "audit trail"  # every other event
    SIGNED_RECORD = "signed record"
    ANALYSIS = "analysis and its report"
    SECURITY_DOCUMENT = "security policy or its review"
    PSEUDONYMIZATION = "record of a pseudonymization"


@dataclass(frozen=True, slots=True)
class Rule:
    """At least so many years, and who says so."""

    years: int
    source: str


_HIPAA: Final = Rule(6, "45 CFR 164.316(b)(2): six years from creation, or from when it was last in effect")
_ACCESS: Final = Rule(
    2, "Korea, safety measures for personal information: access logs of sensitive information"
)
_PSEUDONYMS: Final = Rule(
    3, "Korea, Personal Information Protection Act 28-4(3): three years after destruction"
)

# Every rule that applies; the longest decides. 21 CFR 11.10(e) adds that a trail is kept as long as what it
# is about: one that is about everything outlasts everything.
POLICY: Final[Mapping[RecordClass, tuple[Rule, ...]]] = MappingProxyType(
    {
        RecordClass.ACCESS_LOG: (_ACCESS, _HIPAA),
        RecordClass.TRAIL: (_HIPAA,),
        RecordClass.SIGNED_RECORD: (_HIPAA,),
        RecordClass.ANALYSIS: (_HIPAA,),
        RecordClass.SECURITY_DOCUMENT: (_HIPAA,),
        RecordClass.PSEUDONYMIZATION: (_PSEUDONYMS,),
    }
)


@dataclass(frozen=True, slots=True)
class Hold:
    """What is held, since when, by whom and why."""

    subject: str
    since: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something may be destroyed; `why` says what stands against it, `not_before` when it may."""

    allowed: bool
    why: str
    not_before: datetime


class HoldRefused(Exception):
    """No hold was placed or lifted; the message says why."""


def kept_until(
    record_class: RecordClass, since: datetime, *, longer: Mapping[RecordClass, int] = MappingProxyType({})
) -> tuple[datetime, str]:
    """Until when a record is kept, and the rule that says so.

    `since` is when its period began, `longer` are years that a site has set for itself: they prolong, and
    never shorten.
    """
    rules = [*POLICY[record_class]]
    if record_class in longer:
        rules.append(Rule(longer[record_class], "policy of this site"))
    rule = max(rules, key=lambda rule: rule.years)
    return _years_after(since, rule.years), rule.source


def may_destroy(
    record_class: RecordClass,
    *,
    subjects: Iterable[str],
    since: datetime,
    now: datetime,
    holds: Mapping[str, Hold],
    longer: Mapping[RecordClass, int] = MappingProxyType({}),
) -> Decision:
    """Whether a record may be destroyed `now`. `subjects` are the record, its study and its patient."""
    until, source = kept_until(record_class, since, longer=longer)
    for subject in (EVERYTHING, *subjects):
        if subject in holds:
            hold = holds[subject]
            return Decision(False, f"{subject} is held since {hold.since:%Y-%m-%d}: {hold.reason}", until)
    if now < until:
        return Decision(False, f"it is kept until {until:%Y-%m-%d} ({source})", until)
    return Decision(True, "", until)


def _years_after(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:  # from a 29 February
        return moment.replace(year=moment.year + years, month=3, day=1)


def holds_after(events: Iterable[tuple[str, Hold]]) -> dict[str, Hold]:
    """What is held after these events, in their order: the name of each, and what it says."""
    held: dict[str, Hold] = {}
    for event, hold in events:
        if event == Event.HOLD_PLACED:
            held.setdefault(hold.subject, hold)
        elif event == Event.HOLD_LIFTED:
            held.pop(hold.subject, None)
    return held


def holds() -> dict[str, Hold]:
    """What is held now, by subject, as the trail tells it."""
    return holds_after(_told())


def _told() -> Iterator[tuple[str, Hold]]:
    found, after = search(Q(event__in=(Event.HOLD_PLACED, Event.HOLD_LIFTED))), 0
    while page := found.next(_PAGE, after=after):
        after = page[-1]
        texts = AuditEvent.objects.filter(pk__in=page).order_by("pk").values_list("canonical", flat=True)
        for said in map(json.loads, texts):
            since = datetime.fromisoformat(said["at"])
            yield said["event"], Hold(said["subject"], since, said["actor"], said["reason"])


def place(subject: str, *, reason: str) -> None:
    """Hold `subject` ("study/17", a patient's surrogate, "everything"), from now on. Raises HoldRefused."""
    if subject in holds():
        raise HoldRefused(f"{subject} is held already")
    _record(Event.HOLD_PLACED, subject, reason)


def lift(subject: str, *, reason: str) -> None:
    """Hold `subject` no longer; what it is under besides stays. Raises HoldRefused."""
    if subject not in holds():
        raise HoldRefused(f"{subject} is not held")
    _record(Event.HOLD_LIFTED, subject, reason)


def _record(event: Event, subject: str, reason: str) -> None:
    if not reason.strip():
        raise HoldRefused("say why: the reason is recorded for good")
    study = subject if subject.startswith("study/") else ""
    with transaction.atomic():
        trail.append(event, subject, study=study, reason=reason.strip())
