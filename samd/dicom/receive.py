"""The node: a storage SCP that answers success only when an object is durable and recorded (PS3.4 Annex B).

`serve` starts it. Who may send is asked of `find_peer` at every association; what happens is told to a
`Journal`. Data sets are stored as received: only their first few elements are read, pixels never.
"""

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from pydicom.dataset import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event

from samd.dicom.contexts import negotiable
from samd.dicom.header import Header, UnreadableHeader, read_header
from samd.dicom.storage import DiskFull, StoredFile, clear_unfinished, discard, part10, store
from samd.dicom.wire import bound_reads, one_address_at_most
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

_C_STORE_RQ = 0x0001


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

    `find_peer(calling AE title, IP address)` gives the name of a known peer, or None; `port` 0 takes a
    free one. Only one node may serve a root. Raises CannotListen.
    """
    root.mkdir(parents=True, exist_ok=True)
    if unfinished := clear_unfinished(root):
        logger.warning("%d files were left half received by a crash; they were removed.", unfinished)
    return Node(ae_title, (host, port), root=root, find_peer=find_peer, journal=journal, limits=limits)


@dataclass(slots=True)
class _Visit:
    """What the node knows of one association; `received` counts the bytes of the message under way."""

    association: str
    peer: str
    calling_ae: str
    called_ae: str
    address: str
    received: int = 0


class _NotStored(Exception):
    """Why an instance is refused, and the status that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Node:
    """A running node; leaving its context stops it."""

    def __init__(
        self,
        ae_title: str,
        address: tuple[str, int],
        *,
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
        self._farewells: set[threading.Thread] = set()
        # One study is stored by one thread at a time, so that undoing a failed store never takes the
        # file or the folder of another. Studies that share a lock by chance only wait for each other.
        self._study_locks = tuple(threading.Lock() for _ in range(64))
        self._ae = AE(ae_title)
        self._ae.acse_timeout = limits.acse_timeout
        self._ae.dimse_timeout = limits.dimse_timeout
        self._ae.network_timeout = limits.network_timeout
        self._ae.maximum_pdu_size = limits.pdu_size
        # pynetdicom counts silent connections too, which would let anyone shut the peers out.
        self._ae.maximum_associations = 1_000_000
        handlers = [
            (evt.EVT_CONN_OPEN, self._on_connection),
            (evt.EVT_REQUESTED, self._on_request),
            (evt.EVT_DATA_RECV, self._on_data),
            (evt.EVT_DIMSE_RECV, self._on_message),
            (evt.EVT_C_STORE, self._on_store),
        ]
        try:
            self._server = self._ae.start_server(
                address, block=False, evt_handlers=handlers, contexts=negotiable(["1.2.840.10008.1.1"])
            )
        except OSError as error:
            raise CannotListen(
                f"the node cannot listen on {address[0]}, port {address[1]}: {error.strerror}"
            ) from error
        self._server.verify_request = one_address_at_most(self._server, limits.connections_per_address)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])
