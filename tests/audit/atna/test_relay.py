"""Store and forward: whatever the repository does, in the end it has everything, in order."""

import itertools
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from audit import trail
from audit.atna import relay as relaying
from audit.atna.configuration import NoRepository, configured_relay
from audit.atna.relay import Pace, Relay, alarm, position, waiting
from audit.atna.transport import NotTaken, Repository
from audit.events import Event
from audit.management.commands.relay import Outage
from audit.models import AuditEvent
from audit.sequencer import Sequencer
from tests.audit.atna import receiver as behaviours
from tests.audit.atna.entries import SOURCE
from tests.audit.atna.profile import violations
from tests.audit.atna.receiver import Receiver, distinct, orderly, silent
from tests.audit.atna.test_syslog import HEADER

pytestmark = [pytest.mark.requirement("AUD-08"), pytest.mark.django_db]


@pytest.fixture
def relay(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Relay:
    """A relay that sends ten entries at a time."""
    monkeypatch.setattr(relaying, "BATCH", 10)
    return Relay(repository, SOURCE, HEADER)


def seed(sequencer: Sequencer, number: int) -> None:
    with transaction.atomic():
        for index in range(number):
            trail.append(Event.RUN_OPENED, f"run/{index}", study="study/1", number=index)
    seal(sequencer)


def seal(sequencer: Sequencer) -> None:
    while sequencer.step(timezone.now()):
        pass


def places(receiver: Receiver) -> list[int]:
    return [message.place[0] for message in distinct(receiver.messages)]


def test_the_repository_gets_every_entry_once_and_in_order(
    sequencer: Sequencer, relay: Relay, receiver: Receiver
) -> None:
    seed(sequencer, 35)

    taken = list(iter(relay.step, 0))

    assert taken[:3] == [10, 10, 10]
    assert [message.place[0] for message in receiver.messages] == list(range(sum(taken)))
    assert [violations(message.text) for message in receiver.messages] == [[]] * sum(taken)
    assert (position(), waiting()) == (sum(taken), 0)


def test_an_event_of_two_messages_is_two_parts_of_one_entry(
    sequencer: Sequencer, relay: Relay, receiver: Receiver
) -> None:
    with transaction.atomic():
        trail.append(Event.TRAIL_EXPORTED, "trail", actor="lee", reason="inspection")
    seal(sequencer)

    relay.step()

    last = AuditEvent.objects.get(event=Event.TRAIL_EXPORTED).entry.seq
    assert [message.place for message in receiver.messages][-2:] == [(last, 0), (last, 1)]


def test_nothing_is_sent_before_the_log_has_a_name(relay: Relay, receiver: Receiver) -> None:
    with transaction.atomic():
        trail.append(Event.RUN_OPENED, "run/1")

    assert relay.step() == 0
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "behaviour",
    [behaviours.deaf, behaviours.says_goodbye_first, behaviours.dies_after(0), behaviours.dies_after(9_000)],
)
def test_a_batch_that_failed_is_sent_again_whole(
    sequencer: Sequencer, relay: Relay, receiver: Receiver, behaviour: behaviours.Behaviour
) -> None:
    seed(sequencer, 25)
    relay.step()
    receiver.behaviour = behaviour

    with pytest.raises(NotTaken):
        relay.step()
    assert position() == 10
    receiver.behaviour = behaviours.orderly
    receiver.stopping.set()  # whoever is deaf lets go
    receiver.stop()
    receiver.start()
    rest = sum(iter(relay.step, 0))

    assert places(receiver) == list(range(10 + rest))


def test_whatever_the_repository_does_nothing_is_lost_and_the_order_holds(
    sequencer: Sequencer, relay: Relay, receiver: Receiver
) -> None:
    seed(sequencer, 60)
    dying = [behaviours.dies_after(octets) for octets in (0, 1, 700, 9_000, 20_000)]
    script = itertools.chain.from_iterable(zip(itertools.cycle([orderly, silent]), dying, strict=False))
    failed = 0

    while waiting():
        receiver.behaviour = next(script, orderly)
        try:
            relay.step()
        except NotTaken:
            failed += 1

    assert failed == len(dying)
    assert places(receiver) == list(range(position()))
    assert len(receiver.messages) > position()  # some came twice


def test_an_outage_is_an_event_once_and_the_next_outage_another(
    sequencer: Sequencer, relay: Relay, receiver: Receiver
) -> None:
    def alarms() -> int:
        return AuditEvent.objects.filter(event=Event.TRAIL_ALARMED).count()

    seed(sequencer, 3)
    assert [alarm("it is not there") for _again in range(3)] == [True, False, False]
    seal(sequencer)
    assert not alarm("it is not there")
    assert alarms() == 1

    while relay.step():
        pass
    assert alarm("it is gone again")
    assert alarms() == 2


