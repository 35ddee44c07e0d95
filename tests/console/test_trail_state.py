"""How the trail stands: what waits and since when, and what an operator must see to."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.events import Event
from audit.models import Forwarding
from audit.sequencer import Sequencer
from audit.trail import Outcome
from samd.console.trail_state import LONGEST_WAIT, last_verification, sealing_state, trail_health
from tests.console import trail as told

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("AUD-09")]


def test_a_trail_without_events_waits_for_nothing() -> None:
    state = sealing_state()

    assert (state.size, state.waiting, state.oldest, state.sealed_at) == (0, 0, None, None)
    assert not state.is_stalled(timezone.now() + timedelta(days=9))


def test_events_wait_until_a_checkpoint_covers_them(sequencer: Sequencer) -> None:
    told.event(Event.STUDY_VIEWED)
    told.seal(sequencer)
    numbered = told.event(Event.STUDY_VIEWED)
    sequencer.step(timezone.now())  # it has its number; a checkpoint is not due so soon
    told.event(Event.STUDY_VIEWED)

    state = sealing_state()

    assert (state.size, state.waiting, state.oldest) == (1, 2, numbered.at)


def test_an_event_that_waits_longer_than_it_may_is_an_alarm(sequencer: Sequencer) -> None:
    told.event(Event.STUDY_VIEWED)
    told.seal(sequencer)
    event = told.event(Event.STUDY_VIEWED)
    state = sealing_state()

    assert not state.is_stalled(event.at + LONGEST_WAIT)
    assert state.is_stalled(event.at + LONGEST_WAIT + timedelta(seconds=1))


def test_a_quiet_hour_is_no_alarm(sequencer: Sequencer) -> None:
    told.event(Event.STUDY_VIEWED)
    told.seal(sequencer)

    assert not sealing_state().is_stalled(timezone.now() + timedelta(hours=1))


@pytest.mark.parametrize(("outcome", "passed"), [(Outcome.SUCCESS, True), (Outcome.MAJOR_FAILURE, False)])
def test_the_last_verification_counts(outcome: Outcome, passed: bool) -> None:
    told.event(Event.TRAIL_VERIFIED, "trail", by="park")
    told.event(Event.TRAIL_VERIFIED, "trail", by="lee", outcome=outcome)

    last = last_verification()

    assert last is not None
    assert (last.by, last.passed) == ("lee", passed)


def test_a_key_that_this_process_can_read_is_said_to_be_exposed(
    sequencer: Sequencer, settings: Settings
) -> None:
    assert trail_health(timezone.now()).key_exposed

    Path(settings.AUDIT_KEY).unlink()

    assert not trail_health(timezone.now()).key_exposed


def test_a_missing_anchor_file_is_said(sequencer: Sequencer) -> None:
    assert not trail_health(timezone.now()).anchored

    told.event(Event.STUDY_VIEWED)
    told.seal(sequencer)

    assert trail_health(timezone.now()).anchored


def test_a_repository_that_is_behind_is_said(sequencer: Sequencer) -> None:
    for _ in range(3):
        told.event(Event.STUDY_VIEWED)
    told.seal(sequencer)
    Forwarding.objects.create(name="atna", seq=1)

    assert [(line.name, line.behind) for line in trail_health(timezone.now()).forwardings] == [("atna", 2)]
