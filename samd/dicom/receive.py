"""The node: a storage SCP that answers success only when an object is durable and recorded (PS3.4 Annex B).

`serve` starts it. Who may send is asked of `find_peer` at every association; what happens is told to a
`Journal`. Data sets are stored as received: only their first few elements are read, pixels never.
"""

import logging
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from pydicom.dataset import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.sop_class import Verification

from samd.dicom.contexts import acceptable
from samd.dicom.header import Header, UnreadableHeader, read_header
from samd.dicom.storage import (
    DiskFull,
    StoredFile,
    StoredFileDiffers,
    clear_unfinished,
    discard,
    part10,
    store,
)
from samd.dicom.wire import bound_reads, connections_per_address
from samd.domain.identity import is_uid

logger = logging.getLogger(__name__)

# pynetdicom would otherwise log every message, and with it the names of patients.
_config.LOG_HANDLER_LEVEL = "none"

# C-STORE response status (PS3.4 Table B.2-1, PS3.7 Annex C).
_SUCCESS = 0x0000
_PROCESSING_FAILURE = 0x0110
_NOT_AUTHORISED = 0x0124
_OUT_OF_RESOURCES = 0xA700
_DATA_SET_DOES_NOT_MATCH = 0xA900
_CANNOT_UNDERSTAND = 0xC000

# A-ASSOCIATE-RJ result, source and reason (PS3.8 Table 9-21).
_CALLING_AE_NOT_RECOGNISED = (1, 1, 3)
_CALLED_AE_NOT_RECOGNISED = (1, 1, 7)
_NO_REASON_TRY_AGAIN = (2, 1, 1)
_LOCAL_LIMIT_EXCEEDED = (2, 3, 2)

_C_STORE_RQ = 0x0001  # Command Field (PS3.7 E.1)
_CODE_STRING = re.compile(r"[A-Z0-9 _]{1,16}")  # PS3.5 6.2


class CannotListen(Exception):
    """The node cannot open its port."""


@dataclass(frozen=True, slots=True)
class NodeLimits:
    """What one node grants its peers. Times are in seconds, sizes in bytes."""

    associations: int = 25  # served at one time; one more is told to try again
    connections_per_address: int = 50  # more are closed unheard
    acse_timeout: float = 15  # to ask for an association, and to close the connection after one
    dimse_timeout: float = 60
    network_timeout: float = 60  # of silence, after which an association is aborted
    pdu_size: int = 128 * 1024  # the largest P-DATA-TF announced to senders
    object_size: int = 4 * 1024**3  # the largest data set


SANE_LIMITS = NodeLimits()


@dataclass(frozen=True, slots=True)
class Arrival:
    """One object that is durable as `file`; `modality` is empty where the object does not say it well."""

    association: str
    peer: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    modality: str
    file: StoredFile


