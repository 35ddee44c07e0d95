"""Workers killed, brokers wiped: every study's results arrive, once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.device import Device
from tests.journeys.pacs import Pacs, dcmsend
from tests.journeys.test_results import of_folder

pytestmark = [pytest.mark.journey, pytest.mark.requirement("FLOW-04")]

EXPECTED = ["PM", "SC", "SEG", "SR"]


def came_back(pacs: Pacs, study: str) -> list[str]:
    return sorted(instance["kind"] for instance in pacs.find(study))


def test_a_worker_killed_in_the_middle_of_an_analysis_loses_and_doubles_nothing(
    pacs: Pacs, start_device: Callable[..., Device], shared_data: Path
) -> None:
    device = start_device()
    sent = of_folder(shared_data / "dicom_ct_abdomen_totalseg")
    dcmsend(device.dicom_port, device.ae_title, sent.files)
    device.wait_for_stage("analysing")

    device.kill("--queues=analysis")

    pacs.wait_for_reports(sent.study, patience=180)
    assert came_back(pacs, sent.study) == EXPECTED


def test_a_wiped_broker_loses_and_doubles_nothing(
    pacs: Pacs, start_device: Callable[..., Device], shared_data: Path
) -> None:
    device = start_device()
    sent = of_folder(shared_data / "dicom_ct_abdomen_totalseg")
    dcmsend(device.dicom_port, device.ae_title, sent.files)

    for folder in (device.home / "broker").iterdir():
        shutil.rmtree(folder)
        folder.mkdir()
    device.wait_for_stage("analysing")
    for file in (device.home / "broker" / "queue").iterdir():
        file.unlink(missing_ok=True)

    pacs.wait_for_reports(sent.study, patience=180)
    assert came_back(pacs, sent.study) == EXPECTED
