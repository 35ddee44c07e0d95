"""Measures appending in a process of its own, on the database that the environment names; prints JSON.

Every round measures all ways of writing, one after the other, so that a machine with other work to do slows
them all. A rate is in relation to that of the way it is measured beside, in the same round.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import django

ROUNDS, TIMES, WRITERS, EACH = 15, 200, 64, 60


def rate(work: Callable[[], object], times: int = TIMES) -> float:
    """How often a second."""
    start = time.perf_counter()
    for _ in range(times):
        work()
    return times / (time.perf_counter() - start)


def rate_together(work: Callable[[], object]) -> float:
    """How often a second, by many threads at once."""

    def many() -> None:
        for _ in range(EACH):
            work()

    threads = [threading.Thread(target=many) for _ in range(WRITERS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return WRITERS * EACH / (time.perf_counter() - start)


def main(folder: Path) -> None:
    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction

    from audit import trail
    from audit.events import Event
    from audit.group import GroupWriter

    about = {
        "actor": "kim",
        "study": "study/17",
        "patient": "patient/0123456789abcdef",
        "model": "a" * 64,
        "reason": "a second opinion",
    }

    def append() -> str:
        return trail.append(Event.STUDY_VIEWED, "study/17", **about).canonical  # type: ignore[arg-type]

    def append_alone() -> str:
        with transaction.atomic():
            return append()

    def record_alone() -> None:
        trail.record(Event.STUDY_VIEWED, "study/17", **about)

    def insert_plainly() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(plain, row)

    call_command("migrate", verbosity=0)
    content = append_alone().encode() + b"\n"
    happened = trail.happening(Event.STUDY_VIEWED, "study/17", **about)  # type: ignore[arg-type]
    database = transaction.get_connection()
    row = trail._parameters(happened, database)
    columns = ", ".join(trail.FIELDS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("CREATE TABLE plain (LIKE audit_auditevent INCLUDING ALL)")
        else:
            cursor.execute(f"CREATE TABLE plain (id integer PRIMARY KEY AUTOINCREMENT, {columns})")
    plain = f"INSERT INTO plain ({columns}) VALUES ({', '.join(['%s'] * len(row))})"  # noqa: S608
    file = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def append_barely() -> None:
        os.write(file, content)
        os.fsync(file)

    writer = GroupWriter()
    figures: dict[str, list[float]] = {"single": [], "read": [], "recorded": [], "grouped": [], "plain": []}
    for _ in range(ROUNDS):
        before, single = rate(append_barely), rate(append_alone)
        read = rate(record_alone)
        inserted, bare = rate(insert_plainly), (before + rate(append_barely)) / 2
        recorded = rate_together(lambda: writer.record(Event.STUDY_VIEWED, "study/17", **about))
        grouped = rate_together(lambda: writer.run(append))
        figures["single"].append(single / bare)
        figures["read"].append(read / bare)
        figures["plain"].append(single / inserted)
        figures["recorded"].append(recorded / bare)
        figures["grouped"].append(grouped / bare)
    writer.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
