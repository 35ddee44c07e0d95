"""A version is taken out of force for a problem, and only a person puts it back."""

import json

import pytest

from audit.events import Event
from audit.models import AuditEvent
from samd.records import registry
from samd.records.models import ModelVersion
from samd.records.registry import NotSuspended, Suspended
from tests.cards import measuring_card

pytestmark = [pytest.mark.requirement("VAL-11"), pytest.mark.django_db]


def suspended() -> ModelVersion:
    model = registry.put_in_force(measuring_card())
    assert registry.suspend(model, reason="a limit was exceeded", problem="problem/3")
    return model


def test_a_suspended_version_takes_no_studies_and_the_trail_says_why() -> None:
    model = suspended()

    assert registry.models_in_force() == []
    event = AuditEvent.objects.get(event=Event.MODEL_SUSPENDED)
    said = json.loads(event.canonical)
    assert (event.model, said["reason"], said["facts"]["problem"]) == (
        model.digest,
        "a limit was exceeded",
        "problem/3",
    )


def test_what_is_suspended_is_not_suspended_again() -> None:
    model = suspended()

    assert not registry.suspend(model, reason="another limit")
    assert AuditEvent.objects.filter(event=Event.MODEL_SUSPENDED).count() == 1


def test_a_suspended_version_is_not_put_in_force_by_importing_it_again() -> None:
    suspended()

    with pytest.raises(Suspended, match="monitor resume"):
        registry.put_in_force(measuring_card())

    assert registry.models_in_force() == []


def test_a_person_puts_it_back_with_a_reason() -> None:
    model = suspended()

    registry.resume(model, reason="the cause was a broken detector", actor="os:lee")

    (back,) = registry.models_in_force()
    assert back == model
    assert back.released_by is not None
    assert (back.released_by.event, back.released_by.actor) == (Event.MODEL_RESUMED, "os:lee")
    assert not registry.is_suspended(model.digest)


def test_a_version_that_was_put_back_can_be_suspended_again() -> None:
    model = suspended()
    registry.resume(model, reason="repaired", actor="os:lee")

    assert registry.suspend(model, reason="again")
    assert registry.is_suspended(model.digest)


def test_it_does_not_come_back_without_a_reason() -> None:
    with pytest.raises(NotSuspended, match="say which"):
        registry.resume(suspended(), reason=" ", actor="os:lee")


def test_only_what_was_suspended_is_put_back() -> None:
    first = registry.put_in_force(measuring_card())
    registry.put_in_force(measuring_card(digest="c" * 64, version="1.1.0"))

    with pytest.raises(NotSuspended, match="is not suspended"):
        registry.resume(first, reason="it was better", actor="os:lee")


def test_it_does_not_take_the_place_of_another_version() -> None:
    model = suspended()
    registry.put_in_force(measuring_card(digest="c" * 64, version="1.1.0"))

    with pytest.raises(NotSuspended, match="is in force"):
        registry.resume(model, reason="repaired", actor="os:lee")
