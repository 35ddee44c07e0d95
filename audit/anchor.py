"""The anchor file: every signed checkpoint, appended and made durable before the database knows of it.

It belongs to another operating-system user, or lies on write-once storage; a copy elsewhere is better still.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from audit.checkpoint import found_in

_TAIL = 1 << 16  # bytes: some two hundred checkpoints


def append(path: Path, note: str) -> None:
    """Add `note`; when this returns it is durable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("ab") as file:
        file.write(note.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def newest(path: Path) -> Iterator[str]:
    """The notes at the end of the file, oldest first; none where there is no file."""
    if not path.exists():
        return iter(())
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        return found_in(file.read())
