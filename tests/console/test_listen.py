"""What the node tells its senders about the database."""

import sqlite3
from contextlib import closing

import pytest
from django.db import OperationalError

from samd.console.management.commands.listen import is_full


@pytest.mark.requirement("NODE-06")
def test_a_database_without_room_is_a_full_disk() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as caught:
            database.execute("INSERT INTO t VALUES (?)", ["x" * 100_000])

    assert is_full(OperationalError(str(caught.value)))


@pytest.mark.requirement("NODE-06")
def test_another_fault_of_the_database_is_not_a_full_disk() -> None:
    assert not is_full(OperationalError("database is locked"))
