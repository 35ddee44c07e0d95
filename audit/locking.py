"""A signer's private key, locked under the signer's password.

Whoever owns the database, or administers its accounts, has the locked key and not the password: they can
neither sign for its owner nor lock it under a password of their own.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

_SALT: Final = 16  # bytes
_NONCE: Final = 12
_MOST_MEMORY: Final = 1 << 29  # bytes that a stored cost may ask for


class NotUnlocked(Exception):
    """This password does not open this key for this owner."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess of a password costs: scrypt (RFC 7914) takes 128 * n * r bytes, p times."""

    n: int = 1 << 17
    r: int = 8
    p: int = 1

    @property
    def text(self) -> str:
        return json.dumps({"kdf": "scrypt", **asdict(self)}, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> "Cost":
        """The cost of a stored text; raises NotUnlocked where it is none or no machine should pay it."""
        try:
            said = json.loads(text)
            cost = cls(n=int(said["n"]), r=int(said["r"]), p=int(said["p"]))
        except (ValueError, KeyError, TypeError):
            raise NotUnlocked("the parameters of this key cannot be read") from None
        sound = cost.n > 1 and cost.n & (cost.n - 1) == 0 and cost.r > 0 and 0 < cost.p <= 16
        if said.get("kdf") != "scrypt" or not sound or 128 * cost.n * cost.r > _MOST_MEMORY:
            raise NotUnlocked("the parameters of this key are none that are used here")
        return cost


COST: Final = Cost()


@dataclass(frozen=True, slots=True)
class LockedKey:
    """`wrapped` is a nonce (12 bytes) and the AES-256-GCM cipher text with its tag (48 bytes)."""

    wrapped: bytes
    salt: bytes
    cost: Cost


def lock(
    private: Ed25519PrivateKey,
    password: str,
    *,
    owner: str,
    cost: Cost | None = None,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> LockedKey:
    """Lock `private` under `password` for `owner` ("user/7")."""
    cost = cost or COST
    salt, nonce = random(_SALT), random(_NONCE)
    public = private.public_key().public_bytes_raw()
    sealed = AESGCM(_key(password, salt, cost)).encrypt(
        nonce, private.private_bytes_raw(), _context(owner, public)
    )
    return LockedKey(nonce + sealed, salt, cost)


def unlock(locked: LockedKey, password: str, *, owner: str, public: bytes) -> Ed25519PrivateKey:
    """The private key of `owner` that belongs to `public` (32 bytes); raises NotUnlocked."""
    nonce, sealed = locked.wrapped[:_NONCE], locked.wrapped[_NONCE:]
    try:
        raw = AESGCM(_key(password, locked.salt, locked.cost)).decrypt(nonce, sealed, _context(owner, public))
        private = Ed25519PrivateKey.from_private_bytes(raw)
    except (InvalidTag, ValueError):
        raise NotUnlocked("this password does not open this signing key") from None
    if private.public_key().public_bytes_raw() != public:
        raise NotUnlocked("this is not the private part of this key")
    return private


def fingerprint(public: bytes) -> str:
    """The SHA-256 of a public key as people compare it: the first 32 digits in groups of four."""
    digits = hashlib.sha256(public).hexdigest()[:32]
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def _context(owner: str, public: bytes) -> bytes:
    return b"audit signing key\n" + owner.encode() + b"\n" + public


def _key(password: str, salt: bytes, cost: Cost) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost.n, r=cost.r, p=cost.p).derive(password.encode())
