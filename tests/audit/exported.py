"""Builders of exports: what an honest device writes, and what attackers make of it. No database.

A trail is a list of what its events say, sealed at the sizes that a test asks for.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import Checkpoint
from audit.entry import COLUMNS, EMPTY_CHAIN, VERSION, canonical, chain_hash, leaf_hash
from audit.events import Event
from audit.lines import FORMAT, line
from audit.note import Signer, VerifierKey
from audit.rotation import endorsed
from audit.signer import FileSigner
from audit.tree import Frontier

ORIGIN = "hospital.example/samd"
START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def signer(seed: str, *, origin: str = ORIGIN) -> FileSigner:
    """A key that is always the same for the same seed."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
    return FileSigner(VerifierKey(origin, private.public_key().public_bytes_raw()), private)


KEY = signer("the key of the log")


def content(number: int, **members: Any) -> dict[str, Any]:
    """What the event `number` says."""
    said: dict[str, Any] = {
        "at": (START + timedelta(seconds=number)).isoformat(timespec="microseconds"),
        "event": "instance:stored",
        "subject": f"instance/{number}",
        "actor": "device",
        "address": "10.0.0.17",
        "study": f"study/{number // 5}",
        "patient": f"p-{number // 5:04}",
        "model": "",
        "outcome": 0,
        "reason": "",
        "changes": {},
        "facts": {"bytes": 524288 + number, "peer": "modality"},
        "v": VERSION,
    }
    return said | members


def contents(count: int, **by_number: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What `count` events say; `e7={...}` changes what event 7 does."""
    return [content(number, **by_number.get(f"e{number}", {})) for number in range(count)]


def rotated(old: Signer, new: Signer) -> dict[str, Any]:
    """What makes an event the announcement that `new` follows `old`."""
    return {
        "event": Event.TRAIL_KEY_ROTATED,
        "subject": "trail",
        "changes": {"key": [str(old.key), str(new.key)]},
        "facts": {"note": endorsed(old, new)},
    }


@dataclass(frozen=True, slots=True)
class Row:
    """A numbered event as the database holds it."""

    leaf: str
    chain: str
    canonical: str
    columns: Mapping[str, Any]

    @classmethod
    def of(cls, said: Mapping[str, Any], before: bytes) -> "Row":
        """The row of an event that says `said`, behind the link `before`."""
        text = canonical(said)
        leaf = leaf_hash(text)
        return cls(leaf.hex(), chain_hash(before, leaf).hex(), text, {name: said[name] for name in COLUMNS})

    @property
    def said(self) -> dict[str, Any]:
        return dict(json.loads(self.canonical))


def rows_of(said: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The rows of events, with hashes and links as they should be."""
    rows: list[Row] = []
    for one in said:
        rows.append(Row.of(one, bytes.fromhex(rows[-1].chain) if rows else EMPTY_CHAIN))
    return rows


def leaves_of(rows: Iterable[Row]) -> list[bytes]:
    return [bytes.fromhex(row.leaf) for row in rows]


def seal(rows: Sequence[Row], size: int, *signers: Signer, origin: str = ORIGIN) -> str:
    """The note of the checkpoint over the first `size` of `rows`."""
    tree = Frontier()
    for leaf in leaves_of(rows[:size]):
        tree.append(leaf)
    return Checkpoint(origin, size, tree.root()).signed_by(*(signers or (KEY,)))


def stored(note: str) -> tuple[int, str, str]:
    """A checkpoint as the database holds it: size, root in hex, note."""
    _origin, size, root, *_rest = note.split("\n")
    return int(size), base64.b64decode(root).hex(), note


@dataclass(frozen=True, slots=True)
class Trail:
    """A trail as a database holds it."""

    rows: Sequence[Row]
    seals: Sequence[tuple[int, str, str]]
    pending: Sequence[Row] = ()
    records: Sequence[tuple[str, str]] = ()
    origin: str = ORIGIN
    keys: Sequence[str] = field(default=(str(KEY.key),))

    @classmethod
    def honest(cls, said: Iterable[Mapping[str, Any]], sizes: Iterable[int], **members: Any) -> "Trail":
        """The trail of an honest device that was sealed by KEY at `sizes`."""
        rows = rows_of(said)
        return cls(rows, [stored(seal(rows, size)) for size in sizes], **members)

    @property
    def notes(self) -> bytes:
        """Its checkpoints as an anchor file has them."""
        return "".join(f"{note}\n" for _size, _root, note in self.seals).encode()

    def lines(self) -> list[str]:
        """The lines of its export."""
        numbered = [
            line("event", seq=seq, leaf=row.leaf, chain=row.chain, canonical=row.canonical, **row.columns)
            for seq, row in enumerate(self.rows)
        ]
        return self.around(numbered)

    def around(self, numbered: Sequence[str]) -> list[str]:
        """The lines of an export with `numbered` as the lines of its events."""
        head = {"format": FORMAT, "origin": self.origin, "keys": list(self.keys), "at": START.isoformat()}
        counts = {
            "events": len(numbered),
            "checkpoints": len(self.seals),
            "pending": len(self.pending),
            "records": len(self.records),
        }
        return [
            line("export", **head),
            *(line("checkpoint", size=size, root=root, note=note) for size, root, note in self.seals),
            *numbered,
            *(line("pending", canonical=row.canonical, **row.columns) for row in self.pending),
            *(line("record", subject=subject, content=text) for subject, text in self.records),
            line("end", **counts),
        ]

    def with_rows(self, rows: Sequence[Row]) -> "Trail":
        """The trail with other rows, under the numbers in which they stand now."""
        return replace(self, rows=rows)

    def rehashed(self, said: Iterable[Mapping[str, Any]]) -> "Trail":
        """The trail after somebody with every right on the database has made events, leaves and links anew.

        The checkpoints of more events than there are now are gone.
        """
        rows = rows_of(said)
        return replace(self, rows=rows, seals=[kept for kept in self.seals if kept[0] <= len(rows)])

    def without_seals_beyond(self, size: int) -> "Trail":
        """The trail after the checkpoints of more than `size` events were deleted."""
        return replace(self, seals=[kept for kept in self.seals if kept[0] <= size])
