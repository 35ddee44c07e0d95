"""Whether a trail is whole: what the sealing process promises of every state that it leaves behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.checkpoint import found_in, verified
from audit.entry import EMPTY_CHAIN, chain_hash, leaf_hash
from audit.note import VerifierKey
from audit.tree import Frontier


@dataclass(frozen=True)
class Trail:
    """What a database holds: texts by event id; (event id, leaf, chain) by number; notes by size."""

    events: dict[int, str]
    entries: list[tuple[int, str, str]]
    seals: dict[int, str]
    headings: list[int]
    keys: list[str]
    anchors: Path

    def roots(self) -> dict[int, bytes]:
        """The root of the tree at each size, recomputed from what the events say."""
        frontier, roots = Frontier(), {}
        for event, _leaf, _chain in self.entries:
            frontier.append(leaf_hash(self.events[event]))
            roots[frontier.size] = frontier.root()
        return roots

    def anchored(self) -> list[str]:
        return list(found_in(self.anchors.read_bytes())) if self.anchors.exists() else []


def faults(trail: Trail, *, lost: Sequence[str] = (), sealed: bool = True) -> list[str]:
    """What is wrong, in words. `lost` names logs whose checkpoints may lie beyond what is here.

    `sealed` says that everything should have its number and be covered.
    """
    found = []
    numbered = [event for event, _leaf, _chain in trail.entries]
    if len(numbered) != len(set(numbered)):
        found.append("an event has two numbers")
    if sealed and sorted(numbered) != sorted(trail.events):
        found.append("an event has no number, or a number no event")
    if sorted(trail.headings) != sorted(numbered):
        found.append("headings and entries are of different events")
    chain = EMPTY_CHAIN
    for number, (event, leaf, link) in enumerate(trail.entries):
        own = leaf_hash(trail.events[event])
        chain = chain_hash(chain, own)
        if (own.hex(), chain.hex()) != (leaf, link):
            found.append(f"entry {number} is not that of its event")
    keys, roots = [VerifierKey.parse(key) for key in trail.keys], trail.roots()
    for note in [*trail.seals.values(), *trail.anchored()]:
        checkpoint, _ = verified(note, keys)
        if checkpoint.origin not in lost and roots.get(checkpoint.size) != checkpoint.root:
            found.append(f"the checkpoint over {checkpoint.size} of {checkpoint.origin} is of another tree")
    if sealed and max(trail.seals, default=0) != len(trail.entries):
        found.append("the newest checkpoint does not cover everything")
    missing = set(trail.seals.values()) - set(trail.anchored())
    if missing:
        found.append(f"{len(missing)} checkpoints were never anchored")
    return found
