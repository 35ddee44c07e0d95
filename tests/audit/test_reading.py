"""How much each person read, and when."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from audit.reading import Reader, Rules

SEOUL = ZoneInfo("Asia/Seoul")
MONDAY = datetime(2026, 10, 5, 10, 0, tzinfo=SEOUL)

pytestmark = pytest.mark.requirement("SIG-03")


def reader(*per_day: int, rules: Rules | None = None) -> Reader:
    """Somebody who opened so many studies on the days from Monday on, each of them once."""
    one = Reader()
    for day, studies in enumerate(per_day):
        for study in range(studies):
            one.take(MONDAY + timedelta(days=day), f"study/{day}-{study}", rules or Rules())
    return one


@pytest.mark.parametrize(
    ("at", "after"),
    [
        (MONDAY.replace(hour=6, minute=59), 1),
        (MONDAY.replace(hour=7, minute=0), 0),
        (MONDAY.replace(hour=19, minute=59), 0),
        (MONDAY.replace(hour=20, minute=0), 1),
        (MONDAY + timedelta(days=5), 1),  # Saturday
        (MONDAY + timedelta(days=6), 1),
        (MONDAY + timedelta(days=7), 0),
    ],
)
def test_hours_are_those_of_the_site(at: datetime, after: int) -> None:
    one = Reader()

    one.take(at, "study/1", Rules())

    assert one.line("kim", Rules())["after_hours"] == after


def test_a_study_that_is_opened_twice_is_one_study_and_two_openings() -> None:
    one = Reader()
    for _ in range(2):
        one.take(MONDAY, "study/1", Rules())
    one.take(MONDAY, "", Rules())  # a search is about no study

    line = one.line("kim", Rules())

    assert (line["opened"], line["studies"], line["most"]) == (3, 1, 1)


@pytest.mark.parametrize(
    ("per_day", "unusual"),
    [
        ((10, 10, 10, 30), 0),  # not more than three times as many
        ((10, 10, 10, 31), 1),
        ((1, 1, 1, 29), 0),  # many more than usual, and still few
        ((1, 1, 1, 30), 1),
        ((100,), 0),  # one day has nothing to be compared with
        ((100, 100, 100), 0),
        ((), 0),
    ],
)
def test_a_day_is_unusual_beside_the_person_s_own_days(per_day: tuple[int, ...], unusual: int) -> None:
    assert reader(*per_day).line("kim", Rules())["unusual"] == unusual


def test_the_line_names_the_busiest_day_and_the_usual_number() -> None:
    line = reader(10, 40, 12).line("kim", Rules())

    assert (line["usual"], line["most"], line["busiest"]) == (12, 40, "2026-10-06")


def test_the_rules_are_the_ones_that_are_given() -> None:
    strict = Rules(day_begins=9, day_ends=10, unusual_times=1, unusual_least=2)

    line = reader(1, 2, rules=strict).line("kim", strict)

    assert (line["after_hours"], line["unusual"]) == (3, 1)
