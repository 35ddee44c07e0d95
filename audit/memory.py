"""What the sealing process signed before: its checkpoints in the anchor file, and those in the database."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from audit import anchor
from audit.checkpoint import Checkpoint, verified
from audit.continuity import TrailRolledBack
from audit.incarnation import base_of
from audit.models import Seal
from audit.note import NoteRefused, Signer, VerifierKey

logger = logging.getLogger(__name__)

_LOOK_BACK: Final = 200  # checkpoints in the database that the tree is held against


@dataclass(frozen=True, slots=True)
class Keys:
    """Who signs, and the keys that signed before."""

    signer: Signer
    retired: tuple[VerifierKey, ...] = ()

    @property
    def origin(self) -> str:
        """The name of the log, now."""
        return self.signer.key.name

    def all(self) -> tuple[VerifierKey, ...]:
        return (*self.retired, self.signer.key)


@dataclass(frozen=True, slots=True)
class Memory:
    """Checkpoints of this log under its present name, ascending, each with its note."""

    anchored: tuple[tuple[Checkpoint, str], ...]
    stored: tuple[tuple[Checkpoint, str], ...]

    def signed(self) -> dict[int, set[bytes]]:
        """The roots that were signed for each size."""
        roots: dict[int, set[bytes]] = {}
        for checkpoint, _note in (*self.anchored, *self.stored):
            roots.setdefault(checkpoint.size, set()).add(checkpoint.root)
        return roots

    def complete(self, anchor_file: Path, now: datetime) -> None:
        """What was anchored just before a death belongs into the database too; and the other way round.

        To be called once the database is known to continue what was signed.
        """
        for checkpoint, note in self.anchored:
            store(checkpoint, note, now)
        if self.stored and self.stored[-1][0].size > max((c.size for c, _ in self.anchored), default=0):
            checkpoint, note = self.stored[-1]
            logger.warning(
                "the anchor file %s does not have the newest checkpoint, over %d events: was it taken away, "
                "or cut off? The checkpoint is added to it again",
                anchor_file,
                checkpoint.size,
            )
            anchor.append(anchor_file, note)


def recalled(keys: Keys, anchor_file: Path, *, whole: bool = False) -> Memory:
    """What was signed before: of the anchor file its end, or the `whole` of it.

    Raises CannotAnchor, and TrailRolledBack for the database of another trail.
    """
    kept = anchor.every(anchor_file) if whole else anchor.newest(anchor_file)
    anchored = sorted(_ours(keys, kept), key=lambda signed: signed[0].size)
    notes = list(Seal.objects.order_by("-size").values_list("note", flat=True)[:_LOOK_BACK])
    if notes and not _is_of_this_log(keys, notes[0]):
        raise TrailRolledBack(
            f"the newest checkpoint in the database is not signed by a key of {keys.origin}: it is the "
            f"database of another trail, or the key at hand is not the one that signed last"
        )
    return Memory(tuple(anchored), tuple(_ours(keys, reversed(notes))))


def _ours(keys: Keys, notes: Iterable[str]) -> Iterator[tuple[Checkpoint, str]]:
    own = [key for key in keys.all() if key.name == keys.origin]
    for note in notes:
        try:
            yield verified(note, own)[0], note
        except NoteRefused:
            continue  # of an earlier name, of another log, or torn


def _is_of_this_log(keys: Keys, note: str) -> bool:
    """Whether a key of this log, under its present or an earlier name, signed `note`."""
    try:
        verified(note, [key for key in keys.all() if base_of(key.name) == base_of(keys.origin)])
    except NoteRefused:
        return False
    return True


def store(checkpoint: Checkpoint, note: str, now: datetime) -> None:
    """Keep the checkpoint in the database, where it is not there yet."""
    Seal.objects.get_or_create(
        size=checkpoint.size, defaults={"root": checkpoint.root.hex(), "note": note, "at": now}
    )
