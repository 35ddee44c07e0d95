"""Checkpoints against the events: those in the export, and those that others kept outside the database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.checkpoint import Checkpoint, read
from audit.incarnation import base_of, number_of
from audit.note import NoteRefused, NotSigned, VerifierKey, opened
from audit.verification.findings import Findings, Kind
from audit.verification.losses import Acknowledged
from audit.verification.trust import Ring, Standing
from audit.verification.witness import Witness

_EXPORT = "the export"


@dataclass(slots=True)
class Heads:
    """Holds checkpoints against `roots`, those of the first events of the export by their number.

    `origin` is the log that it says it is of, `present` the number of events in it, `events` the number that
    comes after the last of them: the same where none is missing.
    """

    origin: str
    events: int
    present: int
    roots: Mapping[int, bytes]
    ring: Ring
    losses: Sequence[Acknowledged]
    findings: Findings
    holding: dict[int, Checkpoint] = field(default_factory=dict)  # signed by trusted keys, and right
    anchored: int = 0  # the largest size that a witness confirms
    witnessed: int = 0  # checkpoints from witnesses that were compared
    right: set[int] = field(default_factory=set)  # as `holding`, and those of earlier keys
    wrong: dict[Checkpoint, str] = field(default_factory=dict)  # signed over other events; where it stands
    beyond: dict[Checkpoint, str] = field(default_factory=dict)  # signed over more events than there are
    signed: dict[tuple[str, int], tuple[bytes, str]] = field(default_factory=dict)
    earlier: list[int] = field(default_factory=list)  # signed by keys that were not given
    unsigned: list[int] = field(default_factory=list)  # signed by none of the known keys
    _opened: dict[str, tuple[Checkpoint, frozenset[VerifierKey]] | NoteRefused] = field(default_factory=dict)
    _known: frozenset[VerifierKey] = frozenset()

    def __post_init__(self) -> None:
        names = {self.origin, base_of(self.origin)}
        names.update(name for loss in self.losses for name in (loss.origin, loss.continued))
        names.update(key.name for key in self.ring.given if base_of(key.name) == base_of(self.origin))
        self._known = self.ring.known(names)

    def _open(self, note: str) -> tuple[Checkpoint, frozenset[VerifierKey]]:
        """The checkpoint and who signed it for its origin; raises NoteRefused. Each note is opened once."""
        found = self._opened.get(note)
        if found is None:
            try:
                text, signers = opened(note, self._known)
                checkpoint = read(text)
                own = frozenset(key for key in signers if key.name == checkpoint.origin)
                if not own:
                    raise NoteRefused(f"a checkpoint of {checkpoint.origin} that another log signed")
                found = checkpoint, own
            except NoteRefused as refused:
                found = refused
            self._opened[note] = found
        if isinstance(found, NoteRefused):
            raise found
        return found

    def judge_stored(self, stored: Sequence[Mapping[str, Any]]) -> None:
        """Check the checkpoints of the export, as its lines have them."""
        sizes = [said["size"] for said in stored]
        if sizes != sorted(sizes):
            self.findings.problem(Kind.CHECKPOINT, "the checkpoints do not stand in the order of their sizes")
        for size, count in Counter(sizes).items():
            if count > 1:
                self._bad(size, f"stands there {count} times")
        number = 0
        for said in sorted(stored, key=lambda said: int(said["size"])):
            checkpoint = self._judge_one(said)
            if checkpoint is not None:
                if number_of(checkpoint.origin) < number:
                    self._bad(
                        checkpoint.size, f"is signed under the name {checkpoint.origin}, given up before"
                    )
                number = max(number, number_of(checkpoint.origin))

    def _judge_one(self, said: Mapping[str, Any]) -> Checkpoint | None:
        size = said["size"]
        try:
            checkpoint, signers = self._open(said["note"])
        except NotSigned:
            self.unsigned.append(size)
            return None
        except NoteRefused as refused:
            self._bad(size, f"was altered: {refused}")
            return None
        if (checkpoint.size, checkpoint.root.hex()) != (size, said["root"]):
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
            self.holding[checkpoint.size] = checkpoint
            self.ring.passed(checkpoint.size, signers)
        return checkpoint

    def _bad(self, size: int, how: str, *, kind: Kind = Kind.CHECKPOINT) -> None:
        self.findings.problem(kind, f"the checkpoint of {size} events {how}", size=size)

    def _compare(self, checkpoint: Checkpoint, where: str) -> bool:
        """Whether the events of the export are those that `checkpoint` was signed over."""
        size, root = checkpoint.size, checkpoint.root
        other, there = self.signed.setdefault((checkpoint.origin, size), (root, where))
        if other != root:
            self.findings.problem(
                Kind.SPLIT_VIEW,
                f"two different histories of {size} events are signed: one in {there}, one in {where}",
                size=size,
            )
        if size > self.events:
            self.beyond.setdefault(checkpoint, where)
        elif size in self.roots:
            if self.roots[size] == root:
                self.right.add(size)
                return True
            self.wrong.setdefault(checkpoint, where)
        return False

    def judge_witness(self, witness: Witness, stored: frozenset[int]) -> None:
        """Check what a file outside the database says. `stored` are the sizes of the export's checkpoints."""
        usable, unsigned, refused = 0, 0, 0
        for note in witness.notes:
            try:
                checkpoint, signers = self._open(note)
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
            self._confirm(checkpoint, witness.name, stored, trusted=standing is Standing.TRUSTED)
        self.witnessed += usable
        for count, what in (
            (unsigned, "of other logs or signed by none of the trusted keys"),
            (refused, "damaged or forged"),
        ):
            if count:
                self.findings.remark(
                    f"{witness.name}: {count} of {len(witness.notes)} checkpoints are {what}."
                )
        if not usable:
            self.findings.problem(
                Kind.ANCHOR,
                f"{witness.name} holds no checkpoint of {self.origin} that the given keys verify, so it "
                f"confirms nothing; was another key in use, or is it the wrong file?",
            )

    def _confirm(self, checkpoint: Checkpoint, name: str, stored: frozenset[int], *, trusted: bool) -> None:
        if not self._compare(checkpoint, name):
            return
        self.anchored = max(self.anchored, checkpoint.size)
        if trusted:
            self.holding.setdefault(checkpoint.size, checkpoint)
        # The newest may stand outside alone, where the sealing process died in between; the others may not.
        if checkpoint.size not in stored and checkpoint.size < max(stored, default=0):
            self._bad(checkpoint.size, f"was removed from the database; it stands in {name}")
