"""The frames: RFC 5424 in RFC 5425, with what PS3.15 A.6 and ITI-20 set."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.atna.record import Record
from audit.atna.syslog import Header
from audit.atna.translation import messages
from tests.audit.atna.entries import MOMENT, SOURCE, entry
from tests.audit.atna.profile import violations
from tests.audit.atna.receiver import Received, read_frames, read_message

HEADER = Header("samd-1", "SAMD", "4711", "IHE+RFC-3881", 32473)


def framed(text: str, *, header: Header = HEADER, origin: str = "hospital.example/samd") -> bytes:
    (message,) = messages(Record.of(9, text), SOURCE)
    return header.frame(message, at=MOMENT, origin=origin, seq=9, part=0)


def received(frame: bytes) -> Received:
    (message,) = read_frames(iter([frame]))
    return read_message(message)


@pytest.mark.requirement("AUD-08")
def test_a_frame_is_the_count_of_octets_and_a_message_in_utf_8() -> None:
    frame = framed(entry("run:opened", reason="한글", outcome=4))

    count, _, rest = frame.partition(b" ")
    assert int(count) == len(rest)
    assert rest.startswith(
        b"<84>1 2027-03-01T08:30:00.250000Z samd-1 SAMD 4711 IHE+RFC-3881 "
        b'[origin software="SAMD"][trail@32473 origin="hospital.example/samd" seq="9" part="0"] '
        b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?><AuditMessage>'
    )
    assert "한글".encode() in rest


@pytest.mark.requirement("AUD-08")
@pytest.mark.parametrize(("outcome", "priority"), [(0, 85), (4, 84), (8, 84), (12, 84)])
def test_a_failure_is_a_warning(outcome: int, priority: int) -> None:
    assert received(framed(entry("run:opened", outcome=outcome))).priority == priority


@pytest.mark.requirement("AUD-08")
def test_long_messages_are_not_cut() -> None:
    uids = [f"1.2.840.{number}" for number in range(20_000)]

    message = received(framed(entry("delivery:started", study="study/1", peer="pacs", objects=uids)))

    assert len(message.text) > 32 * 1024
    assert message.text.count(b"<Instance ") == len(uids)
    assert violations(message.text) == []


@pytest.mark.requirement("AUD-08")
@given(name=st.text(max_size=300), origin=st.text(max_size=50))
def test_whatever_hosts_and_logs_are_called_the_message_can_be_read(name: str, origin: str) -> None:
    header = Header(name, name, name, "DICOM+RFC3881", 32473)
    known_origin = origin.encode(errors="replace").decode()

    message = received(framed(entry("run:opened"), header=header, origin=known_origin))

    assert message.data["trail@32473"] == {"origin": known_origin, "seq": "9", "part": "0"}


@pytest.mark.requirement("AUD-08")
def test_times_are_said_in_utc_whatever_the_century() -> None:
    moment = datetime(1, 1, 1, tzinfo=UTC)
    (message,) = messages(Record.of(0, entry("run:opened")), SOURCE)

    frame = HEADER.frame(message, at=moment, origin="o", seq=0, part=0)

    assert b" 0001-01-01T00:00:00.000000Z " not in frame.split(b"\xef\xbb\xbf")[0].split(b"samd-1")[1]
    assert frame.split(b" ")[2] == b"0001-01-01T00:00:00.000000Z"
