"""The lines of an export of the trail ("audit-export/1"): how they are written, and how one is read.

JSON, one object a line: the head; the checkpoints by size; the numbered events by number, with their hashes
and their columns as the database holds them; the events that wait for a number; the signed records as they
are now; the end, which says how many there were of each.
"""

import json
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, Final

from audit.entry import COLUMNS, VERSION, canonical

FORMAT: Final = "audit-export/1"

_COLUMNS: Final = {name: int if name == "outcome" else str for name in COLUMNS}

# The members of each kind of line, and the one type that each may have.
SHAPES: Final[Mapping[str, Mapping[str, type]]] = {
    "export": {"kind": str, "format": str, "origin": str, "keys": list, "at": str},
    "checkpoint": {"kind": str, "size": int, "root": str, "note": str},
    "event": {"kind": str, "seq": int, "leaf": str, "chain": str, "canonical": str, **_COLUMNS},
    "pending": {"kind": str, "canonical": str, **_COLUMNS},
    "record": {"kind": str, "subject": str, "content": str},
    "end": {"kind": str, "events": int, "checkpoints": int, "pending": int, "records": int},
}

# In a line of an event, as `_encode` writes it, the canonical text begins after so many characters and the
# digits of the number.
BEFORE_TEXT: Final = len('{"kind":"event","seq":,"leaf":"","chain":"","canonical":') + 2 * 64

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Unreadable(Exception):
    """The line is none that a device writes."""


def line(kind: str, **members: object) -> str:
    """The line of `kind`, ending in a newline; the members stand in the order given."""
    return _encode({"kind": kind, **members}) + "\n"


def read(text: str) -> dict[str, Any]:
    """The members of a line, which are of its kind and of the right types; raises Unreadable."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("it is no JSON") from None
    kind = said.get("kind") if isinstance(said, dict) else None
    shape = SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None:
        raise Unreadable("it is of no kind that an export has")
    wrong = [name for name, expected in shape.items() if type(said.get(name)) is not expected]
    wrong += [name for name in said if name not in shape]
    if wrong:
        raise Unreadable(f"a line of the kind {kind!r} is not like this: {', '.join(sorted(wrong))[:200]}")
    return dict(said)


def begun(seq: int, leaf: bytes, chain: bytes) -> str:
    """How the line of the event `seq` begins, up to its canonical text."""
    return f'{{"kind":"event","seq":{seq},"leaf":"{leaf.hex()}","chain":"{chain.hex()}","canonical":"'


def _members(said: Mapping[str, Any]) -> str:
    """The canonical text of `said`, most of whose values are texts and numbers."""
    if not said:
        return "{}"
    written = []
    for name in sorted(said):
        value = said[name]
        kind = type(value)
        text = _quoted(value) if kind is str else str(value) if kind is int else canonical(value)
        written.append(f"{_quoted(name)}:{text}")
    return f"{{{','.join(written)}}}"


def rendered(content: Mapping[str, Any]) -> tuple[str, str]:
    """The canonical text of an event that says `content`, and how its line goes on after that text.

    The same as `canonical` for whatever `trail.append` writes, in half the time. For anything else it is some
    other text, or TypeError, KeyError: a reason to look closer.
    """
    at, event, subject = _quoted(content["at"]), _quoted(content["event"]), _quoted(content["subject"])
    actor, address, study = _quoted(content["actor"]), _quoted(content["address"]), _quoted(content["study"])
    patient, model, outcome = _quoted(content["patient"]), _quoted(content["model"]), content["outcome"]
    changes, facts = _members(content["changes"]), _members(content["facts"])
    text = (
        f'{{"actor":{actor},"address":{address},"at":{at},"changes":{changes},'
        f'"event":{event},"facts":{facts},"model":{model},"outcome":{outcome},'
        f'"patient":{patient},"reason":{_quoted(content["reason"])},"study":{study},"subject":{subject},'
        f'"v":{VERSION}}}'
    )
    columns = (
        f',"at":{at},"event":{event},"subject":{subject},"actor":{actor},"address":{address},"study":{study},'
        f'"patient":{patient},"model":{model},"outcome":{outcome}}}\n'
    )
    return text, columns
