"""The periodic report from the rows and the trail: drawn up, kept to be signed, written to files."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit import records, sealing, trail
from audit.catalogue import search
from audit.events import Event
from audit.models import AuditEvent, Record
from samd.domain.schema import written
from samd.records.models import ModelVersion
from validation import approval
from validation.monitoring import printing, rounds
from validation.monitoring.observations import Group
from validation.monitoring.periodic import (
    BreachLine,
    ForceLine,
    PeriodicDocument,
    ProblemLine,
    Surroundings,
    draw_up,
)
from validation.monitoring.problems import links_of
from validation.monitoring.rounds import InForce, counted, named, states_of
from validation.monitoring.watch import Watched
from validation.monitoring_models import Breach, PeriodicReport, Problem

# What differs when the same period is drawn up again: when, and who has signed since.
OCCASION = ("made", "checkpoint", "signatures")
_FORCE = (Event.MODEL_IMPORTED, Event.MODEL_SUSPENDED, Event.MODEL_RESUMED)


class ReportRefused(Exception):
    """There is no such report; the message says why."""


def report(holding: InForce, *, since: date, until: date, now: datetime) -> tuple[Record, PeriodicDocument]:
    """The report from the day `since` to the day before `until`, and the record that it is kept as.

    Drawn up again it is the same record, and shows who has signed it since. If other figures come of
    it, as where analyses were counted late, it is another record, which names the one that it replaces.
    Raises ReportRefused for a period that is not over.
    """
    begin, end = _midnight(since), _midnight(until)
    if not begin < end <= now:
        raise ReportRefused("a period has a day at least, and is over")
    document = _document(holding, begin, end, now=now)
    with transaction.atomic():
        record = _kept(holding, document, since, until, now=now)
    return record, replace(document, signatures=approval.signatures_of(record.subject))


def again(row: PeriodicReport, *, now: datetime) -> PeriodicDocument:
    """The report of `row` with who has signed since. Raises ReportRefused where other figures come of it."""
    plan = rounds.plan_of(row.plan)
    holding = InForce(row.plan, plan, rounds.signed_since(row.plan) or row.plan.registered_at)
    document = _document(holding, _midnight(row.since), _midnight(row.until), now=now)
    if content_digest(document) != json.loads(row.record.content)["content"]:
        raise ReportRefused("other figures come of this period now than those that were kept")
    return replace(document, signatures=approval.signatures_of(row.record.subject))


def write(document: PeriodicDocument, out: Path) -> None:
    """Write the files of the report into the folder `out`. Raises PdfRefused."""
    out.mkdir(parents=True, exist_ok=True)
    for name, drawn in printing.FILES.items():
        (out / name).write_bytes(drawn(document))


def content_digest(document: PeriodicDocument) -> str:
    """SHA-256 of the report without its OCCASION."""
    content = {name: value for name, value in written(document).items() if name not in OCCASION}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _kept(holding: InForce, document: PeriodicDocument, since: date, until: date, *, now: datetime) -> Record:
    """The record of this content, a new one where the newest of the period says something else."""
    digest = content_digest(document)
    earlier = PeriodicReport.objects.filter(plan=holding.row, since=since, until=until)
    newest = earlier.select_related("record").last()
    if newest is not None and json.loads(newest.record.content)["content"] == digest:
        return newest.record
    name = f"monitoring-report/{holding.row.name}/{since}/{until}/{earlier.count() + 1}"
    said = _summary(document, digest, replaces=newest.record.subject if newest else "")
    record = records.create(name, said, now=now)
    PeriodicReport.objects.create(plan=holding.row, since=since, until=until, record=record)
    trail.append(
        Event.MONITORING_REPORTED,
        record.subject,
        digest=record.digest,
        plan=holding.plan.digest,
        breaches=len(document.breaches),
        problems=len(document.problems),
        observations=document.observations,
    )
    return record


def _summary(document: PeriodicDocument, digest: str, *, replaces: str) -> dict[str, Any]:
    """What is signed: whole numbers and texts, and the digest of the report that has the figures."""
    return {
        "kind": "periodic monitoring report",
        "title": document.title,
        "plan": document.plan,
        "model": document.model,
        "versions": dict(document.versions),
        "since": document.since,
        "until": document.until,
        "observations": document.observations,
        "breaches": [
            {"at": one.when, "stream": one.of.stream, "group": named(one.of.group), "problem": one.problem}
            for one in document.breaches
        ],
        "problems": [
            {
                "name": one.name,
                "title": one.title,
                "closed": one.closed,
                "links": [list(x) for x in one.links],
            }
            for one in document.problems
        ],
        "force": [written(one) for one in document.force],
        "remarks": list(document.remarks),
        "digests": dict(document.digests),
        "content": digest,
        "replaces": replaces,
        "signatures": [{"meaning": meaning, "role": role} for meaning, role in approval.SIGNATURES],
    }


def _document(holding: InForce, begin: datetime, end: datetime, *, now: datetime) -> PeriodicDocument:
    plan, seal = holding.plan, sealing.newest()
    rows = ModelVersion.objects.filter(digest__in=plan.model.digests)
    around = Surroundings(
        versions={row.digest: str(row) for row in rows},
        breaches=tuple(_breaches(holding, begin, end)),
        problems=tuple(_problems(holding, begin, end)),
        force=tuple(_force(holding, begin, end)),
        states=states_of(holding.row),
        plan_signatures=approval.signatures_of(holding.row.record.subject),
        signatures=(),
        checkpoint=seal.note if seal else "",
        made=_text(now),
    )
    return draw_up(plan, list(counted(holding.row)), since=begin, until=end, around=around)


def _breaches(holding: InForce, begin: datetime, end: datetime) -> Iterator[BreachLine]:
    found = Breach.objects.filter(chart__plan=holding.row, observed__at__gte=begin, observed__at__lt=end)
    for row in found.select_related("chart", "observed", "problem"):
        group = Group(row.chart.version, row.chart.attribute, row.chart.level)
        yield BreachLine(
            _text(row.observed.at),
            Watched(row.chart.stream, group),
            row.signal,
            row.limit,
            row.observed.source,
            str(row.problem) if row.problem else "",
        )


def _problems(holding: InForce, begin: datetime, end: datetime) -> Iterator[ProblemLine]:
    """Those of this plan's charts, and those about its versions, as they stood at the end of the period."""
    of_plan = Q(chart__plan=holding.row) | Q(chart=None, version__in=[*holding.plan.model.digests, ""])
    within = Q(opened_at__lt=end) & (Q(closed_at=None) | Q(closed_at__gte=begin))
    for row in Problem.objects.filter(of_plan & within):
        closed = row.closed_at is not None and row.closed_at < end
        yield ProblemLine(
            str(row),
            row.origin,
            row.title,
            _text(row.opened_at),
            _text(row.closed_at) if closed and row.closed_at else "",
            row.conclusion if closed else "",
            tuple((str(one.kind), one.reference) for one in links_of(row, until=end)),
        )


def _force(holding: InForce, begin: datetime, end: datetime) -> Iterator[ForceLine]:
    asked = Q(event__in=_FORCE, model__in=holding.plan.model.digests, at__gte=begin, at__lt=end)
    found = search(asked)
    keys = [*found.headings.values_list("pk", flat=True), *found.waiting.values_list("pk", flat=True)]
    for event in AuditEvent.objects.filter(pk__in=keys).order_by("pk"):
        reason = str(json.loads(event.canonical)["reason"])
        yield ForceLine(_text(event.at), event.model, event.event, event.actor, reason)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=timezone.get_default_timezone())


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
