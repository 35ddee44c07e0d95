"""Many small transactions of one process, made durable together.

What makes a transaction slow is that it waits for the disk. Where many threads write at once, one thread
writes for them all and commits once; each goes on when its own work is durable.
"""

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar, cast

from django.db import close_old_connections, connection, transaction

from audit import trail
from audit.events import Event
from audit.models import AuditEvent
from audit.trail import Happening

Result = TypeVar("Result")

_MOST: Final = 256  # pieces of work in one transaction


class Closed(Exception):
    """The writer takes no more work."""


class CommitLost(Exception):
    """The commit failed, and whether it came about is not known."""


@dataclass(slots=True)
class _Work:
    """Something to be done in a transaction, and how it went: `done` is released once that is known."""

    do: Callable[[], Any] | None
    happened: Happening | None
    done: threading.Lock
    result: Any = None
    problem: BaseException | None = None

    def wait(self) -> Any:
        self.done.acquire()
        if self.problem is not None:
            raise self.problem
        return self.result


@dataclass(slots=True)
class GroupWriter:
    """A thread with a database connection of its own that does the writing of many others."""

    _waiting: deque[_Work] = field(default_factory=deque)
    _awake: threading.Lock = field(default_factory=threading.Lock)
    _beginning: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _closing: bool = False

    def run(self, function: Callable[[], Result]) -> Result:
        """What `function` gives, done in a transaction that is durable when this returns; or what it raises.

        It runs on the writer's thread, in the caller's context (who acts), with others in one transaction. If
        any of those fails, all are undone and each is done again by itself: so it may run twice, and does
        nothing but database work.
        """
        context = contextvars.copy_context()
        return cast(Result, self._submit(partial(context.run, function), None))

    def record(self, event: Event, subject: str, **about: Any) -> AuditEvent:
        """The event that `trail.append` with the same arguments appends, durable when this returns.

        For what changes nothing else, such as reading.
        """
        return cast(AuditEvent, self._submit(None, trail.happening(event, subject, **about)))

    def close(self) -> None:
        """Do what waits, then end the thread."""
        self._closing = True
        self._wake()
        if self._thread is not None:
            self._thread.join()

    def _submit(self, do: Callable[[], Any] | None, happened: Happening | None) -> Any:
        if self._closing:
            raise Closed("nothing more is written: the process is ending")
        if self._thread is None:
            self._begin()
        work = _Work(do, happened, threading.Lock())
        work.done.acquire()
        self._waiting.append(work)
        self._wake()
        return work.wait()

    def _begin(self) -> None:
        with self._beginning:
            if self._thread is None:
                self._awake.acquire()
                self._thread = threading.Thread(target=self._write, name="group writer", daemon=True)
                self._thread.start()

    def _wake(self) -> None:
        # Whoever finds it awake already need not wake it: the work in the queue is seen before it sleeps.
        if self._awake.locked():
            try:
                self._awake.release()
            except RuntimeError:
                return

    def _write(self) -> None:
        while not (self._closing and not self._waiting):
            self._awake.acquire()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
                _together(batch)
                for work in batch:
                    work.done.release()
        connection.close()


def _together(batch: Sequence[_Work]) -> None:
    """Do all of `batch` in one transaction; if one of it fails, each in one of its own.

    Where it is the commit that fails, it may have come about: nothing is done again, and all are told.
    """
    is_done = False
    try:
        close_old_connections()  # one that broke is not used again
        with transaction.atomic():
            _do(batch)
            is_done = True
    except BaseException as problem:  # noqa: BLE001 it is raised again, where it belongs
        if is_done or len(batch) == 1:
            for work in batch:
                work.problem = _lost(problem) if is_done else problem
            return
        for work in batch:
            _together([work])


def _lost(problem: BaseException) -> CommitLost:
    lost = CommitLost(str(type(problem).__name__))
    lost.__cause__ = problem
    return lost


def _do(batch: Sequence[_Work]) -> None:
    for work in batch:
        if work.do is not None:
            work.result = work.do()
    records = [work for work in batch if work.happened is not None]
    if records:
        events = trail.append_all([work.happened for work in records if work.happened is not None])
        for work, event in zip(records, events, strict=True):
            work.result = event
