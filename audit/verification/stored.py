"""A checkpoint of an export, kept small until all events are known: an export may hold half a million."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.checkpoint import Checkpoint, read
from audit.note import NoteRefused, VerifierKey


@dataclass(slots=True)
class Stored:
    """The note of a checkpoint over `size` events; `agrees` where the columns beside it say the same.

    `signers` are those who signed it, once that was verified.
    """

    size: int
    agrees: bool
    encoded: bytes
    signers: frozenset[VerifierKey] | None = None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Stored":
        """The checkpoint of a line of the kind "checkpoint"."""
        size, note = said["size"], said["note"]
        try:
            checkpoint = unverified(note)
            agrees = (checkpoint.size, checkpoint.root.hex()) == (size, said["root"])
        except NoteRefused:
            agrees = False
        return cls(size, agrees, _encoded(note))

    @property
    def note(self) -> str:
        return self.encoded.decode("utf-8", errors="surrogatepass")

    def is_note(self, note: str) -> bool:
        """Whether `note` is this very note, with the same signatures."""
        return self.encoded == _encoded(note)


def _encoded(note: str) -> bytes:
    return note.encode("utf-8", errors="surrogatepass")


def unverified(note: str) -> Checkpoint:
    """The checkpoint that `note` speaks of, whoever wrote it; raises NoteRefused."""
    return read(note.rpartition("\n\n")[0] + "\n")
