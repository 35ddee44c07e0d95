"""What the trail is narrowed to, and that no address of it can name a patient."""

from datetime import UTC, datetime
from typing import cast
from urllib.parse import parse_qsl

import pytest
from django.db.models import Q
from pytest_django import Settings

from audit.events import Event
from samd.console.trail_filter import FilterRefused, TrailFilter, read_filter

pytestmark = pytest.mark.requirement("AUD-09")

SURROGATE = "0123456789abcdef"


def read(known: bool = True, /, **given: str) -> TrailFilter:
    return read_filter(given, is_known=lambda _column, _value: known)


def test_nothing_given_is_everything() -> None:
    assert read() == TrailFilter()
    assert read().conditions() == Q()
    assert read().events == ()
    assert read().query == ""


def test_every_field_becomes_a_condition() -> None:
    wanted = read(person="kim", patient=f"patient/{SURROGATE}", study="study/17", model="a" * 64, outcome="8")

    assert dict(cast(list[tuple[str, object]], wanted.conditions().children)) == {
        "actor": "kim",
        "patient": f"patient/{SURROGATE}",
        "study": "study/17",
        "model": "a" * 64,
        "outcome": 8,
    }


def test_a_filter_survives_its_address() -> None:
    wanted = read(person="kim", study="17", what="reading", since="2025-03-01", until="2025-03-31T12:00")

    assert read(True, **dict(parse_qsl(wanted.query))) == wanted


def test_problems_are_every_outcome_but_success() -> None:
    assert read(outcome="problems").conditions() == Q(outcome__gt=0)


def test_a_group_is_all_of_its_events_and_an_event_is_itself() -> None:
    assert Event.STUDY_VIEWED in read(what="reading").events
    assert Event.USER_LOGGED_IN not in read(what="reading").events
    assert read(what="study:viewed").events == ("study:viewed",)


def test_both_days_count_and_are_those_of_the_site(settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Seoul"

    wanted = read(since="2025-03-01", until="2025-03-31")

    assert wanted.conditions() == Q(at__gte=datetime(2025, 2, 28, 15, tzinfo=UTC)) & Q(
        at__lt=datetime(2025, 3, 31, 15, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("patient", "홍길동"),
        ("patient", "12345678"),
        ("study", "Kim"),
        ("study", "1.2.840.10008.1"),
        ("study", "0"),
        ("model", "cxr"),
        ("what", "everything"),
        ("outcome", "3"),
        ("since", "yesterday"),
        ("until", "2025-02-30"),
        ("until", "9999-12-31"),
        ("since", "0001-01-01"),
        ("person", "kim\x00"),
    ],
)
def test_what_could_be_a_name_or_is_nonsense_is_refused_without_repeating_it(field: str, value: str) -> None:
    with pytest.raises(FilterRefused) as refused:
        read(True, **{field: value})

    assert value not in str(refused.value) + str(refused.value.words)


def test_a_person_or_patient_of_whom_the_trail_does_not_know_is_refused() -> None:
    with pytest.raises(FilterRefused):
        read(False, person="honggildong")
    with pytest.raises(FilterRefused):
        read(False, patient=SURROGATE)


def test_reading_about_a_study_or_a_patient_belongs_to_their_story() -> None:
    assert read(study="17").belongs == {"study": "study/17", "patient": ""}
    assert read(patient=SURROGATE).belongs == {"study": "", "patient": f"patient/{SURROGATE}"}
