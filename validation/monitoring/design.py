"""The limits of a plan, from clean studies and before any is watched: found by simulation, then measured.

Every stream has the stated probability of a false alarm over the stated number of studies. A limit is found
with the seed of the plan, and its false alarms are counted on streams drawn with another.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from statistics import fmean, stdev

import numpy as np

from validation.metrics.chart_design import (
    AnyChart,
    Draw,
    false_alarm_probability,
    limited_by_false_alarms,
    resampled,
)
from validation.metrics.control_charts import Cusum, Ewma, RateChart, RateCusum
from validation.metrics.drift import category_cells, equal_mass_cells, population_stability, simulated_limit
from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.proportions import proportion
from validation.monitoring.charts import counted, per_window
from validation.monitoring.observations import Observation, Value
from validation.monitoring.plan import MEAN_RULES, RATE_RULES, Baseline, Clean, Plan, Rule, Stream

# A reference that is written into the plan is a sample of the clean values.
LARGEST_SAMPLE, MOST_VECTORS = 500, 200
_MEASURED_WINDOWS = 400  # simulated streams of windows


def values_of(stream: Stream, observations: Sequence[Observation]) -> list[Value]:
    """The clean values of the stream, in the order of the observations."""
    return [one.values[stream.source] for one in observations if one.is_of(stream)]


def clean_of(plan: Plan, observations: Sequence[Observation], *, source: str) -> Clean:
    """Where the baselines are from; the digest is over all values of all streams."""
    values = {stream.name: values_of(stream, observations) for stream in plan.streams}
    text = json.dumps(values, sort_keys=True)
    return Clean(source, len(observations), hashlib.sha256(text.encode()).hexdigest())


def baseline_of(plan: Plan, stream: Stream, values: Sequence[Value]) -> Baseline:
    """What the clean `values` of a stream show, with the limit that follows for the plan.

    Raises NotEstimable where they do not suffice, and ValueError for numbers that make no chart.
    """
    if stream.rule in RATE_RULES:
        return _of_rate(plan, stream, [value for value in values if isinstance(value, float)])
    if stream.rule in MEAN_RULES:
        return _of_mean(plan, stream, [value for value in values if isinstance(value, float)])
    if stream.rule == Rule.PSI:
        return _of_cells(plan, stream, tuple(values))
    return _of_sample(plan, stream, [value for value in values if value is not None])


def _of_mean(plan: Plan, stream: Stream, values: list[float]) -> Baseline:
    if len(values) < 2 or len(set(values)) < 2:
        raise NotEstimable("a mean is watched by the spread of clean values, and these do not differ")
    target, sd = fmean(values), stdev(values)
    draw, length = resampled(values), plan.false_alarms.studies
    if stream.rule == Rule.CUSUM:
        limit, measured = _designed(plan, Cusum(target, sd, stream.slack), draw, length=length)
    else:
        limit, measured = _designed(plan, Ewma(target, sd, stream.weight), draw, length=length)
    return Baseline(len(values), limit, target, sd, measured=measured.value, measured_upper=measured.upper)


def _of_rate(plan: Plan, stream: Stream, values: list[float]) -> Baseline:
    rate = stream.acceptable
    if rate is None:
        if not values or not 0 < fmean(values) < 1:
            raise NotEstimable("clean studies never, or always, show this: state an acceptable rate")
        rate = fmean(values)
    clean, size = rate, stream.size

    def draw(random: np.random.Generator, streams: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return random.binomial(size, clean, streams).astype(np.float64)

    length = max(1, plan.false_alarms.studies // size)
    if stream.rule == Rule.RATE_CUSUM:
        chart = RateCusum(clean, stream.worse or clean, 1.0, size)
        limit, measured = _designed(plan, chart, draw, length=length)
    else:
        limit, measured = _designed(plan, RateChart(clean, size), draw, length=length)
    n = max(1, len(values))
    return Baseline(n, limit, clean, measured=measured.value, measured_upper=measured.upper)


def _designed(plan: Plan, chart: AnyChart, draw: Draw, *, length: int) -> tuple[float, Estimate]:
    """The limit, and the share of other clean streams that alarm at it."""
    said = plan.false_alarms
    found = limited_by_false_alarms(
        chart,
        draw,
        length=length,
        false_alarm=said.probability,
        confidence=said.confidence,
        runs=said.runs,
        seed=plan.seed,
    )
    limited = replace(found, limit=_above(found.limit))
    return limited.limit, false_alarm_probability(
        limited, draw, length=length, runs=said.runs, seed=plan.seed + 1
    )


def _above(limit: float) -> float:
    """The limit to six digits, never below: what is written is what is used."""
    rounded = float(f"{limit:.6g}")
    return rounded if rounded >= limit else float(f"{limit * (1 + 5e-6):.6g}")


def _of_cells(plan: Plan, stream: Stream, values: tuple[Value, ...]) -> Baseline:
    empty = Baseline(n=max(1, len(values)), limit=1.0)
    if stream.is_text:
        found = category_cells([value if isinstance(value, str) else None for value in values])
        celled = replace(empty, categories=found.categories)
    else:
        numbers = [value if isinstance(value, float) else np.nan for value in values]
        celled = replace(empty, edges=equal_mass_cells(numbers, cells=stream.cells).edges)
    counts = tuple(counted(stream, celled, values))
    limit = simulated_limit(counts, n=stream.size, false_alarm=per_window(plan, stream), seed=plan.seed)
    # Where no cell but one was ever filled, chance alone never leaves it: one other study is an alarm.
    limit = _above(limit) if limit > 0 else 1e-9
    measured = _measured_cells(plan, stream, counts, limit)
    return replace(celled, counts=counts, limit=limit, measured=measured.value, measured_upper=measured.upper)


def _measured_cells(plan: Plan, stream: Stream, counts: tuple[int, ...], limit: float) -> Estimate:
    """The share of clean streams with an alarm in any window; the reference is drawn anew for each."""
    random = np.random.default_rng(plan.seed + 1)
    shares = np.array(counts) / sum(counts)
    windows = max(1, plan.false_alarms.studies // stream.size)
    alarmed = 0
    for _ in range(_MEASURED_WINDOWS):
        reference = random.multinomial(sum(counts), shares)
        drawn = random.multinomial(stream.size, shares, size=windows)
        alarmed += any(population_stability(reference, one).statistic > limit for one in drawn)
    return proportion(alarmed, _MEASURED_WINDOWS)


def _of_sample(plan: Plan, stream: Stream, values: list[Value]) -> Baseline:
    """The limit is -log10 of the probability of a window, which the test itself keeps to."""
    if len(values) < stream.size:
        raise NotEstimable(f"{len(values)} clean values are fewer than a window of {stream.size}")
    limit = _above(-float(np.log10(per_window(plan, stream))))
    random = np.random.default_rng(plan.seed)
    most = LARGEST_SAMPLE if stream.rule == Rule.KS else MOST_VECTORS
    kept = np.sort(random.choice(len(values), size=min(most, len(values)), replace=False))
    if stream.rule == Rule.MMD:
        vectors = tuple(value for value in (values[i] for i in kept) if isinstance(value, tuple))
        return Baseline(len(values), limit, vectors=vectors)
    sample = sorted(value for value in (values[i] for i in kept) if isinstance(value, float))
    return Baseline(len(values), limit, sample=tuple(sample))


def rendered(clean: Clean, baselines: dict[str, Baseline]) -> str:
    """`[clean]` and `[baselines]` as TOML, to stand below what people wrote."""
    lines = ["", "# What follows was computed from clean studies: manage.py monitor baseline.", "[clean]"]
    lines += _fields(clean)
    for name, baseline in baselines.items():
        lines += ["", f"[baselines.{json.dumps(name, ensure_ascii=False)}]", *_fields(baseline)]
    return "\n".join(lines) + "\n"


def _fields(value: Clean | Baseline) -> Iterator[str]:
    """The fields that say something, as lines. Texts of JSON are texts of TOML, and so are lists."""
    for field in fields(value):
        said = getattr(value, field.name)
        if said is not None and said != ():
            yield f"{field.name} = {json.dumps(said, ensure_ascii=False)}"
