"""Validations for people: the list of protocols and runs, and the page of each.

What is shown of a protocol or a report is its record: what is signed is what is shown.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.catalogue import search
from audit.events import Event
from audit.keyring import Keyring
from audit.manifest import digest_of
from audit.models import AuditEvent, Record
from audit.records import keyring, verify_record
from audit.signing_keys import Person
from audit.turn import Refusal, next_asked
from audit.verdicts import Verdict, content_of
from samd.console.signature_page import SignatureLine, Turn, signature_lines, turn
from samd.console.trail_facts import MEANINGS, ROLES
from samd.console.wording import Word
from samd.records.models import ModelVersion
from validation.models import Run
from validation.protocol import Endpoint, Goal, Population, Protocol, ProtocolRefused, parse

PROTOCOLS = "protocol/"  # how the subjects of their records begin

VERDICTS: Mapping[str, Word] = {
    "met": Word("verified", pgettext_lazy("verdict", "met")),
    "not met": Word("failed", pgettext_lazy("verdict", "not met")),
    "not estimable": Word("caution", pgettext_lazy("verdict", "not estimable")),
    "described": Word("measured", pgettext_lazy("verdict", "described, not judged")),
}
UNKNOWN = Word("undetermined", pgettext_lazy("verdict", "not stated"))

GOALS: Mapping[Goal, Promise] = {
    Goal.AT_LEAST: _("lower limit above %(limit)s"),
    Goal.AT_MOST: _("upper limit below %(limit)s"),
    Goal.WITHIN: _("both limits within ±%(limit)s"),
    Goal.NON_INFERIOR: _("non-inferior: lower limit of the difference above −%(limit)s"),
    Goal.SUPERIOR: _("superior: lower limit of the difference above 0"),
    Goal.DESCRIBED: pgettext_lazy("verdict", "described, not judged"),
}

POPULATIONS: Mapping[Population, Promise] = {
    Population.INTENTION_TO_DIAGNOSE: _("every case; without a result it counts as the worst"),
    Population.PER_PROTOCOL: _("the cases with a result"),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """The signature that comes next, and the role of whoever gives it."""

    meaning: Promise
    role: Promise | str


@dataclass(frozen=True, slots=True)
class ProtocolLine:
    """A registered protocol in the list. `digest` is the start of that of its file."""

    digest: str
    name: str
    version: str
    registered_at: datetime
    signatures: tuple[SignatureLine, ...]
    waiting: Waiting | None


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in the list; `verdict` is None while it is not finished."""

    pk: int
    name: str
    model: str
    started_at: datetime
    cases: int
    verdict: Word | None
    signatures: tuple[SignatureLine, ...]
    waiting: Waiting | None


@dataclass(frozen=True, slots=True)
class Signing:
    """How the signatures of a record stand. `turn` is that of the person who looks.

    `altered` says that the record is not the one that was kept, or that a signature on it does not count.
    """

    record: Record
    signatures: tuple[SignatureLine, ...]
    turn: Turn | None
    altered: bool


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """An endpoint of a protocol, and what it is to show, in words.

    `details` are the output of the model, what the statistic needs besides, and the level of the interval.
    """

    endpoint: Endpoint
    details: str
    goal: str
    population: Promise