class Refused(StrEnum):
    """What was refused."""

    ASSOCIATION = "association"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An association or an instance that was not accepted, and why, without identifiers of patients.

    `association` and `peer` are known of an instance; `status` is that of the C-STORE response, or
    None where none could be sent.
    """

    kind: Refused
    calling_ae: str
    called_ae: str
    address: str
    reason: str
    association: str = ""
    peer: str = ""
    status: int | None = None


class Journal(Protocol):
    """Where the node writes down what happens. Its methods are called from many threads at once.

    `stored` returns only after its row is committed, and raises only after nothing of it is: the
    sender is answered accordingly. It writes a row that is missing also for a file that is not new.
    `closed` follows every `opened` exactly once, after the last `stored` of that association.
    """

    def opened(self, association: str, peer: str) -> None: ...

    def stored(self, arrival: Arrival) -> None: ...

    def closed(self, association: str) -> None: ...

    def refused(self, refusal: Refusal) -> None: ...


def serve(
    *,
    ae_title: str,
    host: str,
    port: int,
    root: Path,
    find_peer: Callable[[str, str], str | None],
    journal: Journal,
    limits: NodeLimits = SANE_LIMITS,
) -> "Node":
    """Start a node that stores under `root`, in threads of its own, and return it running.

    `find_peer(calling AE title, IP address)` gives the name of a known peer, or None; port 0 takes a
    free one. Only one node may store under a root. Raises CannotListen.
    """
    root.mkdir(parents=True, exist_ok=True)
    if unfinished := clear_unfinished(root):
        logger.warning("%d files were left half written by a crash and were removed.", unfinished)
    node = Node(ae_title=ae_title, root=root, find_peer=find_peer, journal=journal, limits=limits)
    node.listen(host, port)
    return node


@dataclass(slots=True, eq=False)
class _Visit:
    """What the node knows of one association; `received` counts the bytes of the message under way."""

    association: str
    peer: str
    calling_ae: str
    called_ae: str
    address: str
    farewell: threading.Thread | None = None
    received: int = 0


class _NotAdmitted(Exception):
    """Why an association is rejected, and the result, source and reason that say so."""

    def __init__(self, answer: tuple[int, int, int], reason: str) -> None:
        super().__init__(reason)
        self.answer = answer


class _NotStored(Exception):
    """Why an instance is refused, and the status that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Node:
    """A running node, made by `serve`; leaving its context stops it."""

    def __init__(
        self,
        *,
        ae_title: str,
        root: Path,
        find_peer: Callable[[str, str], str | None],
        journal: Journal,
        limits: NodeLimits,
    ) -> None:
        self._ae_title = ae_title
        self._root = root
        self._find_peer = find_peer
        self._journal = journal
        self._limits = limits
        self._visits: dict[Association, _Visit] = {}
        self._admission = threading.Lock()
        self._stopping = False
        # One study is stored by one thread at a time, so that undoing a failed store never takes away
        # the file or the folder of another. Studies that share a lock by chance only wait.
        self._study_locks = tuple(threading.Lock() for _ in range(64))

    def listen(self, host: str, port: int) -> None:
        """Open the port and serve in the background; raises CannotListen."""
        ae = AE(self._ae_title)
        ae.acse_timeout = self._limits.acse_timeout
        ae.dimse_timeout = self._limits.dimse_timeout
        ae.network_timeout = self._limits.network_timeout
        ae.maximum_pdu_size = self._limits.pdu_size
        # pynetdicom counts silent connections too, which would let anyone shut the peers out.
        ae.maximum_associations = 1_000_000
        handlers = [
            (evt.EVT_CONN_OPEN, self._on_connection),
            (evt.EVT_REQUESTED, self._on_request),
            (evt.EVT_DATA_RECV, self._on_data),
            (evt.EVT_DIMSE_RECV, self._on_message),
            (evt.EVT_C_STORE, self._on_store),
        ]
        try:
            self._server = ae.start_server(
                (host, port), block=False, contexts=acceptable([Verification]), evt_handlers=handlers
            )
        except OSError as error:
            raise CannotListen(f"cannot listen on {host}, port {port}: {error.strerror}") from error
        self._server.verify_request = connections_per_address(
            self._server, self._limits.connections_per_address
        )

    @property
    def port(self) -> int:
        """The port that the node listens on."""
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Close the port, abort what is open, and return when the last `closed` is in the journal."""
        with self._admission:
            self._stopping = True
            visits = dict(self._visits)
        self._server.shutdown()
        for association in self._server.active_associations:
            if association in visits:
                association.abort(block=False)
            else:
                association.dul.socket.close()
        for association, visit in visits.items():
            association.join()
            if visit.farewell is not None:
                visit.farewell.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # Associations

    def _on_connection(self, event: Event) -> None:
        bound_reads(event.assoc, pdu_size=self._limits.pdu_size, seconds=self._limits.network_timeout)

    def _on_request(self, event: Event) -> None:
        association = event.assoc
        request = association.requestor.primitive
        visit = _Visit(
            association=uuid.uuid4().hex,
            peer="",
            calling_ae=request.calling_ae_title.strip(),
            called_ae=request.called_ae_title.strip(),
            address=association.requestor.address_info.address,
        )
        try:
            self._admit(association, visit)
        except _NotAdmitted as refusal:
            self._refuse(visit, Refused.ASSOCIATION, str(refusal))
            association.acse.send_reject(*refusal.answer)
            # Returns when the rejection has been sent; until then pynetdicom must not hang up.
            association.kill()
            return
        proposed = [context.abstract_syntax for context in request.presentation_context_definition_list]
        association.acceptor.supported_contexts = acceptable(proposed)

    def _admit(self, association: Association, visit: _Visit) -> None:
        """Let a known peer in and write it down; raises _NotAdmitted."""
        try:
            peer = self._find_peer(visit.calling_ae, visit.address)
        except Exception as error:
            logger.exception("The peers could not be looked up; the association was rejected for now.")
            raise _NotAdmitted(_NO_REASON_TRY_AGAIN, "the peers could not be looked up") from error
        if peer is None:
            raise _NotAdmitted(_CALLING_AE_NOT_RECOGNISED, "no peer with this AE title and address is known")
        visit.peer = peer
        if visit.called_ae != self._ae_title:
            raise _NotAdmitted(_CALLED_AE_NOT_RECOGNISED, "the called AE title is not that of this node")
        with self._admission:
            if self._stopping:
                raise _NotAdmitted(_NO_REASON_TRY_AGAIN, "the node is stopping")
            if len(self._visits) >= self._limits.associations:
                raise _NotAdmitted(
                    _LOCAL_LIMIT_EXCEEDED, f"{self._limits.associations} associations are open already"
                )
            self._visits[association] = visit
        try:
            self._journal.opened(visit.association, peer)
        except Exception as error:
            del self._visits[association]
            logger.exception("An association could not be written down; it was rejected for now.")
            raise _NotAdmitted(_NO_REASON_TRY_AGAIN, "the association could not be written down") from error
        # No event of pynetdicom fires in every case, and exactly once: the end of the thread does.
        visit.farewell = threading.Thread(
            target=self._see_off, args=(association, visit), name=f"farewell-{visit.association}", daemon=True
        )
        visit.farewell.start()

    def _see_off(self, association: Association, visit: _Visit) -> None:
        association.join()
        try:
            self._journal.closed(visit.association)
        except Exception:
            logger.exception("The end of association %s could not be written down.", visit.association)
        finally:
            del self._visits[association]

    def _refuse(self, visit: _Visit, kind: Refused, reason: str, *, status: int | None = None) -> None:
        logger.warning("An %s of %s at %s was refused: %s.", kind, visit.calling_ae, visit.address, reason)
        try:
            self._journal.refused(
                Refusal(
                    kind=kind,
                    calling_ae=visit.calling_ae,
                    called_ae=visit.called_ae,
                    address=visit.address,
                    reason=reason,
                    association=visit.association if kind is Refused.INSTANCE else "",
                    peer=visit.peer,
                    status=status,
                )
            )
        except Exception:
            logger.exception("This refusal could not be written down.")

    # Messages

    def _on_data(self, event: Event) -> None:
        visit = self._visits.get(event.assoc)
        if visit is None or not event.assoc.is_established:
            return
        visit.received += len(event.data)
        if visit.received > self._limits.object_size:
            event.assoc.abort(block=False)
            self._refuse(visit, Refused.INSTANCE, f"it has more than {self._limits.object_size} bytes")

    def _on_message(self, event: Event) -> None:
        visit = self._visits.get(event.assoc)
        if visit is None:
            return
        visit.received = 0
        command = event.message.command_set
        if command.get("CommandField") != _C_STORE_RQ:
            return
        if command.get("AffectedSOPClassUID") and command.get("AffectedSOPInstanceUID"):
            return
        # pynetdicom drops such a request without a word, and the sender would wait for its answer.
        reason = "the request does not name its SOP class and instance"
        self._refuse(visit, Refused.INSTANCE, reason, status=_DATA_SET_DOES_NOT_MATCH)
        response = C_STORE()
        response.MessageIDBeingRespondedTo = command.MessageID
        response.Status = _DATA_SET_DOES_NOT_MATCH
        response.ErrorComment = reason
        event.assoc.dimse.send_msg(response, event.message.context_id)

    def _on_store(self, event: Event) -> Dataset:
        response = Dataset()
        response.Status = _SUCCESS
        visit = self._visits.get(event.assoc)
        try:
            if visit is None:
                raise _NotStored(_NOT_AUTHORISED, "the association was not admitted")
            self._take_in(event, visit)
        except _NotStored as refusal:
            response.Status = refusal.status
            response.ErrorComment = str(refusal)[:64]
            if visit is not None:
                self._refuse(visit, Refused.INSTANCE, str(refusal), status=refusal.status)
        return response

    def _take_in(self, event: Event, visit: _Visit) -> None:
        """Check, store and record the object of a C-STORE request; raises _NotStored."""
        request, context = event.request, event.context
        data_set = request.DataSet.getvalue()
        try:
            header = read_header(data_set, transfer_syntax_uid=context.transfer_syntax)
        except UnreadableHeader as error:
            raise _NotStored(_CANNOT_UNDERSTAND, str(error)) from error
        _check(header, request.AffectedSOPClassUID, request.AffectedSOPInstanceUID, context.abstract_syntax)
        with self._study_locks[hash(header.study_instance_uid) % len(self._study_locks)]:
            try:
                self._keep(header, data_set, str(context.transfer_syntax), visit)
            except DiskFull as error:
                raise _NotStored(_OUT_OF_RESOURCES, "no room is left; nothing was kept") from error
            except StoredFileDiffers as error:
                raise _NotStored(_PROCESSING_FAILURE, str(error)) from error
            except Exception as error:
                # Not its text, which may hold what the database or the file system was told.
                cause = error.strerror if isinstance(error, OSError) else type(error).__name__
                raise _NotStored(_PROCESSING_FAILURE, f"not stored, nothing was kept: {cause}") from error

    def _keep(self, header: Header, data_set: bytes, transfer_syntax_uid: str, visit: _Visit) -> None:
        content = part10(
            data_set,
            sop_class_uid=header.sop_class_uid,
            sop_instance_uid=header.sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
        )
        file = store(
            self._root,
            study_instance_uid=header.study_instance_uid,
            sop_instance_uid=header.sop_instance_uid,
            content=content,
        )
        arrival = Arrival(
            association=visit.association,
            peer=visit.peer,
            study_instance_uid=header.study_instance_uid,
            series_instance_uid=header.series_instance_uid,
            sop_instance_uid=header.sop_instance_uid,
            sop_class_uid=header.sop_class_uid,
            transfer_syntax_uid=transfer_syntax_uid,
            modality=header.modality if _CODE_STRING.fullmatch(header.modality) else "",
            file=file,
        )
        try:
            self._journal.stored(arrival)
        except BaseException:
            if file.is_new:
                discard(self._root, file)
            raise


def _check(header: Header, sop_class_uid: str, sop_instance_uid: str, abstract_syntax: str) -> None:
    """Raise _NotStored unless every UID is one, and the data set, the request and the context agree."""
    uids = {
        "SOP Class UID": header.sop_class_uid,
        "SOP Instance UID": header.sop_instance_uid,
        "Study Instance UID": header.study_instance_uid,
        "Series Instance UID": header.series_instance_uid,
    }
    for name, uid in uids.items():
        if not is_uid(uid):
            problem = "breaks the UID grammar" if uid else "is missing"
            raise _NotStored(_DATA_SET_DOES_NOT_MATCH, f"its {name} {problem}")
    if header.sop_instance_uid != sop_instance_uid:
        raise _NotStored(_DATA_SET_DOES_NOT_MATCH, "its SOP Instance UID is not that of the request")
    if not header.sop_class_uid == sop_class_uid == abstract_syntax:
        raise _NotStored(_DATA_SET_DOES_NOT_MATCH, "its SOP Class UID is not that of the request")
