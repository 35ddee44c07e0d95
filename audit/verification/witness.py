"""Files from outside the device that hold checkpoints: an anchor file, a report from the archive, a mail."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from audit.checkpoint import found_in, read
from audit.note import NoteRefused


@dataclass(frozen=True, slots=True)
class Witness:
    """The name of a file, and every note in it that looks like a checkpoint, whoever wrote it."""

    name: str
    notes: tuple[str, ...]

    def sizes(self) -> Iterator[int]:
        """The sizes that the notes speak of."""
        for note in self.notes:
            try:
                yield read(note.rpartition("\n\n")[0] + "\n").size
            except NoteRefused:
                continue


def witnesses(anchors: Iterable[tuple[str, bytes]]) -> tuple[Witness, ...]:
    """The notes in the files `anchors`: names and contents."""
    return tuple(Witness(name, tuple(dict.fromkeys(found_in(content)))) for name, content in anchors)
