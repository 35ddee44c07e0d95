"""A second log as witness (C2SP tlog-witness): it signs a checkpoint only if the tree grew since the last.

So nobody, not even who holds our key, can show one history to the hospital and another to an inspector.
The cosigned notes are kept beside the anchor file; each is an anchor, and names the time (tlog-cosignature).
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from audit import anchor
from audit.asking import Answer, post
from audit.checkpoint import Checkpoint, read
from audit.growth import growth_proof
from audit.models import Entry
from audit.note import NoteRefused
from audit.tree import Frontier

_COSIGNATURE: Final = b"\x04"  # Ed25519, tlog-cosignature v1
_LINE: Final = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
_PAGE: Final = 20_000


class NotWitnessed(Exception):
    """The witness did not sign the checkpoint."""


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The name and the public key (32 bytes) of a witness."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """4 bytes that a line of the witness begins with."""
        return hashlib.sha256(self.name.encode() + b"\n" + _COSIGNATURE + self.public).digest()[:4]

    @classmethod
    def parse(cls, text: str) -> "WitnessKey":
        """The key of a line "name+id+base64"; raises NoteRefused."""
        try:
            name, identity, encoded = text.strip().split("+", 2)
            decoded = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise NoteRefused(f"this is not the key of a witness: {text.strip()[:80]!r}") from None
        key = cls(name, decoded[1:])
        if decoded[:1] != _COSIGNATURE or len(key.public) != 32 or key.id.hex() != identity:
            raise NoteRefused(f"{name}: only Ed25519 keys of witnesses (type 4) are known here")
        return key

    def __str__(self) -> str:
        encoded = base64.b64encode(_COSIGNATURE + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"


def cosigned_at(note: str, key: WitnessKey) -> datetime:
    """When the witness signed `note`; raises NoteRefused where it did not."""
    text, _, block = note.rpartition("\n\n")
    for line in block.splitlines():
        match = _LINE.fullmatch(line)
        if match is None or match["name"] != key.name:
            continue
        try:
            content = base64.b64decode(match["signature"], validate=True)
        except binascii.Error:
            continue
        if content[:4] == key.id and len(content) == 4 + 8 + 64:
            return _verified(content[4:12], content[12:], text + "\n", key)
    raise NoteRefused(f"{key.name} did not sign this note")


def _verified(stamp: bytes, signature: bytes, text: str, key: WitnessKey) -> datetime:
    seconds = int.from_bytes(stamp, "big")
    message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
        return datetime.fromtimestamp(seconds, UTC)
    except (InvalidSignature, ValueError, OverflowError, OSError):
        raise NoteRefused(f"the signature of {key.name} does not belong to this text") from None


@dataclass(slots=True)
class Witness:
    """The witness at `url`, and the tree that it saw last. Cosigned notes are added to the file `kept`."""

    url: str
    key: WitnessKey
    kept: Path
    _seen: Frontier = field(default_factory=Frontier)

    @classmethod
    def configured(cls, kept: Path) -> "Witness":
        """As the settings say; raises NoteRefused."""
        return cls(settings.AUDIT_WITNESS_URL, WitnessKey.parse(settings.AUDIT_WITNESS_KEY), kept)

    def cosign(self, note: str) -> None:
        """Let the witness sign `note`. Raises NotReached and NotWitnessed."""
        checkpoint = read(note.partition("\n\n")[0] + "\n")
        answer = self._ask(note, checkpoint)
        if answer.status == 409 and answer.kind == "text/x.tlog.size":
            # It saw more or less of us than we remember: after a start of this process, for instance.
            self._seen = _frontier(_size(answer, checkpoint))
            answer = self._ask(note, checkpoint)
        if answer.status != 200:
            raise NotWitnessed(_refusal(answer.status, checkpoint, self.key.name))
        cosigned = note + "".join(self._lines(answer.body))
        try:
            cosigned_at(cosigned, self.key)
        except NoteRefused as problem:
            raise NotWitnessed(f"the witness answered, but {problem}") from problem
        anchor.append(self.kept, cosigned)
        _grow(self._seen, checkpoint.size)

    def _ask(self, note: str, checkpoint: Checkpoint) -> Answer:
        old = self._seen.size
        proof = growth_proof(self._seen, _leaves(old, checkpoint.size)) if old else []
        lines = [f"old {old}", *(base64.b64encode(node).decode() for node in proof), "", note]
        return post(f"{self.url.rstrip('/')}/add-checkpoint", "\n".join(lines).encode(), kind="text/plain")

    def _lines(self, body: bytes) -> list[str]:
        """Those lines of the answer that bear the name and the ID of the witness."""
        lines = []
        for line in body.decode("utf-8", errors="replace").splitlines():
            match = _LINE.fullmatch(line)
            if match is not None and match["name"] == self.key.name:
                lines.append(line + "\n")
        return lines


def _size(answer: Answer, checkpoint: Checkpoint) -> int:
    text = answer.body.decode("ascii", errors="replace").strip()
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text):
        raise NotWitnessed("the witness answered with a size that is none")
    if int(text) > checkpoint.size:
        raise NotWitnessed(
            f"the witness has signed a tree of {text} events of {checkpoint.origin}, and ours has "
            f"{checkpoint.size}: events were lost, or somebody else signs with our key"
        )
    return int(text)


def _refusal(status: int, checkpoint: Checkpoint, name: str) -> str:
    reasons = {
        403: "it does not trust our key; give its operator the new one",
        404: f"it does not know {checkpoint.origin}; tell its operator",
        409: "it has signed another tree of this size: somebody shows two histories",
        422: "our tree does not continue the one that it signed last: somebody shows two histories",
    }
    return f"the witness {name} did not sign ({status}): {reasons.get(status, 'it says no more')}"


def _leaves(first: int, end: int) -> list[bytes]:
    entries = Entry.objects.filter(seq__gte=first, seq__lt=end).order_by("seq")
    leaves = [bytes.fromhex(leaf) for leaf in entries.values_list("leaf", flat=True)]
    if len(leaves) != end - first:
        raise NotWitnessed(f"the database does not hold the events {first} to {end}")
    return leaves


def _frontier(size: int) -> Frontier:
    frontier = Frontier()
    while frontier.size < size:
        _grow(frontier, min(size, frontier.size + _PAGE))
    return frontier


def _grow(frontier: Frontier, size: int) -> None:
    for leaf in _leaves(frontier.size, size):
        frontier.append(leaf)
