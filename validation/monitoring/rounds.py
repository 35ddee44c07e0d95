"""One round of monitoring: what is new is counted, charts go on, breaches do what the signed plan says."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Max

from audit import trail
from audit.events import Event
from audit.models import Record
from audit.signing_keys import Person
from samd.records import registry
from samd.records.models import ModelVersion
from validation import approval
from validation.monitoring import assessing, problems, reading
from validation.monitoring.charts import State
from validation.monitoring.observations import Group, Observation, Value
from validation.monitoring.plan import OnBreach, Plan, PlanRefused, parse
from validation.monitoring.watch import Breach, Progress, Watched, watch
from validation.monitoring_models import Breach as BreachRow
from validation.monitoring_models import ChartState, MonitoringPlan, Observed

# Observations of one transaction: on SQLite nobody else writes meanwhile.
_AT_ONCE = 200
# Signals of a chart that are kept to be looked at.
_SHOWN = 300

_Fresh = TypeVar("_Fresh")  # rows that were not counted: of analyses, or of assessments


@dataclass(frozen=True, slots=True)
class InForce:
    """A plan that holds since it was signed."""

    row: MonitoringPlan
    plan: Plan
    since: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What a round found: how many observations were new, breaches, new problems, suspended versions."""

    counted: int = 0
    breaches: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    suspended: tuple[str, ...] = ()

    def and_then(self, more: "Found") -> "Found":
        return Found(
            self.counted + more.counted,
            self.breaches + more.breaches,
            self.problems + more.problems,
            self.suspended + more.suspended,
        )


def subject_of(plan: Plan) -> str:
    """The name of the record of `plan`: another content is another record."""
    return f"monitoring-plan/{plan.digest[:16]}"


def register(plan: Plan, content: bytes, *, author: Person, now: datetime) -> MonitoringPlan:
    """Keep the plan, whose file has the bytes `content`, as a record that waits for its signatures.

    Raises PlanRefused for a draft: limits are set before they are signed.
    """
    if not plan.is_complete:
        raise PlanRefused(f"{plan.name} is a draft: its limits are missing (manage.py monitor baseline)")
    with transaction.atomic():
        record = approval.keep(
            subject_of(plan),
            plan,
            content,
            kind="monitoring plan",
            event=Event.MONITORING_PLANNED,
            author=author,
            now=now,
        )
        row, _ = MonitoringPlan.objects.get_or_create(
            digest=plan.digest,
            defaults={"name": plan.name, "version": plan.version, "record": record, "registered_at": now},
        )
    return row


def plan_of(row: MonitoringPlan) -> Plan:
    """The plan as its record holds it. Raises PlanRefused where that is not what was registered."""
    record: Record = row.record
    plan = parse(json.loads(record.content)["text"].encode(), name=record.subject)
    if plan.digest != row.digest:
        raise PlanRefused(f"{record.subject} is not the plan that was registered")
    return plan


def signed_since(row: MonitoringPlan) -> datetime | None:
    """When the last of the signatures that are asked for was given; None where one is missing."""
    signatures = approval.signatures_of(row.record.subject)
    times = [datetime.fromisoformat(one.at) for one in signatures]
    if not times or not approval.is_signed_before(signatures, max(times)):
        return None
    return max(times)


def plans_in_force() -> list[InForce]:
    """Of each plan by name, the newest that is signed."""
    found: dict[str, InForce] = {}
    for row in MonitoringPlan.objects.select_related("record").order_by("pk"):
        if (since := signed_since(row)) is not None:
            found[row.name] = InForce(row, plan_of(row), since)
    return list(found.values())


def watch_on(holding: InForce, *, now: datetime) -> Found:
    """Count every analysis reported, and every assessment made, since the plan holds; act on breaches.

    None is counted twice. It may be stopped at any moment: what was counted is kept with everything that
    followed from it.
    """
    plan, row, since = holding.plan, holding.row, holding.since
    reported = reading.uncounted(reading.reported(plan, since=since), row)
    found = _count_all(holding, reported, reading.observations, now=now)
    assessments = assessing.uncounted(assessing.made(plan, since=since), row)
    return found.and_then(_count_all(holding, assessments, assessing.observations, now=now))


def _count_all(
    holding: InForce,
    fresh: Sequence[_Fresh],
    observations: Callable[[Plan, Sequence[_Fresh]], Iterator[Observation]],
    *,
    now: datetime,
) -> Found:
    """Count what is `fresh`, read by `observations`, part by part."""
    found = Found()
    for begin in range(0, len(fresh), _AT_ONCE):
        observed = list(observations(holding.plan, fresh[begin : begin + _AT_ONCE]))
        found = found.and_then(count(holding.row, holding.plan, observed, now=now))
    return found


