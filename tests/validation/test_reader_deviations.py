"""What a reader study did otherwise than planned."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.case_order import Assignment
from validation.reader_deviations import (
    Deviation,
    Rule,
    order_deviations,
    shared_roles,
    washout_deviations,
)
from validation.reader_scores import Reading

pytestmark = pytest.mark.requirement("VAL-04")

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
WEEKS = timedelta(weeks=4)


def reading(case: str, *, arm: str = "aided", session: int = 1, after: timedelta) -> Reading:
    return Reading("kim", case, arm, session, START + after, 3.0)


def planned(cases: str) -> list[Assignment]:
    return [Assignment("kim", 1, position, case, "aided") for position, case in enumerate(cases, start=1)]


def read(cases: str) -> list[Reading]:
    return [reading(case, after=timedelta(minutes=minute)) for minute, case in enumerate(cases)]


def test_who_has_two_roles_is_named() -> None:
    shared = shared_roles({"reader": ["Kim J", "Lee"], "truther": ["Park"], "annotator": ["kim  j ", "Choi"]})

    assert shared == ("kim j is reader and annotator",)


def test_different_people_share_nothing() -> None:
    assert shared_roles({"reader": ["Kim", "Kim"], "truther": ["Park"], "annotator": []}) == ()


def test_a_case_read_again_before_the_wash_out_is_a_deviation() -> None:
    early = WEEKS - timedelta(seconds=1)
    readings = [reading("c1", after=timedelta(0)), reading("c1", arm="unaided", session=2, after=early)]

    (deviation,) = washout_deviations(readings[::-1], washout=WEEKS)

    assert deviation == Deviation(
        Rule.WASHOUT,
        "kim",
        "c1",
        "read in aided at 2026-03-02T09:00:00+00:00 and in unaided at 2026-03-30T08:59:59+00:00, "
        "less than 28 days apart",
    )


def test_a_case_read_again_just_after_the_wash_out_is_none() -> None:
    readings = [reading("c1", after=timedelta(0)), reading("c1", arm="unaided", session=2, after=WEEKS)]

    assert [*washout_deviations(readings, washout=WEEKS)] == []


def test_times_are_compared_as_moments_not_as_clocks() -> None:
    seoul = Reading("kim", "c1", "unaided", 2, datetime.fromisoformat("2026-03-30T09:00:00+09:00"), 3.0)

    assert len([*washout_deviations([reading("c1", after=timedelta(0)), seoul], washout=WEEKS)]) == 1


def test_other_readers_and_other_cases_need_no_wash_out() -> None:
    other = Reading("lee", "c1", "unaided", 1, START, 3.0)

    assert [*washout_deviations([*read("xy"), other], washout=WEEKS)] == []


def test_a_case_read_out_of_its_turn_is_a_deviation_and_those_behind_it_are_none() -> None:
    deviations = [*order_deviations(read("bcdea"), planned("abcde"))]

    assert deviations == [
        Deviation(
            Rule.ORDER, "kim", "a", "planned at position 1 of session 1, read at 2026-03-02T09:04:00+00:00"
        )
    ]


def test_the_planned_order_is_none_whatever_the_order_of_the_file() -> None:
    assert [*order_deviations(read("abcde")[::-1], planned("abcde"))] == []


def test_readings_at_the_same_time_count_as_in_order() -> None:
    readings = [reading(case, after=timedelta(0)) for case in "cba"]

    assert [*order_deviations(readings, planned("abc"))] == []


def test_a_case_read_in_another_session_is_a_deviation() -> None:
    (deviation,) = order_deviations([reading("a", session=2, after=timedelta(0))], planned("a"))

    assert (deviation.rule, deviation.what) == (
        Rule.SESSION,
        "read in session 2, arm aided; planned for session 1",
    )


@given(st.permutations("abcdef"))
def test_the_fewest_cases_are_called_out_of_turn(cases: list[str]) -> None:
    moved = [*order_deviations(read("".join(cases)), planned("abcdef"))]

    kept = max(
        length
        for length in range(7)
        for part in permutations(range(6), length)
        if [*part] == sorted(part)
        and [cases[place] for place in part] == sorted(cases[place] for place in part)
    )
    assert len(moved) == 6 - kept
