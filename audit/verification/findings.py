"""What a verification finds: problems, each with the place where it is, and the whole result."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from audit.checkpoint import Checkpoint

LIMIT: Final = 1000  # problems that are told one by one; more are counted


def plain(text: str) -> str:
    """`text` on one line, with escapes in the place of what does not print.

    Findings quote whoever wrote the trail, and are read on terminals.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


class Kind(StrEnum):
    """What is wrong, in the words of a report."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"
    BROKEN = "chain broken"  # altered, or something before it was removed: the chain alone cannot tell
    REWRITTEN = "rewritten"  # altered, with hashes to match: known to lie between two checkpoints
    TRUNCATED = "cut off"
    UNSEALED = "not sealed"
    SPLIT_VIEW = "split view"
    CHECKPOINT = "checkpoint"
    KEY = "key"
    ANCHOR = "anchor"
    SIGNATURE = "signature"
    EXPORT = "export"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: the events `first` to `last` that it is about, the checkpoint of `size`, where known."""

    kind: Kind
    text: str
    first: int | None = None
    last: int | None = None
    size: int | None = None


@dataclass(slots=True)
class Findings:
    """Problems and remarks as they come up, in words that print."""

    problems: list[Problem] = field(default_factory=list)
    further: int = 0
    remarks: list[str] = field(default_factory=list)

    def problem(
        self,
        kind: Kind,
        text: str,
        *,
        first: int | None = None,
        last: int | None = None,
        size: int | None = None,
    ) -> None:
        if len(self.problems) < LIMIT:
            self.problems.append(Problem(kind, plain(text), first, first if last is None else last, size))
        else:
            self.further += 1

    def remark(self, text: str) -> None:
        self.remarks.append(plain(text))


@dataclass(frozen=True, slots=True)
class Verification:
    """The result over one export.

    `events` have a number, `pending` wait for one. `checkpoint` is the newest that a trusted key signed and
    that holds; it protects the first `protected` events. `anchored` is the largest size that a checkpoint
    from outside the database confirms. `signatures` is the number of electronic signatures that hold.
    `witnessed` is the number of such checkpoints that were compared. `further` counts problems beyond those
    that are listed.
    """

    origin: str
    events: int
    pending: int
    checkpoints: int
    records: int
    signatures: int
    checkpoint: Checkpoint | None
    anchored: int
    witnessed: int
    problems: tuple[Problem, ...]
    further: int
    remarks: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems

    @property
    def protected(self) -> int:
        return self.checkpoint.size if self.checkpoint else 0

    @property
    def unprotected(self) -> int:
        """How many events at the end no checkpoint covers yet."""
        return max(0, self.events - self.protected)
