"""Who signs checkpoints: a key in a file that nobody else can read, or a program that holds the key.

The key stands outside the database. In production the sealing process runs as an operating-system user
of its own, and the file belongs to that user; a hardware token is reached through a program.
"""

import os
import re
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.anchor import make_durable
from audit.note import NoteRefused, VerifierKey

_SECONDS = 10.0  # that a signing program may take
_ORIGIN = re.compile(r"[\x21-\x2a\x2c-\x7e]{1,200}")  # printable ASCII without "+"


class KeyRefused(Exception):
    """There is no usable signing key; the message says what to do."""


@dataclass(frozen=True, slots=True)
class FileSigner:
    """An Ed25519 key that was read from a file."""

    key: VerifierKey
    private: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


@dataclass(frozen=True, slots=True)
class CommandSigner:
    """A program that reads a message on standard input and writes its Ed25519 signature, 64 bytes.

    This is how a PKCS#11 token signs: its private key never leaves it. A token may hold several keys: the
    variable AUDIT_KEY_PUBLIC tells the program, in hex, the public key of the one that is to sign.
    """

    key: VerifierKey
    command: Sequence[str]

    def sign(self, message: bytes) -> bytes:
        """Raises KeyRefused where the program fails or gives anything but the signature."""
        try:
            done = subprocess.run(
                list(self.command),
                input=message,
                capture_output=True,
                timeout=_SECONDS,
                check=True,
                env={**os.environ, "AUDIT_KEY_PUBLIC": self.key.public.hex()},
            )
        except (OSError, subprocess.SubprocessError) as problem:
            raise KeyRefused(
                f"the signing program {self.command[0]} failed: {problem}. Nothing is sealed until it works"
            ) from problem
        if not self.key.verify(done.stdout, message.decode()):
            raise KeyRefused(
                f"the signing program {self.command[0]} gave no signature of {self.key}. Nothing is sealed "
                f"until it signs with that key"
            )
        return done.stdout


def make_key(path: Path, *, origin: str) -> VerifierKey:
    """Make a key for the log `origin`: the private part in `path`, for its owner alone, and beside it `.pub`.

    Raises KeyRefused where there is one already, and where a log cannot be called that.
    """
    if not _ORIGIN.fullmatch(origin):
        raise KeyRefused(
            f"a log cannot be called {origin!r}: ASCII without spaces and without + was expected"
        )
    if path.exists():
        raise KeyRefused(f"{path} exists; a key is replaced by its successor, never overwritten")
    private = Ed25519PrivateKey.generate()
    signer = FileSigner(VerifierKey(origin, private.public_key().public_bytes_raw()), private)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_key(path, signer)
    write_public(public_part(path), signer.key)
    return signer.key


def write_key(path: Path, signer: FileSigner) -> None:
    """Put the private key of `signer` in `path`, whole or not at all, for its owner alone."""
    _write(path, f"{signer.key.name}\n{signer.private.private_bytes_raw().hex()}\n", mode=0o600)


def write_public(path: Path, key: VerifierKey) -> None:
    """Put `key` in `path`, whole or not at all, for everybody to read."""
    _write(path, f"{key}\n", mode=0o644)


def _write(path: Path, text: str, *, mode: int) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    with open(unfinished, "x", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    make_durable(path.parent)


def public_part(path: Path) -> Path:
    """The file of the verifier key that belongs to the private key in `path`."""
    return path.with_name(f"{path.name}.pub")


def read_public(path: Path) -> VerifierKey:
    """The verifier key in the file `path`; raises KeyRefused."""
    try:
        return VerifierKey.parse(path.read_text())
    except OSError as problem:
        raise KeyRefused(f"there is no public key of the trail at {path}: {problem.strerror}") from problem
    except (NoteRefused, UnicodeDecodeError) as problem:
        raise KeyRefused(f"{path}: {problem}") from problem


def read_key(path: Path) -> FileSigner:
    """The signer whose key is in `path`; raises KeyRefused, also where others could read it."""
    try:
        with path.open() as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except OSError as problem:
        raise KeyRefused(f"the signing key {path} cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError:
        mode, text = 0, ""
    if stat.S_IMODE(mode) & 0o077:
        raise KeyRefused(
            f"{path} can be read by others, so anybody may have signed with it; run: chmod 600 {path}"
        )
    try:
        origin, raw = text.split()
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(raw))
    except ValueError:
        raise KeyRefused(f"{path} holds no signing key of this trail; put back the copy of it") from None
    return FileSigner(VerifierKey(origin, private.public_key().public_bytes_raw()), private)
