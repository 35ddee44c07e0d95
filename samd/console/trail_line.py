"""An event of the trail as a line ready to print: in plain words, and whether it is what was sealed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.functional import Promise

from audit.entry import COLUMNS, leaf_hash
from audit.models import AuditEvent, Seal
from samd.console.trail_facts import ACTORS, NOTHING, OUTCOMES, label, value
from samd.console.trail_wording import GROUP_OF, phrase
from samd.console.wording import Word
from samd.records.models import ModelVersion


@dataclass(frozen=True, slots=True)
class Change:
    """An attribute, its old and its new value."""

    label: Promise | str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Line:
    """One event. `seq` is its number in the log, `sealed_by` the size of the first checkpoint that covers it.

    `intact` says whether columns, text and leaf still agree: if not, what is shown was altered.
    """

    pk: int
    at: datetime
    event: str
    group: str
    words: str
    person: Promise | str
    actor: str
    address: str
    subject: str
    study: int | None
    patient: str
    model: str
    model_name: str
    outcome: Word
    reason: str
    changes: tuple[Change, ...]
    facts: Mapping[str, object]
    seq: int | None
    sealed_by: int | None
    intact: bool

    @property
    def belongs_to(self) -> str:
        """The study as the trail names it; empty where the event belongs to none."""
        return "" if self.study is None else f"study/{self.study}"


def with_place(events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """`events` with their place in the log, and with the checkpoint that covers each."""
    covering = Seal.objects.filter(size__gt=OuterRef("entry__seq")).order_by("size").values("size")[:1]
    return events.select_related("entry").annotate(sealed_by=Subquery(covering))


def lines(events: Iterable[AuditEvent]) -> tuple[Line, ...]:
    """The lines of `events` (which come from with_place), by a number of queries that does not grow."""
    events = list(events)
    names = _names(events)
    return tuple(_line(event, names) for event in events)


def _names(events: Iterable[AuditEvent]) -> Mapping[str, str]:
    """What the accounts and the models that `events` name are called, by subject and by digest."""
    digests = {event.model for event in events if event.model}
    users = {event.subject.removeprefix("user/") for event in events if event.subject.startswith("user/")}
    models = ModelVersion.objects.filter(digest__in=digests) if digests else ()
    accounts = get_user_model().objects.filter(pk__in=[pk for pk in users if pk.isdecimal()]) if users else ()
    return {
        **{model.digest: f"{model.title} {model.version}" for model in models},
        **{f"user/{account.pk}": account.get_username() for account in accounts},
    }


def _line(event: AuditEvent, names: Mapping[str, str]) -> Line:
    content = _content(event)
    facts = content["facts"]
    entry = getattr(event, "entry", None)
    study = event.study.removeprefix("study/")
    known = {**content, **facts, "about": names.get(event.subject, facts.get("name") or event.subject)}
    return Line(
        pk=event.pk,
        at=event.at,
        event=event.event,
        group=GROUP_OF[event.event].slug if event.event in GROUP_OF else "",
        words=phrase(event.event, known),
        person=ACTORS.get(event.actor, event.actor),
        actor=event.actor,
        address=event.address or str(facts.get("from_address", "")),
        subject=event.subject,
        study=int(study) if study.isdecimal() else None,
        patient=event.patient,
        model=event.model,
        model_name=names.get(event.model, event.model[:12]),
        outcome=OUTCOMES.get(event.outcome, Word("major", OUTCOMES[12].label)),
        reason=str(content["reason"]),
        changes=tuple(
            Change(label(name), value(name, old), value(name, new))
            for name, (old, new) in sorted(content["changes"].items())
        ),
        facts=facts,
        seq=entry.seq if entry else None,
        sealed_by=getattr(event, "sealed_by", None),
        intact=_is_intact(event, content),
    )


_EMPTY: Mapping[str, Any] = {"facts": {}, "changes": {}, "reason": NOTHING}


def _content(event: AuditEvent) -> Mapping[str, Any]:
    """What the sealed text says; what somebody who altered it left of its shape, at least."""
    try:
        content = json.loads(event.canonical)
        pairs = [(name, (old, new)) for name, (old, new) in content["changes"].items()]
        return {
            **content,
            "facts": dict(content["facts"]),
            "changes": dict(pairs),
            "reason": content["reason"],
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return _EMPTY


def _is_intact(event: AuditEvent, content: Mapping[str, Any]) -> bool:
    columns = {name: getattr(event, name) for name in COLUMNS if name != "at"}
    entry = getattr(event, "entry", None)
    return (
        all(content.get(name) == kept for name, kept in columns.items())
        and content.get("at") == _canonical_time(event.at)
        and event.canonical.isascii()
        and (entry is None or entry.leaf == leaf_hash(event.canonical).hex())
    )


def _canonical_time(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
