"""What all checkpoints together show: which events they confirm, where they do not agree, what is missing."""

from collections.abc import Sequence
from itertools import chain
from typing import Final

from audit.checkpoint import Checkpoint
from audit.incarnation import base_of, number_of
from audit.verification.findings import Kind
from audit.verification.heads import Heads
from audit.verification.losses import Acknowledged
from audit.verification.order import first_of

# A device seals every 100 events; after crashes some hundred may wait for their checkpoint.
_OPEN: Final = 500


def conclude(heads: Heads) -> None:
    """Say what all checkpoints together show."""
    _splits(heads)
    _losses(heads)
    _events(heads)
    _keys(heads)
    if heads.events and not heads.compared:
        heads.findings.problem(
            Kind.UNSEALED,
            "no checkpoint that a trusted key signed covers these events: nothing shows that they are "
            "genuine",
            first=0,
            last=heads.events - 1,
        )
    sealed = heads.events if heads.compared is None else heads.compared
    if heads.present - sealed > _OPEN:
        heads.findings.problem(
            Kind.UNSEALED,
            f"no checkpoint covers the last {heads.events - sealed} events, from number {sealed} on: sealing "
            f"has failed for long, or checkpoints were removed",
            first=sealed,
            last=heads.events - 1,
        )


def _splits(heads: Heads) -> None:
    """Two checkpoints of one name and one size that are signed over different events."""
    first: dict[tuple[str, int], tuple[Checkpoint, str]] = {}
    for checkpoint, where in chain(heads.wrong.items(), heads.beyond.items(), heads.untold.items()):
        other, there = first.setdefault((checkpoint.origin, checkpoint.size), (checkpoint, where))
        if other != checkpoint:
            heads.findings.problem(
                Kind.SPLIT_VIEW,
                f"two different histories of {checkpoint.size} events are signed: one in {there}, one in "
                f"{where}",
                size=checkpoint.size,
            )


def _losses(heads: Heads) -> None:
    """What was acknowledged as lost, under a checkpoint of the name that followed, is wrong no longer."""
    names, idle = {base_of(heads.origin)}, []
    for loss in heads.losses:
        if not _counts(loss, heads):
            idle.append(loss.seq)
            continue
        names.add(loss.continued)
        heads.findings.remark(loss.words)
        here = heads.last.get(loss.origin, 0)
        for signed in (heads.wrong, heads.beyond):
            for checkpoint in [c for c in signed if c.size > here and loss.names(c.origin, c.size, c.root)]:
                del signed[checkpoint]
    if idle:
        heads.findings.remark(
            f"Acknowledged by no device, by what they say or where they stand, and excusing nothing: the "
            f"losses in the events {first_of(idle)}."
        )
    for name in sorted({*heads.first, heads.origin} - names):
        heads.findings.problem(
            Kind.KEY, f"the log is called {name}, and no event that counts says how it came to that name"
        )


def _counts(loss: Acknowledged, heads: Heads) -> bool:
    """Whether the device acknowledged `loss`: by what it says, of which log, and by where it stands.

    That is behind all checkpoints that hold of earlier names, and before all of the name that follows and of
    later ones, of which a trusted key signed one.
    """
    if not loss.is_consistent or base_of(loss.origin) != base_of(heads.origin):
        return False
    number = number_of(loss.continued)
    before = [size for name, size in heads.last.items() if number_of(name) < number]
    after = [size for name, size in heads.first.items() if number_of(name) >= number]
    return bool(after) and max(before, default=0) <= loss.seq < min(after)


def _events(heads: Heads) -> None:
    largest = heads.largest
    wrong = {checkpoint.size: where for checkpoint, where in heads.wrong.items()}
    for size in sorted(size for size in wrong if size <= largest):
        heads.findings.problem(
            Kind.SPLIT_VIEW,
            f"the checkpoint of {size} events in {wrong[size]} is signed over another history than the "
            f"one of {largest}, which holds",
            size=size,
        )
    if max(wrong, default=0) > largest:
        size = min(size for size in wrong if size > largest)
        since = f"the first {largest} are" if largest else "no smaller checkpoint holds"
        heads.findings.problem(
            Kind.REWRITTEN,
            f"the first {size} events are not those that were sealed ({since}): between the events "
            f"{largest} and {size - 1} something was altered, removed, inserted or moved, as the "
            f"checkpoint in {wrong[size]} shows",
            first=largest,
            last=size - 1,
            size=size,
        )
    newest = max(heads.beyond, key=lambda checkpoint: checkpoint.size, default=None)
    if newest is not None:
        heads.findings.problem(
            Kind.TRUNCATED,
            f"{newest.size} events were sealed, says {heads.beyond[newest]}, but only {heads.events} are "
            f"here: the end was cut off, an older copy was restored, or events were removed behind the first "
            f"{largest}, which are confirmed",
            first=largest,
            last=newest.size - 1,
            size=newest.size,
        )


def _keys(heads: Heads) -> None:
    newest = heads.newest.size if heads.newest else 0
    if heads.newest and heads.ring.given[0].public not in heads.signers:
        heads.findings.remark(
            f"The key that was named first, {heads.ring.given[0]}, signed none of the checkpoints that hold. "
            f"If it is the newest, this export is older than that key, or somebody who has an earlier one "
            f"made this history: compare it with a checkpoint from elsewhere."
        )
    if heads.unsigned:
        heads.findings.problem(
            Kind.KEY,
            f"none of the trusted keys signed the {_listed(heads.unsigned)}: they are forged, or a key is "
            f"missing here",
            size=min(heads.unsigned),
        )
    covered = [size for size in heads.earlier if size <= newest]
    if covered:
        heads.findings.remark(
            f"Not verified with the given keys, but signed by earlier keys that the trail names, and "
            f"covered by the checkpoint of {newest} events: the {_listed(covered)}."
        )
    uncovered = [size for size in heads.earlier if size > newest]
    if uncovered:
        heads.findings.problem(
            Kind.KEY,
            f"the {_listed(uncovered)}: signed by an earlier key, and covered by nothing that a given key "
            f"signed",
            size=min(uncovered),
        )


def _listed(sizes: Sequence[int]) -> str:
    if len(sizes) == 1:
        return f"checkpoint of {sizes[0]} events"
    return f"{len(sizes)} checkpoints of {min(sizes)} to {max(sizes)} events"
