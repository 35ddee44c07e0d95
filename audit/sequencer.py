"""The sealing process: gives events their numbers without gaps, and signs checkpoints over them.

One process holds the lease; a second waits. Whatever it dies at, the next one finds either no trace of a
step or the whole of it. It never signs a tree that does not continue what it signed before: the anchor
file, outside the database, is its memory.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.db import transaction

from audit import anchor, catalogue
from audit.arrivals import Arrivals
from audit.checkpoint import Checkpoint
from audit.continuity import Loss as Loss
from audit.continuity import Retracing
from audit.continuity import TrailRolledBack as TrailRolledBack
from audit.entry import EMPTY_CHAIN, chain_hash, leaf_hash
from audit.events import CRITICAL
from audit.faults import Step, reached
from audit.handover import announce, is_endorsed
from audit.memory import Keys, Memory, recalled, store
from audit.models import Entry
from audit.note import Signer
from audit.sealing import newest
from audit.tenure import Tenure
from audit.tree import Frontier

INTERVAL: Final = timedelta(seconds=60)  # the longest time that an event goes without a checkpoint
BATCH: Final = 100  # events between two checkpoints at most
_PAGE: Final = 20_000  # entries that are read at once
# Who counts the events that have no number yet looks back so far from the newest that has one.
WINDOW: Final = 10_000


@dataclass(slots=True)
class Sequencer:
    """Numbers and seals. `keys` are loaded anew by `load` whenever this process begins to hold the lease."""

    keys: Keys
    load: Callable[[], Keys]
    anchor_file: Path
    tenure: Tenure
    clock: Callable[[], float] = time.monotonic
    _also: Signer | None = None  # signs beside `keys.signer` while one key follows another
    _arrivals: Arrivals = field(default_factory=Arrivals)
    _tree: Frontier = field(default_factory=Frontier)
    _chain: bytes = EMPTY_CHAIN
    _continued: int = -1  # the token of the lease under which tree and chain were built
    _looked: float = -1.0  # the renewal of the lease at which the database was last looked at
    _sealed_size: int = 0
    _sealed_at: datetime | None = None
    _sealed_clock: float = 0.0
    _urgent: bool = False

    @classmethod
    def of(cls, load: Callable[[], Keys], anchor_file: Path, holder: str) -> "Sequencer":
        """The sequencer that the process `holder` runs; raises what `load` raises."""
        return cls(load(), load, anchor_file, Tenure(holder))

    @property
    def origin(self) -> str:
        return self.keys.origin

    def step(self, now: datetime) -> int:
        """Number what is new and seal it where that is due; give how many events got their number.

        Raises TrailRolledBack, KeyRefused where the signer fails, and CannotAnchor.
        """
        if not self.hold(now):
            return 0
        if self._tree.size - self._sealed_size >= BATCH:  # somebody died before the checkpoint
            self.seal(now)
        room = BATCH - (self._tree.size - self._sealed_size)
        numbered = self._number(now, room) if self._arrivals.is_any() else 0
        if self._due(now):
            self.seal(now)
        self._arrivals.tidy(self._alive(now))
        return numbered

    def _alive(self, now: datetime) -> Callable[[], bool]:
        """Renews the lease in the midst of long work that began at `now`; to be called again and again."""
        begun = self.clock()
        return lambda: self.tenure.take(now + timedelta(seconds=self.clock() - begun))

    def hold(self, now: datetime) -> bool:
        """Whether this process holds the lease. Raises TrailRolledBack as `step` does."""
        if not self.tenure.take(now):
            return False
        if self._looked != self.tenure.renewed:
            # An older copy that is put back under our hands has given the ids of new events before.
            self._continued = self._continued if self._is_continued() else -1
            self._looked = self.tenure.renewed
        if self._continued != self.tenure.token:
            reached(Step.LEASED)
            self.keys = self.load()
            self._continue(now)
            self._continued = self.tenure.token
        return self.tenure.token >= 0

    def begin_anew(self) -> None:
        """Load the keys again and read everything again at the next step."""
        self._continued = -1

    def _continue(self, now: datetime) -> None:
        """Build the tree anew from the entries, and hold it against everything that was signed."""
        memory = recalled(self.keys, self.anchor_file)
        retracing = self.retraced(memory, now)
        self._tree, self._chain = retracing.tree, retracing.chain
        self._arrivals.begin(self._alive(now))
        memory.complete(self.anchor_file, now)
        last = newest()
        self._sealed_size = last.size if last else 0
        self._sealed_at = None
        self._urgent = True  # what waits for a checkpoint waits no longer

    def retraced(self, memory: Memory, now: datetime) -> Retracing:
        """The tree over all entries, held against `memory`. Raises TrailRolledBack."""
        alive, retracing = self._alive(now), Retracing(memory.signed())
        while page := _entries(retracing.tree.size):
            retracing.follow(page)
            alive()
        retracing.check(self.origin)
        return retracing

    def _number(self, now: datetime, most: int) -> int:
        with transaction.atomic():
            if not self.tenure.lock():
                return 0
            continues = self._is_continued()
            events = self._arrivals.waiting(most) if continues else []
            tree, chain = Frontier(self._tree.size, list(self._tree.peaks)), self._chain
            entries = []
            for event in events:
                leaf = leaf_hash(event.canonical)
                chain = chain_hash(chain, leaf)
                entries.append(Entry(seq=tree.size, event=event, leaf=leaf.hex(), chain=chain.hex()))
                tree.append(leaf)
            Entry.objects.bulk_create(entries)
            catalogue.add(events)
            if events:
                reached(Step.NUMBERED)
        if not continues:
            # A commit of ours whose answer was lost; or the database was exchanged while we ran.
            self._continue(now)
        if events:
            reached(Step.COMMITTED)
            self._tree, self._chain = tree, chain
            self._arrivals.numbered(events)
            self._urgent = self._urgent or any(event.event in CRITICAL for event in events)
        return len(events)

    def _is_continued(self) -> bool:
        """Whether the last entry is the one that was numbered last here."""
        last = Entry.objects.order_by("-seq").values_list("seq", "chain").first()
        return last == ((self._tree.size - 1, self._chain.hex()) if self._tree.size else None)

    def _due(self, now: datetime) -> bool:
        new = self._tree.size - self._sealed_size
        if new <= 0:
            return False
        # Both clocks: the one on the wall may be set back, the other stands still while a machine sleeps.
        waited = (
            self._sealed_at is None
            or now - self._sealed_at >= INTERVAL
            or self.clock() - self._sealed_clock >= INTERVAL.total_seconds()
        )
        return self._urgent or new >= BATCH or waited

    def seal(self, now: datetime) -> None:
        """Sign the tree as it is; anchor the checkpoint outside the database, then store it.

        Whoever slept here until another process sealed does no harm: its tree, made under its lease, is the
        beginning of the other's.
        """
        if self._tree.size == self._sealed_size:
            return
        signers = [self.keys.signer, *([self._also] if self._also else [])]
        checkpoint = Checkpoint(self.origin, self._tree.size, self._tree.root())
        note = checkpoint.signed_by(*signers)
        reached(Step.SIGNED)
        anchor.append(self.anchor_file, note)
        reached(Step.ANCHORED)
        store(checkpoint, note, now)
        reached(Step.STORED)
        self._sealed_size, self._sealed_at, self._urgent = checkpoint.size, now, False
        self._sealed_clock = self.clock()

    def rotate(self, successor: Signer, now: datetime) -> bool:
        """Let `successor` sign from now on; whether that has come about, which takes the lease.

        Its announcement is an event that both keys seal; what follows is sealed by the new one alone. To be
        called again with the same successor if it was interrupted.
        """
        if not self.hold(now):
            return False
        if successor.key == self.keys.signer.key:
            return True  # somebody who died had it in its place already
        announce(self.keys.signer, successor)
        reached(Step.ANNOUNCED)
        self._also = successor
        try:
            begun = self.clock()
            while self.step(now + timedelta(seconds=self.clock() - begun)):
                pass
        finally:
            self._also = None
        if not is_endorsed(self.keys.signer.key, successor.key):
            return False
        reached(Step.ENDORSED)
        self.keys = Keys(successor, (*self.keys.retired, self.keys.signer.key))
        return True


def _entries(first: int) -> list[tuple[str, str]]:
    """Leaf and link of the entries from `first` on, a page of them."""
    page = Entry.objects.filter(seq__gte=first).order_by("seq")[:_PAGE]
    return list(page.values_list("leaf", "chain"))
