"""Orthanc as the hospital's PACS: started on loopback, asked over its REST interface."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from samd.dicom.encode.files import KINDS

ORTHANC = shutil.which("Orthanc")
# Without it, DCMTK's Nagle and delayed acknowledgements cost 45 ms for every instance.
ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Pacs:
    """A running Orthanc."""

    ae_title = "ORTHANC"

    def __init__(self, folder: Path) -> None:
        if ORTHANC is None:
            pytest.skip("Orthanc is not installed: run `make peers`")
        folder.mkdir()
        self.dicom_port, self.http_port = free_port(), free_port()
        configuration = {
            "Name": "journey",
            "StorageDirectory": str(folder / "store"),
            "IndexDirectory": str(folder / "index"),
            "DicomAet": self.ae_title,
            "DicomPort": self.dicom_port,
            "HttpPort": self.http_port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAlwaysAllowStore": True,
            "UnknownSopClassAccepted": True,
            "Plugins": [],
        }
        path = folder / "orthanc.json"
        path.write_text(json.dumps(configuration))
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([ORTHANC, str(path)], stdout=log, stderr=log, env=ENVIRONMENT)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.get("/system")
            except urllib.error.URLError:
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.2)
            else:
                return

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)

    def bytes_of(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=30) as answer:
            return bytes(answer.read())

    def get(self, path: str) -> Any:
        return json.loads(self.bytes_of(path))

    def get_text(self, path: str) -> str:
        return self.bytes_of(path).decode().strip()

    def find(self, study_instance_uid: str) -> list[dict[str, str]]:
        """Every instance that the PACS holds of the study: its id, and its kind where it is a result."""
        query = {"Level": "Study", "Query": {"StudyInstanceUID": study_instance_uid}}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}/tools/find", data=json.dumps(query).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            studies = json.loads(answer.read())
        instances: list[dict[str, str]] = []
        for study in studies:
            for instance in self.get(f"/studies/{study}/instances"):
                sop_class = self.get_text(f"/instances/{instance['ID']}/metadata/SopClassUid")
                instances.append({"ID": instance["ID"], "kind": KINDS.get(sop_class, "")})
        return instances

    def results(self, study_instance_uid: str, folder: Path) -> dict[str, list[Path]]:
        """The device's objects in the study, fetched into `folder`, by kind."""
        folder.mkdir(parents=True, exist_ok=True)
        found: dict[str, list[Path]] = {}
        for instance in self.find(study_instance_uid):
            if kind := instance["kind"]:
                path = folder / f"{kind}-{instance['ID']}.dcm"
                path.write_bytes(self.bytes_of(f"/instances/{instance['ID']}/file"))
                found.setdefault(kind, []).append(path)
        return found

    def wait_for_reports(self, study_instance_uid: str, count: int = 1, *, patience: float = 120) -> None:
        """Return when the study holds `count` structured reports and a capture for each."""
        deadline = time.monotonic() + patience
        while True:
            kinds = [instance["kind"] for instance in self.find(study_instance_uid)]
            if kinds.count("SR") >= count and kinds.count("SC") >= count:
                return
            assert time.monotonic() < deadline, f"after {patience} s the PACS holds only {sorted(kinds)}"
            time.sleep(0.5)


def dcmsend(port: int, ae_title: str, files: list[Path]) -> None:
    """Send the files as they are, with DCMTK."""
    program = shutil.which("dcmsend")
    if program is None:
        pytest.skip("dcmtk is not installed: run `make peers`")
    command = [program, "-aet", "DCMSEND", "-aec", ae_title, "--no-uid-checks", "127.0.0.1", str(port)]
    done = subprocess.run([*command, *map(str, files)], env=ENVIRONMENT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
