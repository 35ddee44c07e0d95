"""Services are kept running, and a taken port is said before anything starts."""

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from samd.console.supervisor import PortTaken, Service, Supervisor, demand_free_ports

pytestmark = pytest.mark.requirement("OPS-01")


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_service_that_dies_is_started_again(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    once = f"open({str(starts)!r}, 'a').write('x')"
    supervisor = Supervisor([Service("short-lived", [sys.executable, "-c", once])])

    supervisor.start()
    until(lambda: starts.exists() and len(starts.read_text()) >= 2)

    supervisor.stop()


def test_stopping_leaves_no_process(tmp_path: Path) -> None:
    service = Service("patient", [sys.executable, "-c", "import time; time.sleep(600)"])
    supervisor = Supervisor([service])
    supervisor.start()
    process = service.process
    assert process is not None

    supervisor.stop()

    assert process.poll() is not None


def test_a_taken_port_is_said_with_what_to_do(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings.SAMD_DICOM_PORT = other.getsockname()[1]

        with pytest.raises(PortTaken, match=r"is not free .* choose another with SAMD_DICOM_PORT="):
            demand_free_ports()
