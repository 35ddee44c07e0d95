"""When the device says that it is ready."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import ConnectionHandler
from django.test import Client
from django.utils import timezone

from audit.events import Event
from samd.console.health import readiness
from tests.console import trail as told

pytestmark = pytest.mark.requirement("WEB-01")


@pytest.mark.django_db
def test_a_store_that_cannot_be_written_is_not_ready(client: Client, device: Path) -> None:
    (device / "store").rmdir()

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"database": True, "migrations": True, "store": False, "trail": True}


@pytest.mark.django_db
def test_a_waiting_migration_is_not_ready(device: Path) -> None:
    MigrationRecorder(connection).record_unapplied("accounts", "0001_initial")

    assert readiness(connection, store=device / "store")["migrations"] is False


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_not_ready(device: Path) -> None:
    nowhere = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(device / "missing" / "db.sqlite3")}
    database = ConnectionHandler({"default": nowhere})["default"]

    checks = readiness(database, store=device / "store")

    assert checks == {"database": False, "migrations": False, "store": True}


@pytest.mark.django_db
@pytest.mark.requirement("AUD-09")
def test_a_trail_that_is_not_being_sealed_degrades_the_device_and_leaves_it_in_service(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.event(Event.STUDY_VIEWED, "study/1")
    later = timezone.now() + timedelta(minutes=3)
    monkeypatch.setattr("samd.console.health.timezone.now", lambda: later)

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["trail"] is False
