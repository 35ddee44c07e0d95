"""Monitoring for people: what is watched, what was found, and the problems that came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.events import Event
from audit.records import keyring, verify_record
from audit.signing_keys import Person
from audit.turn import Refusal
from audit.verdicts import content_of
from samd.records.models import ModelVersion
from validation.monitoring import rounds
from validation.monitoring.observations import Group
from validation.monitoring.plan import OnBreach, Plan, PlanRefused, Rule, Stream
from validation.monitoring.problems import Link, links_of
from validation.monitoring.rounds import named
from validation.monitoring.sparkline import Sparkline, sparkline
from validation.monitoring_models import (
    Breach,
    ChartState,
    MonitoringPlan,
    PeriodicReport,
    Problem,
    ProblemLink,
)
from validation.pages import Signing, Waiting, signing_of, waiting_for

NEWEST_BREACHES = 20

RULES: Mapping[Rule, Promise] = {
    Rule.CUSUM: _("CUSUM"),
    Rule.EWMA: _("EWMA"),
    Rule.RATE_CUSUM: _("CUSUM of a rate"),
    Rule.RATE_CHART: _("p-chart"),
    Rule.PSI: _("population stability index"),
    Rule.KS: _("Kolmogorov-Smirnov test"),
    Rule.MMD: _("maximum mean discrepancy"),
}
ON_BREACH: Mapping[OnBreach, Promise] = {
    OnBreach.RECORD: _("is recorded"),
    OnBreach.PROBLEM: _("opens a problem"),
    OnBreach.SUSPEND: _("opens a problem and takes the version out of force"),
}
KINDS: Mapping[str, Promise] = {
    ProblemLink.Kind.COMPLAINT: pgettext_lazy("quality system", "complaint"),
    ProblemLink.Kind.CAPA: pgettext_lazy("quality system", "CAPA"),
    ProblemLink.Kind.CHANGE: pgettext_lazy("quality system", "change request"),
}


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan in the list: `since` when it holds, or the signature that it `waits` for."""

    key: str
    name: str
    version: str
    since: datetime | None
    waiting: Waiting | None


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """A problem, and its chain of kind and reference in words."""

    row: Problem
    model: str
    chain: tuple[tuple[Promise, str], ...]


@dataclass(frozen=True, slots=True)
class BreachLine:
    """A breach; `group` is "all" or "site ct1"."""

    row: Breach
    stream: str
    group: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the first page of monitoring. `unwatched` are models in force that no plan watches."""

    plans: tuple[PlanLine, ...]
    unwatched: tuple[str, ...]
    problems: tuple[ProblemLine, ...]
    closed: tuple[ProblemLine, ...]
    breaches: tuple[BreachLine, ...]
    reports: tuple[PeriodicReport, ...]


@dataclass(frozen=True, slots=True)
class ChartLine:
    """A chart of a stream: its group, how many values it has taken, and its drawing once it has signalled."""

    group: str
    model: str
    seen: int
    missing: int
    drawing: Sparkline | None
    newest: float | None


@dataclass(frozen=True, slots=True)
class StreamLine:
    """A stream of a plan with its rule in words, its limit, and its charts."""

    stream: Stream
    rule: Promise
    limit: float | None
    on_breach: Promise
    charts: tuple[ChartLine, ...]


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A plan; `plan` is None where its record does not hold what was registered."""

    row: MonitoringPlan
    content: Mapping[str, Any]
    plan: Plan | None
    since: datetime | None
    streams: tuple[StreamLine, ...]
    reports: tuple[PeriodicReport, ...]
    signing: Signing


def overview() -> Overview:
    """What is watched and what was found."""
    problems = [problem_line(row) for row in Problem.objects.order_by("-pk")]
    breaches = Breach.objects.select_related("chart", "problem", "observed").order_by("-pk")
    return Overview(
        plans=tuple(_plan_lines()),
        unwatched=tuple(_unwatched()),
        problems=tuple(one for one in problems if one.row.closed_at is None),
        closed=tuple(one for one in problems if one.row.closed_at is not None),
        breaches=tuple(map(breach_line, breaches[:NEWEST_BREACHES])),
        reports=tuple(PeriodicReport.objects.select_related("plan", "record").order_by("-pk")),
    )


def plan_page(row: MonitoringPlan, *, person: Person, key: Refusal | None) -> PlanPage:
    """The page of a plan as `person`, with whose signing key `key` is wrong if anything is, sees it."""
    try:
        plan = rounds.plan_of(row)
    except PlanRefused:
        plan = None
    return PlanPage(
        row=row,
        content=content_of(row.record.content),
        plan=plan,
        since=rounds.signed_since(row),
        streams=tuple(_stream_line(row, plan, stream) for stream in plan.streams) if plan else (),
        reports=tuple(row.reports.select_related("record").order_by("-pk")),
        signing=signing_of(row.record, Event.MONITORING_PLANNED, person, key),
    )


def problem_line(row: Problem) -> ProblemLine:
    """A problem with its chain."""
    chain: tuple[Link, ...] = links_of(row)
    model = ModelVersion.objects.filter(digest=row.version).first() if row.version else None
    return ProblemLine(
        row, str(model or row.version[:16]), tuple((KINDS[one.kind], one.reference) for one in chain)
    )


def breach_line(row: Breach) -> BreachLine:
    """A breach with its stream and group."""
    return BreachLine(row, row.chart.stream, _group(row.chart))


def _plan_lines() -> list[PlanLine]:
    ring, lines = keyring(), []
    for row in MonitoringPlan.objects.select_related("record").order_by("-pk"):
        verdicts = verify_record(row.record.subject, row.record.content, ring)
        lines.append(
            PlanLine(
                row.digest[:16],
                row.name,
                row.version,
                rounds.signed_since(row),
                waiting_for(content_of(row.record.content), verdicts),
            )
        )
    return lines


def _unwatched() -> list[str]:
    watched = {digest for one in rounds.plans_in_force() for digest in one.plan.model.digests}
    return [str(model) for model in ModelVersion.objects.filter(in_force=True).exclude(digest__in=watched)]


def _stream_line(row: MonitoringPlan, plan: Plan, stream: Stream) -> StreamLine:
    baseline = plan.baselines.get(stream.name)
    limit = baseline.limit if baseline else None
    charts = row.charts.filter(stream=stream.name).order_by("version", "attribute", "level")
    return StreamLine(
        stream=stream,
        rule=RULES[stream.rule],
        limit=limit,
        on_breach=ON_BREACH[stream.on_breach],
        charts=tuple(_chart_line(chart, limit or 0.0) for chart in charts),
    )


def _chart_line(chart: ChartState, limit: float) -> ChartLine:
    recent = [(int(number), float(signal)) for number, signal in chart.recent]
    model = ModelVersion.objects.filter(digest=chart.version).first()
    return ChartLine(
        group=_group(chart),
        model=str(model or chart.version[:16]),
        seen=int(chart.content.get("seen", 0)),
        missing=int(chart.content.get("missing", 0)),
        drawing=sparkline(recent, limit),
        newest=recent[-1][1] if recent else None,
    )


def _group(chart: ChartState) -> str:
    return named(Group(chart.version, chart.attribute, chart.level))
