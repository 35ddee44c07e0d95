"""Digits of a report: sensible, the same in a row, and never misleading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.report import digits

pytestmark = pytest.mark.requirement("VAL-08")


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ((0.912, 0.88, 0.94), 3),
        ((-0.02, 0.01), 3),
        ((1.0, 0.5), 3),
        ((1.02, 0.88), 2),
        ((12.3, 4.0), 1),
        ((123.4, -140.0), 0),
        ((4.4, float("inf")), 2),
        ((None, None), 3),
    ],
)
def test_a_share_has_three_decimals_and_a_larger_number_three_digits(
    values: tuple[float | None, ...], places: int
) -> None:
    assert digits.decimals(values) == places


def test_a_minus_is_a_minus_and_zero_has_none() -> None:
    assert digits.number(-0.0421, 3) == "−0.042"
    assert digits.number(-0.0001, 3) == "0.000"
    assert digits.number(-12345.0, 0) == "−12,345"


def test_without_a_bound_there_is_the_sign_of_infinity() -> None:
    assert digits.number(float("inf"), 3) == "∞"
    assert digits.number(float("-inf"), 3) == "−∞"


def test_a_bound_is_never_rounded_onto_the_limit_that_it_missed() -> None:
    assert digits.apart(0.84996, (0.85,), 3) == "0.84996"
    assert digits.apart(0.85, (0.85,), 3) == "0.850"
    assert digits.apart(0.8444, (0.85,), 3) == "0.844"


@given(st.floats(0, 1), st.sampled_from([0.5, 0.8, 0.85, 0.9]))
def test_what_is_printed_lies_on_the_side_of_the_limit_where_the_number_lies(
    value: float, limit: float
) -> None:
    printed = float(digits.apart(value, (limit,), 3))

    assert (printed > limit) == (value > limit) or abs(value - limit) < 1e-9


def test_a_number_that_was_chosen_is_printed_as_it_was_chosen() -> None:
    assert digits.exact(0.85) == "0.85"
    assert digits.exact(-0.0) == "0"
    assert digits.exact(-5.0) == "−5"


def test_a_probability_is_never_nought() -> None:
    assert digits.probability(0.0004) == "< 0.001"
    assert digits.probability(0.0123) == "0.012"


def test_counts_and_levels() -> None:
    assert digits.count(12345) == "12,345"
    assert digits.percent(0.95) == "95\N{NO-BREAK SPACE}%"
    assert digits.percent(0.975) == "97.5\N{NO-BREAK SPACE}%"


def test_a_time_is_printed_with_its_zone_and_other_text_as_it_is() -> None:
    assert digits.moment("2026-03-02T10:00:00+09:00") == "2026-03-02 10:00:00 UTC+09:00"
    assert digits.moment("2026-03-02T10:00:00Z") == "2026-03-02 10:00:00 UTC"
    assert digits.moment("2026-03-02") == "2026-03-02"
    assert digits.moment("in spring") == "in spring"
