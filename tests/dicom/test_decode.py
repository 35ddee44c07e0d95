"""Pixels come from a disposable child, whose limits and whose death cost one study and nothing else."""

import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.filereader import read_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from samd.dicom import decode
from samd.dicom.decode import DecodeLimits, DecoderDied, Undecodable, load_volume
from samd.dicom.phantom import chest_radiograph, save
from samd.domain import codes
from samd.domain.finding import Volume
from samd.domain.geometry import Arrangement, arrange
from samd.domain.study import Frame
from tests.builders import ct_image, ct_series, instance, series, study_of, written

SYNTAX = "1.2.840.10008.1.2"
LOSSLESS = ["", "-implicit-default", ".1", ".1.99", ".2", ".5", *(f".4.{n}" for n in (57, 70, 80, 90))]


def volume_of(paths: list[Path], limits: DecodeLimits = decode.DEFAULT_LIMITS) -> Volume:
    """The volume in these files, arranged as the device arranges it."""
    (found,) = study_of(paths).series
    arrangement = arrange([frame for one in found.instances for frame in one.frames])
    assert isinstance(arrangement, Arrangement)
    return load_volume(
        found.instances, arrangement.frames, plane_spacing=arrangement.plane_spacing, limits=limits
    )


def planes(*values: int) -> list[Dataset]:
    """CT images of one value each, in Hounsfield units."""
    return [ct_image(i, np.full((8, 10), value + 1024, np.uint16)) for i, value in enumerate(values)]


@pytest.mark.requirement("PIX-02")
def test_planes_lie_in_the_order_of_their_positions_whatever_the_order_of_files(tmp_path: Path) -> None:
    paths = written(tmp_path, *planes(10, 20, 30, 40))

    volume = volume_of([paths[2], paths[0], paths[3], paths[1]])

    assert volume.values.shape == (4, 8, 10)
    assert volume.values.dtype == np.float32
    assert volume.values[:, 0, 0].tolist() == [10, 20, 30, 40]
    assert volume.plane_spacing == 5.0
    assert [frame.position for frame in volume.frames] == [(-10.0, -12.0, 5.0 * i) for i in range(4)]


@pytest.mark.requirement("PIX-03")
def test_each_slice_has_its_own_rescale(tmp_path: Path) -> None:
    slices = [ct_image(index, RescaleSlope=index + 1, RescaleIntercept=-100 * index) for index in range(3)]

    volume = volume_of(written(tmp_path, *slices))

    assert volume.values[:, 0, 0].tolist() == [1024, 2 * 1024 - 100, 3 * 1024 - 200]


@pytest.mark.requirement("PIX-03")
def test_frames_of_one_file_go_to_the_planes_asked_for(tmp_path: Path) -> None:
    dataset = ct_image(0, np.arange(3, dtype=np.uint16).repeat(80).reshape(3, 8, 10), RescaleIntercept=0)
    (found,) = study_of(written(tmp_path, dataset)).series
    (one,) = found.instances
    wanted = [one.frames[2], one.frames[0]]

    volume = load_volume([one], wanted)

    assert volume.values[:, 0, 0].tolist() == [2, 0]
    assert volume.frames == tuple(wanted)


@pytest.mark.requirement("PIX-03")
def test_a_dark_radiograph_is_turned_so_that_high_is_bright(tmp_path: Path) -> None:
    dataset = chest_radiograph(np.full((16, 16), 10, np.uint8), seed="dark")
    dataset.PhotometricInterpretation = "MONOCHROME1"
    save(dataset, tmp_path / "dark.dcm")

    volume = volume_of([tmp_path / "dark.dcm"])

    assert np.unique(volume.values).tolist() == [245]
    assert volume.plane_spacing is None


@pytest.mark.requirement("PIX-01")
def test_planes_of_two_sizes_are_refused_without_starting_anything() -> None:
    mixed = series(instances=(instance(0), instance(1, rows=256, columns=256)))
    frames = [frame for one in mixed.instances for frame in one.frames]

    with pytest.raises(Undecodable) as caught:
        load_volume(mixed.instances, frames)

    assert caught.value.reason.message == "The planes are not of one size in pixels: 256 x 256, 512 x 512."


@pytest.mark.requirement("PIX-01")
def test_a_volume_beyond_the_ceiling_is_refused_before_memory_is_taken() -> None:
    huge = instance(rows=60000, columns=60000)

    with pytest.raises(Undecodable) as caught:
        load_volume([huge], huge.frames)

    assert caught.value.reason.code == codes.RESOURCE_INADEQUATE
    assert "1 planes of 60000 x 60000 pixels" in caught.value.reason.message