def count(row: MonitoringPlan, plan: Plan, observations: Sequence[Observation], *, now: datetime) -> Found:
    """Count `observations` in their order; one that was counted before is left out."""
    with transaction.atomic():
        MonitoringPlan.objects.select_for_update().get(pk=row.pk)  # one round at a time
        last = Observed.objects.filter(plan=row).aggregate(last=Max("number"))["last"] or 0
        sources = [one.source for one in observations]
        there = set(Observed.objects.filter(plan=row, source__in=sources).values_list("source", flat=True))
        new = [one for one in observations if one.source not in there]
        Observed.objects.bulk_create(_kept(row, one, place) for place, one in enumerate(new, last + 1))
        progress = watch(plan, states_of(row), new)
        charts = _store(row, progress)
        found = Found(counted=len(new))
        for breach in progress.breaches:
            found = found.and_then(_breached(charts[breach.of], row, breach, now=now))
    return found


def states_of(row: MonitoringPlan) -> dict[Watched, State]:
    """Where every chart of the plan stands."""
    return {
        Watched(one.stream, Group(one.version, one.attribute, one.level)): State.read(one.content)
        for one in row.charts.all()
    }


def counted(row: MonitoringPlan) -> Iterator[Observation]:
    """Every observation that was counted, in its order."""
    for one in Observed.objects.filter(plan=row).order_by("number").iterator():
        values = {name: tuple(v) if isinstance(v, list) else v for name, v in one.content["values"].items()}
        yield Observation(
            one.source, one.at, one.version, one.content["answer"], one.content["levels"], values
        )


def _kept(row: MonitoringPlan, one: Observation, number: int) -> Observed:
    values: dict[str, Any] = {name: _plain(value) for name, value in one.values.items()}
    content = {"answer": one.answer, "levels": dict(one.levels), "values": values}
    return Observed(
        plan=row, number=number, source=one.source, at=one.when, version=one.version, content=content
    )


def _plain(value: Value) -> object:
    return list(value) if isinstance(value, tuple) else value


def _store(row: MonitoringPlan, progress: Progress) -> dict[Watched, ChartState]:
    fresh: dict[Watched, list[list[float]]] = defaultdict(list)
    for signal in progress.signals:
        fresh[signal.of].append([signal.number, signal.signal])
    rows = {}
    for key, state in progress.states.items():
        rows[key], _ = ChartState.objects.update_or_create(
            plan=row,
            stream=key.stream,
            version=key.group.version,
            attribute=key.group.attribute,
            level=key.group.level,
            defaults={"content": state.written()},
        )
        if key in fresh:
            rows[key].recent = [*rows[key].recent, *fresh[key]][-_SHOWN:]
            rows[key].save(update_fields=["recent"])
    return rows


def _breached(chart: ChartState, row: MonitoringPlan, breach: Breach, *, now: datetime) -> Found:
    """Record the breach, and do what the plan says; in the caller's transaction."""
    signal = breach.signal
    place = named(signal.of.group)
    words = f"{signal.of.stream} ({place}): signal {signal.signal:.4g} beyond the limit {signal.limit:.4g}"
    problem, new = None, False
    if breach.on_breach != OnBreach.RECORD:
        problem, new = problems.open_for_breach(chart, title=words, now=now)
    event = trail.append(
        Event.MONITORING_BREACHED,
        row.record.subject,
        model=signal.of.group.version,
        outcome=trail.Outcome.MINOR_FAILURE,
        stream=signal.of.stream,
        group=place,
        signal=f"{signal.signal:.6g}",
        limit=f"{signal.limit:.6g}",
        observation=signal.source,
        value=signal.number,
        problem=str(problem) if problem else "",
    )
    BreachRow.objects.create(
        chart=chart,
        observed=Observed.objects.get(plan=row, source=signal.source),
        number=signal.number,
        signal=signal.signal,
        limit=signal.limit,
        found_at=now,
        problem=problem,
        event=event,
    )
    suspended = breach.on_breach == OnBreach.SUSPEND and _suspended(signal.of.group.version, words, problem)
    return Found(
        breaches=(words,),
        problems=(str(problem),) if new else (),
        suspended=(signal.of.group.version,) if suspended else (),
    )


def _suspended(version: str, words: str, problem: object) -> bool:
    model = ModelVersion.objects.filter(digest=version).first()
    return model is not None and registry.suspend(model, reason=words, problem=str(problem))


def named(group: Group) -> str:
    """The group in words: "all", or "site ct1"."""
    return f"{group.attribute} {group.level}" if group.attribute else "all"
