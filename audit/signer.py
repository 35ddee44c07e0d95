"""Who signs checkpoints: a key in a file that nobody else can read, or a program that holds the key.

The key stands outside the database. In production the sealing process runs as an operating-system user
of its own, and the file belongs to that user; a hardware token is reached through a program.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from audit.note import VerifierKey

_SECONDS = 10.0  # that a signing program may take


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

    This is how a PKCS#11 token signs: its private key never leaves it.
    """

    key: VerifierKey
    command: Sequence[str]

    def sign(self, message: bytes) -> bytes:
        try:
            done = subprocess.run(
                list(self.command), input=message, capture_output=True, timeout=_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError) as problem:
            raise KeyRefused(f"the signing program {self.command[0]} failed: {problem}") from problem
        if not self.key.verify(done.stdout, message.decode()):
            raise KeyRefused(f"the signing program {self.command[0]} gave no signature of {self.key}")
        return done.stdout


def make_key(path: Path, *, origin: str) -> VerifierKey:
    """Make a key for the log `origin`: the private part in `path`, for its owner alone, and beside it `.pub`.

    Raises KeyRefused where there is one already.
    """
    if path.exists():
        raise KeyRefused(f"{path} exists; a key is replaced by `audit rotate`, never overwritten")
    private = Ed25519PrivateKey.generate()
    key = VerifierKey(origin, private.public_key().public_bytes_raw())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    path.write_text(f"{origin}\n{raw.hex()}\n")
    public_part(path).write_text(f"{key}\n")
    return key


def public_part(path: Path) -> Path:
    """The file of the verifier key that belongs to the private key in `path`."""
    return path.with_name(f"{path.name}.pub")


def read_key(path: Path) -> FileSigner:
    """The signer whose key is in `path`; raises KeyRefused, also where others could read it."""
    try:
        mode = path.stat().st_mode
        origin, raw = path.read_text().split()
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(raw))
    except OSError as problem:
        raise KeyRefused(f"the signing key {path} cannot be read: {problem.strerror}") from problem
    except ValueError as problem:
        raise KeyRefused(f"{path} holds no signing key of this trail") from problem
    if mode & 0o077:
        raise KeyRefused(f"{path} can be read by others; run: chmod 600 {path}")
    return FileSigner(VerifierKey(origin, private.public_key().public_bytes_raw()), private)
