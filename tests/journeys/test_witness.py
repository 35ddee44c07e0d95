"""The archive as a witness of the trail: a report fetched from it catches a database rolled back."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from samd.dicom.phantom import save, slice_of_pydicom
from tests.guards.source import ROOT
from tests.journeys.device import Device
from tests.journeys.pacs import Pacs, dcmsend

pytestmark = [pytest.mark.journey, pytest.mark.requirement("AUD-04", "AUD-05")]


def one_slice(path: Path, study: str) -> Path:
    dataset = slice_of_pydicom()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, f"{study}.1"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{study}.1.1"
    save(dataset, path)
    return path


def verified(export: Path, device: Device, *anchors: Path) -> subprocess.CompletedProcess[str]:
    """What an outsider does, with an export, the public key and something from elsewhere; no Django."""
    command = [sys.executable, "-m", "audit.verify", str(export), "--key", str(device.home / "seal/key.pub")]
    for anchor in anchors:
        command += ["--anchor", str(anchor)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO", "SAMD", "DATABASE"))}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_report_in_the_archive_catches_a_database_that_was_rolled_back(
    pacs: Pacs, start_device: Callable[..., Device], tmp_path: Path
) -> None:
    device = start_device()
    first, second = "1.2.826.0.1.3680043.8.498.71", "1.2.826.0.1.3680043.8.498.72"
    dcmsend(device.dicom_port, device.ae_title, [one_slice(tmp_path / "1.dcm", first)])
    pacs.wait_for_reports(first)
    device.stop()
    backup = tmp_path / "backup.sqlite3"
    shutil.copy(device.home / "samd.sqlite3", backup)
    device.start()
    dcmsend(device.dicom_port, device.ae_title, [one_slice(tmp_path / "2.dcm", second)])
    pacs.wait_for_reports(second)
    (report, *_) = pacs.results(second, tmp_path / "fetched")["SR"]
    honest, rolled_back = tmp_path / "honest.jsonl", tmp_path / "rolled-back.jsonl"
    device.manage("audit", "export", str(honest), "--reason", "before the roll-back")
    device.stop()

    for name in ("samd.sqlite3-wal", "samd.sqlite3-shm"):
        (device.home / name).unlink(missing_ok=True)
    shutil.copy(backup, device.home / "samd.sqlite3")
    (device.home / "anchor" / "checkpoints").unlink()  # whoever rolls back covers the traces at hand
    device.manage("audit", "export", str(rolled_back), "--reason", "after the roll-back")
    device.start()

    clean = verified(honest, device, report)
    assert clean.returncode == 0, clean.stdout
    assert verified(rolled_back, device).returncode == 0  # by itself, the old state looks whole
    caught = verified(rolled_back, device, report)
    assert caught.returncode == 1
    assert report.name in caught.stdout
