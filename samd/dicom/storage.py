"""Where received objects are kept: durable files that are written once and never overwritten.

A file is `<study uid>/<sop uid>.<first 16 hex digits of its SHA-256>.dcm` under the root, so the same
object sent again finds its own file, and other bytes under the same UID come to lie beside it.

The file meta information is written by `part10` alone, from nothing but what the data set and its
transfer syntax say: no time, no sender, no library version. Two files are therefore equal exactly when
the data sets came with the same bytes in the same transfer syntax, and the SHA-256 of the whole file,
which anyone can check with `sha256sum`, also answers whether a resent object is the same.
"""

import errno
import hashlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from pydicom.uid import UID
from pynetdicom.dsutils import create_file_meta, encode_file_meta

from samd.domain.identity import derived_uid, is_uid

# Fixed for ever: another value would make a resent object look like other bytes.
_IMPLEMENTATION_CLASS_UID = UID(derived_uid("samd", "implementation class"))
_IMPLEMENTATION_VERSION_NAME = "SAMD"

_UNFINISHED = ".part"


class UnsafeIdentifier(ValueError):
    """A UID that breaks the UID grammar and therefore never becomes part of a path."""


class DiskFull(Exception):
    """There is no room, or no quota, for the file; nothing of it was kept."""


class StoredFileDiffers(Exception):
    """The file that stands under this name no longer holds the bytes that gave it the name."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A durable file: `path` relative to the root, `sha256` of the whole file, `size` in bytes.

    `is_new` tells of the file only: after a crash between file and row, a file can be old whose row
    is still to be written.
    """

    path: Path
    sha256: str
    size: int
    is_new: bool


def part10(data_set: bytes, *, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """The DICOM file (PS3.10 section 7) of an encoded data set, whose bytes stay as they are."""
    meta = create_file_meta(
        sop_class_uid=UID(sop_class_uid),
        sop_instance_uid=UID(sop_instance_uid),
        transfer_syntax=UID(transfer_syntax_uid),
        implementation_uid=_IMPLEMENTATION_CLASS_UID,
        implementation_version=_IMPLEMENTATION_VERSION_NAME,
    )
    return b"".join((bytes(128), b"DICM", encode_file_meta(meta), data_set))


def store(root: Path, *, study_instance_uid: str, sop_instance_uid: str, content: bytes) -> StoredFile:
    """Keep `content` as a file under `root` and return when it would survive a loss of power.

    Raises UnsafeIdentifier before touching any path, DiskFull where there is no room,
    StoredFileDiffers where the old file is damaged, OSError for other faults of the disk. Whatever
    it raises, nothing new is left behind: a store that fails removes its file, and its folder if that
    is empty, so stores of one object must not overlap in time, and those of one study should not.
    """
    if not (is_uid(study_instance_uid) and is_uid(sop_instance_uid)):
        raise UnsafeIdentifier("a UID breaks the UID grammar (PS3.5 9.1); nothing was stored")
    sha256 = hashlib.sha256(content).hexdigest()
    path = Path(study_instance_uid, f"{sop_instance_uid}.{sha256[:16]}.dcm")
    try:
        is_new = keep(root / path, content)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("no room is left for received objects; nothing was kept of this one") from error
        raise
    return StoredFile(path, sha256, len(content), is_new)


def keep(file: Path, content: bytes) -> bool:
    """Make `file` hold `content` durably, and return whether it is new; its folder is made if need be.

    A file that is there already is never written to: it holds the same bytes, or StoredFileDiffers is
    raised. Whatever is raised, nothing new is left behind.
    """
    is_new = False
    temporary = file.with_name(f".{file.name}.{uuid.uuid4().hex}{_UNFINISHED}")
    try:
        file.parent.mkdir(mode=0o750, exist_ok=True)
        if file.exists():
            if file.read_bytes() != content:
                raise StoredFileDiffers(
                    "a stored file no longer holds the bytes it was stored with; it was left as it is: "
                    "move it away for examination and have the object sent again"
                )
        else:
            _write(temporary, content)
            is_new = True
            temporary.rename(file)
        # Also for an old file and an old folder: whoever made them may have died before this line.
        _sync(file.parent)
        _sync(file.parent.parent)
    except BaseException:
        _remove(temporary)
        if is_new:
            _remove(file)
        raise
    return is_new


def discard(root: Path, file: StoredFile) -> None:
    """Remove a new file that could not be recorded, and the folder of its study if it is empty."""
    _remove(root / file.path)


def clear_unfinished(root: Path, *, before: float) -> int:
    """Remove what a crash left half written, and return how many files that were.

    Only files last written `before` this time (seconds since the epoch) are taken for that; every
    study folder is listed once.
    """
    unfinished = [file for file in root.glob(f"*/.*{_UNFINISHED}") if file.stat().st_mtime < before]
    for file in unfinished:
        file.unlink()
    return len(unfinished)


def _write(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    try:
        file.parent.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.ENOENT):
            raise
