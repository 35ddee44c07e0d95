"""What all checkpoints together show: which events they confirm, where they do not agree, what is missing."""

from collections.abc import Sequence
from typing import Final

from audit.incarnation import base_of
from audit.verification.findings import Kind
from audit.verification.heads import Heads

# A device seals every 100 events; after crashes some hundred may wait for their checkpoint.
_OPEN: Final = 500


def conclude(heads: Heads) -> None:
    """Say what all checkpoints together show."""
    _losses(heads)
    _events(heads)
    _keys(heads)
    if heads.events and not any(size for _origin, size in heads.signed):
        heads.findings.problem(
            Kind.UNSEALED,
            "no checkpoint that a trusted key signed covers these events: nothing shows that they are "
            "genuine",
            first=0,
            last=heads.events - 1,
        )
    sealed = max((size for _origin, size in heads.signed), default=heads.events)
    if heads.present - sealed > _OPEN:
        heads.findings.problem(
            Kind.UNSEALED,
            f"no checkpoint covers the last {heads.events - sealed} events, from number {sealed} on: sealing "
            f"has failed for long, or checkpoints were removed",
            first=sealed,
            last=heads.events - 1,
        )


def _losses(heads: Heads) -> None:
    """What was acknowledged as lost, under a checkpoint of the name that followed, is wrong no longer."""
    names = {base_of(heads.origin)}
    for loss in heads.losses:
        if any(c.origin == loss.continued and size > loss.seq for size, c in heads.holding.items()):
            names.add(loss.continued)
            heads.findings.remark(loss.words)
            for signed in (heads.wrong, heads.beyond):
                for checkpoint in [c for c in signed if loss.names(c.origin, c.size, c.root)]:
                    del signed[checkpoint]
    strange = {checkpoint.origin for checkpoint in heads.holding.values()} | {heads.origin}
    for name in sorted(strange - names):
        heads.findings.problem(
            Kind.KEY, f"the log is called {name}, and no event says how it came to that name"
        )


def _events(heads: Heads) -> None:
    largest = max(heads.right, default=0)
    wrong = {checkpoint.size: where for checkpoint, where in heads.wrong.items()}
    for size in sorted(size for size in wrong if size < largest):
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
    newest = max(heads.holding, default=0)
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
