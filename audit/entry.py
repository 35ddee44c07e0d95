"""One event as the bytes that are sealed: its canonical text, its RFC 6962 leaf, its link in the chain.

The standard library alone, so that whoever verifies a trail needs no database and no framework.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

# A verifier that meets another number does not know these rules.
VERSION: Final = 1

# What stands in a column of its own, for searching. The sealed text says the same, and a verifier compares.
COLUMNS: Final = ("at", "event", "subject", "actor", "address", "study", "patient", "model", "outcome")

# Beside the columns: why, the old and the new values, and everything else.
FIELDS: Final = frozenset({*COLUMNS, "reason", "changes", "facts", "v"})

EMPTY_CHAIN: Final = bytes(32)

_ENCODER: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, check_circular=False
)


def canonical(content: Mapping[str, object]) -> str:
    """The one text of `content`: sorted keys, no spaces, ASCII, no floats (after RFC 8785)."""
    return _ENCODER.encode(content)


def leaf_hash(text: str) -> bytes:
    """The Merkle leaf of a canonical text (RFC 6962 2.1): 32 bytes."""
    # A canonical text is ASCII. Whatever else was written into the database gets its leaf too, so that it
    # stops nobody and a verifier finds it.
    return hashlib.sha256(b"\x00" + text.encode("utf-8", "surrogatepass")).digest()


def chain_hash(before: bytes, leaf: bytes) -> bytes:
    """The link of `leaf` to everything before it: 32 bytes."""
    return hashlib.sha256(before + leaf).digest()
