"""The same journey with the servers of production: PostgreSQL and RabbitMQ."""

import os
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.journeys.device import Device
from tests.journeys.pacs import Pacs, dcmsend
from tests.journeys.test_losses import EXPECTED, came_back
from tests.journeys.test_results import of_folder

pytestmark = [pytest.mark.journey, pytest.mark.requirement("OPS-02")]

SERVER = os.environ.get("SAMD_TEST_POSTGRESQL", "postgres://postgres@127.0.0.1:5432")
BROKER = os.environ.get("SAMD_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")


@pytest.fixture
def database() -> Iterator[str]:
    """An empty PostgreSQL database, dropped afterwards."""
    try:
        connection = psycopg.connect(f"{SERVER}/postgres", autocommit=True)
    except psycopg.OperationalError as problem:
        pytest.skip(f"no PostgreSQL answers at 127.0.0.1:5432 ({type(problem).__name__})")
    name = f"samd_{uuid.uuid4().hex[:12]}"
    connection.execute(f"CREATE DATABASE {name}")
    yield f"{SERVER}/{name}"
    connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    connection.close()


def test_a_ct_comes_back_over_postgresql_and_rabbitmq(
    pacs: Pacs, start_device: Callable[..., Device], database: str, shared_data: Path
) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 5672)):
            pytest.skip("no RabbitMQ answers at 127.0.0.1:5672")
    device = start_device(DATABASE_URL=database, CELERY_BROKER_URL=BROKER)
    sent = of_folder(shared_data / "dicom_ct_abdomen_totalseg")

    dcmsend(device.dicom_port, device.ae_title, sent.files)

    pacs.wait_for_reports(sent.study, patience=180)
    assert came_back(pacs, sent.study) == EXPECTED
    assert not (device.home / "samd.sqlite3").exists()
