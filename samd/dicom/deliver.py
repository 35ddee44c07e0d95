"""Step 7: finished objects go to a peer over C-STORE, and the peer's answer becomes a decision about retry.

Files are sent as they stand, byte for byte, under the SOP class and transfer syntax that each of them
says in its file meta information. Sending an object again is harmless: its UID is the same.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from socket import gaierror, socket

from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID
from pynetdicom import AE, _config, build_context, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import Verification
from pynetdicom.status import STORAGE_SERVICE_CLASS_STATUS

# pynetdicom would otherwise log every message, and with it the names of patients.
_config.LOG_HANDLER_LEVEL = "none"
# Files are then sent without being decoded, and so without being encoded anew.
_config.STORE_SEND_CHUNKED_DATASET = True

_PDU_SIZE = 128 * 1024  # bytes, what we are ready to receive
_MESSAGE_IDS = 1 << 16


class Verdict(Enum):
    """What a status says of the object that was sent."""

    ACCEPTED = "accepted"
    REMARKED = "accepted with a remark"
    TRANSIENT = "refused for now"
    PERMANENT = "refused for good"


# C-STORE response status, first and last of a range (PS3.4 Table B.2-1; PS3.7 Annex C).
VERDICTS = (
    (0x0000, 0x0000, Verdict.ACCEPTED),
    (0x0001, 0x0001, Verdict.REMARKED),  # requested optional attributes are not supported
    (0x0107, 0x0107, Verdict.REMARKED),  # attribute list error
    (0x0110, 0x0110, Verdict.TRANSIENT),  # processing failure: the peer's own trouble
    (0x0111, 0x0111, Verdict.REMARKED),  # duplicate: the peer holds it from an earlier attempt
    (0x0116, 0x0116, Verdict.REMARKED),  # attribute value out of range
    (0x0117, 0x0119, Verdict.PERMANENT),  # invalid instance, no such class, class-instance conflict
    (0x0122, 0x0122, Verdict.PERMANENT),  # SOP class not supported
    (0x0124, 0x0124, Verdict.PERMANENT),  # not authorised
    (0x0210, 0x0212, Verdict.PERMANENT),  # duplicate invocation, unrecognised operation, mistyped argument
    (0x0213, 0x0213, Verdict.TRANSIENT),  # resource limitation
    (0xA700, 0xA7FF, Verdict.TRANSIENT),  # out of resources
    (0xA800, 0xA9FF, Verdict.PERMANENT),  # SOP class not supported (retired), data set does not match
    (0xB000, 0xBFFF, Verdict.REMARKED),  # coerced, discarded elements, does not match
    (0xC000, 0xCFFF, Verdict.PERMANENT),  # cannot understand
)


@dataclass(frozen=True, slots=True)
class Peer:
    """Where to send: a name for people, and the address for the network."""

    name: str
    ae_title: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the peer took: (SOP Instance UID, status) in the order of sending, and its remarks."""

    peer: str
    statuses: tuple[tuple[str, int], ...]
    warnings: tuple[str, ...] = ()


class PeerRefused(Exception):
    """The peer did not take everything; the message holds its own words.

    `permanent` decides the retry. What decides `permanent`:

    ==============================================================  =========
    no connection: refused, unreachable, unknown host, no answer    transient
    association rejected with result 1 (PS3.8 Table 9-21)           permanent
    association rejected with result 2                              transient
    association or connection lost, or no response in time          transient
    no presentation context accepted for an object                  permanent
    C-STORE status                                                  VERDICTS, else transient
    ==============================================================  =========

    A refusal for good of one object does not keep the others from being sent.
    """

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class NotSendable(ValueError):
    """A file that is not a DICOM file (PS3.10) with the meta information that sending needs."""


@dataclass(frozen=True, slots=True)
class _Object:
    path: Path
    sop_class_uid: UID
    sop_instance_uid: UID
    transfer_syntax_uid: UID

    @property
    def context(self) -> tuple[UID, UID]:
        return self.sop_class_uid, self.transfer_syntax_uid

    def __str__(self) -> str:
        return f"{self.sop_class_uid.name} in {self.transfer_syntax_uid.name}"


