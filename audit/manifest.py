"""What a signature says: the canonical text that a person signs, and how it is checked (21 CFR 11.50, 11.70).

No framework: whoever verifies an export reads signatures with the same rules.
"""

import base64
import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.entry import canonical

FORMAT: Final = "audit-signature/1"


class Meaning(StrEnum):
    """What a signature means (21 CFR 11.50(a)(3))."""

    AUTHORED = "authored"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    RESPONSIBLE = "responsible"


class NotAManifest(Exception):
    """The text is not the canonical text of a manifest."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Who signs what, as what, in which role and when. `signer` is "user/7", `digest` SHA-256 in hex.

    `accountability` names the edition of the words by which the signer accepted to be held to this.
    """

    subject: str
    digest: str
    meaning: str
    signer: str
    username: str
    name: str
    role: str
    at: str
    accountability: str
    format: str = FORMAT

    @property
    def text(self) -> str:
        return canonical(asdict(self))

    def signed_by(self, private: Ed25519PrivateKey) -> str:
        """The Ed25519 signature over the text, in base64."""
        return base64.b64encode(private.sign(self.text.encode())).decode()

    @classmethod
    def parse(cls, text: str) -> "Manifest":
        """The manifest of `text`; raises NotAManifest."""
        try:
            said = json.loads(text)
            manifest = cls(**said)
            datetime.fromisoformat(manifest.at)
            Meaning(manifest.meaning)
            canonical_text = manifest.text
        except (ValueError, TypeError, RecursionError):
            raise NotAManifest("this is not the manifest of a signature") from None
        strings = all(isinstance(value, str) for value in said.values())
        if manifest.format != FORMAT or canonical_text != text or not strings:
            raise NotAManifest("this is not the manifest of a signature as it is written here")
        return manifest


def digest_of(content: str) -> str:
    """What a signature is bound to: the SHA-256 of the canonical text of a record, in hex."""
    return hashlib.sha256(content.encode()).hexdigest()


def stamp(at: datetime) -> str:
    """An aware time as manifests write it: UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def verifies(signature: str, manifest: str, key: str) -> bool:
    """Whether `signature` over the text `manifest` is of the public `key`; both in their one base64 text."""
    try:
        Ed25519PublicKey.from_public_bytes(_bytes(key)).verify(_bytes(signature), manifest.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _bytes(encoded: str) -> bytes:
    raw = base64.b64decode(encoded, validate=True)
    if base64.b64encode(raw).decode() != encoded:
        raise ValueError("there is another text for the same bytes")
    return raw
