"""An audit repository for tests: syslog over mutual TLS, read strictly after RFC 5424 and RFC 5425.

Whatever does not follow the grammar to the letter becomes an entry of `faults`, and a test that uses it
demands that there is none. It knows nothing of the code that sends.
"""

import os
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.audit.atna.certificates import Identity

LONGEST = 8 * 1024 * 1024  # octets of a message

_MESSAGE = re.compile(
    rb"<(?P<priority>0|[1-9][0-9]{0,2})>1 "
    rb"(?P<moment>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    rb"(?:Z|[+-][0-9]{2}:[0-9]{2})) "
    rb"(?P<host>[\x21-\x7e]{1,255}) (?P<application>[\x21-\x7e]{1,48}) (?P<process>[\x21-\x7e]{1,128}) "
    rb"(?P<message_id>[\x21-\x7e]{1,32}) "
    rb'(?P<data>(?:\[[^\s=\]"]{1,32}(?: [^\s=\]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\])+) '
    rb"\xef\xbb\xbf(?P<text>.*)",
    re.DOTALL,
)
_ELEMENT = re.compile(r'\[(?P<id>[^\s=\]"]+)(?P<parameters>(?: [^\s=\]"]+="(?:[^"\\\]]|\\.)*")*)\]')
_PARAMETER = re.compile(r' ([^\s=\]"]+)="((?:[^"\\\]]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Received:
    """One syslog message; `data` holds its structured data, `text` what follows the byte order mark."""

    priority: int
    host: str
    application: str
    process: str
    message_id: str
    data: dict[str, dict[str, str]]
    text: bytes

    @property
    def place(self) -> tuple[int, int]:
        """The entry of the log, and which of its messages."""
        (trail,) = (value for name, value in self.data.items() if name.startswith("trail@"))
        return int(trail["seq"]), int(trail["part"])


def distinct(messages: list[Received]) -> list[Received]:
    """The messages in the order of their arrival, without those that came before."""
    return list({message.place: message for message in reversed(messages)}.values())[::-1]


def read_frames(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The messages of a stream: MSG-LEN SP SYSLOG-MSG, again and again (RFC 5425 4.3)."""
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        while frame := re.match(rb"([1-9][0-9]{0,9}) ", buffer):
            end = frame.end() + int(frame[1])
            if end - frame.end() > LONGEST:
                raise ValueError(f"a message of {frame[1].decode()} octets")
            if len(buffer) < end:
                break
            yield buffer[frame.end() : end]
            buffer = buffer[end:]
        else:
            if buffer and not re.fullmatch(rb"[1-9][0-9]{0,9}", buffer):
                raise ValueError(f"not the count of a frame: {buffer[:40]!r}")
    if buffer:
        raise ValueError(f"the stream ended within a frame, after {len(buffer)} octets of it")


def read_message(message: bytes) -> Received:
    """One message; raises ValueError where it is not of RFC 5424."""
    match = _MESSAGE.fullmatch(message)
    if match is None:
        raise ValueError(f"not a message of RFC 5424: {message[:200]!r}")
    if int(match["priority"]) > 191:
        raise ValueError(f"no such priority: {match['priority']!r}")
    match["text"].decode()
    data = {
        element["id"]: {
            name: re.sub(r"\\(.)", r"\1", value) for name, value in _PARAMETER.findall(element["parameters"])
        }
        for element in _ELEMENT.finditer(match["data"].decode())
    }
    fields = {name: match[name].decode() for name in ("host", "application", "process", "message_id")}
    return Received(int(match["priority"]), **fields, data=data, text=match["text"])


# What a receiver does with a connection in place of reading it: gives whether it went on in order.
Behaviour = Callable[["Receiver", ssl.SSLSocket], None]


@dataclass(slots=True)
class Receiver:
    """Listens from `start` to `stop`, on the same port again and again.

    `behaviour` may be exchanged while it runs, for the next connection.
    """

    identity: Identity
    authority: Path
    behaviour: Behaviour = field(default_factory=lambda: orderly)
    port: int = 0
    messages: list[Received] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    _listener: socket.socket | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        listener.settimeout(0.1)
        self.port = listener.getsockname()[1]
        self.stopping = threading.Event()
        self._listener = listener
        self._thread = threading.Thread(target=self._serve, args=(listener,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self._listener is not None:
            self._listener.close()
        self._thread = self._listener = None

    def _serve(self, listener: socket.socket) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.authority)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(self.identity.certificate, self.identity.key)
        while not self.stopping.is_set():
            try:
                plain, _ = listener.accept()
            except TimeoutError:
                continue
            plain.settimeout(10)
            self.connections += 1
            try:
                with context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False) as connection:
                    self.behaviour(self, connection)
            except (ValueError, OSError) as problem:
                self.faults.append(f"{type(problem).__name__}: {problem}")

    def take(self, connection: ssl.SSLSocket) -> None:
        """Read until the sender's close_notify."""
        for message in read_frames(iter(lambda: connection.recv(65536), b"")):
            self.messages.append(read_message(message))


def orderly(receiver: Receiver, connection: ssl.SSLSocket) -> None:
    """As RFC 5425 4.4 has it: the sender's close_notify is answered with one."""
    receiver.take(connection)
    connection.unwrap().close()


def silent(receiver: Receiver, connection: ssl.SSLSocket) -> None:
    """As rsyslog on GnuTLS does: everything is read, then the socket is closed without a close_notify."""
    receiver.take(connection)
    os.close(connection.detach())


def deaf(receiver: Receiver, connection: ssl.SSLSocket) -> None:
    """Accepts, and never reads a thing."""
    receiver.stopping.wait()
    os.close(connection.detach())


def dies_after(octets: int) -> Behaviour:
    """Reads a part of the batch, writes down what is whole of it, and is killed: its kernel sends a reset."""

    def behave(receiver: Receiver, connection: ssl.SSLSocket) -> None:
        read = b""
        while len(read) < octets and (chunk := connection.recv(min(4096, octets - len(read)))):
            read += chunk
        try:
            for message in read_frames(iter([read])):
                receiver.messages.append(read_message(message))
        except ValueError:
            pass  # the last frame is cut, as it would be
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())

    return behave


def says_goodbye_first(receiver: Receiver, connection: ssl.SSLSocket) -> None:
    """Ends its own direction at once, as one that is shutting down would, and reads nothing."""
    connection.settimeout(0.2)
    try:
        connection.unwrap()
    except OSError:
        receiver.stopping.wait(0.5)
