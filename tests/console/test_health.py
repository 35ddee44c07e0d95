"""When the device says that it is ready."""

from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import ConnectionHandler
from django.test import Client

from samd.console.health import readiness

pytestmark = pytest.mark.requirement("WEB-01")


@pytest.mark.django_db
def test_a_store_that_cannot_be_written_is_not_ready(client: Client, device: Path) -> None:
    (device / "store").rmdir()

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"database": True, "migrations": True, "store": False}


@pytest.mark.django_db
def test_a_waiting_migration_is_not_ready(device: Path) -> None:
    MigrationRecorder(connection).record_unapplied("records", "0001_initial")

    assert readiness(connection, store=device / "store")["migrations"] is False


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_not_ready(device: Path) -> None:
    nowhere = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(device / "missing" / "db.sqlite3")}
    database = ConnectionHandler({"default": nowhere})["default"]

    checks = readiness(database, store=device / "store")

    assert checks == {"database": False, "migrations": False, "store": True}
