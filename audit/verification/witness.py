"""Files from outside the device that hold checkpoints: an anchor file, a report from the archive, a mail."""

from collections.abc import Iterator
from dataclasses import dataclass

from audit.checkpoint import found_in
from audit.note import NoteRefused
from audit.verification.stored import unverified


@dataclass(frozen=True, slots=True)
class Witness:
    """The name and the content of a file."""

    name: str
    content: bytes

    @property
    def notes(self) -> Iterator[str]:
        """Every note in it that looks like a checkpoint, whoever wrote it."""
        return found_in(self.content)

    def sizes(self) -> Iterator[int]:
        """The sizes that the notes speak of."""
        for note in self.notes:
            try:
                yield unverified(note).size
            except NoteRefused:
                continue
