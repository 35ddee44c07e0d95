"""Bounds on what strangers can make the node hold: pynetdicom has none before it knows who is calling.

Its reader believes the length that a PDU announces, up to 4 GiB, and waits for it without end.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from pynetdicom.association import Association
from pynetdicom.transport import AssociationServer, AssociationSocket

# An A-ASSOCIATE-RQ of 128 contexts that names every transfer syntax takes about half of this.
_LARGEST_PDU = 1 << 20  # bytes


class PduTooLarge(ConnectionError):
    """A PDU announces more bytes than any honest peer sends; the connection is closed."""


class PduTooSlow(ConnectionError):
    """A PDU did not come to its end in time; the connection is closed."""


def bound_reads(association: Association, *, pdu_size: int, seconds: float) -> None:
    """Let `association` read PDUs up to `pdu_size` bytes, or 1 MiB where that is less, each in `seconds`."""
    wire = association.dul.socket
    wire.socket.settimeout(seconds)
    wire.recv = partial(_read, wire, largest=max(pdu_size, _LARGEST_PDU), seconds=seconds)


def connections_per_address(server: AssociationServer, most: int) -> Callable[[Any, Any], bool]:
    """A `verify_request` for `server`: whether an address has fewer than `most` connections."""

    def verify(_request: Any, client_address: tuple[Any, ...]) -> bool:
        peers = [association.requestor.address_info for association in server.active_associations]
        return sum(peer is not None and peer.address == client_address[0] for peer in peers) < most

    return verify


def _read(wire: AssociationSocket, count: int, *, largest: int, seconds: float) -> bytearray:
    """Read `count` bytes, or fewer where the peer ends the connection, as AssociationSocket.recv does."""
    if count > largest:
        raise PduTooLarge(f"a PDU of {count} bytes was announced; the connection was closed")
    buffer = bytearray(count)
    deadline = time.monotonic() + seconds
    have = 0
    while have < count:
        if time.monotonic() > deadline:
            raise PduTooSlow(f"a PDU was not complete after {seconds:g} s; the connection was closed")
        got = wire.socket.recv_into(memoryview(buffer)[have:])
        if not got:
            return buffer[:have]
        have += got
    return buffer
