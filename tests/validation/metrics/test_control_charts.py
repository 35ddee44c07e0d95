"""Control charts, step by step against their definitions."""

from math import comb, log, log10, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.metrics.control_charts import Alarm, Chart, Cusum, Ewma, RateChart, RateCusum, watch

pytestmark = pytest.mark.requirement("VAL-11")

STREAM = st.lists(st.floats(-4, 4), max_size=60)


@given(STREAM)
def test_a_cusum_alarms_where_its_sums_say(stream: list[float]) -> None:
    chart = Cusum(target=0.5, sd=2.0, slack=0.25, limit=1.5)

    rise = fall = 0.0
    expected = []
    for index, value in enumerate(stream):
        z = (value - 0.5) / 2.0
        rise, fall = max(0.0, rise + z - 0.25), max(0.0, fall - z - 0.25)
        if max(rise, fall) > 1.5:
            expected.append(Alarm(index, rise if rise >= fall else -fall))
            rise = fall = 0.0
    assert list(watch(chart, stream)) == expected


@given(STREAM)
def test_an_ewma_alarms_where_its_average_says(stream: list[float]) -> None:
    chart = Ewma(target=0.5, sd=2.0, weight=0.3, limit=1.0)

    average, spread = 0.5, 2.0 * sqrt(0.3 / 1.7)
    expected = []
    for index, value in enumerate(stream):
        average = 0.3 * value + 0.7 * average
        if abs(average - 0.5) > spread:
            expected.append((index, average > 0.5))
            average = 0.5
    assert [(alarm.index, alarm.signal > 0) for alarm in watch(chart, stream)] == expected


@given(st.lists(st.integers(0, 1), max_size=80))
def test_a_rate_cusum_is_the_largest_likelihood_ratio_of_a_run_up_to_now(stream: list[int]) -> None:
    chart = RateCusum(acceptable=0.1, unacceptable=0.4, limit=1e9)
    state = chart.start()
    weight = [log(0.6 / 0.9), log(0.4 / 0.1)]

    for index, value in enumerate(stream):
        state = chart.step(state, value)
        runs = [sum(weight[x] for x in stream[first : index + 1]) for first in range(index + 2)]
        assert float(chart.signal(state)) == pytest.approx(max(runs), abs=1e-9)


def test_a_rate_cusum_for_a_fall_signals_a_fall() -> None:
    down = RateCusum(acceptable=0.5, unacceptable=0.1, limit=1.0)

    assert watch(down, [1.0] * 50) == ()
    (alarm,) = watch(down, [0.0, 0.0])
    assert (alarm.index, alarm.signal) == pytest.approx((1, -2 * log(0.9 / 0.5)))


def test_a_batch_weighs_as_much_as_its_studies_together() -> None:
    one = RateCusum(acceptable=0.1, unacceptable=0.4, limit=9.0)
    batch = RateCusum(acceptable=0.1, unacceptable=0.4, limit=9.0, size=4)

    state = one.start()
    for value in (1, 1, 0, 1):
        state = one.step(state, value)

    assert batch.step(batch.start(), 3) == pytest.approx(state)


@pytest.mark.parametrize(
    ("rate", "size", "limit"), [(0.02, 100, 3.0), (0.3, 20, 2.0), (0.5, 10, 1.5), (0.9, 7, 4.0)]
)
def test_a_rate_chart_judges_each_batch_by_its_exact_probability(
    rate: float, size: int, limit: float
) -> None:
    chart = RateChart(rate, size, limit)
    chances = [comb(size, x) * rate**x * (1 - rate) ** (size - x) for x in range(size + 1)]

    quiet = [
        x for x in range(size + 1) if min(sum(chances[x:]), sum(chances[: x + 1])) >= 10**-limit * (1 - 1e-12)
    ]

    assert chart.in_control() == (quiet[0], quiet[-1])
    assert quiet == list(range(quiet[0], quiet[-1] + 1))
    assert chart.false_alarm() == pytest.approx(1 - sum(chances[x] for x in quiet), abs=1e-12)
    assert chart.false_alarm() < 2 * 10**-limit
    alarms = watch(chart, [float(x) for x in range(size + 1)])
    assert [alarm.index for alarm in alarms] == [x for x in range(size + 1) if x not in quiet]
    for alarm in alarms:
        tail = sum(chances[alarm.index :]) if alarm.signal > 0 else sum(chances[: alarm.index + 1])
        assert abs(alarm.signal) == pytest.approx(-log10(tail))


