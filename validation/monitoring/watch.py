"""What new observations do to the charts of a plan: new states, signals, and breaches of the limits.

Pure: the same observations in the same order give the same, however they are divided over the calls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from validation.monitoring.charts import State, start, started_anew, step
from validation.monitoring.observations import Group, Observation
from validation.monitoring.plan import OnBreach, Plan


@dataclass(frozen=True, slots=True)
class Watched:
    """A chart: a stream of the plan, by name, in a group."""

    stream: str
    group: Group


@dataclass(frozen=True, slots=True)
class Signal:
    """The signal of a chart with the observation `source`, the `number`th value of the chart from 1."""

    of: Watched
    source: str
    when: datetime
    number: int
    signal: float
    limit: float

    @property
    def is_breach(self) -> bool:
        return abs(self.signal) > self.limit


@dataclass(frozen=True, slots=True)
class Breach:
    """A signal beyond the limit, and what the plan says is to be done."""

    signal: Signal
    on_breach: OnBreach

    @property
    def of(self) -> Watched:
        return self.signal.of


@dataclass(frozen=True, slots=True)
class Progress:
    """What came of new observations: all states, the new ones among them; signals and breaches in order."""

    states: Mapping[Watched, State]
    signals: tuple[Signal, ...]
    breaches: tuple[Breach, ...]


def watch(plan: Plan, states: Mapping[Watched, State], observations: Sequence[Observation]) -> Progress:
    """Take `observations` in their order, from `states` on; a chart that has none starts.

    After a breach a chart starts anew with the next value. Raises ValueError for a plan without limits, and
    for an observation of a version that the plan is not for.
    """
    if not plan.is_complete:
        raise ValueError(f"{plan.name} {plan.version} is a draft: it has no limits")
    after, signals, breaches = dict(states), list[Signal](), list[Breach]()
    for observation in observations:
        if observation.version not in plan.model.digests:
            raise ValueError(f"{observation.source} is of a version that {plan.name} is not for")
        for stream in plan.streams:
            if not observation.is_of(stream):
                continue
            baseline, value = plan.baselines[stream.name], observation.values[stream.source]
            for grouping in stream.by:
                key = Watched(stream.name, observation.group(grouping))
                before = after.get(key) or start(stream, baseline)
                state, found = step(stream, baseline, before, value, plan=plan)
                if found is not None:
                    signal = Signal(
                        key, observation.source, observation.when, state.seen, found, baseline.limit
                    )
                    signals.append(signal)
                    if signal.is_breach:
                        breaches.append(Breach(signal, stream.on_breach))
                        state = started_anew(stream, baseline, state)
                after[key] = state
    return Progress(after, tuple(signals), tuple(breaches))