def send(
    files: Sequence[Path],
    *,
    peer: Peer,
    calling_ae: str,
    connection_timeout: float = 10,
    response_timeout: float = 60,
) -> Receipt:
    """Send DICOM files to `peer`, in their order, over one association; times are in seconds.

    Raises PeerRefused, also where the peer took a part: send all of them again, or after a permanent
    refusal none. Raises NotSendable before connecting. At most 128 pairs of SOP class and transfer
    syntax fit into one association (PS3.8 9.3.2.2).
    """
    objects = [_read(path) for path in files]
    contexts = [build_context(*pair) for pair in dict.fromkeys(each.context for each in objects)]
    timeouts = (connection_timeout, response_timeout)
    statuses, warnings, refusals = [], [], []
    with _associated(peer, calling_ae, contexts, timeouts) as association:
        accepted = {(cx.abstract_syntax, cx.transfer_syntax[0]) for cx in association.accepted_contexts}
        for number, each in enumerate(objects, start=1):
            if each.context not in accepted:
                refusals.append(f"{each}: no presentation context was accepted")
                continue
            response = _store(association, each, number % _MESSAGE_IDS, peer)
            match verdict(response.Status):
                case Verdict.TRANSIENT:
                    raise PeerRefused(f"{peer.name} refused {each}: {_words(response)}", permanent=False)
                case Verdict.PERMANENT:
                    refusals.append(f"{each}: {_words(response)}")
                    continue
                case Verdict.REMARKED:
                    warnings.append(f"{each}: {_words(response)}")
            statuses.append((str(each.sop_instance_uid), int(response.Status)))
    if refusals:
        took = f"{len(statuses)} of {len(objects)} objects were accepted"
        raise PeerRefused(f"{peer.name} refused {'; '.join(refusals)} ({took})", permanent=True)
    return Receipt(peer.name, tuple(statuses), tuple(warnings))


def echo(
    peer: Peer, *, calling_ae: str, connection_timeout: float = 10, response_timeout: float = 60
) -> None:
    """Ask `peer` whether it answers (C-ECHO, PS3.7 9.1.5); raises PeerRefused."""
    contexts = [build_context(Verification)]
    with _associated(peer, calling_ae, contexts, (connection_timeout, response_timeout)) as association:
        response = association.send_c_echo()
        if "Status" not in response:
            raise PeerRefused(f"{peer.name} did not answer the echo", permanent=False)
        if response.Status != 0x0000:
            raise PeerRefused(f"{peer.name} refused the echo: {_words(response)}", permanent=True)


def verdict(status: int) -> Verdict:
    """What a C-STORE status says; one that no table knows is worth another try."""
    return next((said for first, last, said in VERDICTS if first <= status <= last), Verdict.TRANSIENT)


def _read(path: Path) -> _Object:
    try:
        meta = read_file_meta_info(path)
        return _Object(
            path, meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID
        )
    except (InvalidDicomError, AttributeError) as error:
        raise NotSendable(f"{path.name} is not a DICOM file with file meta information") from error


@contextmanager
def _associated(
    peer: Peer, calling_ae: str, contexts: list[PresentationContext], timeouts: tuple[float, float]
) -> Iterator[Association]:
    """An association with `peer`, released at the end; raises PeerRefused where there is none."""
    ae = AE(calling_ae)
    ae.connection_timeout, response_timeout = timeouts
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = response_timeout
    sockets: list[socket] = []
    connected: list[bool] = []

    def remember_socket(event: Event) -> None:
        sockets.append(event.assoc.dul.socket.socket)

    def remember_connection(_event: Event) -> None:
        connected.append(True)

    try:
        association = ae.associate(
            peer.host,
            peer.port,
            contexts=contexts,
            ae_title=peer.ae_title,
            max_pdu=_PDU_SIZE,
            evt_handlers=[(evt.EVT_ACSE_SENT, remember_socket), (evt.EVT_CONN_OPEN, remember_connection)],
        )
        if not association.is_established:
            raise _not_associated(association, peer, connected=bool(connected))
        try:
            yield association
        finally:
            association.release()
    except gaierror as error:
        raise PeerRefused(f"{peer.name}: the host {peer.host} is not known", permanent=False) from error
    finally:
        # pynetdicom forgets to close a socket whose other end is gone.
        for each in sockets:
            if each is not None:
                each.close()


def _not_associated(association: Association, peer: Peer, *, connected: bool) -> PeerRefused:
    answer = association.acceptor.primitive
    if association.is_rejected:
        words = f"{answer.result_str}, {answer.source_str}, {answer.reason_str}"
        return PeerRefused(f"{peer.name} rejected the association: {words}", permanent=answer.result == 1)
    if answer is not None:
        return PeerRefused(f"{peer.name} accepted no presentation context", permanent=True)
    if connected:
        return PeerRefused(f"{peer.name} ended the association or did not answer", permanent=False)
    where = f"{peer.host}, port {peer.port}"
    return PeerRefused(f"{peer.name} cannot be reached at {where}", permanent=False)


def _store(association: Association, each: _Object, message_id: int, peer: Peer) -> Dataset:
    try:
        response = association.send_c_store(each.path, msg_id=message_id)
    except RuntimeError as error:  # the association has ended since the last response
        raise PeerRefused(f"{peer.name} ended the association", permanent=False) from error
    if "Status" not in response:
        raise PeerRefused(f"{peer.name} did not answer to {each}, or hung up", permanent=False)
    return response


def _words(response: Dataset) -> str:
    """The status, its meaning in the standard, and the comment of the peer (0000,0902)."""
    _, meaning = STORAGE_SERVICE_CLASS_STATUS.get(response.Status, ("", ""))
    comment = "".join(c for c in str(response.get("ErrorComment", "")) if c.isprintable())
    return ", ".join(filter(None, (f"status 0x{response.Status:04X}", meaning, comment)))
