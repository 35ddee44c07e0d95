"""Every event has its words, in English and in Korean, and stands in one group."""

import pytest
from django.utils import translation

from audit.events import Event
from audit.trail import Outcome
from samd.console import trail_wording as wording
from samd.console.trail_facts import OUTCOMES, value

pytestmark = pytest.mark.requirement("AUD-09")


def test_every_event_stands_in_exactly_one_group() -> None:
    named = [event for group in wording.GROUPS for event in group.phrases]

    assert sorted(named) == sorted(Event)


def test_every_outcome_has_its_word() -> None:
    assert set(OUTCOMES) == set(Outcome)


@pytest.mark.parametrize("event", Event)
def test_every_event_has_a_phrase_in_both_languages(event: Event) -> None:
    with translation.override("en"):
        english = wording.phrase(event, {})
    with translation.override("ko"):
        korean = wording.phrase(event, {})

    assert english != event
    assert any("가" <= letter <= "힣" for letter in korean)


@pytest.mark.parametrize("event", Event)
def test_a_phrase_takes_the_same_facts_in_both_languages(event: Event) -> None:
    filling = _Noting()
    with translation.override("en"):
        str(wording.PHRASES[event] % filling)
    english, filling.asked = filling.asked, set()
    with translation.override("ko"):
        str(wording.PHRASES[event] % filling)

    assert filling.asked == english


def test_a_phrase_holds_the_facts_of_its_event() -> None:
    with translation.override("en"):
        refused = wording.phrase(
            Event.ASSOCIATION_REFUSED, {"calling_ae": "STRANGER", "called_ae": "SAMD", "reason": "unknown"}
        )

    assert refused == "Connection refused: STRANGER called SAMD"


def test_a_fact_that_is_missing_leaves_a_dash_and_breaks_nothing() -> None:
    with translation.override("en"):
        assert wording.phrase(Event.ASSOCIATION_OPENED, {}) == "— connected"


def test_an_event_of_a_later_version_stands_as_it_is() -> None:
    assert wording.phrase("moon:landed", {}) == "moon:landed"


def test_values_are_said_in_the_words_of_the_console() -> None:
    with translation.override("en"):
        assert value("stage", "undelivered") == "not delivered"
        assert value("in force", None) == "—"
        assert value("gets_results", True) == "yes"
        assert value("objects", ["1.2", "1.3"]) == "1.2, 1.3"
        assert value("attempt", 3) == "3"


class _Noting(dict[str, str]):
    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def __missing__(self, name: str) -> str:
        self.asked.add(name)
        return "x"