def test_a_batch_of_the_impossible_still_has_a_signal() -> None:
    assert float(RateChart(0.001, 1000).signal(np.array([1000.0]))) == pytest.approx(300)


@pytest.mark.parametrize(
    "chart",
    [Cusum(0, 1, 0.25, 3), Ewma(0, 1, 0.2, 2), RateCusum(0.2, 0.5, 1.0), RateChart(0.2, 1, 0.6)],
    ids=lambda chart: type(chart).__name__,
)
def test_streams_side_by_side_are_each_watched_as_one_alone(chart: Chart) -> None:
    random = np.random.default_rng(1)
    rates = isinstance(chart, RateCusum | RateChart)
    streams = random.integers(0, 2, (30, 5)).astype(float) if rates else random.normal(0.3, 1, (30, 5))

    together = np.repeat(chart.start()[:, None], 5, axis=1)
    alone = [chart.start() for _ in range(5)]
    for values in streams:
        together = chart.step(together, values)
        alone = [chart.step(state, value) for state, value in zip(alone, values, strict=True)]
        for place, state in enumerate(alone):
            assert together[:, place] == pytest.approx(state)
            assert float(chart.signal(together)[place]) == pytest.approx(float(chart.signal(state)))


@given(STREAM, st.integers(0, 60))
def test_a_chart_taken_up_again_from_its_state_goes_on_as_if_never_stopped(
    stream: list[float], pause: int
) -> None:
    chart = Cusum(0.0, 1.0)
    through, state = chart.start(), chart.start()
    for index, value in enumerate(stream):
        through = chart.step(through, value)
        if index == pause:
            state = np.array(state.tolist())  # stored and read back
        state = chart.step(state, value)

    assert state.tolist() == through.tolist()


def test_after_an_alarm_the_chart_starts_anew() -> None:
    # Each study one deviation above: the sum grows by 0.5 and passes 2 with the fifth.
    alarms = watch(Cusum(0.0, 1.0, slack=0.5, limit=2.0), [1.0] * 12)

    assert [alarm.index for alarm in alarms] == [4, 9]


def test_a_signal_on_the_limit_is_no_alarm() -> None:
    assert watch(Cusum(0.0, 1.0, slack=0.5, limit=2.0), [1.0] * 4) == ()


def test_a_stream_without_studies_has_no_alarm() -> None:
    assert watch(Cusum(0.0, 1.0), []) == ()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_study_without_a_value_is_no_step(value: float) -> None:
    with pytest.raises(ValueError, match="value 1 of the stream"):
        watch(Cusum(0.0, 1.0), [0.0, value])


@pytest.mark.parametrize("value", [-1.0, 4.0, 0.5])
def test_a_count_that_cannot_be_is_refused(value: float) -> None:
    for chart in (RateCusum(0.1, 0.2, 1.0, size=3), RateChart(0.1, 3)):
        with pytest.raises(ValueError, match="events are counted"):
            watch(chart, [value])


def test_charts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="finite target"):
        Cusum(float("nan"), 1.0)
    with pytest.raises(ValueError, match="positive standard deviation"):
        Ewma(0.0, 0.0)
    with pytest.raises(ValueError, match="limit"):
        Cusum(0.0, 1.0, limit=0.0)
    with pytest.raises(ValueError, match="slack"):
        Cusum(0.0, 1.0, slack=-0.1)
    with pytest.raises(ValueError, match="weight"):
        Ewma(0.0, 1.0, weight=1.5)
    with pytest.raises(ValueError, match="are different"):
        RateCusum(0.1, 0.1, 1.0)
    with pytest.raises(ValueError, match="rate lies between"):
        RateCusum(0.0, 0.1, 1.0)
    with pytest.raises(ValueError, match="batch has a study"):
        RateChart(0.1, 0)
    with pytest.raises(ValueError, match="every count raises an alarm"):
        RateChart(0.5, 1, limit=0.1)
