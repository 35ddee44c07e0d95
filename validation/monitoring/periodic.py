"""The periodic report of a plan as a value: counts, rates and charts of a period, breaches and problems.

Pure. The charts are drawn by replaying every observation that was counted, so that the report does not rest
on what the device says that it saw.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy.stats import binom

from samd.domain.finding import Answer
from validation.document import Curve, Figure, Signed
from validation.metrics.estimate import Estimate
from validation.metrics.proportions import proportion
from validation.monitoring.charts import State
from validation.monitoring.observations import Group, Observation
from validation.monitoring.plan import RATES, Measure, Plan, Rule, Stream
from validation.monitoring.watch import Signal, Watched, watch

LEVEL = 0.95
MOST_CURVES = 60
_BY_ANSWER = (Measure.NOT_ANALYSABLE, Measure.FAILED)
# Charts that alarm on either side.
_TWO_SIDED = frozenset({Rule.CUSUM, Rule.EWMA, Rule.RATE_CHART})


@dataclass(frozen=True, slots=True)
class RateLine:
    """A rate, or the median of a value, in a group: of `count` events, or empty where it is a median."""

    group: Group
    name: str
    figure: Figure
    count: int | None = None


@dataclass(frozen=True, slots=True)
class ChartLine:
    """A chart at the end of the period, with what its limit was designed and measured for."""

    of: Watched
    rule: str
    limit: float
    seen: int
    missing: int
    breaches: int  # within the period
    measured: float | None
    measured_upper: float | None


@dataclass(frozen=True, slots=True)
class BreachLine:
    """A breach within the period. `problem` is empty where the plan only records it."""

    when: str
    of: Watched
    signal: float
    limit: float
    source: str
    problem: str


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """A problem that was open within the period, and its chain: (kind, reference) each."""

    name: str
    origin: str
    title: str
    opened: str
    closed: str
    conclusion: str
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ForceLine:
    """A version that was taken out of force or put back within the period."""

    when: str
    version: str
    what: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rows and the trail say around the observations."""

    versions: Mapping[str, str]  # names by digest
    breaches: tuple[BreachLine, ...]
    problems: tuple[ProblemLine, ...]
    force: tuple[ForceLine, ...]
    states: Mapping[Watched, State]  # as they are kept now
    plan_signatures: tuple[Signed, ...]
    signatures: tuple[Signed, ...]
    checkpoint: str
    made: str


@dataclass(frozen=True, slots=True)
class PeriodicDocument:
    """A periodic report: the one source of its JSON, its HTML and its PDF. `until` is not within it."""

    title: str
    plan: str
    model: str
    since: str
    until: str
    versions: Mapping[str, str]
    observations: int
    probability: float  # of a false alarm, for each chart
    studies: int  # over which
    rates: tuple[RateLine, ...]
    charts: tuple[ChartLine, ...]
    curves: tuple[Curve, ...]
    breaches: tuple[BreachLine, ...]
    problems: tuple[ProblemLine, ...]
    force: tuple[ForceLine, ...]
    remarks: tuple[str, ...]
    digests: Mapping[str, str]
    plan_signatures: tuple[Signed, ...]
    signatures: tuple[Signed, ...]
    checkpoint: str
    made: str


def draw_up(
    plan: Plan,
    observations: Sequence[Observation],
    *,
    since: datetime,
    until: datetime,
    around: Surroundings,
) -> PeriodicDocument:
    """The report of the time from `since` to `until`, without the latter.

    `observations` are all that were counted under the plan, in their order. Raises ValueError for a period
    that ends before it begins.
    """
    if not since < until:
        raise ValueError("a period ends after it begins")
    replayed = watch(plan, {}, observations)
    ended = watch(plan, {}, [one for one in observations if one.when < until])
    within = [one for one in observations if since <= one.when < until]
    signals: dict[Watched, list[Signal]] = defaultdict(list)
    for signal in replayed.signals:
        if since <= signal.when < until:
            signals[signal.of].append(signal)
    charts = tuple(_charts(plan, ended.states, signals))
    return PeriodicDocument(
        title=plan.title,
        plan=f"{plan.name} {plan.version}",
        model=plan.model.name,
        since=since.isoformat(),
        until=until.isoformat(),
        versions=around.versions,
        observations=sum(bool(one.answer) for one in within),  # assessments are of analyses that were counted
        probability=plan.false_alarms.probability,
        studies=plan.false_alarms.studies,
        rates=tuple(_rates(plan, within)),
        charts=charts,
        curves=tuple(_curves(plan, signals, around.versions)),
        breaches=around.breaches,
        problems=around.problems,
        force=around.force,
        remarks=tuple(_remarks(plan, ended.states, signals, agrees=replayed.states == around.states)),
        digests={"plan": plan.digest, "clean studies": plan.clean.digest if plan.clean else ""},
        plan_signatures=around.plan_signatures,
        signatures=around.signatures,
        checkpoint=around.checkpoint,
        made=around.made,
    )


