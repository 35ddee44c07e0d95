"""Whether an event is covered, and waiting until it is."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from audit import sealing, trail
from audit.events import Event
from audit.models import AuditEvent
from audit.sequencer import Sequencer

pytestmark = [pytest.mark.requirement("AUD-03"), pytest.mark.django_db(transaction=True)]


def append() -> AuditEvent:
    with transaction.atomic():
        return trail.append(Event.ROLE_GRANTED, "user/7")


def test_an_event_is_covered_once_it_is_numbered_and_a_checkpoint_goes_beyond_it(
    sequencer: Sequencer,
) -> None:
    event = append()
    assert not sealing.is_sealed(event)
    assert sealing.newest() is None

    sequencer.hold(timezone.now())
    sequencer._number(timezone.now(), 1)
    assert not sealing.is_sealed(event)

    sequencer.seal(timezone.now())
    assert sealing.is_sealed(event)
    later = append()
    assert not sealing.is_sealed(later)


def test_whoever_waits_goes_on_when_it_is_sealed(sequencer: Sequencer) -> None:
    event = append()
    looks = []

    def pause() -> None:
        looks.append(sealing.is_sealed(event))
        sequencer.step(timezone.now())

    sealing.wait_until_sealed(event, pause=pause)

    assert looks == [False]


def test_whoever_waits_in_vain_is_told_that_nothing_took_effect() -> None:
    with pytest.raises(sealing.NotSealed, match="nothing has taken effect"):
        sealing.wait_until_sealed(append(), patience=timedelta(0), pause=lambda: None)


def test_the_newest_checkpoint_is_the_one_over_most_events(sequencer: Sequencer) -> None:
    for _ in range(3):
        append()
        sequencer.step(timezone.now())

    seal = sealing.newest()

    assert seal is not None
    assert seal.size == 3
