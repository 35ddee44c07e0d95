"""How fast a study is taken in, beside Orthanc in the same run. By hand: `make bench`."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import pytest

from samd.dicom.phantom import ct_phantom, save
from tests.journeys.device import Device
from tests.journeys.pacs import Pacs, dcmsend

pytestmark = [pytest.mark.bench, pytest.mark.requirement("NODE-02")]

ROUNDS, PLANES = 7, 60


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    running = Device(tmp_path / "device")
    running.manage("peer", "add", "sender", "--ae", "DCMSEND", "--host", "127.0.0.1", "--port", "104")
    running.start()
    yield running
    running.stop()


def test_receiving_beside_orthanc(device: Device, tmp_path: Path) -> None:
    pacs = Pacs(tmp_path / "pacs")
    ratios = []
    for number in range(ROUNDS):
        files = []
        for dataset in ct_phantom(planes=PLANES, seed=f"bench {number}").datasets:
            files.append(tmp_path / f"{dataset.SOPInstanceUID}.dcm")
            save(dataset, files[-1])
        ours = seconds(lambda sent=files: dcmsend(device.dicom_port, device.ae_title, sent))  # type: ignore[misc]
        theirs = seconds(lambda sent=files: dcmsend(pacs.dicom_port, pacs.ae_title, sent))  # type: ignore[misc]
        ratios.append(ours / theirs)
    pacs.stop()
    print(
        f"\n{PLANES} CT images, one association, {ROUNDS} rounds: samd / Orthanc time "
        f"{median(ratios):.2f} (median; {min(ratios):.2f} to {max(ratios):.2f})"
    )


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
