"""Verifying the trail from the console, a step at a time, so that whoever waits can be told how far it is."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Event

from django.db import DatabaseError, connection

from audit import inspection
from audit.models import Entry
from audit.signer import KeyRefused
from audit.verification.findings import Verification
from audit.verify import NotAnExport

_PATIENCE = 2.0  # seconds between two signs of life at most

# Verifies, and tells the number of events so far.
Verifier = Callable[[Callable[[int], None]], Verification]


class CannotVerify(Exception):
    """There was nothing to verify, or nothing to verify it with; the message says what to do."""


class _Abandoned(Exception):
    """Nobody waits for the result any more."""


def in_the_database(progress: Callable[[int], None]) -> Verification:
    """The trail where it lies, with the keys and the anchor file of this installation."""
    return inspection.inspect(progress=progress)


def events_to_verify() -> int:
    """How many numbered events there are, to say how far the verification is."""
    last = Entry.objects.order_by("-seq").values_list("seq", flat=True).first()
    return 0 if last is None else last + 1


def verified(run: Verifier, *, patience: float = _PATIENCE) -> Iterator[int | Verification]:
    """The numbers of events that were looked at so far, and at last the result.

    A number comes at least every `patience` seconds, whether it grew or not: a proxy that hears nothing hangs
    up. The verifier runs in a thread of its own, and ends there when this iterator is closed. Raises
    CannotVerify.
    """
    steps: SimpleQueue[int | None] = SimpleQueue()
    abandoned = Event()

    def progress(events: int) -> None:
        if abandoned.is_set():
            raise _Abandoned
        steps.put(events)

    def work() -> Verification:
        try:
            return run(progress)
        finally:
            connection.close()  # that of this thread
            steps.put(None)

    with ThreadPoolExecutor(1, thread_name_prefix="verify") as pool:
        result = pool.submit(work)
        try:
            yield from _until_none(steps, patience)
        finally:
            abandoned.set()
        try:
            yield result.result()
        except (KeyRefused, NotAnExport) as problem:
            raise CannotVerify(str(problem)) from problem
        except DatabaseError as problem:
            raise CannotVerify(
                f"the database could not be read ({type(problem).__name__}), so nothing was verified. "
                f"Try again, or run: manage.py audit verify"
            ) from problem


def _until_none(steps: "SimpleQueue[int | None]", patience: float) -> Iterator[int]:
    reached = 0
    while True:
        try:
            step = steps.get(timeout=patience)
        except Empty:
            yield reached
            continue
        if step is None:
            return
        reached = step
        yield reached
