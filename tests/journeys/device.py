"""The whole device as its operator runs it: `manage.py up`, in a folder and on ports of its own."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from tests.guards.source import ROOT
from tests.journeys.pacs import free_port


class Device:
    """A running device, with every service in a process of its own."""

    ae_title = "SAMD"

    def __init__(self, folder: Path, **environment: str) -> None:
        folder.mkdir()
        self.home = folder / "home"
        self.dicom_port, self.http_port = free_port(), free_port()
        inherited = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "CELERY_BROKER_URL"}}
        self.environment = {
            **inherited,
            "SAMD_HOME": str(self.home),
            "SAMD_DICOM_PORT": str(self.dicom_port),
            "SAMD_HTTP_PORT": str(self.http_port),
            "SAMD_LEASE_SECONDS": "6",
            "SAMD_HINT_AGAIN_SECONDS": "2",
            **environment,
        }
        self.log = folder / "log"
        self.manage("setup")

    def manage(self, *arguments: str) -> str:
        """Run a management command and give what it printed."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.dicom_port)) == 0:
                    return
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)

    def service(self, mark: str) -> int:
        """The process id of the service whose command line holds `mark`."""
        for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            if mark in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
        raise LookupError(f"no service {mark} is running")

    def kill(self, mark: str) -> None:
        """kill -9, as a machine that loses power would."""
        os.kill(self.service(mark), signal.SIGKILL)

    def wait_for_stage(self, stage: str, *, patience: float = 60) -> None:
        """Return as soon as an analysis is in `stage` (SQLite only)."""
        deadline = time.monotonic() + patience
        with sqlite3.connect(f"file:{self.home / 'samd.sqlite3'}?mode=ro", uri=True) as database:
            while not database.execute("SELECT 1 FROM records_analysis WHERE stage = ?", (stage,)).fetchone():
                assert time.monotonic() < deadline, f"no analysis came to be {stage}"
                time.sleep(0.01)
        database.close()
