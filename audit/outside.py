"""Showing checkpoints to the outside: a time-stamping authority and a witness, where the settings name them.

Neither holds up the sealing process, which does not wait for a network. What they answer is kept beside the
anchor file; the newest checkpoint covers all before it, so one that was missed is not asked for again.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import close_old_connections

from audit import anchor
from audit.anchor import CannotAnchor
from audit.asking import NotReached
from audit.note import NoteRefused
from audit.timestamp import Authority, NotStamped
from audit.witness import NotWitnessed, Witness

logger = logging.getLogger(__name__)

PAUSE: Final = 1.0  # seconds between two looks for a new checkpoint
_LONGEST: Final = 300.0  # seconds between two tries while there is no answer

_OURS: Final = (NotReached, NotStamped, NotWitnessed, NoteRefused, CannotAnchor, OSError)


@dataclass(frozen=True, slots=True)
class Outside:
    """Those who are shown each new checkpoint of the anchor file."""

    anchor_file: Path
    shown_to: Sequence[Callable[[str], None]]

    @classmethod
    def configured(cls, anchor_file: Path) -> "Outside":
        """As the settings say; raises NoteRefused for a key of the witness that is none."""
        shown_to: list[Callable[[str], None]] = []
        if settings.AUDIT_TSA_URL:
            roots = Path(settings.AUDIT_TSA_ROOTS) if settings.AUDIT_TSA_ROOTS else None
            shown_to.append(Authority(settings.AUDIT_TSA_URL, anchor_file.parent / "timestamps", roots).stamp)
        if settings.AUDIT_WITNESS_URL:
            shown_to.append(Witness.configured(anchor_file.parent / "cosigned").cosign)
        return cls(anchor_file, shown_to)

    def show_newest(self) -> bool:
        """Show the newest checkpoint; whether everybody took it. What goes wrong is told, and not raised."""
        taken = [_succeeds(partial(self._show, show)) for show in self.shown_to]
        return all(taken)

    def _show(self, show: Callable[[str], None]) -> None:
        notes = anchor.newest(self.anchor_file)
        if notes:
            show(notes[-1])

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Within the block, a thread shows every new checkpoint."""
        if not self.shown_to:
            yield
            return
        stop = threading.Event()
        thread = threading.Thread(target=self._keep_showing, args=(stop,), name="outside", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(timeout=15)

    def _size(self) -> int:
        """That of the anchor file, in bytes; 0 where it cannot be told."""
        try:
            return self.anchor_file.stat().st_size
        except OSError:
            return 0

    def _keep_showing(self, stop: threading.Event) -> None:
        seen, pause = -1, PAUSE
        while not stop.wait(pause):
            close_old_connections()
            size = self._size()
            if size == seen:
                pause = PAUSE
            elif self.show_newest():
                seen, pause = size, PAUSE
            else:
                pause = min(pause * 2, _LONGEST)
        close_old_connections()


def _succeeds(work: Callable[[], None]) -> bool:
    """Whether `work` came to its end; what stopped it is told."""
    try:
        work()
    except _OURS as problem:
        logger.warning("%s", problem)
    except Exception as problem:  # noqa: BLE001 - nobody waits for the thread, which must not end in silence
        # A message of the database may hold values of rows.
        logger.warning("a checkpoint was not shown to the outside: %s", type(problem).__name__)
    else:
        return True
    return False
