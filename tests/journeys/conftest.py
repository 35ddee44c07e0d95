"""A PACS and a device for each journey."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.device import Device
from tests.journeys.pacs import Pacs


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[Pacs]:
    """Orthanc, empty."""
    running = Pacs(tmp_path / "pacs")
    yield running
    running.stop()


@pytest.fixture
def start_device(tmp_path: Path, pacs: Pacs) -> Iterator[Callable[..., Device]]:
    """Starts the device, with the PACS as its results peer; environment variables as arguments."""
    started: list[Device] = []

    def start(**environment: str) -> Device:
        device = Device(tmp_path / f"device{len(started)}", **environment)
        here = ["--host", "127.0.0.1"]
        device.manage(
            "peer", "add", "pacs", "--ae", pacs.ae_title, *here, "--port", str(pacs.dicom_port), "--results"
        )
        device.manage("peer", "add", "sender", "--ae", "DCMSEND", *here, "--port", "104", "--quiet", "1")
        started.append(device)
        device.start()
        return device

    yield start
    for device in started:
        device.stop()
