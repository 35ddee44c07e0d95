"""The sealing process: gives events their numbers without gaps, and signs checkpoints over them.

One process holds the lease; a second waits. Whatever it dies at, the next one finds either no trace of a
step or the whole of it. It never signs a tree that does not continue what it signed before: the anchor
file, outside the database, is its memory.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Exists, OuterRef

from audit import anchor, trail
from audit.checkpoint import Checkpoint, verified
from audit.entry import EMPTY_CHAIN, chain_hash, leaf_hash
from audit.events import CRITICAL, Event
from audit.faults import Step, reached
from audit.models import AuditEvent, Entry, Lease, Seal
from audit.note import NoteRefused, Signer
from audit.tree import Frontier

logger = logging.getLogger(__name__)

INTERVAL = timedelta(seconds=60)  # the longest time that an event goes without a checkpoint
BATCH = 100  # events between two checkpoints at most
LEASE = timedelta(seconds=5)
# Events commit in another order than that of their ids. What commits while at most so many others do is
# found at once; a complete search, this often, finds the event of any transaction.
WINDOW = 10_000
SEARCH = timedelta(minutes=30)


class TrailRolledBack(Exception):
    """The database is not the continuation of what was signed before: it was restored or rewritten."""


@dataclass(slots=True)
class Sequencer:
    """Numbers and seals. `holder` names this process; `signers` sign, the first for the log."""

    signers: tuple[Signer, ...]
    anchor_file: Path
    holder: str
    _tree: Frontier = field(default_factory=Frontier)
    _chain: bytes = EMPTY_CHAIN
    _token: int = -1
    _sealed_size: int = 0
    _sealed_at: datetime | None = None
    _urgent: bool = False
    _newest_id: int = 0
    _searched_at: datetime | None = None

    @property
    def origin(self) -> str:
        return self.signers[0].key.name

    def step(self, now: datetime) -> int:
        """Number what is new and seal it where that is due; give how many events got their number.

        Raises TrailRolledBack, and KeyRefused where the signer fails.
        """
        if not self._lease(now):
            return 0
        reached(Step.LEASED)
        numbered = self._number(now)
        if self._due(now):
            self.seal(now)
        return numbered

    def _lease(self, now: datetime) -> bool:
        with transaction.atomic():
            Lease.objects.get_or_create(name="sequencer", defaults={"holder": "", "until": now})
            lease = Lease.objects.select_for_update().get(name="sequencer")
            if lease.until > now and lease.holder != self.holder:
                return False
            if lease.holder != self.holder or lease.token != self._token:
                lease.holder, lease.token = self.holder, lease.token + 1
            lease.until = now + LEASE
            lease.save()
        if lease.token != self._token:
            self._continue(now)
            self._token = lease.token
        return True

    def _continue(self, now: datetime) -> None:
        """Build the tree anew from the entries, and hold it against everything that was signed."""
        anchored = {size: checkpoint for size, (checkpoint, _note) in self._signed_in_anchor().items()}
        in_database = self._signed_in_database()
        if any(in_database.get(size, checkpoint) != checkpoint for size, checkpoint in anchored.items()):
            raise TrailRolledBack("the checkpoints in the database are not those in the anchor file")
        signed = in_database | anchored
        self._tree, self._chain = Frontier(), EMPTY_CHAIN
        for leaf, chain in Entry.objects.order_by("seq").values_list("leaf", "chain").iterator():
            self._tree.append(bytes.fromhex(leaf))
            self._chain = bytes.fromhex(chain)
            found = signed.pop(self._tree.size, None)
            if found is not None and found.root != self._tree.root():
                raise TrailRolledBack(
                    f"the first {self._tree.size} events are not those that were signed: "
                    f"the database was altered. Run: manage.py audit verify"
                )
        if signed:
            raise TrailRolledBack(
                f"{max(signed)} events were signed, but the database holds {self._tree.size}: it was "
                f"restored from an older copy, or events were removed. Run: manage.py audit verify"
            )
        self._restore_seals(now)

    def _restore_seals(self, now: datetime) -> None:
        """What was anchored just before a death belongs into the database too."""
        for checkpoint, note in self._signed_in_anchor().values():
            Seal.objects.get_or_create(
                size=checkpoint.size, defaults={"root": checkpoint.root.hex(), "note": note, "at": now}
            )
        last = Seal.objects.order_by("size").last()
        self._sealed_size = last.size if last else 0
        self._sealed_at = last.at if last else None
        self._urgent = True  # what waits for a checkpoint waits no longer

    def _signed_in_database(self) -> dict[int, Checkpoint]:
        notes = list(Seal.objects.order_by("size").values_list("note", flat=True))
        signed = dict(self._ours(notes))
        if notes and not any(self._ours(notes[-1:])):
            raise TrailRolledBack(
                f"the newest checkpoint in the database is not signed by this key of {self.origin}"
            )
        return {size: checkpoint for size, (checkpoint, _note) in signed.items()}

    def _signed_in_anchor(self) -> dict[int, tuple[Checkpoint, str]]:
        return dict(self._ours(anchor.newest(self.anchor_file)))

    def _ours(self, notes: Iterable[str]) -> Iterator[tuple[int, tuple[Checkpoint, str]]]:
        """Those of `notes` that our keys signed, by size; others are of an earlier key, or of another log."""
        for note in notes:
            try:
                checkpoint, _ = verified(note, [signer.key for signer in self.signers])
            except NoteRefused:
                continue
            yield checkpoint.size, (checkpoint, note)

    def _number(self, now: datetime) -> int:
        with transaction.atomic():
            lease = Lease.objects.select_for_update().get(name="sequencer")
            if lease.token != self._token:
                return 0
            events = self._unnumbered(now)
            tree, chain = Frontier(self._tree.size, list(self._tree.peaks)), self._chain
            entries = []
            for event in events:
                leaf = leaf_hash(event.canonical)
                chain = chain_hash(chain, leaf)
                entries.append(Entry(seq=tree.size, event=event, leaf=leaf.hex(), chain=chain.hex()))
                tree.append(leaf)
            Entry.objects.bulk_create(entries)
            if events:
                reached(Step.NUMBERED)
        if events:
            reached(Step.COMMITTED)
            self._tree, self._chain = tree, chain
            self._urgent = self._urgent or any(event.event in CRITICAL for event in events)
        return len(events)

    def _unnumbered(self, now: datetime) -> list[AuditEvent]:
        complete = self._searched_at is None or now - self._searched_at >= SEARCH
        floor = 0 if complete else self._newest_id - WINDOW
        numbered = Entry.objects.filter(event=OuterRef("pk"))
        waiting = AuditEvent.objects.filter(~Exists(numbered), pk__gt=floor).order_by("id")
        events = list(waiting.only("canonical", "event")[:BATCH])
        if complete and len(events) < BATCH:
            self._searched_at = now
        self._newest_id = max([self._newest_id, *(event.pk for event in events)])
        return events

    def _due(self, now: datetime) -> bool:
        new = self._tree.size - self._sealed_size
        if new <= 0:
            return False
        waited = self._sealed_at is None or now - self._sealed_at >= INTERVAL
        return self._urgent or new >= BATCH or waited

    def seal(self, now: datetime) -> None:
        """Sign the tree as it is; anchor the checkpoint outside the database, then store it."""
        checkpoint = Checkpoint(self.origin, self._tree.size, self._tree.root())
        note = checkpoint.signed_by(*self.signers)
        reached(Step.SIGNED)
        anchor.append(self.anchor_file, note)
        reached(Step.ANCHORED)
        Seal.objects.create(size=checkpoint.size, root=checkpoint.root.hex(), note=note, at=now)
        reached(Step.STORED)
        self._sealed_size, self._sealed_at, self._urgent = checkpoint.size, now, False

    def rotate(self, successor: Signer, now: datetime) -> None:
        """Let `successor` sign from now on.

        Its announcement is an event that both keys seal; what follows is sealed by the new one alone. To be
        called again with the same successor if it was interrupted.
        """
        before, after = str(self.signers[0].key), str(successor.key)
        with transaction.atomic():
            announced = AuditEvent.objects.filter(event=Event.TRAIL_KEY_ROTATED, canonical__contains=after)
            if not announced.exists():
                trail.append(Event.TRAIL_KEY_ROTATED, "trail", changes={"key": (before, after)})
        reached(Step.ANNOUNCED)
        self.signers = (self.signers[0], successor)
        while self.step(now):
            pass
        self.signers = (successor,)
