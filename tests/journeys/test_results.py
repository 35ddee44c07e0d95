"""Real studies from DCMTK through the device to Orthanc, and what Orthanc then holds."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread

from samd.dicom import deliver
from samd.dicom.deliver import Peer
from samd.dicom.phantom import chest_radiograph, save
from samd.dicom.summary import MeasuredFinding, findings_in
from tests.inference.builders import never_finite_bundle
from tests.journeys.device import Device
from tests.journeys.pacs import Pacs, dcmsend
from tests.validators import errors_of

pytestmark = [pytest.mark.journey, pytest.mark.requirement("OUT-01", "NET-01", "GATE-02")]

UNDECODABLE = {"1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"}
# What the tissue model refuses before any decoding; .51 has 12 bits, which no decoder here takes.
LOSSY = UNDECODABLE | {f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 81, 91)}


@dataclass(frozen=True)
class Sent:
    study: str
    files: list[Path]


def of_folder(folder: Path) -> Sent:
    files = sorted(folder.glob("*.dcm"))
    return Sent(dcmread(files[0], stop_before_pixels=True).StudyInstanceUID, files)


def radiograph(pixels: NDArray[np.uint8], path: Path, *, seed: str, **header: str) -> Sent:
    dataset = chest_radiograph(pixels, seed=seed, **header)
    save(dataset, path)
    return Sent(dataset.StudyInstanceUID, [path])


def paediatric(shared_data: Path, label: int, path: Path, *, seed: str = "") -> Sent:
    """A test image of PneumoniaMNIST with this label that the model reads rightly, as a small detector's.

    One normal image in five is not called absent (the card says so): these are 0 and 3 of the split.
    """
    with np.load(shared_data / "pneumoniamnist_28" / "pneumoniamnist_reassembled.npz") as data:
        pixels = data["test_images"][{1: 0, 0: 3}[label]]
    return radiograph(np.kron(pixels, np.ones((16, 16), np.uint8)), path, seed=seed or f"mnist {label}")


def send(pacs: Pacs, device: Device, *studies: Sent) -> None:
    """As a modality does: to the archive and to the device."""
    for study in studies:
        dcmsend(pacs.dicom_port, pacs.ae_title, study.files)
        dcmsend(device.dicom_port, device.ae_title, study.files)


def said(results: dict[str, list[Path]]) -> list[MeasuredFinding]:
    return [finding for report in results["SR"] for finding in findings_in(report)]


def words(results: dict[str, list[Path]]) -> str:
    return " | ".join(" ".join([f.finding, *f.evaluations, *f.comments]) for f in said(results))


def test_ct_and_radiograph_come_back_as_valid_objects_in_the_same_study(
    pacs: Pacs, start_device: Callable[..., Device], shared_data: Path, tmp_path: Path
) -> None:
    device = start_device()
    abdomen = of_folder(shared_data / "dicom_ct_abdomen_totalseg")
    head = of_folder(shared_data / "dicom_ct_head_ge")
    with Image.open(shared_data / "cxr_nih_png" / "00000001_000.png") as image:
        chest = radiograph(np.asarray(image.convert("L")), tmp_path / "chest.dcm", seed="nih")

    send(pacs, device, abdomen, head, chest)

    for study in (abdomen, head, chest):
        pacs.wait_for_reports(study.study)
    found = {
        name: pacs.results(study.study, tmp_path / name)
        for name, study in (("abdomen", abdomen), ("head", head), ("chest", chest))
    }
    assert {kind: len(paths) for kind, paths in found["abdomen"].items()} == {
        "SR": 1,
        "SEG": 1,
        "PM": 1,
        "SC": 1,
    }
    assert set(found["head"]) == {"SR", "SC"}
    assert {"SR", "SC"} <= set(found["chest"]) <= {"SR", "SC", "PM"}
    assert "uneven" in words(found["head"]) or "tilt" in words(found["head"])
    adipose = next(f for f in said(found["abdomen"]) if "dipose" in f.finding)
    assert adipose.measurements[0][0] == "Volume"
    assert adipose.measurements[0][1] > 100  # cm3, in 4 cm of abdomen
    everything = [path for results in found.values() for paths in results.values() for path in paths]
    assert {path.name: errors for path in everything if (errors := errors_of(path))} == {}


def test_the_four_answers_are_four_different_objects(
    pacs: Pacs, start_device: Callable[..., Device], shared_data: Path, tmp_path: Path
) -> None:
    device = start_device()
    finding = paediatric(shared_data, 1, tmp_path / "finding.dcm")
    nothing = paediatric(shared_data, 0, tmp_path / "nothing.dcm")
    head = of_folder(shared_data / "dicom_ct_head_ge")
    send(pacs, device, finding, nothing, head)
    for study in (finding, nothing, head):
        pacs.wait_for_reports(study.study)
    bundle, key = never_finite_bundle(tmp_path / "never-finite", name="chest-xray-pneumonia")
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (device.home / "trust" / "test.pub").write_bytes(pem)
    device.manage("model", "import", str(bundle))
    failing = paediatric(shared_data, 1, tmp_path / "failing.dcm", seed="failing")

    send(pacs, device, failing)
    pacs.wait_for_reports(failing.study)

    answers = {
        name: words(pacs.results(study.study, tmp_path / name))
        for name, study in (("finding", finding), ("nothing", nothing), ("head", head), ("failing", failing))
    }
    assert "Present" in answers["finding"]
    assert "Absent" in answers["nothing"]
    assert "Not Attempted" in answers["head"]
    assert "Failed" in answers["failing"]
    for name in ("head", "failing"):
        assert "Absent" not in answers[name]


def test_a_study_of_a_korean_patient_keeps_the_bytes_of_the_name(
    pacs: Pacs, start_device: Callable[..., Device], tmp_path: Path
) -> None:
    device = start_device()
    name = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
    pixels = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    study = radiograph(
        pixels,
        tmp_path / "korean.dcm",
        seed="korean",
        patient_name="Hong^Gildong=洪^吉洞=홍^길동",
        charset="\\ISO 2022 IR 149",
    )
    assert name in study.files[0].read_bytes()

    send(pacs, device, study)
    pacs.wait_for_reports(study.study)

    results = pacs.results(study.study, tmp_path / "results")
    for paths in results.values():
        for path in paths:
            assert name in path.read_bytes()
            assert errors_of(path) == []


def test_a_late_series_gives_a_report_that_supersedes(
    pacs: Pacs, start_device: Callable[..., Device], shared_data: Path, tmp_path: Path
) -> None:
    device = start_device()
    whole = of_folder(shared_data / "dicom_ct_abdomen_totalseg")
    send(pacs, device, Sent(whole.study, whole.files[:10]))
    pacs.wait_for_reports(whole.study)

    send(pacs, device, Sent(whole.study, whole.files[10:]))
    pacs.wait_for_reports(whole.study, count=2)

    reports = [dcmread(path) for path in pacs.results(whole.study, tmp_path / "results")["SR"]]
    first, second = sorted(reports, key=lambda report: "PredecessorDocumentsSequence" in report)
    predecessor = second.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert predecessor.ReferencedSOPInstanceUID == first.SOPInstanceUID


def test_every_transfer_syntax_is_stored_as_received_and_answered(
    pacs: Pacs, start_device: Callable[..., Device], shared_data: Path, tmp_path: Path
) -> None:
    device = start_device()
    files = sorted((shared_data / "dicom_ts_cornerstone_ct").glob("*.dcm"))
    studies = {path: dcmread(path, stop_before_pixels=True) for path in files}

    # DCMTK's senders convert some syntaxes on the way; this one sends the bytes of the file.
    node = Peer("device", device.ae_title, "127.0.0.1", device.dicom_port)
    deliver.send(files, peer=node, calling_ae="DCMSEND")

    for header in studies.values():
        pacs.wait_for_reports(header.StudyInstanceUID, patience=300)
    for path, header in studies.items():
        (kept,) = (device.home / "store" / header.StudyInstanceUID).glob("*.dcm")
        assert data_set(kept) == data_set(path), path.name
        syntax = header.file_meta.TransferSyntaxUID
        answer = words(pacs.results(header.StudyInstanceUID, tmp_path / path.stem))
        if syntax in UNDECODABLE:
            assert "cannot be decoded here" in answer, path.name
        assert ("compressed with loss" in answer) is (syntax in LOSSY), path.name
        assert ("Not Attempted" in answer) is (syntax in LOSSY), path.name


def data_set(path: Path) -> str:
    """SHA-256 of what follows the file meta information, which belongs to whoever writes the file."""
    content = path.read_bytes()
    length = int.from_bytes(content[140:144], "little")
    return hashlib.sha256(content[144 + length :]).hexdigest()
