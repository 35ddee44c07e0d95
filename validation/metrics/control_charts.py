"""Control charts: watch a stream of studies, one at a time, against limits set before it began.

A chart is a frozen definition. Its state is a small array that a caller may store; `step` takes it
one value further; `signal` is the evidence so far, positive for a rise and negative for a fall, and
an alarm is a signal beyond `limit` on either side. All work on one stream or on many side by side, so
the limits are designed (`chart_design`) by the very code that later watches.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, bdtrc

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cusum:
    """The two-sided tabular CUSUM of a mean (Page 1954; Montgomery, chapter 9).

    `target` and `sd` are those of clean studies, in the unit of the value; `slack` k is half the shift
    to be found, and `limit` h the decision interval, both in standard deviations. With k = 0.5 and
    h = 5 a normal clean stream alarms once in about 465 studies.
    """

    target: float
    sd: float
    slack: float = 0.5
    limit: float = 5.0

    def __post_init__(self) -> None:
        _sound(self.target, self.sd, self.limit)
        if not (isfinite(self.slack) and self.slack >= 0):
            raise ValueError(f"the slack of a CUSUM is not negative: {self.slack}")

    def start(self) -> Floats:
        """No evidence on the side of a rise (first) and of a fall (second)."""
        return np.zeros(2)

    def step(self, state: Floats, value: ArrayLike) -> Floats:
        """The state after `value`."""
        z = (np.asarray(value, dtype=np.float64) - self.target) / self.sd
        after: Floats = np.maximum(0.0, state + np.stack([z, -z]) - self.slack)
        return after

    def signal(self, state: Floats) -> Floats:
        """The larger of the two sums, negative for that of a fall."""
        rise, fall = state
        return np.asarray(np.where(rise >= fall, rise, -fall), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Ewma:
    """The exponentially weighted moving average of a mean (Roberts 1959; Lucas, Saccucci 1990).

    `weight` lambda is that of the newest value, and `limit` L is in standard deviations of the average
    after a long time. With 0.1 and 2.814 a normal clean stream alarms once in about 500 studies.
    """

    target: float
    sd: float
    weight: float = 0.1
    limit: float = 2.814

    def __post_init__(self) -> None:
        _sound(self.target, self.sd, self.limit)
        if not 0 < self.weight <= 1:
            raise ValueError(f"the newest value has a weight above 0 and at most 1, not {self.weight}")

    def start(self) -> Floats:
        """The average at its target."""
        return np.full(1, self.target)

    def step(self, state: Floats, value: ArrayLike) -> Floats:
        """The state after `value`."""
        return state + self.weight * (np.asarray(value, dtype=np.float64) - state)

    def signal(self, state: Floats) -> Floats:
        """How many of its own standard deviations the average lies from target."""
        spread = self.sd * sqrt(self.weight / (2 - self.weight))
        return np.asarray((state[0] - self.target) / spread)


@dataclass(frozen=True, slots=True)
class RateCusum:
    """The likelihood-ratio CUSUM of a rate, such as of not-analysable studies or of overrides.

    It weighs an `unacceptable` rate against the `acceptable` one (Reynolds, Stoumbos 1999; Steiner et
    al. 2000), and looks to one side: a rise where the first is larger, a fall where it is smaller. A
    value is the number of events among `size` studies; with size 1 it is 0 or 1.
    """

    acceptable: float
    unacceptable: float
    limit: float
    size: int = 1

    def __post_init__(self) -> None:
        _sound(0.0, 1.0, self.limit)
        _rate(self.acceptable, self.size)
        _rate(self.unacceptable, self.size)
        if self.acceptable == self.unacceptable:
            raise ValueError("the acceptable and the unacceptable rate are different")

    def start(self) -> Floats:
        """No evidence."""
        return np.zeros(1)

    def step(self, state: Floats, value: ArrayLike) -> Floats:
        """The state after `value` events. Raises ValueError for a count that cannot be."""
        events = _events(value, self.size)
        event = log(self.unacceptable / self.acceptable)
        none = log((1 - self.unacceptable) / (1 - self.acceptable))
        after: Floats = np.maximum(0.0, state + events * event + (self.size - events) * none)
        return after

    def signal(self, state: Floats) -> Floats:
        """The sum of the log likelihood ratios, negative where a fall is looked for."""
        sign = 1.0 if self.unacceptable > self.acceptable else -1.0
        return np.asarray(sign * state[0], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class RateChart:
    """A p-chart with exact binomial limits: each batch of `size` studies is judged by itself.

    The signal is -log10 of the probability of as many events, or as few, at the clean `rate`; so a
    `limit` of 3 alarms on what has less than one chance in a thousand on its side.
    """

    rate: float
    size: int
    limit: float = 3.0

    def __post_init__(self) -> None:
        _sound(0.0, 1.0, self.limit)
        _rate(self.rate, self.size)
        if not self._quiet().size:
            raise ValueError(f"at a limit of {self.limit} every count raises an alarm")

    def start(self) -> Floats:
        """The count that is expected."""
        return np.full(1, round(self.rate * self.size), dtype=np.float64)

    def step(self, state: Floats, value: ArrayLike) -> Floats:
        """The state after a batch with `value` events. Raises ValueError for a count that cannot be."""
        return np.broadcast_to(_events(value, self.size), state.shape).copy()

    def signal(self, state: Floats) -> Floats:
        """How surprising the last count is, negative where it is low."""
        at_least, at_most = _tails(state[0], self.size, self.rate)
        high, low = -np.log10(at_least), -np.log10(at_most)
        return np.asarray(np.where(high >= low, high, -low), dtype=np.float64)

    def in_control(self) -> tuple[int, int]:
        """The lowest and the highest count that raise no alarm."""
        quiet = self._quiet()
        return int(quiet[0]), int(quiet[-1])

    def false_alarm(self) -> float:
        """The exact probability that a clean batch raises an alarm."""
        low, high = self.in_control()
        below = float(bdtr(low - 1, self.size, self.rate)) if low > 0 else 0.0
        return below + float(bdtrc(high, self.size, self.rate))

    def _quiet(self) -> Floats:
        counts = np.arange(self.size + 1, dtype=np.float64)
        return counts[np.abs(self.signal(counts[None])) <= self.limit]


Chart = Cusum | Ewma | RateCusum | RateChart


@dataclass(frozen=True, slots=True)
class Alarm:
    """The place in the stream, from 0, and the signal there: positive for a rise."""

    index: int
    signal: float


def watch(chart: Chart, stream: Iterable[float]) -> tuple[Alarm, ...]:
    """Every alarm of `stream`; after each the chart starts anew with the next value.

    Raises ValueError for a value that is no finite number: a study without one is no step.
    """
    alarms: list[Alarm] = []
    state = chart.start()
    for index, value in enumerate(stream):
        if not isfinite(value):
            raise ValueError(f"value {index} of the stream is no finite number")
        state = chart.step(state, value)
        signal = float(chart.signal(state))
        if abs(signal) > chart.limit:
            alarms.append(Alarm(index, signal))
            state = chart.start()
    return tuple(alarms)


def _tails(count: Floats, size: int, rate: float) -> tuple[Floats, Floats]:
    """The probabilities of at least and of at most `count`, kept off 0 so that their logarithm exists."""
    least = 10.0**-300
    at_least = np.where(count > 0, bdtrc(np.maximum(count - 1, 0), size, rate), 1.0)
    return np.maximum(at_least, least), np.maximum(bdtr(count, size, rate), least)


def _events(value: ArrayLike, size: int) -> Floats:
    events = np.asarray(value, dtype=np.float64)
    if not ((events >= 0) & (events <= size) & (events == np.floor(events))).all():
        raise ValueError(f"events are counted from 0 to the {size} studies of a batch")
    return events


def _rate(rate: float, size: int) -> None:
    if not 0 < rate < 1 or size < 1:
        raise ValueError(f"a rate lies between 0 and 1 and a batch has a study, not {rate} and {size}")


def _sound(target: float, sd: float, limit: float) -> None:
    if not (isfinite(target) and isfinite(sd) and sd > 0 and isfinite(limit) and limit > 0):
        raise ValueError("a chart has a finite target, and a positive standard deviation and limit")
