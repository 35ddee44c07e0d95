"""Builders for tests over the loopback network: data sets, a remembering journal, a sender of raw bytes."""

import queue
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association
from pynetdicom.dsutils import encode

from samd.dicom.receive import Arrival, Node, NodeLimits, Refusal, serve

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
STUDY, SERIES, SOP = "1.2.3", "1.2.3.4", "1.2.3.4.5"

QUICK = NodeLimits(acse_timeout=3, dimse_timeout=5, network_timeout=5)


def element(tag: int, vr: str, value: str) -> bytes:
    """One element in Explicit VR Little Endian, whatever its value; only short VRs."""
    content = value.encode("latin-1")
    content += b"\0" * (len(content) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(content)) + content


def data_set(
    *,
    sop_class_uid: str = CT,
    sop_instance_uid: str = SOP,
    study_instance_uid: str = STUDY,
    series_instance_uid: str = SERIES,
    modality: str = "CT",
    patient_name: str = "",
    comments: str = "",
) -> bytes:
    """A small data set in Explicit VR Little Endian; the values may be as wrong as a test likes."""
    return b"".join(
        (
            element(0x00080016, "UI", sop_class_uid),
            element(0x00080018, "UI", sop_instance_uid),
            element(0x00080060, "CS", modality),
            element(0x00100010, "PN", patient_name),
            element(0x0020000D, "UI", study_instance_uid),
            element(0x0020000E, "UI", series_instance_uid),
            element(0x00204000, "LT", comments),
        )
    )


class RememberingJournal:
    """Remembers everything in order; what is called `on_…` runs before that is remembered, and may raise."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.forget()

    def forget(self) -> None:
        """Be as new."""
        self.happened: list[tuple[str, str]] = []
        self.arrivals: list[Arrival] = []
        self.refusals: list[Refusal] = []
        self.accepted = -1
        self.on_opened: Callable[[str], None] = lambda _peer: None
        self.on_stored: Callable[[Arrival], None] = lambda _arrival: None
        self.on_closed: Callable[[str], None] = lambda _association: None
        self.on_refused: Callable[[Refusal], None] = lambda _refusal: None

    def opened(self, association: str, peer: str) -> None:
        self.on_opened(peer)
        self._remember("opened", association)

    def stored(self, arrival: Arrival) -> None:
        self.on_stored(arrival)
        self.arrivals.append(arrival)
        self._remember("stored", arrival.association)

    def closed(self, association: str, *, accepted: int) -> None:
        self.on_closed(association)
        self.accepted = accepted
        self._remember("closed", association)

    def refused(self, refusal: Refusal) -> None:
        self.on_refused(refusal)
        self.refusals.append(refusal)
        self._remember("refused", refusal.association)

    def wait_for(self, what: str, times: int = 1) -> None:
        """Return when `what` has happened so often; fail after ten seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.kinds.count(what) >= times, timeout=10):
                raise AssertionError(f"{what} did not happen {times} times, but {self.kinds}")

    @property
    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [what for what, _ in self.happened]

    def _remember(self, what: str, association: str) -> None:
        with self._changed:
            self.happened.append((what, association))
            self._changed.notify_all()


def failing(times: int) -> Callable[[object], None]:
    """What raises as if the database were down, so many times, and then no more."""
    left = iter(range(times))

    def fail(_what: object) -> None:
        if next(left, None) is not None:
            raise RuntimeError("the database is restarting")

    return fail


def known_peer(calling_ae: str, address: str) -> str | None:
    """A book of peers that holds one: SCANNER at 127.0.0.1."""
    return "the scanner" if (calling_ae, address) == ("SCANNER", "127.0.0.1") else None


def start_node(root: Path, journal: RememberingJournal, **changes: Any) -> Node:
    """A node called SAMD on a free port, which knows one peer and waits for nobody long."""
    options: dict[str, Any] = {"find_peer": known_peer, "limits": QUICK} | changes
    return serve(ae_title="SAMD", host="127.0.0.1", port=0, root=root, journal=journal, **options)


