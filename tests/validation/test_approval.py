"""A protocol counts as signed by its own record alone, and only from the time of its signatures on."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from audit.models import AuditEvent, Record
from audit.signing_keys import Person
from tests.validation.builders import protocol, protocol_text
from validation import approval
from validation.approval import is_signed_before, protocol_signatures, register, subject_of
from validation.document import Signed

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("VAL-01")]

KIM = Person(7, "kim", "Dr. Kim", frozenset({"quality_officer"}))


def signed(meaning: str, at: str) -> Signed:
    return Signed("Dr. Kim", meaning, at, "0" * 64)


BOTH = (signed("reviewed", "2026-01-06T10:00:00+00:00"), signed("approved", "2026-01-07T10:00:00+00:00"))


def test_a_protocol_is_registered_once_word_for_word_and_the_trail_says_so() -> None:
    asked, content = protocol(), protocol_text().encode()

    first = register(asked, content, author=KIM, now=timezone.now())
    again = register(asked, content, author=KIM, now=timezone.now())

    assert first == again
    assert Record.objects.count() == AuditEvent.objects.count() == 1
    assert protocol_signatures(asked) == ()


def test_the_signatures_of_another_protocol_of_the_same_short_name_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register(protocol(), protocol_text().encode(), author=KIM, now=timezone.now())
    other = protocol(model="c" * 64)
    monkeypatch.setattr(approval, "subject_of", lambda _protocol: subject_of(protocol()))
    monkeypatch.setattr(approval, "signatures_of", lambda _subject: BOTH)

    assert protocol_signatures(protocol()) == BOTH
    assert protocol_signatures(other) == ()


@pytest.mark.parametrize(
    ("signatures", "day", "stood"),
    [(BOTH, 8, True), (BOTH, 6, False), (BOTH[:1], 8, False), ((), 8, False)],
)
def test_every_signature_must_have_stood_before(
    signatures: tuple[Signed, ...], day: int, stood: bool
) -> None:
    assert is_signed_before(signatures, datetime(2026, 1, day, tzinfo=UTC)) is stood
