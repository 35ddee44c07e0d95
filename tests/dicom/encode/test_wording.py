"""Plain words: ASCII, and never more than the answer says."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samd.dicom.encode import wording
from samd.domain.codes import PERCENT, RATIO, VOLUME, Code
from samd.domain.finding import Answer, Measurement
from tests.cards import classifying_card
from tests.dicom.encode.cases import ct, radiograph, unanswered


@pytest.mark.requirement("OUT-03")
@given(text=st.text(), limit=st.integers(min_value=0, max_value=64))
def test_any_text_becomes_printable_ascii_within_its_limit(text: str, limit: int) -> None:
    plain = wording.ascii_text(text, limit)

    assert plain.isascii()
    assert all(letter.isprintable() for letter in plain)
    assert "\\" not in plain
    assert len(plain) <= limit


@pytest.mark.requirement("OUT-03")
@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("at least 0.2 – 2.5 mm, ≥ 3 × 3", "at least 0.2 - 2.5 mm, >= 3 x 3"),
        ("Müller's cm³", "Muller's cm3"),
        ("two\nlines \t of text", "two lines of text"),
        ("C:\\models", "C:/models"),
        ("홍", "???"),
    ],
)
def test_signs_keep_their_meaning_where_ascii_has_one(text: str, plain: str) -> None:
    assert wording.ascii_text(text) == plain


@pytest.mark.requirement("GATE-02")
def test_each_answer_has_its_own_headline() -> None:
    outcomes = {
        "Finding present": radiograph(0.81),
        "Undetermined": radiograph(0.5),
        "Nothing found": radiograph(0.1),
        "Measured": ct(),
        "Not analysable": unanswered(Answer.NOT_ANALYSABLE),
        "Analysis failed": unanswered(Answer.FAILED),
    }

    assert [wording.headline(arguments.outcome) for arguments in outcomes.values()] == list(outcomes)


@pytest.mark.requirement("GATE-02")
@pytest.mark.parametrize("answer", [Answer.NOT_ANALYSABLE, Answer.FAILED])
def test_what_was_not_analysed_denies_any_statement(answer: Answer) -> None:
    said = wording.meaning(unanswered(answer).outcome)

    assert "Nothing is said about presence or absence of any finding." in said


@pytest.mark.requirement("OUT-01")
@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1284.6, RATIO, "1285"),
        (123456.7, RATIO, "123457"),
        (45.339, PERCENT, "45.34 %"),
        (0.81234, RATIO, "0.8123"),
        (0.0, PERCENT, "0 %"),
    ],
)
def test_numbers_are_said_with_four_digits_and_their_unit(value: float, unit: Code, said: str) -> None:
    assert wording.quantity(Measurement(VOLUME, value, unit)) == said


@pytest.mark.requirement("OUT-01")
def test_thresholds_without_a_band_between_them_are_said_as_one() -> None:
    (limits,) = classifying_card().classifications

    assert wording.thresholds(limits) == "pneumonia: present at or above 0.6, absent below 0.4"
    assert (
        wording.thresholds(replace(limits, absent_below=0.6))
        == "pneumonia: present at or above 0.6, else absent"
    )


@pytest.mark.requirement("OUT-01")
def test_a_series_description_is_a_long_string_that_keeps_its_ending() -> None:
    card = classifying_card(title="A very long title " * 9)

    description = wording.series_description(card, "attribution map")

    assert description.startswith("samd A very long title")
    assert description.endswith(" - attribution map")
    assert len(description) <= 64
