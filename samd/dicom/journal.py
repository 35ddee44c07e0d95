"""What a node writes down, what it asks of those who keep its books, and that it does not let go of it."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from queue import SimpleQueue
from typing import Final, Protocol

from samd.dicom.storage import StoredFile

logger = logging.getLogger(__name__)

# Between two tries, in seconds: each twice as long as the one before.
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 30.0

# Refusals that wait to be written: more than a large study makes, while the database is away.
_MOST_WAITING: Final = 10_000


class MayBeRecorded(Exception):
    """It is not known whether the books have what was to be written: the answer of the commit was lost."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One object that is durable as `file`; `modality` is empty where the object does not say it well.

    `patient` identifies a person and is not to be written down as it is.
    """

    association: str
    peer: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    modality: str
    patient: bytes
    file: StoredFile


class Refused(StrEnum):
    """What was refused."""

    ASSOCIATION = "association"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An association or an instance that was not accepted, and why, without identifiers of patients.

    `association` and `peer` are known of an instance; `status` is that of the C-STORE response, or
    None where none could be sent; `at` is when it happened, in seconds since 1970.
    """

    kind: Refused
    calling_ae: str
    called_ae: str
    address: str
    reason: str
    association: str = ""
    peer: str = ""
    status: int | None = None
    at: float = field(default_factory=time.time)


class Journal(Protocol):
    """Where a node writes down what happens. Its methods are called from many threads at once.

    `stored` returns only after its row is committed, and raises only after nothing of it is: the
    sender is answered accordingly. It writes a row that is missing also for a file that is not new.
    `closed` follows every `opened`, after the last `stored` of that association; `accepted` is how many
    objects its sender was told are stored.
    `closed` and `refused` are called again until they return, and may have been written where they raised:
    the same again changes nothing.
    """

    def opened(self, association: str, peer: str) -> None: ...

    def stored(self, arrival: Arrival) -> None: ...

    def closed(self, association: str, *, accepted: int) -> None: ...

    def refused(self, refusal: Refusal) -> None: ...


def until_written(write: Callable[[], None], *, what: str, stopping: threading.Event) -> bool:
    """Call `write` until it does not raise, or once more when the node is stopping; whether that ended well.

    `what` begins the sentence that is logged of each failure.
    """
    pause = _FIRST_PAUSE
    while True:
        last = stopping.is_set()
        try:
            write()
        except Exception:
            logger.exception("%s could not be written down.", what)
        else:
            return True
        if last:
            return False
        stopping.wait(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


class Refusals:
    """Writes refusals down: at once, or from a thread of its own, so that no peer waits for its answer."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: SimpleQueue[Refusal | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._write_waiting, name="refusals", daemon=True)

    def start(self) -> None:
        """Begin to write those that wait."""
        self._thread.start()

    def write(self, refusal: Refusal) -> None:
        """Write this refusal, now or later."""
        try:
            self._journal.refused(refusal)
        except Exception:
            logger.exception("A refusal could not be written down; it waits.")
            if self._waiting.qsize() < _MOST_WAITING:
                self._waiting.put(refusal)
            else:
                logger.error("Too many refusals wait; this one will never be written down.")

    def stop(self) -> None:
        """Try once more to write those that wait, then end."""
        self._waiting.put(None)
        self._stopping.set()
        self._thread.join()

    def _write_waiting(self) -> None:
        for refusal in iter(self._waiting.get, None):
            write = partial(self._journal.refused, refusal)
            if not until_written(write, what="A refusal that waits", stopping=self._stopping):
                others = sum(1 for _ in iter(self._waiting.get, None))
                logger.error("%d refusals were never written down.", 1 + others)
                return
