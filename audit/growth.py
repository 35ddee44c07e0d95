"""Proof that a tree grew, from little: the frontier of the smaller tree and the leaves that came since.

What tree.consistency_proof makes from all leaves (RFC 6962 2.1.2), in time and memory of what is new.
"""

from collections.abc import Sequence

from audit.tree import Frontier, root_of


def growth_proof(before: Frontier, new: Sequence[bytes]) -> list[bytes]:
    """The nodes that show that the tree of `before` plus the leaves `new` begins with that of `before`.

    Empty where either is empty: a tree of none is the beginning of any.
    """
    if before.size == 0 or not new:
        return []
    return _between(0, before.size + len(new), before, new, whole=True)


def _between(start: int, end: int, before: Frontier, new: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """The proof for the leaves `start` to `end`; everything left of `start` is shown already."""
    if end == before.size:
        return [] if whole else [before.peaks[-1]]
    split = start + (1 << ((end - start - 1).bit_length() - 1))
    if before.size <= split:
        right = root_of(new[split - before.size : end - before.size])
        return [*_between(start, split, before, new, whole=whole), right]
    return [*_between(split, end, before, new, whole=False), _peak(start, before)]


def _peak(start: int, before: Frontier) -> bytes:
    """The largest perfect subtree of `before` that begins with the leaf `start`: one of its peaks."""
    place, at = 0, 0
    while at < start:
        at += 1 << ((before.size - at).bit_length() - 1)
        place += 1
    return before.peaks[place]
