"""Limits come from clean studies, the same every time, and hold the stated probability of a false alarm."""

import pytest

from tests.validation.monitoring.builders import (
    MAKER,
    NOT_ANALYSABLE,
    PRESENT,
    ROWS,
    SCORE,
    completed,
    draft,
    draft_text,
    stream,
)
from validation.metrics.chart_design import false_alarm_probability, resampled
from validation.metrics.control_charts import Cusum
from validation.metrics.estimate import NotEstimable
from validation.monitoring.design import baseline_of, clean_of, rendered, values_of
from validation.monitoring.plan import Plan, parse

pytestmark = pytest.mark.requirement("VAL-11")


def small(*streams: str) -> Plan:
    return draft(*streams, studies=300, runs=1000)


def test_the_same_clean_studies_give_the_same_plan_byte_for_byte() -> None:
    streams = (SCORE, NOT_ANALYSABLE, ROWS, MAKER, PRESENT)
    text = draft_text(*streams, studies=300, runs=500)
    clean = stream(draft(*streams), 150, seed=1)

    assert completed(text, clean) == completed(text, clean)


def test_what_is_written_into_the_plan_is_what_was_computed() -> None:
    plan = small(SCORE, ROWS, MAKER)
    clean = stream(plan, 150, seed=1)
    made = {one.name: baseline_of(plan, one, values_of(one, clean)) for one in plan.streams}
    source = 'clean "studies" \\ of a site'

    text = draft_text(SCORE, ROWS, MAKER) + rendered(clean_of(plan, clean, source=source), made)
    read = parse(text.encode(), name="test.toml")

    assert read.baselines == made
    assert read.clean is not None
    assert read.clean.source == source


def test_the_limit_of_a_mean_holds_its_false_alarms_on_streams_of_another_seed() -> None:
    plan = small(SCORE)
    values = values_of(plan.streams[0], stream(plan, 300, seed=1))
    found = baseline_of(plan, plan.streams[0], values)
    assert found.target is not None
    assert found.sd is not None

    chart = Cusum(found.target, found.sd, 0.5, found.limit)
    rate = false_alarm_probability(chart, resampled([float(str(v)) for v in values]), length=300, seed=99)

    assert rate.upper < 0.075
    assert found.measured == pytest.approx(rate.value, abs=0.03)


def test_clean_studies_that_never_show_it_need_an_acceptable_rate() -> None:
    plan = small(NOT_ANALYSABLE.replace("acceptable = 0.02\n", ""))

    with pytest.raises(NotEstimable, match="state an acceptable rate"):
        baseline_of(plan, plan.streams[0], [0.0] * 50)


def test_values_that_do_not_differ_have_no_spread_to_watch_by() -> None:
    plan = small(SCORE)

    with pytest.raises(NotEstimable):
        baseline_of(plan, plan.streams[0], [0.5] * 50)


def test_a_text_that_was_always_the_same_alarms_with_the_first_other_one() -> None:
    plan = small(MAKER)

    found = baseline_of(plan, plan.streams[0], ["ACME"] * 50)

    assert (found.categories, found.counts) == (("ACME",), (50, 0, 0))
    assert found.limit < 1e-6
