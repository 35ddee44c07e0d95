"""Signed notes (C2SP signed-note): a text, and under it one line for each Ed25519 signature.

A key has a name, and an ID that is derived from both; lines of keys that are not known are passed over,
as the format demands, and a line of a known key that does not verify spoils the note.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_ED25519: Final = b"\x01"
_NAME = re.compile(r"[^\s+]+")
_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
# A note is UTF-8 without control characters but the newline.
_FOREIGN = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")


class NoteRefused(Exception):
    """The note is malformed, or not signed by a key that is trusted."""


class NotSigned(NoteRefused):
    """The note is well-formed, but none of the keys signed it."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The name and the public key (32 bytes) of who signs."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """4 bytes that a signature line begins with."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(_ED25519 + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """The key of a line "name+id+base64"; raises NoteRefused."""
        try:
            name, identity, encoded = text.strip().split("+", 2)
            algorithm_and_key = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise NoteRefused(f"this is not a verifier key: {text.strip()[:80]!r}") from None
        key = cls(name, algorithm_and_key[1:])
        if not _NAME.fullmatch(name) or _FOREIGN.search(name):
            raise NoteRefused(f"this is not the name of a key: {name[:80]!r}")
        if algorithm_and_key[:1] != _ED25519 or len(key.public) != 32:
            raise NoteRefused(f"{name}: only Ed25519 keys are known here")
        if key.id.hex() != identity:
            raise NoteRefused(f"{name}: the ID of the key does not belong to it")
        return key

    def verify(self, signature: bytes, text: str) -> bool:
        """Whether `signature` (64 bytes) is this key's over `text`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


class Signer(Protocol):
    """Whoever holds a private key."""

    @property
    def key(self) -> VerifierKey: ...

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature over `message`: 64 bytes."""


def signed(text: str, signers: Iterable[Signer]) -> str:
    """The note of `text`, which ends in a newline, with a line of each signer."""
    lines = [
        f"— {s.key.name} {base64.b64encode(s.key.id + s.sign(text.encode())).decode()}\n" for s in signers
    ]
    return text + "\n" + "".join(lines)


def opened(note: str, keys: Iterable[VerifierKey]) -> tuple[str, frozenset[VerifierKey]]:
    """The text of `note` and those of `keys` that signed it, at least one; raises NoteRefused."""
    if _FOREIGN.search(note):
        raise NoteRefused("the note contains characters that no note has")
    text, separator, block = note.rpartition("\n\n")
    if not separator or not block.endswith("\n"):
        raise NoteRefused("the note has no signatures")
    text += "\n"
    known = {(key.name, key.id): key for key in keys}
    signers = set()
    for line in block[:-1].split("\n"):
        match = _LINE.fullmatch(line)
        if match is None:
            raise NoteRefused(f"not a line of a signature: {line[:80]!r}")
        try:
            signature = base64.b64decode(match["signature"], validate=True)
        except binascii.Error:
            raise NoteRefused("a signature is not base64") from None
        if base64.b64encode(signature).decode() != match["signature"]:
            raise NoteRefused("a signature is not canonical base64")
        key = known.get((match["name"], signature[:4]))
        if key is None:
            continue
        if not key.verify(signature[4:], text):
            raise NoteRefused(f"the signature of {key.name} does not belong to this text")
        signers.add(key)
    if not signers:
        raise NotSigned("none of the trusted keys signed this note")
    return text, frozenset(signers)
