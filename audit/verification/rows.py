"""One event of an export, looked at closely: its text, its columns, its stored hashes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from audit.entry import COLUMNS, FIELDS, VERSION, canonical, leaf_hash

GONE: Final = "its number and hashes are there, but what it said is not"
_NOTHING: Final[Mapping[str, Any]] = {}
_TYPES: Final = {**dict.fromkeys(FIELDS, str), "changes": dict, "facts": dict, "outcome": int, "v": int}


class NotAnEvent(Exception):
    """The text is not the canonical text of an event; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One numbered event. `leaf` and `chain` are what is stored, None where that is no hash.

    `computed` is the leaf of what it says, None where that has characters that no text of an event has.
    `content` is empty where it cannot be read. `faults` say in words what is wrong with it by itself.
    """

    seq: int
    leaf: bytes | None
    chain: bytes | None
    computed: bytes | None
    content: Mapping[str, Any]
    faults: tuple[str, ...]

    @property
    def leaves(self) -> tuple[bytes, ...]:
        """The leaves that it may have been sealed as, the stored one first."""
        return tuple(dict.fromkeys(leaf for leaf in (self.leaf, self.computed) if leaf is not None))


def row_of(said: Mapping[str, Any]) -> Row:
    """The event of a line of the kind "event"."""
    leaf, chain = _hash(said["leaf"]), _hash(said["chain"])
    content, computed, faults = inspected(said)
    if leaf is None:
        faults = (*faults, "its stored leaf hash is none")
    if chain is None:
        faults = (*faults, "its stored link of the chain is none")
    return Row(said["seq"], leaf, chain, computed, content, faults)


def inspected(said: Mapping[str, Any]) -> tuple[Mapping[str, Any], bytes | None, tuple[str, ...]]:
    """What the event of a line says, its leaf, and what is wrong with its text and its columns."""
    if not said["canonical"]:
        return _NOTHING, None, (GONE,)
    try:
        computed = leaf_hash(said["canonical"])
    except ValueError:
        return _NOTHING, None, ("its text has characters that no text of an event has",)
    try:
        content = content_of(said["canonical"])
    except NotAnEvent as problem:
        return _NOTHING, computed, (str(problem),)
    strays = [name for name in COLUMNS if said[name] != content[name]]
    if not strays:
        return content, computed, ()
    return (
        content,
        computed,
        (f"the database does not say what was sealed in the column {', '.join(strays)}",),
    )


def content_of(text: str) -> Mapping[str, Any]:
    """What an event says, by its canonical text; raises NotAnEvent."""
    try:
        content = json.loads(text)
        again = canonical(content)
    except (ValueError, RecursionError):
        raise NotAnEvent("its text cannot be read") from None
    if not isinstance(content, dict) or content.keys() != FIELDS:
        raise NotAnEvent("its text has not the members that an event has")
    if any(type(content[name]) is not expected for name, expected in _TYPES.items()):
        raise NotAnEvent("a member of its text is not of the type that it has in an event")
    if content["v"] != VERSION:
        raise NotAnEvent(f"its text follows rules that are not known here (version {content['v']})")
    if again != text:
        raise NotAnEvent("its text is not written in the canonical form")
    return content


def _hash(text: str) -> bytes | None:
    """The 32 bytes that `text` writes in lower-case hex, or None."""
    try:
        value = bytes.fromhex(text)
    except ValueError:
        return None
    return value if len(value) == 32 and value.hex() == text else None
