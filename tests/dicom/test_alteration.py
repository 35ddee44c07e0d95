"""Studies are altered as the protocol says, say so in their headers, and stay readable."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import Dataset, FileDataset, dcmread
from pydicom.uid import (
    JPEG2000,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
)

from samd.dicom.alteration import ALTERATIONS, alter
from samd.dicom.altered_file import AlteredImage, stored_values
from samd.dicom.decode import load_volume
from samd.dicom.phantom import chest_radiograph, save
from samd.domain.geometry import Arrangement, arrange
from samd.domain.study import Study
from tests.builders import ct_image, ct_series, study_of, written

pytestmark = pytest.mark.requirement("VAL-10")

LEVELS = {
    "noise": 5.0, "window": 20.0, "blur": 1.0, "compression": 3.0, "slice thickness": 3.0,
    "missing slices": 40.0, "orientation": 90.0,
}  # fmt: skip
GRADIENT = np.add.outer(np.arange(40) * 30, np.arange(36) * 7).astype(np.uint16) + 600


def radiograph(folder: Path, pixels: NDArray[Any] = GRADIENT, **changes: Any) -> list[Path]:
    dataset = chest_radiograph(pixels, seed="altered")
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    save(dataset, folder / "radiograph.dcm")
    return [folder / "radiograph.dcm"]


def slices(folder: Path, planes: int = 7, **changes: Any) -> list[Path]:
    """Slices of different content, 5 mm apart."""
    return written(folder, *(ct_image(place, GRADIENT + 10 * place**2, **changes) for place in range(planes)))


def volume(study: Study) -> NDArray[np.float32]:
    """All slices in order, in HU."""
    instances = [instance for series in study.series for instance in series.instances]
    arrangement = arrange([frame for instance in instances for frame in instance.frames])
    assert isinstance(arrangement, Arrangement)
    return load_volume(instances, arrangement.frames).values


def places(folder: Path) -> tuple[Path, Path]:
    (folder / "before").mkdir()
    return folder / "before", folder / "after"


@pytest.mark.parametrize("kind", ALTERATIONS)
def test_every_kind_alters_slices_and_says_so(tmp_path: Path, kind: str) -> None:
    before, after = places(tmp_path)
    paths = slices(before)

    altered = alter(paths, after, kind=kind, level=LEVELS[kind])

    assert {path.name for path in altered} <= {path.name for path in paths}
    assert study_of(altered).unreadable == 0
    for path in altered:
        old, new = dcmread(before / path.name), dcmread(path)
        if kind == "missing slices":
            assert path.read_bytes() == (before / path.name).read_bytes()
            continue
        assert new.SOPInstanceUID == new.file_meta.MediaStorageSOPInstanceUID != old.SOPInstanceUID
        assert new.SourceImageSequence[0].ReferencedSOPInstanceUID == old.SOPInstanceUID
        assert new.ImageType[0] == "DERIVED"
        assert new.DerivationDescription == f"{kind}={LEVELS[kind]:g}"
        assert (new.pixel_array.shape != old.pixel_array.shape) or (new.pixel_array != old.pixel_array).any()


def test_the_same_alteration_has_the_same_bytes(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    paths = slices(before, 2)

    for kind in ("noise", "compression"):
        first = alter(paths, after / "first", kind=kind, level=LEVELS[kind])
        second = alter(paths, after / "second", kind=kind, level=LEVELS[kind])

        assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_other_levels_are_other_objects(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    paths = radiograph(before)

    (weak,), (strong,) = (alter(paths, after / str(n), kind="noise", level=n) for n in (1, 2))

    assert dcmread(weak).SOPInstanceUID != dcmread(strong).SOPInstanceUID


def test_noise_of_ct_is_in_hounsfield_units_whatever_the_rescale(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    paths = written(before, ct_image(0, np.full((80, 80), 3000, np.uint16), RescaleSlope=0.5))

    (path,) = alter(paths, after, kind="noise", level=20)

    assert dcmread(path).pixel_array.std() == pytest.approx(40, rel=0.03)
    assert volume(study_of([path])).std() == pytest.approx(20, rel=0.03)


def test_noise_of_a_radiograph_is_in_percent_of_its_range(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    paths = radiograph(before)

    (path,) = alter(paths, after, kind="noise", level=2)

    difference = dcmread(path).pixel_array.astype(float) - GRADIENT
    assert difference.std() == pytest.approx(np.ptp(GRADIENT) * 0.02, rel=0.05)


def test_slices_are_stretched_about_one_middle(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    paths = slices(before, 3)
    whole = volume(study_of(paths))

    stretched = volume(study_of(alter(paths, after, kind="window", level=10)))

    middle = (whole.min() + whole.max()) / 2
    np.testing.assert_allclose(stretched, middle + 1.1 * (whole - middle), atol=0.51)


def test_values_beyond_the_stored_bits_are_cut_off(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    pixels = np.array([[0, 100], [200, 255]] * 20, np.uint8)

    (path,) = alter(radiograph(before, pixels), after, kind="window", level=50)

    assert dcmread(path).pixel_array[:2].tolist() == [[0, 86], [236, 255]]


def test_a_low_value_is_dark_or_bright_as_the_image_says(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    paths = radiograph(before, PhotometricInterpretation="MONOCHROME1")

    (path,) = alter(paths, after, kind="orientation", level=10)

    turned = dcmread(path).pixel_array
    assert turned[0, 0] == GRADIENT.max()  # the darkest
    assert abs(int(turned[20, 18]) - int(GRADIENT[20, 18])) < 30


def test_padding_stays_padding_and_nothing_else_becomes_it(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    pixels = np.full((40, 40), 2, np.int16)
    pixels[:10] = -2000
    paths = written(before, ct_image(0, pixels, PixelPaddingValue=-2000, BitsStored=12, HighBit=11))

    (path,) = alter(paths, after, kind="noise", level=3)

    values = volume(study_of([path]))[0]
    assert np.isnan(values[:10]).all()
    assert np.isfinite(values[10:]).all()


def test_thicker_slices_average_their_neighbours_and_say_how_thick_they_are(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    paths = slices(before, SliceThickness=4)
    thin = volume(study_of(paths))

    altered = alter(paths, after, kind="slice thickness", level=3)

    thick = volume(study_of(altered))
    np.testing.assert_allclose(thick[1:-1], (thin[:-2] + thin[1:-1] + thin[2:]) / 3, atol=0.51)
    assert {float(dcmread(path).SliceThickness) for path in altered} == {14.0}


def test_slices_are_left_out_evenly_and_never_the_ends(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    paths = slices(before, 12)

    altered = alter(paths, after, kind="missing slices", level=20)

    assert [int(path.stem) for path in altered] == [0, 1, 2, 4, 5, 6, 7, 9, 10, 11]


@pytest.mark.parametrize("degrees", [90, 180, 270, -90])
def test_a_slice_that_is_turned_stays_where_it_is_in_the_patient(tmp_path: Path, degrees: int) -> None:
    before, after = places(tmp_path)
    paths = written(before, ct_image(3, GRADIENT, PixelSpacing=[0.5, 2.0]))

    (path,) = alter(paths, after, kind="orientation", level=degrees)

    old, new = dcmread(paths[0]), dcmread(path)
    assert (new.pixel_array == np.rot90(GRADIENT, degrees // 90)).all()
    brightest = np.unravel_index(new.pixel_array.argmax(), new.pixel_array.shape)
    np.testing.assert_allclose(in_patient(new, *brightest), in_patient(old, 39, 35))
    np.testing.assert_allclose(normal(new), normal(old))


def in_patient(dataset: Dataset, row: int, column: int) -> NDArray[np.float64]:
    """PS3.3 equation C.7.6.2.1-1."""
    axes = np.array(dataset.ImageOrientationPatient, dtype=float)
    down, across = (float(spacing) for spacing in dataset.PixelSpacing)
    start = np.array(dataset.ImagePositionPatient, dtype=float)
    return start + axes[:3] * across * column + axes[3:] * down * row


def normal(dataset: Dataset) -> NDArray[np.float64]:
    axes = np.array(dataset.ImageOrientationPatient, dtype=float)
    return np.cross(axes[:3], axes[3:])


def test_a_small_turn_is_for_radiographs(tmp_path: Path) -> None:
    before, after = places(tmp_path)

    with pytest.raises(ValueError, match="90, 180 or 270"):
        alter(slices(before), after, kind="orientation", level=5)


def test_a_blur_of_slices_is_in_millimetres(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    point = np.zeros((41, 41), np.uint16)
    point[20, 20] = 60000
    paths = written(before, ct_image(0, point, PixelSpacing=[0.5, 1.0]))

    (path,) = alter(paths, after, kind="blur", level=2)

    spread = dcmread(path).pixel_array.astype(float)
    place = np.arange(41) - 20
    assert np.sqrt((spread.sum(axis=1) * place**2).sum() / spread.sum()) == pytest.approx(4, rel=0.02)
    assert np.sqrt((spread.sum(axis=0) * place**2).sum() / spread.sum()) == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize("pixels", [GRADIENT, GRADIENT[:28, :28], (GRADIENT[:28, :28] // 8).astype(np.uint8)])
def test_lossy_compression_is_told_and_loses_something(tmp_path: Path, pixels: NDArray[Any]) -> None:
    before, after = places(tmp_path)
    noise = np.random.default_rng(0).integers(0, 60, pixels.shape).astype(pixels.dtype)
    paths = radiograph(before, pixels + noise)

    (path,) = alter(paths, after, kind="compression", level=3)

    dataset = dcmread(path)
    assert dataset.file_meta.TransferSyntaxUID == JPEG2000
    assert dataset.LossyImageCompression == "01"
    assert 2 < float(dataset.LossyImageCompressionRatio) < 4
    (instance,) = study_of([path]).series[0].instances
    assert instance.lossy
    decoded = load_volume([instance], instance.frames).values[0]
    assert 0 < np.abs(decoded - (pixels + noise)).mean() < 20


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, JPEG2000Lossless], ids=lambda uid: uid.name)
def test_whatever_the_syntax_of_the_source_the_copy_is_plain(tmp_path: Path, syntax: str) -> None:
    before, after = places(tmp_path)
    dataset = ct_image(0, GRADIENT)
    if syntax == JPEG2000Lossless:
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.file_meta.TransferSyntaxUID = syntax
    paths = written(before, dataset)

    (path,) = alter(paths, after, kind="orientation", level=180)

    assert dcmread(path).file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert (dcmread(path).pixel_array == np.rot90(GRADIENT, 2)).all()


def test_what_is_no_image_is_copied_as_it_is(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    image, *others = written(
        before,
        ct_image(0, GRADIENT),
        ct_image(1, Rows=None, Columns=None, PixelData=None),
        ct_image(
            2, GRADIENT, SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4", Modality="SEG", SeriesInstanceUID="1.5"
        ),
    )

    altered = alter([image, *others], after, kind="noise", level=5)

    assert [path.name for path in altered] == ["0.dcm", "1.dcm", "2.dcm"]
    assert [path.read_bytes() for path in altered[1:]] == [path.read_bytes() for path in others]
    assert altered[0].read_bytes() != image.read_bytes()


def test_files_of_one_name_in_two_folders_stay_apart(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    for folder in ("a", "b"):
        (before / folder).mkdir()
    paths = [written(before / folder, ct_image(number))[0] for number, folder in enumerate(("a", "b"))]

    altered = alter(paths, after, kind="noise", level=5)

    assert altered == [after / "a" / "0.dcm", after / "b" / "0.dcm"]


@pytest.mark.parametrize("kind", ["slice thickness", "missing slices"])
def test_a_radiograph_has_no_slices_to_alter(tmp_path: Path, kind: str) -> None:
    before, after = places(tmp_path)

    with pytest.raises(ValueError, match=f"{kind} needs a stack of 3 slices or more"):
        alter(radiograph(before), after, kind=kind, level=LEVELS[kind])


def test_slices_that_are_no_even_stack_are_not_averaged(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    paths = ct_series(before, planes=6)

    with pytest.raises(ValueError, match="no even stack"):
        alter([*paths[:2], *paths[3:]], after, kind="slice thickness", level=3)


@pytest.mark.parametrize(
    ("kind", "level", "message"),
    [
        ("sharpness", 1, "there is no alteration sharpness; there are: noise"),
        ("noise", 0, "not 0"),
        ("noise", -1, "between 0 and inf"),
        ("noise", float("nan"), "between 0 and inf"),
        ("window", -100, "between -100 and inf"),
        ("compression", 0.5, "between 1 and inf"),
        ("slice thickness", 4, "3, 5, 7"),
        ("slice thickness", 9, "9 slices cannot be averaged where there are 5"),
        ("missing slices", 100, "between 0 and 100"),
    ],
)
def test_a_level_that_cannot_be_is_refused(tmp_path: Path, kind: str, level: float, message: str) -> None:
    before, after = places(tmp_path)
    paths = ct_series(before)

    with pytest.raises(ValueError, match=message):
        alter(paths, after, kind=kind, level=level)


def test_what_cannot_be_written_back_is_refused(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    table, big = ct_image(1), ct_image(2)
    table.ModalityLUTSequence = [Dataset()]
    several = ct_image(0, np.zeros((2, 8, 8), np.uint16))
    paths = written(before, several, table, big)
    big.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    swapped = FileDataset(
        "", big, preamble=bytes(128), file_meta=big.file_meta, is_implicit_VR=False, is_little_endian=False
    )
    swapped.save_as(paths[2])

    for path, why in zip(paths, ("several frames", "a modality look-up table", "big-endian"), strict=True):
        with pytest.raises(ValueError, match=why):
            alter([path], after, kind="noise", level=5)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    before, after = places(tmp_path)
    (before / "0.dcm").write_bytes(b"no DICOM")
    no_pixels = written(before, ct_image(0, PixelData=None))

    with pytest.raises(ValueError, match="cannot be read"):
        alter(no_pixels, after, kind="noise", level=5)
    (before / "0.dcm").write_bytes(b"no DICOM")
    with pytest.raises(ValueError, match="cannot be read"):
        alter([before / "0.dcm"], after, kind="noise", level=5)


@given(
    data=st.data(),
    bits=st.integers(1, 16),
    signed=st.booleans(),
    slope=st.sampled_from([1, 0.5, 2, 0.0244]),
    intercept=st.sampled_from([0, -1024, 12.25]),
    photometric=st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
    is_projection=st.booleans(),
)
def test_stored_values_survive_the_way_to_real_world_values_and_back(
    data: st.DataObject, bits: int, signed: bool, slope: float, intercept: float, photometric: str,
    is_projection: bool,
) -> None:  # fmt: skip
    least = -(1 << (bits - 1)) if signed else 0
    most = least + (1 << bits) - 1
    stored = np.array([data.draw(st.lists(st.integers(least, most), min_size=3, max_size=3))])
    header = Dataset()
    header.BitsAllocated, header.BitsStored, header.PixelRepresentation = 16, bits, int(signed)
    header.RescaleSlope, header.RescaleIntercept = slope, intercept
    header.PhotometricInterpretation = photometric
    real = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    if photometric == "MONOCHROME1" and is_projection:
        real = np.float32(slope * (least + most) + 2 * intercept) - real

    image = AlteredImage(Path("0.dcm"), header, real.astype(np.float32), is_projection)

    assert (stored_values(image) == stored).all()
