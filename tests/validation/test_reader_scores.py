"""Readers' scores from CSV: taken whole, or refused with every error and its line."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from validation.reader_scores import Reading, ScoresRefused, read_scores

pytestmark = pytest.mark.requirement("VAL-04")

HEADER = "reader,case,arm,session,read_at,rating"
FIRST = "kim,c1,aided,1,2026-03-02T09:00:00+09:00,3"


def errors(*lines: str) -> tuple[str, ...]:
    with pytest.raises(ScoresRefused) as refused:
        read_scores(lines, lowest=1, highest=5)
    assert str(refused.value) == "; ".join(refused.value.errors)
    return refused.value.errors


def test_a_reading_keeps_all_its_fields_and_its_line() -> None:
    (reading,) = read_scores([HEADER, FIRST], lowest=1, highest=5)

    at = datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=9)))
    assert reading == Reading("kim", "c1", "aided", 1, at, 3.0, 2)


def test_columns_may_stand_in_any_order_after_a_byte_order_mark() -> None:
    lines = ["\ufeffrating,read_at,session,arm,case,reader", "2.5,2026-03-02T00:00Z,2,unaided,c1,김"]

    (reading,) = read_scores(lines, lowest=1, highest=5)

    assert reading == Reading("김", "c1", "unaided", 2, datetime(2026, 3, 2, tzinfo=UTC), 2.5, 2)


def test_a_column_that_is_missing_unknown_or_double_is_an_error() -> None:
    assert errors("reader,case,case,arm,sesion,read_at,rating", "not,read") == (
        "line 1: column 'session' is missing",
        "line 1: column 'sesion' is not known",
        "line 1: column 'case' stands twice",
    )


def test_an_empty_file_lacks_its_columns() -> None:
    assert len(errors()) == 6


def test_a_file_without_a_reading_is_an_error() -> None:
    assert errors(HEADER) == ("line 2: there is no reading",)


def test_every_error_is_listed_with_its_line() -> None:
    found = errors(
        HEADER,
        FIRST,
        "",
        "kim,c2,aided,1,2026-03-02T09:01:00+09:00",
        "kim, c3,aided,0,2026-03-02T09:02:00,6",
        "kim,,aided,1,yesterday,high",
        "kim,c5,aided,1,2026-03-02T09:04:00+09:00,4",
    )

    assert found == (
        "line 3: 0 fields where the header has 6",
        "line 4: 5 fields where the header has 6",
        "line 5: case is blank, begins or ends with a blank, or has a character that does not print",
        "line 5: session '0' is not a number from 1",
        "line 5: rating 6 lies outside the scale, 1 to 5",
        "line 5: read_at '2026-03-02T09:02:00' lacks its offset from UTC",
        "line 6: case is blank, begins or ends with a blank, or has a character that does not print",
        "line 6: rating 'high' is not a decimal number",
        "line 6: read_at 'yesterday' is not a date and time in ISO 8601",
    )


@pytest.mark.parametrize("rating", ["nan", "inf", "1_0", "0x2", "٣", "3,5", ""])
def test_what_only_looks_like_a_number_is_no_rating(rating: str) -> None:
    assert errors(HEADER, f'kim,c1,aided,1,2026-03-02T09:00Z,"{rating}"')[-1].startswith("line 2: rating")


@pytest.mark.parametrize("session", ["1.0", "-1", "01", "one", "9999999"])
def test_a_session_is_a_number_from_one(session: str) -> None:
    (error,) = errors(HEADER, f"kim,c1,aided,{session},2026-03-02T09:00Z,3")

    assert error == f"line 2: session {session!r} is not a number from 1"


def test_a_case_rated_twice_in_an_arm_is_an_error_that_names_both_lines() -> None:
    found = errors(HEADER, FIRST, "kim,c1,unaided,2,2026-04-02T09:00Z,2", FIRST, FIRST)

    assert found == (
        "line 4: reader kim, case c1, arm aided was rated before, on line 2",
        "line 5: reader kim, case c1, arm aided was rated before, on line 2",
    )


def test_lines_are_counted_through_a_field_with_a_line_break() -> None:
    lines = [HEADER + "\n", '"kim\n', 'ja",c1,aided,1,2026-03-02T09:00Z,3\n', "x\n"]

    assert errors(*lines) == (
        "line 2: reader is blank, begins or ends with a blank, or has a character that does not print",
        "line 4: 1 fields where the header has 6",
    )


def test_where_the_file_is_no_csv_the_rest_is_said_to_be_unread() -> None:
    found = errors(HEADER, FIRST, '"kim"x,c2,aided,1,2026-03-02T09:00Z,3', FIRST)

    assert len(found) == 1
    assert found[0].startswith("line 3: this is no CSV, and nothing after it was read")
