"""The limits of a control chart, and what they cost and find, by seeded simulation before it is used.

The studies of a simulated stream are drawn independently of one another; a real stream with batches
of like studies alarms more often. `Draw` says from what: a distribution, or the clean studies at hand.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom

from validation.metrics.control_charts import Chart, Cusum, Ewma, RateChart, RateCusum
from validation.metrics.estimate import Estimate, NotEstimable, normal_interval
from validation.metrics.proportions import proportion

Floats = NDArray[np.float64]
Integers = NDArray[np.int_]

AnyChart = TypeVar("AnyChart", Cusum, Ewma, RateCusum, RateChart)

Draw = Callable[[np.random.Generator, int], Floats]
"""The next value of so many streams at once (streams,)."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What a chart makes of streams that change at a known place.

    `false_alarms` is the share that alarmed before the change, `detected` the share of the others that
    alarmed after it, and `delay` the mean number of studies from the first changed one to the alarm,
    both counted, over those detected. `delay` is None where fewer than two were.
    """

    false_alarms: Estimate
    detected: Estimate
    delay: Estimate | None


def resampled(values: ArrayLike) -> Draw:
    """Draws from `values` (n,) of clean studies, with replacement. Raises ValueError for none."""
    clean = np.asarray(values, dtype=np.float64)
    if clean.ndim != 1 or not clean.size or not np.isfinite(clean).all():
        raise ValueError("clean studies are a list of finite numbers, and there is at least one")
    return lambda random, streams: random.choice(clean, size=streams)


def limited_by_false_alarms(
    chart: AnyChart,
    draw: Draw,
    *,
    length: int,
    false_alarm: float,
    confidence: float = 0.95,
    runs: int = 4000,
    seed: int,
) -> AnyChart:
    """`chart` with the lowest limit known to alarm on at most `false_alarm` of clean streams of `length`.

    Known with `confidence`: the limit is that order statistic of the largest signals of `runs` streams
    that is a tolerance limit (Wilks 1941), so the share to be expected is a little below the one asked
    for; `false_alarm_probability` measures it with another seed. Raises NotEstimable where so few clean
    streams give any signal that no limit is needed, and ValueError for too few runs.
    """
    if not (0 < false_alarm < 1 and 0 < confidence < 1):
        raise ValueError("the probability of a false alarm and the confidence lie between 0 and 1")
    _sizes(runs, length)
    # The most streams that may alarm here, lest as few alarm by luck at a higher true share.
    beyond = int(np.sum(binom.cdf(np.arange(runs), runs, false_alarm) <= 1 - confidence))
    if beyond == 0:
        raise ValueError(f"{runs} streams are too few to know a share of {false_alarm:g} by")
    random, largest = np.random.default_rng(seed), np.zeros(runs)
    state = _start(chart, runs)
    for _ in range(length):
        state = chart.step(state, draw(random, runs))
        largest = np.maximum(largest, np.abs(chart.signal(state)))
    limit = float(np.sort(largest)[-beyond])
    if limit == 0:
        raise NotEstimable("clean streams give no signal to set a limit by: too short, or too rare an event")
    return replace(chart, limit=limit)


def limited_by_run_length(
    chart: AnyChart, draw: Draw, *, run_length: float, runs: int = 1000, seed: int, precision: float = 1e-3
) -> AnyChart:
    """`chart` with the lowest limit at which clean streams run for `run_length` studies on average.

    Found by halving, on the same streams for every limit, to a relative `precision`.
    """
    if not run_length > 1:
        raise ValueError(f"a stream runs for more than one study before an alarm, not for {run_length}")
    _sizes(runs, 1)
    low, high = 0.0, chart.limit
    while not _runs_for(chart, high, draw, run_length, runs, seed):
        low, high = high, 2 * high
    while high - low > precision * high:
        middle = (low + high) / 2
        if _runs_for(chart, middle, draw, run_length, runs, seed):
            high = middle
        else:
            low = middle
    return replace(chart, limit=high)


def average_run_length(
    chart: Chart, draw: Draw, *, runs: int = 1000, longest: int = 100_000, seed: int, level: float = 0.95
) -> Estimate:
    """The mean number of studies up to an alarm and with it, from `runs` streams.

    Raises NotEstimable where a stream has not alarmed within `longest` studies: a mean of the others
    would be too short.
    """
    _sizes(runs, longest)
    lengths = _first_alarms(chart, lambda _: draw, length=longest, runs=runs, seed=seed)
    if not lengths.all():
        silent = int((lengths == 0).sum())
        raise NotEstimable(f"{silent} of {runs} streams did not alarm in {longest} studies")
    return _mean(lengths, level=level, seed=seed, method="simulated run length, normal interval")


def false_alarm_probability(
    chart: Chart, draw: Draw, *, length: int, runs: int = 4000, seed: int, level: float = 0.95
) -> Estimate:
    """The share of clean streams of `length` studies that alarm at least once."""
    _sizes(runs, length)
    lengths = _first_alarms(chart, lambda _: draw, length=length, runs=runs, seed=seed)
    return _share(int((lengths > 0).sum()), runs, level=level, seed=seed)


def detection(
    chart: Chart,
    clean: Draw,
    changed: Draw,
    *,
    change: int,
    length: int,
    runs: int = 1000,
    seed: int,
    level: float = 0.95,
) -> Detection:
    """How often and how soon `chart` finds a change that begins with study `change` (from 0) of `length`.

    Raises NotEstimable where every stream alarms before, and ValueError for a change outside the stream.
    """
    _sizes(runs, length)
    if not 0 <= change < length:
        raise ValueError(f"the change lies within the {length} studies of a stream, not at {change}")
    lengths = _first_alarms(
        chart, lambda index: clean if index < change else changed, length=length, runs=runs, seed=seed
    )
    early = int(((lengths > 0) & (lengths <= change)).sum())
    if early == runs:
        raise NotEstimable("every stream alarmed before the change")
    delays = lengths[lengths > change] - change
    return Detection(
        _share(early, runs, level=level, seed=seed),
        _share(int(delays.size), runs - early, level=level, seed=seed),
        _mean(delays, level=level, seed=seed, method="simulated delay, normal interval")
        if delays.size > 1
        else None,
    )


def _first_alarms(chart: Chart, at: Callable[[int], Draw], *, length: int, runs: int, seed: int) -> Integers:
    """For each stream the number of studies up to its first alarm and with it; 0 where there is none."""
    random, first = np.random.default_rng(seed), np.zeros(runs, dtype=np.int_)
    state = _start(chart, runs)
    for index in range(length):
        state = chart.step(state, at(index)(random, runs))
        first[(first == 0) & (np.abs(chart.signal(state)) > chart.limit)] = index + 1
        if first.all():
            break
    return first


def _runs_for(chart: Chart, limit: float, draw: Draw, run_length: float, runs: int, seed: int) -> bool:
    """Whether the mean run length at `limit` is at least `run_length`; stops as soon as it must be."""
    random, waiting = np.random.default_rng(seed), np.ones(runs, dtype=np.bool_)
    state, studies = _start(chart, runs), 0
    while waiting.any():
        studies += int(waiting.sum())
        if studies >= run_length * runs:
            return True
        state = chart.step(state, draw(random, runs))
        waiting &= np.abs(chart.signal(state)) <= limit
    return False


def _start(chart: Chart, runs: int) -> Floats:
    return np.repeat(chart.start()[:, None], runs, axis=1)


def _mean(values: Integers, *, level: float, seed: int, method: str) -> Estimate:
    error = float(values.std(ddof=1) / np.sqrt(values.size))
    found = normal_interval(float(values.mean()), error, level=level, n=values.size, method=method)
    return replace(found, seed=seed)


def _share(count: int, total: int, *, level: float, seed: int) -> Estimate:
    found = proportion(count, total, level=level)
    return replace(found, seed=seed, method=f"share of simulated streams, {found.method}")


def _sizes(runs: int, length: int) -> None:
    if runs < 2 or length < 1:
        raise ValueError("a simulation needs two streams at least, of at least one study")