@dataclass(frozen=True, slots=True)
class ProtocolPage:
    """A registered protocol. `protocol` is None where this version of the device cannot read its text.

    `runs` are the keys and times of its runs, the newest first.
    """

    digest: str
    content: Mapping[str, Any]
    protocol: Protocol | None
    endpoints: tuple[EndpointRow, ...]
    signing: Signing
    runs: tuple[tuple[int, datetime], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """An endpoint of a report: the goal is in `sentence`, which is the judge's own."""

    name: str
    metric: str
    of: str
    verdict: Word
    sentence: str


@dataclass(frozen=True, slots=True)
class RunPage:
    """A run. Without `signing` it is not finished, and nothing is judged.

    `protocol` is the start of the digest of its protocol, and empty where that was never registered.
    """

    run: Run
    model: str
    cases: int
    protocol: str
    content: Mapping[str, Any]
    verdict: Word | None
    primary: tuple[Judged, ...]
    others: tuple[Judged, ...]
    signing: Signing | None


def protocol_lines() -> tuple[ProtocolLine, ...]:
    """Every registered protocol, the newest first."""
    ring = keyring()
    return tuple(_protocol_line(record, ring) for record in _protocols().order_by("-pk"))


def run_lines() -> tuple[RunLine, ...]:
    """Every run, the newest first."""
    ring = keyring()
    runs = list(_counted().select_related("record").order_by("-pk"))
    models = _models({run.model for run in runs})
    return tuple(_run_line(run, models, ring) for run in runs)


def record_of(digest: str) -> Record:
    """The record of the protocol whose digest starts with `digest`. Raises Record.DoesNotExist."""
    return _protocols().get(subject=f"{PROTOCOLS}{digest}")


def protocol_page(record: Record, *, person: Person, key: Refusal | None) -> ProtocolPage:
    """The page of a protocol as `person`, with whose signing key `key` is wrong if anything is, sees it."""
    content = content_of(record.content)
    protocol = _read(content)
    digest = record.subject.removeprefix(PROTOCOLS)
    runs = Run.objects.filter(protocol=protocol.digest if protocol else content.get("digest"))
    return ProtocolPage(
        digest=digest,
        content=content,
        protocol=protocol,
        endpoints=tuple(map(_endpoint_row, protocol.endpoints)) if protocol else (),
        signing=signing_of(record, Event.PROTOCOL_REGISTERED, person, key),
        runs=tuple(runs.order_by("-pk").values_list("pk", "started_at")),
    )


def run_page(pk: int, *, person: Person, key: Refusal | None) -> RunPage:
    """The page of the run `pk`, for `person` as above. Raises Run.DoesNotExist."""
    run = _counted().select_related("record").get(pk=pk)
    record = run.record
    content = content_of(record.content) if record else {}
    judged = [(bool(one.get("primary")), _judged(one)) for one in content.get("endpoints", ())]
    registered = _protocols().filter(subject=f"{PROTOCOLS}{run.protocol[:16]}").exists()
    return RunPage(
        run=run,
        model=_model(run, content, _models({run.model})),
        cases=_cases(run),
        protocol=run.protocol[:16] if registered else "",
        content=content,
        verdict=_verdict(content) if record else None,
        primary=tuple(one for primary, one in judged if primary),
        others=tuple(one for primary, one in judged if not primary),
        signing=signing_of(record, Event.VALIDATION_FINISHED, person, key) if record else None,
    )


def _protocols() -> QuerySet[Record]:
    return Record.objects.filter(subject__startswith=PROTOCOLS)


def _counted() -> QuerySet[Run]:
    """The runs, each with how many cases the model under test has answered, as they are and not altered."""
    own = Q(outcomes__model=F("model"), outcomes__variant="")
    return Run.objects.annotate(cases=Count("outcomes", filter=own))


def _cases(run: Run) -> int:
    return int(getattr(run, "cases", 0))


def _protocol_line(record: Record, ring: Keyring) -> ProtocolLine:
    content = content_of(record.content)
    verdicts = verify_record(record.subject, record.content, ring)
    return ProtocolLine(
        digest=record.subject.removeprefix(PROTOCOLS),
        name=str(content.get("name", "")),
        version=str(content.get("version", "")),
        registered_at=record.created_at,
        signatures=signature_lines(verdicts),
        waiting=waiting_for(content, verdicts),
    )


def _run_line(run: Run, models: Mapping[str, str], ring: Keyring) -> RunLine:
    record = run.record
    content = content_of(record.content) if record else {}
    verdicts = verify_record(record.subject, record.content, ring) if record else ()
    return RunLine(
        pk=run.pk,
        name=run.name,
        model=_model(run, content, models),
        started_at=run.started_at,
        cases=_cases(run),
        verdict=_verdict(content) if record else None,
        signatures=signature_lines(verdicts),
        waiting=waiting_for(content, verdicts),
    )


def waiting_for(content: Mapping[str, Any], verdicts: tuple[Verdict, ...]) -> Waiting | None:
    """The signature that comes next on the record with this `content`; None where every one was given."""
    following = next_asked(content, verdicts)
    if following is None:
        return None
    return Waiting(MEANINGS[following.meaning], ROLES.get(following.role, following.role))


def signing_of(record: Record, kept: Event, person: Person, key: Refusal | None) -> Signing:
    """How the signatures of `record`, which the event `kept` announced, stand for `person`."""
    verdicts = verify_record(record.subject, record.content)
    broken = any(not one.in_effect and not one.is_waiting for one in verdicts)
    return Signing(
        record=record,
        signatures=signature_lines(verdicts),
        turn=turn(content_of(record.content), verdicts, person, key=key),
        altered=broken or not _is_as_kept(record, kept),
    )


def _is_as_kept(record: Record, kept: Event) -> bool:
    """Whether the record is what the trail says was kept, once, by the event `kept`."""
    found = search(Q(event=kept, subject=record.subject)).newest(2)
    events = AuditEvent.objects.filter(pk__in=found)
    digests = [content_of(event.canonical).get("facts", {}).get("digest") for event in events]
    return digests == [digest_of(record.content)] == [record.digest]


def _read(content: Mapping[str, Any]) -> Protocol | None:
    """The protocol that the record holds; None where it cannot be read, or is not the one it says it is."""
    text = str(content.get("text", ""))
    if hashlib.sha256(text.encode()).hexdigest() != content.get("digest"):
        return None
    try:
        return parse(text.encode(), name=str(content.get("name", "")))
    except ProtocolRefused:
        return None


def _endpoint_row(endpoint: Endpoint) -> EndpointRow:
    needed = [] if endpoint.at is None else [f"at {endpoint.at:g}"]
    return EndpointRow(
        endpoint=endpoint,
        details=", ".join([endpoint.of, *needed, f"{endpoint.level * 100:g} %"]),
        goal=str(GOALS[endpoint.goal]) % {"limit": f"{endpoint.limit:g}"},
        population=POPULATIONS[endpoint.population],
    )


def _judged(said: Mapping[str, Any]) -> Judged:
    return Judged(
        name=str(said.get("name", "")),
        metric=str(said.get("metric", "")),
        of=str(said.get("of", "")),
        verdict=VERDICTS.get(str(said.get("verdict")), UNKNOWN),
        sentence=str(said.get("sentence", "")),
    )


def _verdict(content: Mapping[str, Any]) -> Word:
    return VERDICTS.get(str(content.get("verdict")), UNKNOWN)


def _models(digests: set[str]) -> dict[str, str]:
    """The models of this device among `digests`, by name and version."""
    found = ModelVersion.objects.filter(digest__in=digests)
    return {one.digest: f"{one.name} {one.version}" for one in found}


def _model(run: Run, content: Mapping[str, Any], models: Mapping[str, str]) -> str:
    """As the report calls it, or as it was imported; its digest where neither is known."""
    return str(content.get("model") or models.get(run.model) or run.model[:16])
