"""Who acts, and from where."""

import contextvars
import json
import threading

import pytest
from django.db import transaction

from audit import trail
from audit.actors import DEVICE, Actor, acting, current
from audit.events import Event

pytestmark = pytest.mark.requirement("AUD-07")


def test_the_device_acts_unless_somebody_does() -> None:
    assert current() == DEVICE


def test_somebody_acts_within_the_block_and_within_the_inner_one_another() -> None:
    with acting("kim", address="10.0.0.7"):
        with acting("lee"):
            assert current() == Actor("lee")
        assert current() == Actor("kim", "10.0.0.7")

    assert current() == DEVICE


def test_an_error_in_the_block_ends_it_too() -> None:
    with pytest.raises(ZeroDivisionError), acting("kim"):
        _ = 1 / 0

    assert current() == DEVICE


def test_another_thread_is_another_actor_unless_it_is_given_the_context() -> None:
    seen = []

    with acting("kim"):
        context = contextvars.copy_context()
        for work in (lambda: seen.append(current()), lambda: context.run(lambda: seen.append(current()))):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

    assert seen == [DEVICE, Actor("kim")]


@pytest.mark.django_db
def test_events_name_who_acts_and_from_where() -> None:
    with acting("kim", address="10.0.0.7"), transaction.atomic():
        event = trail.append(Event.STUDY_VIEWED, "study/1")

    assert (event.actor, event.address) == ("kim", "10.0.0.7")
    content = json.loads(event.canonical)
    assert (content["actor"], content["address"]) == ("kim", "10.0.0.7")
