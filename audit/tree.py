"""The Merkle tree of RFC 6962 section 2.1: roots, proofs that a leaf is in a tree, proofs that a tree grew.

Pure: leaves are 32-byte hashes (audit.entry.leaf_hash), and so are roots and the nodes of proofs.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

EMPTY_ROOT = hashlib.sha256(b"").digest()


class ProofRefused(Exception):
    """The proof does not show what it claims."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """The parent of two nodes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """A tree that only grows, as the roots of its perfect subtrees from left to right: O(log n) memory."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add one leaf at the right."""
        size = self.size
        while size & 1:
            leaf = hashlib.sha256(b"\x01" + self.peaks.pop() + leaf).digest()
            size >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over `leaves` (MTH)."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf `index`, from the leaf up (PATH, RFC 6962 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"there is no leaf {index} in a tree of {len(leaves)}")
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*inclusion_proof(leaves[:k], index), root_of(leaves[k:])]
    return [*inclusion_proof(leaves[k:], index - k), root_of(leaves[:k])]


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """The nodes that show that the tree over `leaves` begins with its own first `first` (PROOF, 2.1.2)."""
    if not 0 < first <= len(leaves):
        raise IndexError(f"a tree of {len(leaves)} was never one of {first}")
    return _subproof(leaves, first, whole=True)


def _subproof(leaves: Sequence[bytes], first: int, *, whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = _split(len(leaves))
    if first <= k:
        return [*_subproof(leaves[:k], first, whole=whole), root_of(leaves[k:])]
    return [*_subproof(leaves[k:], first - k, whole=False), root_of(leaves[:k])]


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def verify_inclusion(*, leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that `leaf` is leaf `index` of the tree of `size` leaves under `root` (RFC 9162 2.1.3.2).

    Raises ProofRefused.
    """
    if not 0 <= index < size:
        raise ProofRefused(f"there is no leaf {index} in a tree of {size}")
    position, last, computed = index, size - 1, leaf
    for node in proof:
        if last == 0:
            raise ProofRefused("the inclusion proof is longer than the path to the root")
        if position & 1 or position == last:
            computed = node_hash(node, computed)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            computed = node_hash(computed, node)
        position, last = position >> 1, last >> 1
    if last or computed != root:
        raise ProofRefused(f"leaf {index} is not in the tree of {size} with this root")


def verify_consistency(
    *, first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `first` leaves is the beginning of the tree of `second` (RFC 9162 2.1.4.2).

    Raises ProofRefused.
    """
    refused = ProofRefused(f"the tree of {second} does not begin with this tree of {first}")
    if not 0 < first <= second:
        raise refused
    if first == second:
        if proof or first_root != second_root:
            raise refused
        return
    nodes = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not nodes or _climbed(first - 1, second - 1, nodes) != (first_root, second_root):
        raise refused


def _climbed(position: int, last: int, nodes: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The roots of the smaller and of the larger tree that `nodes` lead to; None where they lead nowhere."""
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, node)
        position, last = position >> 1, last >> 1
    return (old, new) if last == 0 else None
