"""Checkpoints (C2SP tlog-checkpoint): the name of a log, its number of events, the root over them, signed."""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from audit.note import NoteRefused, Signer, VerifierKey, opened, signed

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
# In a DICOM text the dash of a signature line, which Latin alphabets do not all have, is written "--".
_DASH, _ASCII_DASH = "— ", "-- "
# All of a checkpoint but its first line. Every repetition is bounded, and the search begins at a newline, so
# that a file of any size and content is searched in one pass. The first line is what stands before it, as far
# as it is the name of one who signed: a log signs for itself.
_IN_BYTES = re.compile(
    rb"\r?\n(?:0|[1-9][0-9]{0,18})\r?\n[A-Za-z0-9+/]{43}=\r?\n\r?\n"
    rb"(?:(?:\xe2\x80\x94|--) [^\s+]{1,255} [A-Za-z0-9+/]{1,8192}={0,2}(?:\r?\n)?)+"
)
_NAME_IN_BYTES = re.compile(rb"\n(?:\xe2\x80\x94|--) ([^\s+]{1,255}) ")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: `size` events lie under the 32 bytes of `root`."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed_by(self, *signers: Signer) -> str:
        """The note of this checkpoint. The name of a key that signs for the log is the log's origin."""
        return signed(self.text, signers)


def read(text: str) -> Checkpoint:
    """The checkpoint of a note's text; raises NoteRefused. Lines beyond the third are passed over."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]) or not _SIZE.fullmatch(lines[1]):
        raise NoteRefused("this is not a checkpoint: origin, size and root were expected")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except ValueError:
        root = b""
    if len(root) != 32 or base64.b64encode(root).decode() != lines[2]:
        raise NoteRefused("the root of the checkpoint is not 32 bytes in base64")
    return Checkpoint(lines[0], int(lines[1]), root)


def verified(note: str, keys: Iterable[VerifierKey]) -> tuple[Checkpoint, frozenset[VerifierKey]]:
    """The checkpoint of `note`, and those of `keys` that signed it for its own origin; raises NoteRefused."""
    text, signers = opened(note, keys)
    checkpoint = read(text)
    own = frozenset(key for key in signers if key.name == checkpoint.origin)
    if not own:
        raise NoteRefused(f"no key of {checkpoint.origin} signed this checkpoint")
    return checkpoint, own


def to_ascii(note: str) -> str:
    """The note in ASCII alone, for media whose alphabet is not certain."""
    return note.replace(_DASH, _ASCII_DASH)


def found_in(content: bytes) -> Iterator[str]:
    """Every note that looks like a checkpoint in `content`: an anchor file, a DICOM file, a mail.

    No format is parsed: nothing but the text itself and its signature decides whether it counts.
    """
    for match in _IN_BYTES.finditer(content):
        names = _NAME_IN_BYTES.findall(match[0])
        origin = next((name for name in names if content.endswith(name, 0, match.start())), None)
        if origin is None:
            continue
        note = (origin + match[0]).decode("utf-8", errors="replace").replace("\r\n", "\n")
        note = note.replace("\n" + _ASCII_DASH, "\n" + _DASH)
        yield note if note.endswith("\n") else note + "\n"
