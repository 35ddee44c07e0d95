"""`manage.py seal`."""

import io
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from audit import anchor, keys, sealing, trail
from audit.checkpoint import verified
from audit.events import Event
from audit.management.commands import seal as command
from audit.models import AuditEvent, Entry, Heading, Lease, Seal
from audit.protection import protect, unprotect
from audit.sequencer import Sequencer
from audit.signer import KeyRefused

pytestmark = [pytest.mark.requirement("AUD-02", "AUD-03"), pytest.mark.django_db(transaction=True)]

T = TypeVar("T")


def append(count: int, event: Event = Event.STUDY_VIEWED) -> AuditEvent:
    def work() -> AuditEvent:
        with transaction.atomic():
            return [trail.append(event, f"study/{number}") for number in range(count)][-1]

    return patiently(work)


def patiently(work: Callable[[], T]) -> T:
    """The SQLite database of the tests lies in memory: there, who meets another gives up at once."""
    while True:
        try:
            return work()
        except OperationalError:
            time.sleep(0.01)


def lose_everything_after(first: int) -> None:
    unprotect(connection)
    gone = list(Entry.objects.filter(seq__gte=first).values_list("event_id", flat=True))
    Entry.objects.filter(seq__gte=first).delete()
    Heading.objects.filter(pk__in=gone).delete()
    AuditEvent.objects.filter(pk__in=gone).delete()
    Seal.objects.filter(size__gt=first).delete()
    protect(connection)


@pytest.fixture
def handlers() -> Iterator[None]:
    """The handlers of signals that the command replaces are put back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def while_sealing(work: Callable[[], None]) -> None:
    """Run the command in this thread and `work` in another; then stop the command as a supervisor does."""
    problems = []

    def run() -> None:
        try:
            work()
        except BaseException as problem:  # noqa: BLE001 told in the thread of the test
            problems.append(problem)
        finally:
            connection.close()
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=run)
    thread.start()
    call_command("seal")
    thread.join()
    if problems:
        raise problems[0]


def until(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not patiently(reached):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_once_it_seals_what_there_is_and_lets_the_next_one_begin(sequencer: Sequencer) -> None:
    append(250)

    call_command("seal", "--once")

    seal = sealing.newest()
    assert seal is not None
    assert seal.size == 250
    assert Lease.objects.get().holder == ""


def test_it_goes_on_sealing_until_it_is_told_to_stop(sequencer: Sequencer, handlers: None) -> None:
    def work() -> None:
        for _ in range(3):
            event = append(5, Event.ROLE_GRANTED)
            until(lambda event=event: sealing.is_sealed(event))  # type: ignore[misc]

    while_sealing(work)

    assert Entry.objects.count() == 15
    assert Lease.objects.get().holder == ""


def test_a_key_that_is_made_takes_over_at_once(sequencer: Sequencer, handlers: None) -> None:
    append(1)
    before = keys.verifier_key()

    def work() -> None:
        keys.make_successor()
        until(lambda: keys.successor() is None and len(keys.known()) == 2)
        event = append(1, Event.ROLE_GRANTED)
        until(lambda: sealing.is_sealed(event))

    while_sealing(work)

    after = keys.verifier_key()
    seal = sealing.newest()
    assert seal is not None
    assert verified(seal.note, [before, after])[1] == {after}


def test_an_anchor_file_that_takes_nothing_is_told_loudly_and_sealing_goes_on_once_it_does(
    sequencer: Sequencer, handlers: None, caplog: pytest.LogCaptureFixture
) -> None:
    sequencer.anchor_file.mkdir(parents=True)

    def work() -> None:
        event = append(1, Event.ROLE_GRANTED)
        until(lambda: "nothing is sealed: the anchor file" in caplog.text)
        assert not sealing.is_sealed(event)
        sequencer.anchor_file.rmdir()
        until(lambda: sealing.is_sealed(event))
        until(lambda: "sealing goes on" in caplog.text)

    while_sealing(work)

    told = [record for record in caplog.records if "anchor file" in record.message]
    assert [record.levelno for record in told] == [logging.ERROR]


def test_a_signing_program_that_fails_is_told_and_tried_again(
    sequencer: Sequencer, handlers: None, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    settings.AUDIT_KEY_COMMAND = ["false"]

    def work() -> None:
        append(1)
        until(lambda: "the signing program false failed" in caplog.text)

    while_sealing(work)

    assert not Seal.objects.exists()


def test_a_trail_that_was_rolled_back_stops_it_and_says_what_to_do(sequencer: Sequencer) -> None:
    append(30)
    call_command("seal", "--once")
    lose_everything_after(10)

    with pytest.raises(CommandError) as refused:
        call_command("seal")

    said = str(refused.value)
    assert "30 events were signed, but the database holds 10" in said
    assert "manage.py seal --recover" in said
    assert Lease.objects.get().holder == ""


def test_recovering_records_who_and_why_and_seals_again(sequencer: Sequencer) -> None:
    append(30)
    call_command("seal", "--once")
    lose_everything_after(10)
    out = io.StringIO()

    call_command("seal", "--recover", "the disk failed", stdout=out)
    append(5)
    call_command("seal", "--once")

    assert "signed up to 30 events; 10 were here" in out.getvalue()
    alarm = AuditEvent.objects.get(event=Event.TRAIL_ALARMED)
    assert alarm.actor.startswith("os/")
    assert json.loads(alarm.canonical)["reason"] == "the disk failed"
    newest = verified(anchor.newest(sequencer.anchor_file)[-1], keys.known())[0]
    assert (newest.origin, newest.size) == ("hospital.example/samd~2", 16)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--recover", "to be sure"], "nothing is lost"), (["--recover", " "], "say why")],
)
def test_what_cannot_be_done_is_told(sequencer: Sequencer, arguments: list[str], said: str) -> None:
    append(1)

    with pytest.raises(CommandError, match=said):
        call_command("seal", *arguments)


def test_without_a_key_it_does_not_begin(settings: Settings, tmp_path: Path) -> None:
    settings.AUDIT_KEY = tmp_path / "key"

    with pytest.raises(CommandError, match="cannot be read"):
        call_command("seal", "--once")


def test_while_another_seals_once_is_not_needed(
    sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequencer.hold(timezone.now())
    ticks = iter(range(1000))

    def renew(_: float) -> None:
        sequencer.tenure._write(Lease.objects.get(), timezone.now())

    monkeypatch.setattr("audit.management.commands.seal.time.sleep", renew)
    monkeypatch.setattr("audit.management.commands.seal.time.monotonic", lambda: float(next(ticks)))

    with pytest.raises(KeyRefused, match="another sealing process is at work"):
        command._wait_for_lease(keys.configured_sequencer("late"))


def test_a_trouble_that_lasts_is_told_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr("audit.management.commands.seal.time.monotonic", lambda: seconds[0])
    troubles = command._Troubles()

    for _ in range(1300):
        troubles.tell(KeyRefused("the token is gone"))
        seconds[0] += 0.1

    assert len(caplog.records) == 3