def test_the_alarm_says_how_many_entries_wait(sequencer: Sequencer, receiver: Receiver) -> None:
    seed(sequencer, 3)

    alarm("it is not there")

    event = AuditEvent.objects.get(event=Event.TRAIL_ALARMED)
    assert (event.outcome, f'"waiting":{waiting()}' in event.canonical) == (4, True)


def test_an_outage_is_announced_after_a_while_not_at_once(
    sequencer: Sequencer, relay: Relay, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.stop()
    seed(sequencer, 3)
    outage = Outage(timezone.now())

    assert not outage.look(relay, Pace(grace=timedelta(hours=1)))
    assert not AuditEvent.objects.filter(event=Event.TRAIL_ALARMED).exists()
    assert not outage.look(relay, Pace(grace=timedelta(0)))
    assert AuditEvent.objects.filter(event=Event.TRAIL_ALARMED).count() == 1

    assert "is not there: Connection refused; " in caplog.text
    assert "entries wait in the trail, none is lost" in caplog.text


def test_a_repository_that_is_back_ends_the_outage(
    sequencer: Sequencer, relay: Relay, receiver: Receiver
) -> None:
    seed(sequencer, 3)
    outage = Outage(timezone.now(), failures=5)

    outage.look(relay, Pace())

    assert outage.failures == 0


def test_the_pause_grows_to_its_cap() -> None:
    pauses = [Pace().after(failures).total_seconds() for failures in (0, 1, 2, 5, 6, 7, 10_000)]

    assert pauses == [1, 2, 4, 32, 60, 60, 60]


def test_the_repository_can_have_everything_again(
    sequencer: Sequencer, relay: Relay, receiver: Receiver
) -> None:
    seed(sequencer, 5)
    while relay.step():
        pass
    receiver.messages.clear()

    call_command("relay", "--from", "2")
    while relay.step():
        pass

    assert places(receiver)[:2] == [2, 3]
    assert AuditEvent.objects.filter(event=Event.PEER_CHANGED, subject="repository").count() == 1


@pytest.mark.parametrize("seq", [-1, 1])
def test_entries_cannot_be_skipped(seq: int) -> None:
    with pytest.raises(CommandError, match="cannot be skipped"):
        call_command("relay", f"--from={seq}")

    assert position() == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"AUDIT_SYSLOG_HOST": ""}, "AUDIT_SYSLOG_HOST"),
        ({"AUDIT_SYSLOG_CA": ""}, "AUDIT_SYSLOG_CA"),
        ({"AUDIT_SYSLOG_CERT": "", "AUDIT_SYSLOG_KEY": ""}, "AUDIT_SYSLOG_CERT, AUDIT_SYSLOG_KEY"),
        ({"AUDIT_SYSLOG_MSGID": "ATNA"}, r"IHE\+RFC-3881, DICOM\+RFC3881"),
    ],
)
def test_settings_that_make_no_sense_are_named(
    settings: Settings, changed: dict[str, str], words: str
) -> None:
    whole = {f"AUDIT_SYSLOG_{name}": "somewhere" for name in ("HOST", "CA", "CERT", "KEY")}
    for name, value in (whole | changed).items():
        setattr(settings, name, value)

    with pytest.raises(NoRepository, match=words):
        configured_relay()


def test_a_device_without_a_repository_says_what_to_set(settings: Settings) -> None:
    settings.AUDIT_SYSLOG_HOST = ""

    with pytest.raises(CommandError, match="name it in AUDIT_SYSLOG_HOST"):
        call_command("relay")


def test_the_command_sends_what_there_is(
    sequencer: Sequencer, repository: Repository, receiver: Receiver, settings: Settings
) -> None:
    settings.AUDIT_SYSLOG_HOST, settings.AUDIT_SYSLOG_PORT = repository.host, repository.port
    settings.AUDIT_SYSLOG_CA = str(repository.authority)
    settings.AUDIT_SYSLOG_CERT, settings.AUDIT_SYSLOG_KEY = str(repository.certificate), str(repository.key)
    settings.AUDIT_SITE, settings.AUDIT_SYSLOG_MSGID = "hospital.example", "DICOM+RFC3881"
    seed(sequencer, 3)

    call_command("relay", "--once")

    first = receiver.messages[0]
    assert (first.message_id, first.application, first.priority) == ("DICOM+RFC3881", "SAMD", 85)
    assert b'AuditEnterpriseSiteID="hospital.example"' in first.text
    assert waiting() == 0
