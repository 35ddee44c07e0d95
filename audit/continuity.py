"""Whether the database continues what was signed: the tree is built anew and held against the checkpoints.

Pure: the entries and the checkpoints are given.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from audit.entry import EMPTY_CHAIN, chain_hash
from audit.tree import Frontier

HASH: Final = 32  # bytes

Signed = Mapping[int, Collection[bytes]]  # the roots that were signed for each size: one, where all is well


@dataclass(frozen=True, slots=True)
class Loss:
    """The log `origin` was signed up to `size` events under `root`; the database does not continue that.

    Of what was signed, the database still agrees with the first `kept` events. It holds `events`.
    """

    origin: str
    size: int
    root: str
    kept: int
    events: int


class TrailRolledBack(Exception):
    """The database is not the continuation of what was signed before: it was restored or rewritten."""

    def __init__(self, message: str, loss: Loss | None = None) -> None:
        super().__init__(message)
        self.loss = loss


@dataclass(slots=True)
class Retracing:
    """The tree over the entries so far. `kept` is the largest signed size that agrees with them."""

    signed: Signed
    tree: Frontier = field(default_factory=Frontier)
    chain: bytes = EMPTY_CHAIN
    kept: int = 0
    altered: int | None = None  # the smallest size at which they do not agree

    def follow(self, entries: Iterable[tuple[str, str]]) -> None:
        """Take the next entries: leaf and link, in hex."""
        for leaf_text, chain_text in entries:
            leaf = self._leaf(leaf_text)
            self.chain = chain_hash(self.chain, leaf)
            if self.chain.hex() != chain_text:
                raise self._broken()
            self.tree.append(leaf)
            roots = self.signed.get(self.tree.size)
            if roots is not None:
                self._compare(roots)

    def _leaf(self, text: str) -> bytes:
        try:
            leaf = bytes.fromhex(text)
        except ValueError:
            raise self._broken() from None
        if len(leaf) != HASH:
            raise self._broken()
        return leaf

    def _broken(self) -> TrailRolledBack:
        return TrailRolledBack(
            f"event {self.tree.size} does not continue the chain of those before it: the database was "
            f"altered. Keep it as evidence, and restore a whole backup"
        )

    def _compare(self, roots: Collection[bytes]) -> None:
        if {self.tree.root()} == set(roots):
            self.kept = self.tree.size if self.altered is None else self.kept
        elif self.altered is None:
            self.altered = self.tree.size

    def check(self, origin: str) -> None:
        """Raise TrailRolledBack unless the entries, which are all there are, continue what was signed."""
        size, events = max(self.signed, default=0), self.tree.size
        if self.altered is None and size <= events:
            return
        if self.altered is not None:
            # An older copy agrees with every checkpoint that it reaches: this is no loss to be acknowledged.
            raise TrailRolledBack(
                f"the first {self.altered} events are not those that were signed: the database was altered. "
                f"Keep it as evidence, and restore a whole backup"
            )
        loss = Loss(origin, size, min(self.signed[size]).hex(), self.kept, events)
        raise TrailRolledBack(
            f"{size} events were signed, but the database holds {events}: it was restored from an older "
            f"copy, or events were removed",
            loss,
        )
