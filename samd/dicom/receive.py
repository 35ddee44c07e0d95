"""The node: a storage SCP that answers success only when an object is durable and recorded (PS3.4 Annex B).

`serve` starts it. Who may send is asked of `find_peer` at every association; what happens is told to a
`Journal`. Data sets are stored as received: only their first few elements are read, pixels never.
"""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary

from pydicom.dataset import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.sop_class import Verification

from samd.dicom.admission import Admission, NotAdmitted, Visit
from samd.dicom.contexts import acceptable
from samd.dicom.header import Header
from samd.dicom.intake import DATA_SET_DOES_NOT_MATCH, Intake, NotStored
from samd.dicom.journal import Arrival, Journal, Refusal, Refusals, Refused
from samd.dicom.storage import StoredFile, clear_unfinished
from samd.dicom.wire import bound_reads, connections_per_address

__all__ = ["Arrival", "CannotListen", "Journal", "Node", "NodeLimits", "Refusal", "Refused", "serve"]

logger = logging.getLogger(__name__)

# pynetdicom would otherwise log every message, and with it the names of patients.
_config.LOG_HANDLER_LEVEL = "none"

_SUCCESS = 0x0000
_NOT_AUTHORISED = 0x0124  # PS3.7 C.5.19
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
    started = time.time()
    admission = Admission(ae_title, find_peer=find_peer, journal=journal, most=limits.associations)
    node = Node(admission, Intake(root), journal=journal, limits=limits)
    node.listen(ae_title, host, port)
    # Only now: had the port been taken, these could be the files of a node that is at work.
    if unfinished := clear_unfinished(root, before=started):
        logger.warning("%d files were left half written by a crash and were removed.", unfinished)
    return node


class Node:
    """A running node, made by `serve`; leaving its context stops it."""

    def __init__(self, admission: Admission, intake: Intake, *, journal: Journal, limits: NodeLimits) -> None:
        self._admission = admission
        self._intake = intake
        self._journal = journal
        self._refusals = Refusals(journal)
        self._limits = limits
        self._sockets: WeakKeyDictionary[Association, socket] = WeakKeyDictionary()

    def listen(self, ae_title: str, host: str, port: int) -> None:
        """Open the port and serve in the background; raises CannotListen."""
        ae = AE(ae_title)
        ae.acse_timeout = self._limits.acse_timeout
        ae.dimse_timeout = self._limits.dimse_timeout
        ae.network_timeout = self._limits.network_timeout
        ae.maximum_pdu_size = self._limits.pdu_size
        # pynetdicom counts silent connections too, which would let anyone shut the peers out.
        ae.maximum_associations = 1_000_000
        handlers = [
            (evt.EVT_CONN_OPEN, self._on_connection),
            (evt.EVT_CONN_CLOSE, self._on_hang_up),
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
        self._refusals.start()

    @property
    def port(self) -> int:
        """The port that the node listens on."""
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Close the port, abort what is open, and return when the journal knows, or could not be told."""
        visits = self._admission.close()
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
        self._refusals.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _on_connection(self, event: Event) -> None:
        self._sockets[event.assoc] = event.assoc.dul.socket.socket
        bound_reads(event.assoc, pdu_size=self._limits.pdu_size, seconds=self._limits.network_timeout)

    def _on_hang_up(self, event: Event) -> None:
        # pynetdicom forgets to close a socket whose other end is gone.
        if connection := self._sockets.pop(event.assoc, None):
            connection.close()

    def _on_request(self, event: Event) -> None:
        association = event.assoc
        visit = Visit.of(association)
        try:
            self._admission.admit(association, visit)
        except NotAdmitted as refusal:
            self._refuse(visit, Refused.ASSOCIATION, str(refusal))
            association.acse.send_reject(*refusal.answer)
            # Returns when the rejection has been sent; until then pynetdicom must not hang up.
            association.kill()
            return
        proposed = association.requestor.primitive.presentation_context_definition_list
        association.acceptor.supported_contexts = acceptable(cx.abstract_syntax for cx in proposed)

    def _on_data(self, event: Event) -> None:
        visit = self._admission.visit_of(event.assoc)
        if visit is None or not event.assoc.is_established:
            return
        visit.received += len(event.data)
        if visit.received > self._limits.object_size:
            event.assoc.abort(block=False)
            self._refuse(visit, Refused.INSTANCE, f"it has more than {self._limits.object_size} bytes")

    def _on_message(self, event: Event) -> None:
        visit = self._admission.visit_of(event.assoc)
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
        self._refuse(visit, Refused.INSTANCE, reason, status=DATA_SET_DOES_NOT_MATCH)
        response = C_STORE()
        response.MessageIDBeingRespondedTo = command.MessageID
        response.Status = DATA_SET_DOES_NOT_MATCH
        response.ErrorComment = reason
        event.assoc.dimse.send_msg(response, event.message.context_id)

    def _on_store(self, event: Event) -> Dataset:
        response = Dataset()
        response.Status = _SUCCESS
        visit = self._admission.visit_of(event.assoc)
        try:
            if visit is None:
                raise NotStored(_NOT_AUTHORISED, "the association was not admitted")
            self._take_in(event, visit)
            visit.accepted += 1
        except NotStored as refusal:
            response.Status = refusal.status
            response.ErrorComment = str(refusal)[:64]
            if visit is not None:
                self._refuse(visit, Refused.INSTANCE, str(refusal), status=refusal.status)
        return response

    def _take_in(self, event: Event, visit: Visit) -> None:
        request, context = event.request, event.context
        if request.AffectedSOPClassUID != context.abstract_syntax:
            raise NotStored(DATA_SET_DOES_NOT_MATCH, "its SOP class is not that of its presentation context")

        def record(header: Header, file: StoredFile) -> None:
            arrival = Arrival(
                association=visit.association,
                peer=visit.peer,
                study_instance_uid=header.study_instance_uid,
                series_instance_uid=header.series_instance_uid,
                sop_instance_uid=header.sop_instance_uid,
                sop_class_uid=header.sop_class_uid,
                transfer_syntax_uid=str(context.transfer_syntax),
                modality=header.modality if _CODE_STRING.fullmatch(header.modality) else "",
                patient=header.patient,
                file=file,
            )
            self._journal.stored(arrival)

        self._intake.take_in(
            request.DataSet.getvalue(),
            sop_class_uid=str(request.AffectedSOPClassUID),
            sop_instance_uid=str(request.AffectedSOPInstanceUID),
            transfer_syntax_uid=str(context.transfer_syntax),
            record=record,
        )

    def _refuse(self, visit: Visit, kind: Refused, reason: str, *, status: int | None = None) -> None:
        logger.warning("An %s of %s at %s was refused: %s.", kind, visit.calling_ae, visit.address, reason)
        self._refusals.write(
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
