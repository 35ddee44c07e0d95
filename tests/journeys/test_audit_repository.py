"""The hospital's audit repository beside the whole device: it has every message, also after a minute away."""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audit.atna.certificates import Authority
from tests.audit.atna.contents import event_id, sealed_in
from tests.audit.atna.profile import violations
from tests.audit.atna.receiver import Receiver, distinct
from tests.journeys.device import Device
from tests.journeys.pacs import Pacs, dcmsend
from tests.journeys.test_witness import one_slice

pytestmark = [pytest.mark.journey, pytest.mark.requirement("AUD-08")]

AWAY = 60.0  # seconds
PATIENCE = 180.0


def entries(device: Device) -> list[str]:
    """The canonical text of every entry of the trail, in order."""
    query = "SELECT canonical FROM audit_entry JOIN audit_auditevent ON event_id = id ORDER BY seq"
    database = sqlite3.connect(f"file:{device.home / 'samd.sqlite3'}?mode=ro", uri=True)
    try:
        return [text for (text,) in database.execute(query)]
    finally:
        database.close()


def wait_until(condition: Callable[[], bool], device: Device) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, device.log.read_text()
        time.sleep(0.2)


def test_the_repository_has_every_message_of_a_journey_though_it_was_away_for_a_minute(
    pacs: Pacs, start_device: Callable[..., Device], tmp_path: Path
) -> None:
    authority = Authority.found(tmp_path / "pem")
    receiver, ours = Receiver(authority.issue("repository"), authority.certificate), authority.issue("device")
    receiver.start()
    device = start_device(
        AUDIT_SYSLOG_HOST="localhost",
        AUDIT_SYSLOG_PORT=str(receiver.port),
        AUDIT_SYSLOG_CA=str(authority.certificate),
        AUDIT_SYSLOG_CERT=str(ours.certificate),
        AUDIT_SYSLOG_KEY=str(ours.key),
        AUDIT_SITE="hospital.example",
    )
    first, second, third = (f"1.2.826.0.1.3680043.8.498.8{number}" for number in (1, 2, 3))

    dcmsend(device.dicom_port, device.ae_title, [one_slice(tmp_path / "1.dcm", first)])
    pacs.wait_for_reports(first)
    wait_until(lambda: any(event_id(message.text) == "110104" for message in receiver.messages), device)
    receiver.stop()
    away = time.monotonic()
    dcmsend(device.dicom_port, device.ae_title, [one_slice(tmp_path / "2.dcm", second)])
    pacs.wait_for_reports(second)
    device.manage("peer", "add", "other", "--ae", "OTHER", "--host", "127.0.0.1", "--port", "105")
    time.sleep(max(0.0, AWAY - (time.monotonic() - away)))
    receiver.start()
    dcmsend(device.dicom_port, device.ae_title, [one_slice(tmp_path / "3.dcm", third)])
    pacs.wait_for_reports(third)
    device.stop()
    for command in ("seal", "relay"):
        device.manage(command, "--once")
    receiver.stop()

    messages, log = distinct(receiver.messages), entries(device)
    assert receiver.faults == []
    assert [message.place for message in messages] == sorted(message.place for message in messages)
    assert [sealed_in(message.text) for message in messages if message.place[1] == 0] == log
    assert [violations(message.text) for message in messages] == [[]] * len(messages)
    kinds = Counter(event_id(message.text) for message in messages)
    assert set(kinds) >= {"110100", "110102", "110103", "110104", "110113"}
    assert sum('"event":"trail:alarmed"' in text for text in log) == 1
    device.start()
