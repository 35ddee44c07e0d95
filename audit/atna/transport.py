"""Carrying frames to the audit repository over mutual TLS, and knowing that they arrived (RFC 5425).

Syslog has no acknowledgement: what was written to a socket may lie in a buffer of a machine that is about
to die. So every batch has a connection of its own, and counts as taken only after an orderly end: we send
close_notify, the repository answers with its own (RFC 5425 4.4) or at least closes (rsyslog on GnuTLS), and
TCP ends in order too, with every octet acknowledged. A close_notify alone would not do, for a repository
that is being shut down sends one as well, with half of the batch unread; but whoever closes a socket with
something unread in it, or dies, sends a reset in place of an orderly end.

What is lost behind that point, in the repository, is out of reach of this protocol.
"""

import errno
import fcntl
import socket
import ssl
import struct
import termios
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_GONE = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN})
_WENT_AWAY = "went away before it had read the whole batch"
_PAUSE = 0.01  # seconds between two looks for an acknowledgement


class NotTaken(Exception):
    """The repository has not confirmed the batch; the message says in plain words why. Send it again."""


@dataclass(frozen=True, slots=True)
class Repository:
    """Where the audit repository is, whom we trust to be it, and how we show who we are.

    `authority` holds its certificate authority, `certificate` and `key` are ours, all PEM; `patience` is how
    many seconds each step may take.
    """

    host: str
    port: int
    authority: Path
    certificate: Path
    key: Path
    patience: float = 30.0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def deliver(frames: Iterable[bytes], repository: Repository) -> None:
    """Return once the repository has taken all of `frames`; raises NotTaken."""
    context = _context(repository)
    try:
        with (
            socket.create_connection((repository.host, repository.port), repository.patience) as plain,
            context.wrap_socket(plain, server_hostname=repository.host) as connection,
        ):
            for frame in frames:
                connection.sendall(frame)
            _end(connection, repository)
    except ssl.SSLCertVerificationError as problem:
        raise NotTaken(
            f"{repository} has a certificate that {repository.authority} does not vouch for "
            f"({problem.verify_message}); nothing was sent"
        ) from problem
    except ssl.SSLEOFError as problem:
        raise NotTaken(f"{repository} {_WENT_AWAY}") from problem
    except ssl.SSLError as problem:
        reason = problem.reason or type(problem).__name__
        raise NotTaken(f"{repository} and we do not agree on TLS: {reason}") from problem
    except TimeoutError as problem:
        raise NotTaken(f"{repository} did not answer within {repository.patience:g} s") from problem
    except OSError as problem:
        if problem.errno in _GONE:
            raise NotTaken(f"{repository} {_WENT_AWAY}") from problem
        raise NotTaken(f"{repository} is not there: {problem.strerror or problem}") from problem


def _context(repository: Repository) -> ssl.SSLContext:
    """Made anew for each batch, so that a certificate that was renewed is used at once."""
    try:
        context = ssl.create_default_context(cafile=repository.authority)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(repository.certificate, repository.key)
    except OSError as problem:  # an SSLError too
        files = f"{repository.authority}, {repository.certificate}, {repository.key}"
        why = problem.strerror or problem
        raise NotTaken(f"the certificates for {repository} cannot be used ({files}): {why}") from problem
    return context


def _end(connection: ssl.SSLSocket, repository: Repository) -> None:
    """Close in order; raises NotTaken where that does not prove that everything was read."""
    if not _is_open(connection, repository.patience):
        raise NotTaken(f"{repository} closed the connection before the batch was complete")
    with suppress(ssl.SSLEOFError):  # it closed without a close_notify
        connection.unwrap()
    connection.shutdown(socket.SHUT_WR)
    if connection.recv(1):
        raise NotTaken(f"{repository} spoke after its end, which no syslog receiver does")
    deadline = time.monotonic() + repository.patience
    while _unacknowledged(connection):
        if time.monotonic() > deadline:
            raise NotTaken(f"{repository} {_WENT_AWAY}")
        time.sleep(_PAUSE)


def _is_open(connection: ssl.SSLSocket, patience: float) -> bool:
    """Whether the other side has said nothing yet; it has nothing to say."""
    connection.setblocking(False)
    try:
        connection.recv(1)
    except ssl.SSLWantReadError:
        return True
    finally:
        connection.settimeout(patience)
    return False


def _unacknowledged(connection: socket.socket) -> int:
    """How many octets that we wrote, the end included, the other side's kernel has not acknowledged."""
    (octets,) = struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))
    return int(octets)
