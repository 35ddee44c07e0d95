"""A second verifier, written from RFC 6962, RFC 8785 and the C2SP formats; it shares no code with `audit`.

Slow and recursive on purpose: the definitions of the RFC, word for word.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def leaf(data: bytes) -> bytes:
    """MTH({d(0)}) = SHA-256(0x00 || d(0))."""
    return sha(b"\x00", data)


def half(n: int) -> int:
    """The largest power of two smaller than n: k < n <= 2k."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def head(hashes: Sequence[bytes]) -> bytes:
    """MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n]))."""
    n = len(hashes)
    if n == 0:
        return sha()
    if n == 1:
        return hashes[0]
    return sha(b"\x01", head(hashes[: half(n)]), head(hashes[half(n) :]))


def path(m: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    n = len(hashes)
    if n == 1:
        return []
    k = half(n)
    if m < k:
        return [*path(m, hashes[:k]), head(hashes[k:])]
    return [*path(m - k, hashes[k:]), head(hashes[:k])]


def proof(m: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n]) = SUBPROOF(m, D[n], true)."""
    return subproof(m, hashes, True)


def subproof(m: int, hashes: Sequence[bytes], whole: bool) -> list[bytes]:
    n = len(hashes)
    if m == n:
        return [] if whole else [head(hashes)]
    k = half(n)
    if m <= k:
        return [*subproof(m, hashes[:k], whole), head(hashes[k:])]
    return [*subproof(m - k, hashes[k:], False), head(hashes[:k])]


def head_by_path(m: int, n: int, hashed: bytes, nodes: Sequence[bytes]) -> bytes | None:
    """The head that a path leads to, by undoing PATH from its end; None where it is no path of this place."""
    if n == 1:
        return hashed if not nodes else None
    if not nodes:
        return None
    k = half(n)
    if m < k:
        left, right = head_by_path(m, k, hashed, nodes[:-1]), nodes[-1]
    else:
        left, right = nodes[-1], head_by_path(m - k, n - k, hashed, nodes[:-1])  # type: ignore[assignment]
    return None if left is None or right is None else sha(b"\x01", left, right)


def heads_by_proof(
    m: int, n: int, first: bytes, nodes: Sequence[bytes], whole: bool = True
) -> tuple[bytes, bytes] | None:
    """The two heads, over m and over n leaves, that a proof leads to, by undoing SUBPROOF from its end."""
    if m == n:
        if whole:
            return None if nodes else (first, first)
        return (nodes[0], nodes[0]) if len(nodes) == 1 else None
    if not nodes:
        return None
    k, last = half(n), nodes[-1]
    if m <= k:
        inner = heads_by_proof(m, k, first, nodes[:-1], whole)
        return None if inner is None else (inner[0], sha(b"\x01", inner[1], last))
    inner = heads_by_proof(m - k, n - k, first, nodes[:-1], False)
    return None if inner is None else (sha(b"\x01", last, inner[0]), sha(b"\x01", last, inner[1]))


def written(value: Any) -> str:
    """Canonical JSON: sorted names, no spaces, ASCII, whole numbers."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(map(escaped, value)) + '"'
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{written(name)}:{written(value[name])}" for name in sorted(value)) + "}"
    raise ValueError("a canonical text holds none of these")


SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\b": "\\b"}


def escaped(character: str) -> str:
    if character in SHORT:
        return SHORT[character]
    if " " <= character <= "~":
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


NAMES = {
    "actor", "address", "at", "changes", "event", "facts", "model",
    "outcome", "patient", "reason", "study", "subject", "v",
}  # fmt: skip
SEARCHED = NAMES - {"changes", "facts", "reason", "v"}


def signed_head(note: str, origin: str, public: bytes) -> tuple[int, bytes] | None:
    """Size and root of a checkpoint that `public` signed for `origin`; None where it did not."""
    text, _, signatures = note.partition("\n\n")
    identity = sha(origin.encode(), b"\n\x01", public)[:4]
    for line in signatures.splitlines():
        dash, name, encoded = line.split(" ")
        raw = base64.b64decode(encoded)
        if (
            dash == "—"
            and name == origin
            and raw[:4] == identity
            and base64.b64encode(raw).decode() == encoded
        ):
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], f"{text}\n".encode())
            except InvalidSignature:
                return None
            said, size, root = text.split("\n")
            return (int(size), base64.b64decode(root)) if said == origin else None
    return None


def is_intact(lines: Sequence[str], origin: str, public: bytes, anchors: Sequence[str] = ()) -> bool:
    """Whether an export without records is whole, and what was sealed by checkpoints that `public` signed."""
    try:
        return _is_intact([json.loads(line) for line in lines], origin, public, anchors)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _is_intact(said: Sequence[Any], origin: str, public: bytes, anchors: Sequence[str]) -> bool:
    first, last = said[0], said[-1]
    notes = [one for one in said if one["kind"] == "checkpoint"]
    events = [one for one in said if one["kind"] == "event"]
    whole = len(events), len(notes), len(said) - len(events) - len(notes) - 2
    if first["kind"] != "export" or first["origin"] != origin or last["kind"] != "end":
        return False
    if whole != (last["events"], last["checkpoints"], last["pending"]):
        return False
    hashes, chain = [], bytes(32)
    for number, one in enumerate(events):
        content = json.loads(one["canonical"])
        hashes.append(leaf(one["canonical"].encode("ascii")))
        chain = sha(chain, hashes[-1])
        right = (number, hashes[-1].hex(), chain.hex(), written(content), NAMES)
        if right != (one["seq"], one["leaf"], one["chain"], one["canonical"], set(content)):
            return False
        if any(one[name] != content[name] for name in SEARCHED):
            return False
    heads = [(one["size"], bytes.fromhex(one["root"]), one["note"]) for one in notes]
    if any(signed_head(note, origin, public) != (size, root) for size, root, note in heads):
        return False
    outside = [signed_head(note, origin, public) for note in anchors]
    return all(
        one is not None and one[0] <= len(hashes) and head(hashes[: one[0]]) == one[1]
        for one in [*((size, root) for size, root, _ in heads), *outside]
    )
