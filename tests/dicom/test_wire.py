"""Strangers cannot make the node hold much, nor keep known peers out."""

import socket
import struct
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from samd.dicom.deliver import Peer, echo
from samd.dicom.receive import Node, NodeLimits
from tests.dicom.loopback import RememberingJournal, data_set, sending_to, start_node

LIMITS = NodeLimits(associations=3, connections_per_address=8, acse_timeout=30, network_timeout=1)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with start_node(tmp_path, RememberingJournal(), limits=LIMITS) as node:
        yield node


def connect(node: Node) -> socket.socket:
    return socket.create_connection(("127.0.0.1", node.port), timeout=10)


def is_hung_up(connection: socket.socket) -> bool:
    try:
        while connection.recv(1024):
            pass  # an A-ABORT may come first
    except ConnectionResetError:
        pass
    return True


def is_hung_up_soon(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        return is_hung_up(connection)
    except TimeoutError:
        return False


def trickle(connection: socket.socket) -> None:
    for _ in range(100):
        connection.sendall(b"\0")
        time.sleep(0.1)


def echo_to(node: Node) -> None:
    echo(Peer("the node", "SAMD", "127.0.0.1", node.port), calling_ae="SCANNER")


@pytest.mark.requirement("NODE-03")
@pytest.mark.parametrize("kind", [0x01, 0x04])
def test_a_pdu_that_announces_gigabytes_is_cut_before_it_is_read(node: Node, kind: int) -> None:
    tracemalloc.start()
    with connect(node) as stranger:
        stranger.sendall(struct.pack(">BBL", kind, 0, 0xFFFFFFFF))

        assert is_hung_up(stranger)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20


@pytest.mark.requirement("NODE-03")
def test_a_known_peer_cannot_announce_gigabytes_either(node: Node) -> None:
    with sending_to(node.port) as sender:
        sender.association.dul.socket.send(struct.pack(">BBL", 0x04, 0, 0xFFFFFFFF))

        sender.association.join(10)
        assert sender.association.is_aborted
    echo_to(node)


@pytest.mark.requirement("NODE-03")
def test_a_pdu_that_comes_byte_by_byte_is_cut_in_time(node: Node) -> None:
    with connect(node) as stranger:
        stranger.sendall(struct.pack(">BBL", 0x01, 0, 60_000))

        with pytest.raises(OSError, match=r"Broken pipe|Connection reset"):
            trickle(stranger)


@pytest.mark.requirement("NODE-03")
def test_silent_connections_do_not_keep_a_known_peer_out(node: Node) -> None:
    with ExitStack() as strangers:
        for _ in range(2 * LIMITS.associations):
            strangers.enter_context(connect(node))

        echo_to(node)


@pytest.mark.requirement("NODE-03")
def test_an_address_with_too_many_connections_is_hung_up_on(node: Node) -> None:
    heard = 0
    with ExitStack() as strangers:
        while not is_hung_up_soon(strangers.enter_context(connect(node))):
            heard += 1

    assert heard == LIMITS.connections_per_address


@pytest.mark.requirement("NODE-03")
@pytest.mark.parametrize(
    "rubbish",
    [b"GET / HTTP/1.1\r\n\r\n", bytes(100), struct.pack(">BBL", 0x01, 0, 10) + bytes(10)],
    ids=["another protocol", "zeros", "a malformed request"],
)
def test_rubbish_is_hung_up_on_and_the_next_peer_served(node: Node, rubbish: bytes) -> None:
    with connect(node) as stranger:
        stranger.sendall(rubbish)
        assert is_hung_up(stranger)

    echo_to(node)


@pytest.mark.requirement("NODE-01")
def test_an_object_of_many_pdus_comes_whole(node: Node) -> None:
    content = data_set(patient_name="x" * 60_000) + bytes(700_000)

    with sending_to(node.port) as sender:
        assert sender.store(content).Status == 0x0000
