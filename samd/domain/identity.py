"""Identity is derived: the same study, model, run and kind always give the same UID."""

import hashlib
import re

_UID_GRAMMAR = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")


def is_uid(text: str) -> bool:
    """Whether `text` is a UID: dotted numbers without leading zeros, at most 64 characters (PS3.5 9.1)."""
    return len(text) <= 64 and _UID_GRAMMAR.fullmatch(text) is not None


def derived_uid(*parts: str) -> str:
    """The UID that belongs to `parts`, under the 2.25 root (PS3.5 B.2), always the same one.

    The integer is the first 128 bits of SHA-256 over the length-prefixed parts, shaped as a
    version 8 UUID (RFC 9562), so that no two different lists of parts share their bytes.
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    bits = int.from_bytes(digest.digest()[:16], "big")
    bits = bits & ~(0xF << 76) | (0x8 << 76)  # version 8: made by the application's own rule
    bits = bits & ~(0x3 << 62) | (0x2 << 62)  # RFC 9562 variant
    return f"2.25.{bits}"
