"""A rule of a plan at work: it takes one value after the other, and gives a signal where it has one.

Charts of single studies signal with every value, those of batches and windows when one is full. What a rule
remembers is a `State`, which a caller may store: the chart goes on from it as if it had never stopped.
"""

from dataclasses import dataclass
from math import ceil, log10
from typing import Any

import numpy as np

from validation.metrics.control_charts import Chart, Cusum, Ewma, RateChart, RateCusum
from validation.metrics.drift import CategoryCells, NumberCells, kolmogorov_smirnov, population_stability
from validation.metrics.embedding_drift import embedding_drift
from validation.metrics.estimate import NotEstimable
from validation.monitoring.observations import Value
from validation.monitoring.plan import WINDOW_RULES, Baseline, Plan, Rule, Stream

_SMALLEST_P = 1e-300


@dataclass(frozen=True, slots=True)
class State:
    """What a chart remembers: its own numbers, the values of a batch or window that is not full, and counts.

    `seen` are the values taken, `missing` those that were looked for and not recorded.
    """

    chart: tuple[float, ...] = ()
    pending: tuple[Value, ...] = ()
    seen: int = 0
    missing: int = 0

    def written(self) -> dict[str, Any]:
        """The state as JSON knows it."""
        return {
            "chart": list(self.chart),
            "pending": [list(value) if isinstance(value, tuple) else value for value in self.pending],
            "seen": self.seen,
            "missing": self.missing,
        }

    @classmethod
    def read(cls, content: dict[str, Any]) -> "State":
        """The state that was `written`."""
        pending = (tuple(value) if isinstance(value, list) else value for value in content["pending"])
        return cls(tuple(content["chart"]), tuple(pending), content["seen"], content["missing"])


def per_window(plan: Plan, stream: Stream) -> float:
    """The false-alarm probability of one window, so that all of a stream together have that of the plan."""
    windows = max(1, plan.false_alarms.studies // stream.size)
    return float(1 - (1 - plan.false_alarms.probability) ** (1 / windows))


def chart_of(stream: Stream, baseline: Baseline) -> Chart:
    """The chart of a stream that is judged by its mean or its rate, with the limit of the plan.

    Raises ValueError for another rule, or for numbers that make no chart.
    """
    target, sd, limit = baseline.target or 0.0, baseline.sd or 0.0, baseline.limit
    match stream.rule:
        case Rule.CUSUM:
            return Cusum(target, sd, stream.slack, limit)
        case Rule.EWMA:
            return Ewma(target, sd, stream.weight, limit)
        case Rule.RATE_CUSUM:
            return RateCusum(target, stream.worse or 0.0, limit, stream.size)
        case Rule.RATE_CHART:
            return RateChart(target, stream.size, limit)
    raise ValueError(f"{stream.rule} compares distributions")


def start(stream: Stream, baseline: Baseline) -> State:
    """The state before the first value."""
    if stream.rule in WINDOW_RULES:
        return State()
    return State(chart=tuple(chart_of(stream, baseline).start().tolist()))


def started_anew(stream: Stream, baseline: Baseline, state: State) -> State:
    """The state after an alarm: no evidence, the counts going on."""
    return State(start(stream, baseline).chart, (), state.seen, state.missing)


def step(
    stream: Stream, baseline: Baseline, state: State, value: Value, *, plan: Plan
) -> tuple[State, float | None]:
    """The state after `value`, and the signal where there is one: an alarm if beyond the limit.

    A value that is not recorded is no step, but for population stability, which has a cell for it.
    """
    if value is None and stream.rule != Rule.PSI:
        return State(state.chart, state.pending, state.seen, state.missing + 1), None
    seen, missing = state.seen + 1, state.missing + (value is None)
    if stream.rule not in WINDOW_RULES and stream.size == 1:
        return _moved(stream, baseline, State(state.chart, (), seen, missing), _number(value))
    pending = (*state.pending, value)
    if len(pending) < stream.size:
        return State(state.chart, pending, seen, missing), None
    full = State(state.chart, (), seen, missing)
    if stream.rule in WINDOW_RULES:
        return full, _compared(stream, baseline, pending, plan=plan)
    return _moved(stream, baseline, full, sum(map(_number, pending)))


def _moved(stream: Stream, baseline: Baseline, state: State, value: float) -> tuple[State, float]:
    chart = chart_of(stream, baseline)
    numbers = chart.step(np.array(state.chart), value)
    after = State(tuple(numbers.tolist()), (), state.seen, state.missing)
    return after, float(chart.signal(numbers))


def _compared(stream: Stream, baseline: Baseline, window: tuple[Value, ...], *, plan: Plan) -> float | None:
    """The signal of a full window: the index, or -log10 of p; None where nothing can be compared."""
    if stream.rule == Rule.PSI:
        return population_stability(baseline.counts, counted(stream, baseline, window)).statistic
    try:
        if stream.rule == Rule.KS:
            p = kolmogorov_smirnov(baseline.sample, [_number(value) for value in window]).p
        else:
            # So many divisions that the p of the limit can be told from smaller ones.
            rounds = max(499, ceil(5 / per_window(plan, stream)))
            vectors = [value for value in window if isinstance(value, tuple)]
            p = embedding_drift(baseline.vectors, vectors, seed=plan.seed, rounds=rounds).p
    except NotEstimable:
        return None
    return -log10(max(p, _SMALLEST_P))


def counted(stream: Stream, baseline: Baseline, values: tuple[Value, ...]) -> list[int]:
    """How many of `values` lie in each cell of the baseline."""
    if stream.is_text:
        texts = [value if isinstance(value, str) else None for value in values]
        return [int(n) for n in CategoryCells(baseline.categories).counts(texts)]
    numbers = [np.nan if value is None else _number(value) for value in values]
    return [int(n) for n in NumberCells(baseline.edges).counts(numbers)]


def _number(value: Value) -> float:
    if not isinstance(value, float | int):
        raise ValueError("this rule takes numbers")
    return float(value)
