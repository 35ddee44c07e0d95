"""Another connection to the database, which does something while this one has not committed."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)

_WAITS_FOR_US = """
    SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
"""


def _somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_WAITS_FOR_US)
        return bool(cursor.fetchone()[0])


@contextmanager
def meanwhile(action: Callable[[], object]) -> Iterator[None]:
    """Do `action` on another connection, which by the block has ended it, or waits for a lock of this one.

    What waits goes on after the block, where the caller's transaction has ended; raises what `action` raises.
    """
    problems: list[BaseException] = []

    def act() -> None:
        try:
            action()
        except BaseException as problem:  # noqa: BLE001 - raised again below
            problems.append(problem)
        finally:
            connection.close()

    other = threading.Thread(target=act)
    other.start()
    deadline = time.monotonic() + 20
    while other.is_alive() and not _somebody_waits_for_us():
        assert time.monotonic() < deadline, "the other connection neither ends nor waits"
        time.sleep(0.01)
    yield
    other.join(20)
    for problem in problems:
        raise problem
