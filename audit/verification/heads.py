"""Checkpoints against the events: those in the export, and those that others kept outside the database."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import attrgetter

from audit.checkpoint import Checkpoint, read
from audit.incarnation import base_of, number_of
from audit.note import NoteRefused, NotSigned, VerifierKey, opened
from audit.verification.findings import Findings, Kind
from audit.verification.losses import Acknowledged
from audit.verification.stored import Stored, unverified
from audit.verification.trust import Ring, Standing
from audit.verification.witness import Witness

_EXPORT = "the export"

_size = attrgetter("size")


@dataclass(slots=True)
class Heads:
    """Holds checkpoints against `roots`, those of the first events of the export by their number.

    `origin` is the log that it says it is of, `present` the number of events in it, `events` the number that
    comes after the last of them: the same where none is missing. `stored` are the checkpoints of the export.

    A checkpoint that the events confirm leaves no trace but in what is known of its name: the tree of the
    events is the memory of it. So the others are remembered alone.
    """

    origin: str
    events: int
    present: int
    roots: Mapping[int, bytes]
    ring: Ring
    losses: Sequence[Acknowledged]
    findings: Findings
    stored: Sequence[Stored]
    newest: Checkpoint | None = None  # the largest that a trusted key signed and that holds
    signers: set[bytes] = field(default_factory=set)  # public keys of such checkpoints
    first: dict[str, int] = field(default_factory=dict)  # of each name, the smallest such size
    last: dict[str, int] = field(default_factory=dict)  # of each name, the largest that holds, by any key
    compared: int | None = None  # the largest size that was held against the events, whatever came of it
    anchored: int = 0  # the largest size that a witness confirms
    witnessed: int = 0  # checkpoints from witnesses that were compared
    wrong: dict[Checkpoint, str] = field(default_factory=dict)  # signed over other events; where it stands
    beyond: dict[Checkpoint, str] = field(default_factory=dict)  # signed over more events than there are
    untold: dict[Checkpoint, str] = field(default_factory=dict)  # signed over events of which some are gone
    earlier: list[int] = field(default_factory=list)  # signed by keys that were not given
    unsigned: list[int] = field(default_factory=list)  # signed by none of the known keys
    _keys: dict[str, frozenset[VerifierKey]] = field(default_factory=dict)  # those of each name of the log
    _signers: dict[frozenset[VerifierKey], frozenset[VerifierKey]] = field(default_factory=dict)  # each once
    _newest_stored: dict[str, int] = field(default_factory=dict)  # of each name
    _removed: set[int] = field(default_factory=set)

    @property
    def largest(self) -> int:
        """The size of the largest checkpoint that holds, by whatever key of the log."""
        return max(self.last.values(), default=0)

    def _open(self, note: str) -> tuple[Checkpoint, frozenset[VerifierKey]]:
        """The checkpoint and who signed it for its origin; raises NoteRefused."""
        origin = note.partition("\n")[0]
        if origin not in self._keys:
            is_own = base_of(origin) == base_of(self.origin)
            self._keys[origin] = self.ring.known(origin) if is_own else frozenset()
        text, signers = opened(note, self._keys[origin])
        return read(text), signers

    def judge_stored(self) -> None:
        """Check the checkpoints of the export, as its lines have them."""
        if any(one.size > other.size for one, other in pairwise(self.stored)):
            self.findings.problem(Kind.CHECKPOINT, "the checkpoints do not stand in the order of their sizes")
        self.stored = sorted(self.stored, key=_size)
        for size, same in groupby(self.stored, key=_size):
            count = sum(1 for _ in same)
            if count > 1:
                self._bad(size, f"stands there {count} times")
        number = 0
        for one in self.stored:
            checkpoint = self._judge_one(one)
            if checkpoint is not None:
                if number_of(checkpoint.origin) < number:
                    self._bad(
                        checkpoint.size, f"is signed under the name {checkpoint.origin}, given up before"
                    )
                number = max(number, number_of(checkpoint.origin))
                self._newest_stored[checkpoint.origin] = one.size

    def _judge_one(self, stored: Stored) -> Checkpoint | None:
        size = stored.size
        try:
            checkpoint, signers = self._open(stored.note)
        except NotSigned:
            self.unsigned.append(size)
            return None
        except NoteRefused as refused:
            self._bad(size, f"was altered: {refused}")
            return None
        stored.signers = self._signers.setdefault(signers, signers)
        if not stored.agrees:
            self._bad(size, "was altered: its columns do not say what was signed")
        standing = self.ring.standing(signers)
        if standing is Standing.RETIRED:
            since = max(self.ring.retired[key.public] for key in signers)
            self._bad(size, f"is signed by a key that was replaced at {since} events", kind=Kind.KEY)
        elif standing is Standing.EARLY:
            self._bad(size, "is signed by a key that no trusted key had introduced by then", kind=Kind.KEY)
        elif standing is Standing.NAMED:
            self.earlier.append(size)
            self._compare(checkpoint, _EXPORT)
        elif self._compare(checkpoint, _EXPORT):
            self._holds(checkpoint, signers)
            self.ring.passed(checkpoint.size, signers)
        return checkpoint

    def _bad(self, size: int, how: str, *, kind: Kind = Kind.CHECKPOINT) -> None:
        self.findings.problem(kind, f"the checkpoint of {size} events {how}", size=size)

    def _holds(self, checkpoint: Checkpoint, signers: frozenset[VerifierKey]) -> None:
        """Take in that a trusted key signed `checkpoint` and that the events confirm it."""
        origin, size = checkpoint.origin, checkpoint.size
        self.first[origin] = min(size, self.first.get(origin, size))
        self.signers.update(key.public for key in signers)
        if self.newest is None or size > self.newest.size:
            self.newest = checkpoint

    def _compare(self, checkpoint: Checkpoint, where: str) -> bool:
        """Whether the events of the export are those that `checkpoint` was signed over."""
        size = checkpoint.size
        self.compared = max(size, self.compared or 0)
        if size > self.events:
            self.beyond.setdefault(checkpoint, where)
        elif size not in self.roots:
            self.untold.setdefault(checkpoint, where)
        elif self.roots[size] != checkpoint.root:
            self.wrong.setdefault(checkpoint, where)
        else:
            self.last[checkpoint.origin] = max(size, self.last.get(checkpoint.origin, size))
            return True
        return False

    def judge_witness(self, witness: Witness) -> None:
        """Check what a file outside the database says, once the checkpoints of the export are checked."""
        usable, unsigned, refused = 0, 0, 0
        for note in witness.notes:
            try:
                checkpoint, signers = self._open_outside(note)
            except NotSigned:
                unsigned += 1
                continue
            except NoteRefused:
                refused += 1
                continue
            standing = self.ring.standing_outside(signers)
            if standing is Standing.EARLY:
                unsigned += 1
                continue
            usable += 1
            if self._compare(checkpoint, witness.name):
                if standing is Standing.TRUSTED:
                    self._holds(checkpoint, signers)
                self._confirmed(checkpoint, witness.name)
        self.witnessed += usable
        for count, what in (
            (unsigned, "of other logs or signed by none of the trusted keys"),
            (refused, "damaged or forged"),
        ):
            if count:
                self.findings.remark(
                    f"{witness.name}: {count} of {usable + unsigned + refused} checkpoints are {what}."
                )
        if not usable:
            self.findings.problem(
                Kind.ANCHOR,
                f"{witness.name} holds no checkpoint of {self.origin} that the given keys verify, so it "
                f"confirms nothing; was another key in use, or is it the wrong file?",
            )

    def _open_outside(self, note: str) -> tuple[Checkpoint, frozenset[VerifierKey]]:
        """The same as `_open`, without verifying again what stands in the export too."""
        checkpoint = unverified(note)
        for one in self._stored_over(checkpoint.size):
            if one.signers is not None and one.is_note(note):
                return checkpoint, one.signers
        return self._open(note)

    def _stored_over(self, size: int) -> Iterator[Stored]:
        """The checkpoints of the export over `size` events: one, where all is well."""
        place = bisect_left(self.stored, size, key=_size)
        while place < len(self.stored) and self.stored[place].size == size:
            yield self.stored[place]
            place += 1

    def _confirmed(self, checkpoint: Checkpoint, name: str) -> None:
        """A witness has a checkpoint that holds: does the database have it too?"""
        size = checkpoint.size
        self.anchored = max(self.anchored, size)
        # The newest of a name may stand outside alone: the sealing process died in between, or a copy was
        # restored that was made before it was sealed. The others may not.
        is_followed = size < self._newest_stored.get(checkpoint.origin, 0)
        if is_followed and size not in self._removed and not any(self._stored_over(size)):
            self._removed.add(size)
            self._bad(size, f"was removed from the database; it stands in {name}")
