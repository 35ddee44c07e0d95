"""A stream of 2,000 studies that changes at study 1,000: what finds it, how late, and how often falsely.

The figures are printed: pytest -s tests/validation/monitoring/test_injected_drift.py
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pytest

from tests.validation.monitoring.builders import (
    MAKER,
    NOT_ANALYSABLE,
    PRESENT,
    ROWS,
    SCORE,
    complete,
    draft,
    stream,
)
from validation.metrics.proportions import proportion
from validation.monitoring.observations import Observation
from validation.monitoring.plan import Plan
from validation.monitoring.watch import watch

pytestmark = pytest.mark.requirement("VAL-11")

STREAMS = (SCORE.replace('"version", "site"', '"version"'), PRESENT, NOT_ANALYSABLE, ROWS, MAKER)
CHANGE, LENGTH = 1000, 2000


@lru_cache(maxsize=1)
def plan() -> Plan:
    """Limits from 1,500 clean studies: at most 5 % of clean streams of 2,000 studies alarm."""
    return complete(*STREAMS, clean=stream(draft(*STREAMS), 1500, seed=1))


def say(words: str) -> None:
    print(words)  # noqa: T201 - the figures are what the test is run for


def changed(**change: Any) -> list[Observation]:
    before = stream(plan(), CHANGE, seed=2)
    return before + stream(plan(), LENGTH - CHANGE, seed=3, first=CHANGE, **change)


def first_alarms(observations: list[Observation]) -> Mapping[str, int]:
    """The place in the stream, from 0, of the first breach of each chart."""
    places = {one.source: place for place, one in enumerate(observations)}
    found: dict[str, int] = {}
    for breach in watch(plan(), {}, observations).breaches:
        found.setdefault(breach.of.stream, places[breach.signal.source])
    return found


@pytest.mark.parametrize(
    ("change", "name", "within"),
    [
        ({"shift": 0.1}, "Score", 100),
        ({"shift": 0.1}, "Share present", 500),
        ({"rows": (2022, 2500, 3000, 4096)}, "Rows", 200),
        ({"maker": "Other"}, "Manufacturer", 200),
        ({"lost": 0.08}, "Not analysable", 250),
    ],
)
def test_what_changes_at_study_1000_is_found_soon_and_not_before(
    change: dict[str, Any], name: str, within: int
) -> None:
    alarms = first_alarms(changed(**change))

    say(f"{name}: {change} at study {CHANGE}: delay {alarms[name] - CHANGE + 1} studies; all: {alarms}")
    assert CHANGE <= alarms[name] < CHANGE + within


def test_what_does_not_change_is_not_found() -> None:
    assert first_alarms(changed()) == {}


def test_the_false_alarm_rate_was_measured_before_and_is_what_was_asked_for() -> None:
    for name, baseline in plan().baselines.items():
        say(f"{name}: limit {baseline.limit:g}, measured {baseline.measured}, to {baseline.measured_upper}")
        assert baseline.measured is not None
        assert baseline.measured_upper is not None
        assert baseline.measured <= 0.05 + 0.03


def test_clean_streams_through_the_whole_watch_alarm_no_more_often_than_measured() -> None:
    streams = 25
    alarmed: dict[str, int] = {}
    for seed in range(streams):
        observations = stream(plan(), LENGTH, seed=1000 + seed)
        for name in first_alarms(observations):
            alarmed[name] = alarmed.get(name, 0) + 1

    for name in plan().baselines:
        rate = proportion(alarmed.get(name, 0), streams)
        say(f"{name}: {alarmed.get(name, 0)} of {streams} clean streams ({rate.lower:.3f}-{rate.upper:.3f})")
        assert rate.lower <= 0.05
