"""Charts go on from where they were, count nothing twice, and alarm where the plain chart alarms."""

import json
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.validation.monitoring.builders import (
    BEGUN,
    DIGEST,
    MAKER,
    NOT_ANALYSABLE,
    PRESENT,
    ROWS,
    SCORE,
    complete,
    draft,
    stream,
)
from validation.metrics.control_charts import Cusum
from validation.metrics.control_charts import watch as plainly
from validation.metrics.drift import kolmogorov_smirnov
from validation.monitoring.charts import State
from validation.monitoring.observations import Group, Observation
from validation.monitoring.plan import Plan
from validation.monitoring.watch import Breach, Signal, Watched, watch

pytestmark = pytest.mark.requirement("VAL-11")

KS = """
[[streams]]
name = "Form"
measure = "score"
of = "Pneumonia"
rule = "kolmogorov-smirnov"
size = 40
rationale = "The form of the distribution."
"""
STREAMS = (SCORE, PRESENT.replace("size = 100", "size = 20"), NOT_ANALYSABLE, MAKER, ROWS, KS)


@lru_cache(maxsize=1)
def plan() -> Plan:
    return complete(*STREAMS, clean=stream(draft(*STREAMS), 300, seed=1), studies=200, runs=500)


@lru_cache(maxsize=1)
def observations() -> tuple[Observation, ...]:
    return (*stream(plan(), 150, seed=2), *stream(plan(), 150, seed=3, first=150, shift=0.2, lost=0.3))


@given(st.lists(st.integers(0, 300), max_size=4))
def test_however_the_observations_are_divided_the_charts_and_breaches_are_the_same(cuts: list[int]) -> None:
    at_once = watch(plan(), {}, observations())
    states: dict[Watched, State] = {}
    signals, breaches = list[Signal](), list[Breach]()
    for begin, end in zip((0, *sorted(cuts)), (*sorted(cuts), 300), strict=True):
        part = watch(plan(), states, observations()[begin:end])
        # As the database keeps them.
        states = {key: State.read(json.loads(json.dumps(s.written()))) for key, s in part.states.items()}
        signals += part.signals
        breaches += part.breaches

    assert states == at_once.states
    assert tuple(signals) == at_once.signals
    assert tuple(breaches) == at_once.breaches


def test_a_chart_of_single_studies_alarms_where_the_plain_chart_does() -> None:
    baseline = plan().baselines["Score"]
    assert baseline.target is not None
    assert baseline.sd is not None
    chart = Cusum(baseline.target, baseline.sd, 0.5, baseline.limit)
    values = [one.values["score Pneumonia"] for one in observations() if "score Pneumonia" in one.values]

    expected = [alarm.index + 1 for alarm in plainly(chart, [float(str(value)) for value in values])]
    found = watch(plan(), {}, observations()).breaches

    assert expected
    everything = Watched("Score", Group(DIGEST))
    assert [one.signal.number for one in found if one.of == everything] == expected


def test_a_window_is_compared_when_it_is_full_and_then_forgotten() -> None:
    baseline = plan().baselines["Form"]
    scores = [one.values["score Pneumonia"] for one in observations() if "score Pneumonia" in one.values]

    found = [one for one in watch(plan(), {}, observations()).signals if one.of.stream == "Form"]

    assert [one.number for one in found] == list(range(40, len(scores) + 1, 40))
    for signal in found:
        window = [float(str(value)) for value in scores[signal.number - 40 : signal.number]]
        assert 10**-signal.signal == pytest.approx(kolmogorov_smirnov(baseline.sample, window).p, rel=1e-9)


def test_each_site_has_a_chart_of_its_own_beside_that_of_the_version() -> None:
    both = [
        *stream(plan(), 30, seed=4, lost=0.0),
        *stream(plan(), 20, seed=5, site="ct2", first=30, lost=0.0),
    ]

    states = watch(plan(), {}, both).states

    seen = {key.group: state.seen for key, state in states.items() if key.stream == "Score"}
    assert seen == {
        Group(DIGEST): 50,
        Group(DIGEST, "site", "ct1"): 30,
        Group(DIGEST, "site", "ct2"): 20,
    }


def test_what_is_not_recorded_is_counted_and_is_no_step() -> None:
    (one,) = stream(plan(), 1, seed=1, lost=0.0)
    bare = Observation(one.source, one.when, one.version, one.answer, one.levels, {"score Pneumonia": None})

    state = watch(plan(), {}, [bare]).states[Watched("Score", Group(DIGEST))]

    assert (state.seen, state.missing, state.chart) == (0, 1, (0.0, 0.0))


def test_a_tag_that_is_no_longer_stated_is_drift() -> None:
    silent = [
        Observation(one.source, one.when, one.version, one.answer, one.levels, {"tag Manufacturer": None})
        for one in stream(plan(), 100, seed=1)
    ]

    (breach,) = watch(plan(), {}, silent).breaches

    assert breach.of.stream == "Manufacturer"


def test_observations_of_other_versions_are_refused() -> None:
    (one,) = stream(plan(), 1, seed=1)
    other = Observation(one.source, one.when, "c" * 64, one.answer)

    with pytest.raises(ValueError, match="a version that test-plan is not for"):
        watch(plan(), {}, [other])


def test_a_draft_watches_nothing() -> None:
    with pytest.raises(ValueError, match="draft"):
        watch(draft(), {}, [])


def test_embeddings_are_compared_window_by_window() -> None:
    text = """
[[streams]]
name = "Embedding"
measure = "embedding"
rule = "maximum mean discrepancy"
size = 30
rationale = "What the model sees."
"""
    random = np.random.default_rng(3)

    def seen(number: int, move: float) -> Observation:
        vector = tuple(float(x) for x in random.normal(move, 1, 4))
        return Observation(f"analysis/{number}", BEGUN, DIGEST, "finding", {}, {"embedding": vector})

    watched = complete(text, clean=[seen(n, 0.0) for n in range(60)], studies=60)

    assert watch(watched, {}, [seen(n, 0.0) for n in range(30)]).breaches == ()
    assert len(watch(watched, {}, [seen(n, 2.0) for n in range(30)]).breaches) == 1
