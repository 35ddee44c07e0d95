"""The figures of a periodic report, and what it says beside them."""

from datetime import timedelta
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from tests.validation.monitoring.builders import BEGUN, DIGEST, NOT_ANALYSABLE, SCORE, complete, draft, stream
from validation.monitoring.observations import Group, Observation
from validation.monitoring.periodic import PeriodicDocument, Surroundings, draw_up, median
from validation.monitoring.plan import Plan
from validation.monitoring.printing import to_html, to_json
from validation.monitoring.watch import watch

pytestmark = pytest.mark.requirement("VAL-11")

OVERRIDE = NOT_ANALYSABLE.replace('measure = "not analysable"', 'measure = "override"').replace(
    'name = "Not analysable"', 'name = "Overridden"'
)


@lru_cache(maxsize=1)
def plan() -> Plan:
    streams = (SCORE, NOT_ANALYSABLE, OVERRIDE)
    return complete(*streams, clean=stream(draft(*streams), 200, seed=1), studies=100, runs=500)


def drawn(observations: list[Observation], *, first: int = 0, last: int = 10_000) -> PeriodicDocument:
    around = Surroundings(
        versions={DIGEST: "cxr 1.0.0"},
        breaches=(),
        problems=(),
        force=(),
        states=watch(plan(), {}, observations).states,
        plan_signatures=(),
        signatures=(),
        checkpoint="",
        made="2026-04-01T00:00:00+00:00",
    )
    begin, end = (BEGUN + timedelta(minutes=10 * number) for number in (first, last))
    return draw_up(plan(), observations, since=begin, until=end, around=around)


def test_rates_are_exact_and_of_the_period_alone() -> None:
    seen = stream(plan(), 300, seed=2, lost=0.2)
    lost = sum(one.answer == "not analysable" for one in seen[100:200])

    found = drawn(seen, first=100, last=200)

    line = next(one for one in found.rates if (one.group, one.name) == (Group(DIGEST), "not analysable"))
    exact = binomtest(lost, 100).proportion_ci(method="exact")
    assert found.observations == 100
    assert (line.count, line.figure.n) == (lost, 100)
    assert (line.figure.low, line.figure.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_groups_with_few_observations_have_no_figure_but_a_reason() -> None:
    seen = [*stream(plan(), 20, seed=2), *stream(plan(), 3, seed=3, site="ct2", first=20)]

    found = drawn(seen)

    few = [one for one in found.rates if one.group == Group(DIGEST, "site", "ct2")]
    assert few
    assert all(one.figure.estimate is None and "fewer than 5" in one.figure.reason for one in few)


def test_a_chart_is_as_it_stood_at_the_end_of_the_period_and_its_curve_is_of_the_period() -> None:
    found = drawn(stream(plan(), 60, seed=2, lost=0.0), first=20, last=40)

    everything = next(one for one in found.charts if one.of.stream == "Score" and not one.of.group.attribute)
    curve = next(one for one in found.curves if one.name == "Score · cxr 1.0.0")
    assert everything.seen == 40
    assert curve.x == tuple(float(number) for number in range(21, 41))
    assert set(curve.lines) == {"upper limit", "lower limit"}


def test_the_first_alarm_is_marked_and_the_chart_falls_to_nothing_with_each() -> None:
    seen = stream(plan(), 60, seed=2, shift=0.4, lost=0.0)
    breaches = watch(plan(), {}, seen).breaches
    expected = [one.signal.number for one in breaches if one.of.group == Group(DIGEST)]

    curve = next(one for one in drawn(seen).curves if one.name == "Score · cxr 1.0.0")

    falls = [
        int(x)
        for x, after, y in zip(curve.x, curve.x[1:], curve.y[1:], strict=False)
        if x == after and y == 0
    ]
    assert int(curve.marks["alarm"][0]) == expected[0]
    assert falls == expected


def test_a_stream_that_saw_nothing_says_so() -> None:
    said = drawn(stream(plan(), 20, seed=2)).remarks

    assert "Nothing was observed of Overridden." in said


def test_a_report_of_nothing_can_be_drawn_up_and_printed() -> None:
    document = drawn([])

    assert document.observations == 0
    assert b"<svg" not in to_html(document)
    assert to_json(document)


def test_the_files_are_the_same_every_time_in_both_languages() -> None:
    document = drawn(stream(plan(), 30, seed=2))

    assert to_json(document) == to_json(document)
    for language in ("en", "ko"):
        assert to_html(document, language) == to_html(document, language)


def test_a_period_ends_after_it_begins() -> None:
    with pytest.raises(ValueError, match="ends after it begins"):
        drawn([], first=5, last=5)


@given(st.integers(1, 60), st.integers(0, 1000))
def test_the_interval_of_a_median_has_the_narrowest_ranks_that_cover_it(n: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=n)

    found = median(values.tolist())

    ranks = [k for k in range(1, n // 2 + 1) if 1 - 2 * binom.cdf(k - 1, n, 0.5) >= 0.95]
    ordered = np.sort(values)
    if ranks:
        assert (found.lower, found.upper) == (ordered[ranks[-1] - 1], ordered[n - ranks[-1]])
    else:
        assert (found.lower, found.upper) == (-np.inf, np.inf)
    assert found.value == pytest.approx(float(np.median(values)))