def median(values: Sequence[float], *, level: float = LEVEL) -> Estimate:
    """The median with the interval of order statistics that holds it with probability `level` or more.

    Distribution-free (Hahn, Meeker 1991, 5.2); where there are so few values that none does, the interval has
    no bounds. Raises ValueError for no values.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    if not ordered.size:
        raise ValueError("no values have no median")
    n = int(ordered.size)
    # The largest k with P(fewer than k of n below the median) <= (1 - level) / 2.
    rank = int(binom.ppf((1 - level) / 2, n, 0.5))
    bounded = rank >= 1
    lower, upper = (ordered[rank - 1], ordered[n - rank]) if bounded else (-np.inf, np.inf)
    method = "median, order statistics"
    return Estimate(float(np.median(ordered)), float(lower), float(upper), level, n, method)


def _groups(plan: Plan, observations: Sequence[Observation]) -> Iterator[tuple[Group, list[Observation]]]:
    """Every version, then every level of every grouping within it."""
    for version in plan.model.digests:
        mine = [one for one in observations if one.version == version]
        if mine:
            yield Group(version), mine
        for grouping in plan.groupings:
            for level in sorted({one.level(grouping) for one in mine}):
                yield (
                    Group(version, grouping, level),
                    [one for one in mine if one.level(grouping) == level],
                )


def _rates(plan: Plan, observations: Sequence[Observation]) -> Iterator[RateLine]:
    sources = {stream.source: stream for stream in plan.streams}
    for group, members in _groups(plan, observations):
        answers = [one.answer for one in members if one.answer]
        for answer in (Answer.NOT_ANALYSABLE, Answer.FAILED):
            yield _rate(plan, group, str(answer), answers.count(answer), len(answers))
        for source, stream in sources.items():
            if stream.measure in _BY_ANSWER or stream.is_text or stream.measure == Measure.EMBEDDING:
                continue
            values = [value for one in members if isinstance(value := one.values.get(source), float)]
            if stream.measure in RATES:
                yield _rate(plan, group, source, int(sum(values)), len(values))
            else:
                yield RateLine(group, source, _median_of(plan, values))


def _rate(plan: Plan, group: Group, name: str, count: int, total: int) -> RateLine:
    if total < plan.least:
        return RateLine(group, name, _too_few(plan, total), count)
    return RateLine(group, name, Figure.of(proportion(count, total, level=LEVEL)), count)


def _median_of(plan: Plan, values: Sequence[float]) -> Figure:
    return Figure.of(median(values)) if len(values) >= max(1, plan.least) else _too_few(plan, len(values))


def _too_few(plan: Plan, total: int) -> Figure:
    return Figure.missing(f"fewer than {plan.least} observations", level=LEVEL, n=total)


def _charts(
    plan: Plan, states: Mapping[Watched, State], signals: Mapping[Watched, Sequence[Signal]]
) -> Iterator[ChartLine]:
    for stream in plan.streams:
        baseline = plan.baselines[stream.name]
        for key, state in sorted(states.items(), key=lambda item: str(item[0])):
            if key.stream == stream.name:
                yield ChartLine(
                    key,
                    stream.rule,
                    baseline.limit,
                    state.seen,
                    state.missing,
                    sum(signal.is_breach for signal in signals.get(key, ())),
                    baseline.measured,
                    baseline.measured_upper,
                )


def _curves(
    plan: Plan, signals: Mapping[Watched, Sequence[Signal]], versions: Mapping[str, str]
) -> Iterator[Curve]:
    """A timeline for each chart with signals; of very many, those with a breach first."""
    order = {stream.name: place for place, stream in enumerate(plan.streams)}
    streams = {stream.name: stream for stream in plan.streams}
    ranked = sorted(
        signals.items(),
        key=lambda item: (not any(one.is_breach for one in item[1]), order[item[0].stream], str(item[0])),
    )
    for key, found in ranked[:MOST_CURVES]:
        yield _curve(streams[key.stream], key, found, versions)


def _curve(stream: Stream, key: Watched, found: Sequence[Signal], versions: Mapping[str, str]) -> Curve:
    limit = found[0].limit
    x, y = list[float](), list[float]()
    marks: dict[str, tuple[float, float]] = {}
    falls = stream.rule == Rule.RATE_CUSUM and any(one.signal < 0 for one in found)
    for signal in found:
        x.append(float(signal.number))
        y.append(signal.signal)
        if signal.is_breach:
            # The first; the others are where the line falls to nothing.
            marks.setdefault("alarm", (float(signal.number), signal.signal))
            x.append(float(signal.number))
            y.append(0.0)  # the chart starts anew
    lines = (
        {"upper limit": limit, "lower limit": -limit}
        if stream.rule in _TWO_SIDED
        else {"limit": -limit if falls else limit}
    )
    name = " · ".join(
        [stream.name, versions.get(key.group.version, key.group.version[:8]), *_level(key.group)]
    )
    note = f"{stream.rule}, n = {len(found)}"
    return Curve("timeline", name, tuple(x), tuple(y), lines=lines, x_name="n", note=note, marks=marks)


def _level(group: Group) -> list[str]:
    return [f"{group.attribute} {group.level}"] if group.attribute else []


def _remarks(
    plan: Plan,
    states: Mapping[Watched, State],
    signals: Mapping[Watched, Sequence[Signal]],
    *,
    agrees: bool,
) -> Iterator[str]:
    """What a reader must know beside the figures, each in a sentence."""
    if not agrees:
        yield "The charts, replayed from the observations that were kept, are not as the device keeps them."
    for stream in plan.streams:
        if not any(key.stream == stream.name for key in states):
            yield f"Nothing was observed of {stream.name}."
    if len(signals) > MOST_CURVES:
        yield f"{len(signals) - MOST_CURVES} charts are not drawn; all are in the table."
    said = plan.false_alarms
    yield (
        f"{len(states)} charts were watched. Each raises a false alarm with a probability of at most "
        f"{said.probability:g} in {said.studies} clean studies, if those are like the ones that set the "
        "limit; what the limit was set by is itself a sample."
    )
    if plan.clean is not None:
        yield f"The limits rest on {plan.clean.studies} clean observations: {plan.clean.source}."
