"""The phantom is valid DICOM, always the same, and holds exactly the volumes that it says."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from samd.dicom.decode import load_volume
from samd.dicom.phantom import MATERIALS, OUTSIDE, chest_radiograph, ct_phantom, save, slice_of_pydicom
from samd.dicom.read import patient_banner, read_study
from samd.domain.geometry import Arrangement, arrange
from samd.domain.identity import is_uid
from tests.builders import study_of, written

VOXEL_CM3 = 2.5 * 2.5 * 5.0 / 1000


def radiograph(**changes: str) -> Dataset:
    return chest_radiograph(np.arange(600, dtype=np.uint16).reshape(20, 30), **{"seed": "test"} | changes)


@pytest.mark.requirement("MOD-03")
@pytest.mark.parametrize("planes", [11, 24])
def test_counted_voxels_are_the_calculated_volumes(planes: int) -> None:
    phantom = ct_phantom(planes=planes)

    hounsfield = np.stack([d.pixel_array.astype(int) + d.RescaleIntercept for d in phantom.datasets])

    counted = {name: np.count_nonzero(hounsfield == value) * VOXEL_CM3 for name, value in MATERIALS.items()}
    assert counted == pytest.approx(dict(phantom.volumes_cm3), rel=1e-12)
    assert set(np.unique(hounsfield)) == {OUTSIDE, *MATERIALS.values()}


@pytest.mark.requirement("MOD-03")
def test_there_is_enough_of_everything_to_measure() -> None:
    volumes = ct_phantom().volumes_cm3

    assert min(volumes.values()) > 100
    assert volumes["Lung"] > 1000


@pytest.mark.requirement("MOD-03")
def test_the_body_is_inside_the_image_and_each_material_inside_the_body() -> None:
    (middle,) = ct_phantom().datasets[12:13]
    body = middle.pixel_array.astype(int) + middle.RescaleIntercept != OUTSIDE

    edges = np.concatenate([body[0], body[-1], body[:, 0], body[:, -1]])

    assert not edges.any()
    # No hole: in each row and column the body is one piece.
    assert all(np.count_nonzero(np.diff(line.astype(int))) in (0, 2) for line in [*body, *body.T])


@pytest.mark.requirement("MOD-03")
def test_the_device_reads_the_phantom_as_an_axial_chest(tmp_path: Path) -> None:
    (series,) = study_of(written(tmp_path, *ct_phantom().datasets)).series

    arrangement = arrange([frame for one in series.instances for frame in one.frames])

    assert isinstance(arrangement, Arrangement)
    assert (arrangement.orientation, arrangement.plane_spacing, arrangement.pixel_spacing) == (
        "axial",
        5.0,
        (2.5, 2.5),
    )
    volume = load_volume(series.instances, arrangement.frames)
    # The lungs end two planes before the body does, at either end.
    assert [bool((plane == MATERIALS["Lung"]).any()) for plane in volume.values] == [
        2 <= index < 22 for index in range(24)
    ]
    assert series.body_part == "CHEST"


@pytest.mark.requirement("MOD-03")
def test_too_few_planes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 11 planes"):
        ct_phantom(planes=10)


@pytest.mark.requirement("FLOW-06")
def test_the_same_arguments_give_the_same_objects_and_other_seeds_others(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second", "other")]
    for folder, seed in zip(folders, ("a", "a", "b"), strict=True):
        folder.mkdir()
        written(folder, ct_phantom(planes=11, seed=seed).datasets[3], radiograph(seed=seed))

    first, second, other = ([p.read_bytes() for p in sorted(folder.iterdir())] for folder in folders)

    assert first == second
    assert dcmread(folders[0] / "0.dcm").StudyInstanceUID != dcmread(folders[2] / "0.dcm").StudyInstanceUID
    assert not set(first) & set(other)


@pytest.mark.requirement("FLOW-06")
def test_every_uid_is_derived_and_no_two_are_the_same() -> None:
    phantom = ct_phantom().datasets

    uids = [d.SOPInstanceUID for d in phantom]
    uids += [phantom[0].StudyInstanceUID, phantom[0].SeriesInstanceUID, phantom[0].FrameOfReferenceUID]

    assert len(set(uids)) == len(uids) == 27
    assert all(is_uid(uid) and uid.startswith("2.25.") for uid in uids)


@pytest.mark.requirement("PIX-03")
@pytest.mark.parametrize(
    "pixels",
    [np.arange(255, dtype=np.uint8).reshape(15, 17), np.arange(255, dtype=np.uint16).reshape(15, 17) * 257],
)
def test_a_radiograph_keeps_its_pixels(
    tmp_path: Path, pixels: NDArray[np.uint8] | NDArray[np.uint16]
) -> None:
    save(chest_radiograph(pixels, seed="odd"), tmp_path / "odd.dcm")
    (series,) = study_of([tmp_path / "odd.dcm"]).series

    volume = load_volume(series.instances, series.instances[0].frames)

    assert (volume.values[0] == pixels).all()
    assert (series.modality, series.instances[0].view_position) == ("DX", "PA")


@pytest.mark.requirement("OUT-03")
def test_a_radiograph_can_be_of_a_korean_patient(tmp_path: Path) -> None:
    name = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
    korean = radiograph(patient_name="Hong^Gildong=洪^吉洞=홍^길동", charset="\\ISO 2022 IR 149", age="045Y")

    save(korean, tmp_path / "korean.dcm")

    assert name in (tmp_path / "korean.dcm").read_bytes()  # PS3.5 Annex I.2
    assert patient_banner(tmp_path / "korean.dcm").name == "Hong Gildong (洪 吉洞, 홍 길동)"
    assert study_of([tmp_path / "korean.dcm"]).patient_age == 45


@pytest.mark.requirement("OPS-01")
def test_the_slice_of_pydicom_is_a_ct_image_that_the_device_reads(tmp_path: Path) -> None:
    save(slice_of_pydicom(), tmp_path / "slice.dcm")

    reading = read_study([(tmp_path / "slice.dcm", "")])

    (series,) = reading.study.series
    assert (series.modality, series.instances[0].rows) == ("CT", 128)


@pytest.mark.requirement("MOD-03")
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (dicom3tools) is not installed")
def test_a_validator_finds_no_error(tmp_path: Path) -> None:
    korean = radiograph(patient_name="Hong^Gildong=洪^吉洞=홍^길동", charset="\\ISO 2022 IR 149")
    bytewise = chest_radiograph(np.zeros((9, 9), np.uint8), seed="8 bits", age="003M", view="AP")
    paths = written(tmp_path, ct_phantom(planes=11).datasets[5], radiograph(), korean, bytewise)

    said = [
        subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        for path in paths
    ]

    assert [one.returncode for one in said] == [0, 0, 0, 0]
    assert [line for one in said for line in one.stderr.splitlines() if line.startswith("Error")] == []