@pytest.mark.requirement("PIX-01")
def test_a_frame_of_no_instance_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="of the instances given"):
        load_volume([instance()], [Frame("1.9.9")])


@pytest.mark.requirement("PIX-01")
def test_the_reason_of_the_child_reaches_the_caller_whole(tmp_path: Path) -> None:
    paths = ct_series(tmp_path, planes=2, PhotometricInterpretation="RGB", SamplesPerPixel=3)

    with pytest.raises(Undecodable) as caught:
        volume_of(paths)

    assert caught.value.reason.requirement == "decoding"
    assert caught.value.reason.message == "Colour images are not supported, only grey ones."
    assert caught.value.reason.code == codes.OBJECT_TYPES_NOT_SUPPORTED


@pytest.mark.requirement("PIX-01")
def test_a_bad_plane_among_good_ones_spoils_the_volume(tmp_path: Path) -> None:
    paths = written(tmp_path, *planes(1, 2, 3))
    paths[1].write_bytes(paths[1].read_bytes()[:-80])

    with pytest.raises(Undecodable, match="1 frames are claimed, but the pixel data hold 0"):
        volume_of(paths)


@pytest.mark.requirement("PIX-01")
def test_a_file_that_changed_since_it_was_read_is_refused(tmp_path: Path) -> None:
    (path,) = ct_series(tmp_path, planes=1)
    (found,) = study_of([path]).series
    save(ct_image(0, np.zeros((10, 8), np.uint16)), path)

    with pytest.raises(Undecodable, match="The header changed since the study was read"):
        load_volume(found.instances, found.instances[0].frames)


@pytest.mark.requirement("PIX-01")
def test_a_file_that_vanished_is_refused(tmp_path: Path) -> None:
    (path,) = ct_series(tmp_path, planes=1)
    (found,) = study_of([path]).series
    path.unlink()

    with pytest.raises(Undecodable):
        load_volume(found.instances, found.instances[0].frames)


def rle_bomb() -> Dataset:
    """A few kilobytes that claim 100000 frames: 48 GiB."""
    dataset = ct_image(0, np.zeros((8, 10), np.uint16), NumberOfFrames=100_000, Rows=512, Columns=512)
    dataset.file_meta.TransferSyntaxUID = RLELossless
    dataset.PixelData = encapsulate([b"\0" * 64], has_bot=False)
    return dataset


def jpeg_2000_bomb() -> Dataset:
    """Less than a kilobyte that claims 60000 x 60000 pixels in its codestream alone."""
    dataset = ct_image(0, np.zeros((8, 10), np.uint16))
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
    size = struct.pack(">HH8LH3B", 41, 0, 60000, 60000, 0, 0, 60000, 60000, 0, 0, 1, 15, 1, 1)
    dataset.PixelData = encapsulate([b"\xff\x4f\xff\x51" + size], has_bot=False)
    return dataset


@pytest.mark.requirement("PIX-01")
@pytest.mark.parametrize(
    ("bomb", "message"),
    [(rle_bomb, "more than the 2048 MiB allowed"), (jpeg_2000_bomb, "has 60000 x 60000 pixels")],
)
def test_a_pixel_bomb_is_refused(tmp_path: Path, bomb: object, message: str) -> None:
    assert callable(bomb)
    (path,) = written(tmp_path, bomb())
    (found,) = study_of([path]).series
    assert path.stat().st_size < 10_000

    with pytest.raises(Undecodable, match=message):
        load_volume(found.instances, found.instances[0].frames[:1])


@pytest.mark.requirement("PIX-01")
def test_a_deflate_bomb_dies_at_the_memory_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb.dcm"
    dataset = ct_image(0)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    save(dataset, path)
    content = path.read_bytes()
    start = 144 + int(read_file_meta_info(path).FileMetaInformationGroupLength)
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    parts = [zlib.decompress(content[start:], -zlib.MAX_WBITS), *[bytes(2**20)] * 320]
    path.write_bytes(content[:start] + b"".join(map(squeeze.compress, parts)) + squeeze.flush())

    with pytest.raises(DecoderDied) as caught:
        volume_of([path], DecodeLimits(memory_bytes=512 * 2**20))

    assert caught.value.reason.message == "Decoding needed more memory than allowed."
    assert caught.value.reason.code == codes.RESOURCE_INADEQUATE


@pytest.mark.requirement("PIX-01")
def test_a_child_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    paths = ct_series(tmp_path, planes=2)

    with pytest.raises(DecoderDied) as caught:
        volume_of(paths, DecodeLimits(seconds=0.01, seconds_per_plane=0.0))

    assert caught.value.reason.message == "Decoding was stopped after 0 s."