class Sender:
    """A requestor that sends C-STORE messages of any bytes, and hears what is answered."""

    def __init__(self, association: Association, responses: "queue.Queue[Dataset]") -> None:
        self.association = association
        self._responses = responses

    def store(
        self,
        content: bytes,
        *,
        sop_instance_uid: str = SOP,
        sop_class_uid: str = CT,
        transfer_syntax: str = "",
    ) -> Dataset:
        """The command set of the response to a C-STORE request; fails after ten seconds without one."""
        self.begin_store(
            content,
            sop_instance_uid=sop_instance_uid,
            sop_class_uid=sop_class_uid,
            transfer_syntax=transfer_syntax,
        )
        return self._responses.get(timeout=10)

    def begin_store(
        self,
        content: bytes,
        *,
        sop_instance_uid: str = SOP,
        sop_class_uid: str = CT,
        transfer_syntax: str = "",
        is_last: bool = True,
    ) -> None:
        """Send a C-STORE request, or all but its end, and wait for nothing."""
        contexts = self.association.accepted_contexts
        (context, *_) = [cx for cx in contexts if transfer_syntax in ("", cx.transfer_syntax[0])]
        command = element_implicit(0x0002, sop_class_uid.encode()) + b"".join(
            (
                element_implicit(0x0100, struct.pack("<H", 0x0001)),
                element_implicit(0x0110, struct.pack("<H", 7)),
                element_implicit(0x0700, struct.pack("<H", 0)),
                element_implicit(0x0800, struct.pack("<H", 0x0102)),
                element_implicit(0x1000, sop_instance_uid.encode()),
            )
        )
        group_length = element_implicit(0x0000, struct.pack("<L", len(command)))
        self._send_fragment(context.context_id, 0x03, group_length + command)
        self._send_fragment(context.context_id, 0x02 if is_last else 0x00, content)

    def _send_fragment(self, context_id: int, control: int, content: bytes) -> None:
        """One P-DATA-TF of one presentation data value (PS3.8 9.3.5)."""
        value = struct.pack(">LBB", len(content) + 2, context_id, control) + content
        self.association.dul.socket.send(struct.pack(">BBL", 0x04, 0, len(value)) + value)


def element_implicit(number: int, content: bytes) -> bytes:
    """One command element of group 0000 (PS3.7 6.3.1)."""
    content += b"\0" * (len(content) % 2)
    return struct.pack("<HHL", 0x0000, number, len(content)) + content


@contextmanager
def sending_to(
    port: int,
    *,
    calling_ae: str = "SCANNER",
    called_ae: str = "SAMD",
    contexts: Sequence[tuple[str, Sequence[str]]] = ((CT, [EXPLICIT]),),
) -> Iterator[Sender]:
    """A sender over a new association that proposes (SOP class, transfer syntaxes); released at the end."""
    responses: queue.Queue[Dataset] = queue.Queue()

    sockets: list[socket] = []

    def on_message(event: evt.Event) -> None:
        responses.put(event.message.command_set)

    def before_connecting(event: evt.Event) -> None:
        sockets.append(event.assoc.dul.socket.socket)

    association = AE(calling_ae).associate(
        "127.0.0.1",
        port,
        contexts=[build_context(sop_class, list(syntaxes)) for sop_class, syntaxes in contexts],
        ae_title=called_ae,
        evt_handlers=[(evt.EVT_DIMSE_RECV, on_message), (evt.EVT_ACSE_SENT, before_connecting)],
    )
    try:
        yield Sender(association, responses)
    finally:
        if association.is_established:
            association.release()
        for each in sockets:
            if each is not None:
                each.close()


def encoded(dataset: Dataset, *, implicit: bool = False, little: bool = True) -> bytes:
    """The bytes of a pydicom data set, undeflated."""
    content = encode(dataset, implicit, little)
    assert content is not None
    return content
