"""The anchor file: every signed checkpoint, appended and made durable before the database knows of it.

It belongs to another operating-system user, or lies on write-once storage; a copy elsewhere is better still.
"""

import os
from pathlib import Path

from audit.checkpoint import found_in

_TAIL = 1 << 16  # bytes: some two hundred checkpoints


class CannotAnchor(Exception):
    """The anchor file does not take the checkpoint, so nothing is sealed; the message says what to do."""


def append(path: Path, note: str) -> None:
    """Add `note`; when this returns it is durable. Raises CannotAnchor.

    A note that was torn by a power cut or a full disk stays as it is; it has no bearing on those after it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        with path.open("ab") as file:
            file.write(_separator(path) + note.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            make_durable(path.parent)
    except OSError as problem:
        raise CannotAnchor(
            f"the anchor file {path} takes no checkpoint ({problem.strerror}). No event is lost and none is "
            f"sealed: what needs a seal before it takes effect waits. Make room, or let the sealing process "
            f"write there"
        ) from problem


def _separator(path: Path) -> bytes:
    """What stands before the next note: nothing, unless the file ends in the middle of one."""
    size = path.stat().st_size
    if size == 0:
        return b""
    with path.open("rb") as file:
        file.seek(size - 1)
        return b"" if file.read() == b"\n" else b"\n\n"


def make_durable(folder: Path) -> None:
    """When this returns, the names of the files in `folder` are durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def newest(path: Path) -> list[str]:
    """The notes at the end of the file, oldest first; none where there is no file. Raises CannotAnchor."""
    return _read(path, most=_TAIL)


def every(path: Path) -> list[str]:
    """All notes of the file, as `newest` gives its end."""
    return _read(path, most=None)


def _read(path: Path, *, most: int | None) -> list[str]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most) if most else 0)
            return list(found_in(file.read()))
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise CannotAnchor(
            f"the anchor file {path} cannot be read ({problem.strerror}), so the sealing process does not "
            f"know what it has signed, and signs nothing. Let it read there"
        ) from problem
