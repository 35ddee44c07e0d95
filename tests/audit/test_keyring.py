"""Whose signing key is whose, as the trail says it."""

import pytest

from audit.entry import canonical
from audit.events import Event
from audit.keyring import Keyring
from tests.audit.exported import content

pytestmark = [pytest.mark.requirement("SIG-01"), pytest.mark.part11("11.100(b)")]


def event(kind: Event, subject: str, **facts: str) -> str:
    return canonical(content(0, event=kind, subject=subject, actor="lee", facts=facts))


def enrolled(signer: str, key: str, confirmation: str = "") -> str:
    return event(Event.SIGNING_KEY_ENROLLED, signer, key=key, name="Lee Min-ji", confirmation=confirmation)


def retired(signer: str, key: str) -> str:
    return event(Event.SIGNING_KEY_RETIRED, signer, key=key)


def ring(*events: str) -> Keyring:
    return Keyring.of(enumerate(events))


def test_an_enrolment_says_whose_key_it_is() -> None:
    known = ring(enrolled("user/1", "A")).enrolments["A"]

    assert (known.signer, known.username, known.name, known.seq) == ("user/1", "lee", "Lee Min-ji", 0)


def test_a_key_stands_from_its_enrolment_to_its_retirement() -> None:
    known = ring(enrolled("user/1", "A"), retired("user/1", "A")).enrolments["A"]

    assert [known.stands(place) for place in (0, 1, 2)] == [False, False, False]
    assert [ring(enrolled("user/1", "A")).enrolments["A"].stands(place) for place in (0, 1)] == [False, True]


def test_a_key_that_asks_for_a_confirmation_stands_once_it_was_given() -> None:
    known = ring(
        enrolled("user/2", "B", "signing-key/b"), event(Event.RECORD_SIGNED, "signing-key/b")
    ).enrolments["B"]

    assert [known.stands(place) for place in (1, 2)] == [False, True]


def test_a_key_that_was_enrolled_again_stays_with_who_had_it_first() -> None:
    assert ring(enrolled("user/1", "A"), enrolled("user/2", "A")).enrolments["A"].signer == "user/1"


def test_nobody_retires_the_key_of_somebody_else() -> None:
    assert ring(enrolled("user/1", "A"), retired("user/2", "A")).enrolments["A"].retired is None


def test_a_retired_key_does_not_come_back() -> None:
    known = ring(enrolled("user/1", "A"), retired("user/1", "A"), enrolled("user/1", "A")).enrolments["A"]

    assert not known.stands(9)


def test_a_key_needs_nobodys_word_only_where_nobody_else_has_one_that_stands() -> None:
    alone = ring(enrolled("user/1", "A"))
    left = ring(enrolled("user/1", "A"), retired("user/1", "A"))
    pending = ring(enrolled("user/1", "A", "signing-key/a"))

    assert alone.may_be_first("user/1", 9)
    assert not alone.may_be_first("user/2", 9)
    assert alone.may_be_first("user/2", 0)
    assert left.may_be_first("user/2", 9)
    assert pending.may_be_first("user/2", 9)


def test_a_key_on_nobodys_word_is_named_where_some_key_stood_before() -> None:
    anew = ring(enrolled("user/1", "A"), retired("user/1", "A"), enrolled("user/2", "B"))
    pending = ring(enrolled("user/1", "A", "signing-key/a"), enrolled("user/2", "B"))
    confirmed = ring(
        enrolled("user/1", "A", "signing-key/a"),
        event(Event.RECORD_SIGNED, "signing-key/a"),
        enrolled("user/2", "B"),
    )

    assert [one.key for one in anew.unbacked()] == ["B"]
    assert [one.key for one in pending.unbacked()] == []
    assert [one.key for one in confirmed.unbacked()] == ["B"]
    assert [one.key for one in ring(enrolled("user/1", "A")).unbacked()] == []


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"event":"signing_key:enrolled"}', "\ud800"])
def test_what_is_no_event_is_passed_over(text: str) -> None:
    """Whoever may add rows could otherwise keep everybody from signing."""
    assert list(ring(text, enrolled("user/1", "A")).enrolments) == ["A"]