@pytest.mark.requirement("PIX-01")
@pytest.mark.parametrize(
    ("module", "how"),
    [
        ("tests.dicom.dying_child", "signal 11"),
        ("tests.dicom.panicking_child", "exit status 1"),
        ("this", "exit status 0"),  # answers with a poem
        ("no_such_module", "exit status 1"),
    ],
)
def test_every_other_death_of_the_child_is_told_and_survived(
    monkeypatch: pytest.MonkeyPatch, module: str, how: str
) -> None:
    monkeypatch.setattr(decode, "_CHILD", module)
    one = instance(rows=4, columns=4)

    with pytest.raises(DecoderDied) as caught:
        load_volume([one], one.frames)

    assert caught.value.reason.message == f"The decoding process ended unexpectedly ({how})."
    assert caught.value.reason.code == codes.EQUIPMENT_FAILURE


@pytest.mark.requirement("PIX-01")
def test_the_child_is_told_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://samd:secret@db/samd")

    assert "secret" not in str(decode._environment())


@pytest.mark.requirement("PIX-01")
def test_the_child_limits_itself_before_it_opens_a_file(tmp_path: Path) -> None:
    program = """
import pathlib, resource
from samd.dicom.decode_child import _limit
_limit({"memory_bytes": 2**31, "cpu_seconds": 31})
print([resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in ("AS", "CPU", "FSIZE", "CORE")])
pathlib.Path("written").write_text("pixels")
"""

    child = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=decode._environment() | {"PYTHONPATH": str(decode._ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert child.stdout.strip() == str([(2**31, 2**31), (31, 31), (0, 0), (0, 0)])
    assert "File too large" in child.stderr


@pytest.mark.requirement("PIX-01")
def test_pixels_touch_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "empty"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "empty"))
    paths = ct_series(tmp_path / "study")
    before = set(tmp_path.rglob("*"))

    volume_of(paths)

    assert set(tmp_path.rglob("*")) == before


@pytest.mark.requirement("PIX-03")
def test_every_lossless_encoding_of_a_real_slice_gives_the_same_hounsfield_units(shared_data: Path) -> None:
    folder = shared_data / "dicom_ts_cornerstone_ct"
    reference = volume_of([folder / f"{SYNTAX}.1.dcm"]).values

    others = {name: volume_of([folder / f"{SYNTAX}{name}.dcm"]).values for name in LOSSLESS}

    assert (reference.min(), reference.max()) == (-3024, 1378)
    assert [name for name, values in others.items() if not np.array_equal(values, reference)] == []


@pytest.mark.requirement("PIX-03")
@pytest.mark.parametrize(("name", "most"), [(".4.81", 1), (".4.91", 5), (".4.50", 65)])
def test_lossy_encodings_of_a_real_slice_are_near(shared_data: Path, name: str, most: float) -> None:
    folder = shared_data / "dicom_ts_cornerstone_ct"
    reference = volume_of([folder / f"{SYNTAX}.1.dcm"]).values

    values = volume_of([folder / f"{SYNTAX}{name}.dcm"]).values

    # JPEG baseline keeps 8 bits of a range of 4400 HU, in steps of 32.
    assert 0 < np.abs(values - reference).max() <= most


@pytest.mark.requirement("PIX-01")
@pytest.mark.parametrize("name", [".4.51", ".4.53", ".4.55"])
def test_encodings_without_a_decoder_are_undecodable(shared_data: Path, name: str) -> None:
    with pytest.raises(Undecodable, match="has no decoder in this device"):
        volume_of([shared_data / "dicom_ts_cornerstone_ct" / f"{SYNTAX}{name}.dcm"])


@pytest.mark.requirement("PIX-03")
def test_an_enhanced_mr_gives_the_same_values_in_every_encoding(shared_data: Path) -> None:
    folder = shared_data / "dicom_pydicom_data"
    names = ["", "_RLE", "_big_endian", "_jpeg_2k_lossless", "_jpeg_ls_lossless"]

    volumes = [volume_of([folder / f"emri_small{name}.dcm"]).values for name in names]

    stored = dcmread(folder / "emri_small.dcm").pixel_array
    assert all(np.array_equal(values, stored) for values in volumes)


@pytest.mark.requirement("PIX-03")
def test_padding_around_a_real_ct_is_nan(shared_data: Path) -> None:
    (path,) = (shared_data / "dicom_ct_head_ge").glob("01.dcm")

    values = volume_of([path]).values

    # The field of view is a circle: 1 - pi/4 of the square lies outside, declared as padding of -1500.
    assert np.isnan(values).mean() == pytest.approx(1 - np.pi / 4, abs=0.03)
    assert np.nanmin(values) >= -1024
