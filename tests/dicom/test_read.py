"""Headers become a study, data sets and a banner, whatever is in the files."""

import logging
import warnings
import zlib
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, Sequence
from pydicom.encaps import encapsulate
from pydicom.filereader import read_file_meta_info
from pydicom.uid import JPEG2000, DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from samd.dicom.phantom import chest_radiograph, save
from samd.dicom.read import (
    DECODABLE,
    PatientBanner,
    Reading,
    Unreadable,
    headers,
    patient_banner,
    pydicom_silenced,
    read_study,
)
from samd.domain.study import Frame, Instance
from tests.builders import CT, DX, EXPLICIT, ct_image, ct_series, study_of, written


def read(*paths: Path) -> Reading:
    return read_study([(path, "0" * 64) for path in paths])


def only_instance(folder: Path, dataset: Dataset) -> Instance:
    (series,) = study_of(written(folder, dataset)).series
    (instance,) = series.instances
    return instance


def enhanced(count: int = 3, *, described: int | None = None) -> Dataset:
    """An enhanced CT whose orientation is shared and whose position and rescale are per frame."""
    dataset = ct_image(0, np.arange(count * 80, dtype=np.uint16).reshape(count, 8, 10))
    del dataset.ImagePositionPatient, dataset.ImageOrientationPatient, dataset.PixelSpacing
    shared, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    measures.PixelSpacing = [0.5, 0.6]
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = Sequence()
    for index in range(count if described is None else described):
        groups, position = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 3 * index, 0]
        groups.PlanePositionSequence = [position]
        dataset.PerFrameFunctionalGroupsSequence.append(groups)
    return dataset


def start_of_data(path: Path) -> int:
    """Where the file meta information ends (PS3.10 7.1)."""
    return 144 + int(read_file_meta_info(path).FileMetaInformationGroupLength)


@pytest.mark.requirement("PIX-02")
def test_a_series_is_read_with_the_place_of_each_plane(tmp_path: Path) -> None:
    study = study_of(ct_series(tmp_path, planes=3, BodyPartExamined="Chest ", PatientAge="045Y"))

    (series,) = study.series
    first = series.instances[0]
    assert (series.modality, series.body_part, series.number) == ("CT", "CHEST", 1)
    assert study.patient_age == 45
    assert len(series.instances) == 3
    assert {frame.position for one in series.instances for frame in one.frames} == {
        (-10.0, -12.0, 0.0),
        (-10.0, -12.0, 5.0),
        (-10.0, -12.0, 10.0),
    }
    assert (first.sop_class_uid, first.transfer_syntax_uid) == (CT, EXPLICIT)
    assert (first.rows, first.columns, first.photometric_interpretation) == (8, 10, "MONOCHROME2")
    assert first.image_type == ("DERIVED", "SECONDARY", "AXIAL")
    assert first.frames[0].row_direction == (1.0, 0.0, 0.0)
    assert first.frames[0].pixel_spacing == (2.5, 2.5)


@pytest.mark.requirement("PIX-02")
def test_the_order_of_files_changes_nothing(tmp_path: Path) -> None:
    paths = ct_series(tmp_path)
    files = [(path, path.name) for path in paths]

    assert read_study(files) == read_study(files[::-1])


@pytest.mark.requirement("PIX-03")
def test_functional_groups_place_the_frames_of_an_enhanced_image(tmp_path: Path) -> None:
    instance = only_instance(tmp_path, enhanced())

    assert instance.frames == tuple(
        Frame(
            instance.sop_instance_uid,
            number,
            position=(0.0, 3.0 * (number - 1), 0.0),
            row_direction=(1.0, 0.0, 0.0),
            column_direction=(0.0, 0.0, -1.0),
            pixel_spacing=(0.5, 0.6),
        )
        for number in (1, 2, 3)
    )


@pytest.mark.requirement("PIX-03")
def test_frames_of_a_classic_multi_frame_image_have_no_place(tmp_path: Path) -> None:
    dataset = ct_image(0, np.zeros((4, 8, 10), np.uint8), PixelSpacing=[0.3, 0.3])

    instance = only_instance(tmp_path, dataset)

    assert [frame.number for frame in instance.frames] == [1, 2, 3, 4]
    assert {frame.position for frame in instance.frames} == {None}
    assert {frame.pixel_spacing for frame in instance.frames} == {(0.3, 0.3)}


@pytest.mark.requirement("PIX-02")
@pytest.mark.parametrize(
    "changes",
    [
        {"ImagePositionPatient": None},
        {"ImagePositionPatient": [1, 2]},
        {"ImagePositionPatient": ["nan", 0, 0]},
        {"ImagePositionPatient": 3},
    ],
)
def test_a_position_that_is_none_is_not_invented(tmp_path: Path, changes: dict[str, object]) -> None:
    instance = only_instance(tmp_path, ct_image(**changes))  # type: ignore[arg-type]

    assert instance.frames[0].position is None


@pytest.mark.requirement("PIX-02")
def test_a_pixel_spacing_of_zero_is_none(tmp_path: Path) -> None:
    assert only_instance(tmp_path, ct_image(PixelSpacing=[0, 1])).frames[0].pixel_spacing is None


@pytest.mark.requirement("PIX-02")
def test_what_is_no_image_has_no_frames(tmp_path: Path) -> None:
    instance = only_instance(tmp_path, ct_image(Rows=None, Columns=None, PixelData=None))

    assert (instance.rows, instance.frames) == (0, ())


@pytest.mark.requirement("GATE-01")
@pytest.mark.parametrize(
    ("changes", "years"),
    [
        ({"PatientAge": "005Y"}, 5),
        ({"PatientAge": "018M"}, 1.5),
        ({"PatientAge": "003W"}, 21 / 365.25),
        ({"PatientAge": "010D"}, 10 / 365.25),
        ({"PatientBirthDate": "20160105"}, pytest.approx(10, abs=0.01)),
        ({"PatientBirthDate": "2016.01.05"}, pytest.approx(10, abs=0.01)),
        ({"PatientAge": "5", "PatientBirthDate": "20160105"}, pytest.approx(10, abs=0.01)),
        ({"PatientBirthDate": "20160230"}, None),
        ({"PatientBirthDate": "18000101"}, None),  # a made-up date
        ({"PatientBirthDate": "20300101"}, None),  # after the study
        ({}, None),
    ],
)
def test_age_is_what_is_stated_or_else_from_birth_to_study(
    tmp_path: Path, changes: dict[str, str], years: float | None
) -> None:
    study = study_of(ct_series(tmp_path, planes=1, **changes))

    assert study.patient_age == years


@pytest.mark.requirement("GATE-01")
def test_lossy_is_what_the_header_or_the_transfer_syntax_says(tmp_path: Path) -> None:
    stated, compressed, neither = ct_image(0, LossyImageCompression="01"), ct_image(1), ct_image(2)
    compressed.file_meta.TransferSyntaxUID = JPEG2000
    compressed.PixelData = encapsulate([b"any"])
    compressed["PixelData"].VR = "OB"

    (series,) = study_of(written(tmp_path, stated, compressed, neither)).series

    assert {one.path.name: one.lossy for one in series.instances} == {
        "0.dcm": True,
        "1.dcm": True,
        "2.dcm": False,
    }


@pytest.mark.requirement("GATE-01")
def test_the_view_of_a_radiograph_may_be_coded(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4), np.uint8)
    said = chest_radiograph(pixels, seed="said", view="AP")
    coded = chest_radiograph(pixels, seed="coded")
    del coded.ViewPosition
    coded.ViewCodeSequence = [Dataset()]
    coded.ViewCodeSequence[0].CodeValue = "399173006"

    views = [only_instance(tmp_path, dataset).view_position for dataset in (said, coded)]

    assert views == ["AP", "LL"]
    assert only_instance(tmp_path, said).sop_class_uid == DX


@pytest.mark.requirement("PIX-01")
def test_one_bad_file_spoils_only_itself(tmp_path: Path) -> None:
    good, lost = ct_series(tmp_path, planes=2), tmp_path / "lost.dcm"
    noise = tmp_path / "noise.dcm"
    noise.write_bytes(bytes(range(256)) * 4)

    reading = read(noise, *good, lost)

    assert [bad.path for bad in reading.unreadable] == [noise, lost]
    assert len(reading.study.series[0].instances) == 2
    assert reading.study.unreadable == 2
    assert "lost.dcm cannot be read: it is not there" in str(reading.unreadable[1])


@pytest.mark.requirement("PIX-01")
def test_a_study_without_a_readable_file_is_unreadable(tmp_path: Path) -> None:
    noise = tmp_path / "noise.dcm"
    noise.write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 64)

    with pytest.raises(Unreadable):
        read(noise)


@pytest.mark.requirement("PIX-01")
def test_an_object_of_another_study_is_not_mixed_in(tmp_path: Path) -> None:
    ours, theirs = written(tmp_path, ct_image(0), ct_image(1, StudyInstanceUID="1.2.3"))

    reading = read(ours, theirs)

    assert [str(bad) for bad in reading.unreadable] == [
        "1.dcm cannot be read: it belongs to another study; the file is kept as it is and not analysed"
    ]


@pytest.mark.requirement("PIX-01")
@pytest.mark.parametrize(
    ("dataset", "why"),
    [
        (ct_image(NumberOfFrames=100_000_000), "it claims 100000000 frames"),
        (enhanced(3, described=2), "it claims 3 frames and describes 2"),
        (ct_image(SeriesInstanceUID=None), "it has no valid SeriesInstanceUID"),
    ],
)
def test_an_implausible_header_is_unreadable(tmp_path: Path, dataset: Dataset, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(*written(tmp_path, dataset))


@pytest.mark.requirement("PIX-01")
def test_sequences_nested_beyond_reason_are_unreadable(tmp_path: Path) -> None:
    (path,) = ct_series(tmp_path, planes=1)
    nested = bytes.fromhex("0800 1111 5351 0000 ffffffff feff 00e0 ffffffff") * 5_000
    content, start = path.read_bytes(), start_of_data(path)
    path.write_bytes(content[:start] + nested + content[start:])

    with pytest.raises(Unreadable, match="nested too deeply"):
        read(path)


@pytest.mark.requirement("PIX-01")
def test_a_deflated_header_is_read_without_inflating_what_follows(tmp_path: Path) -> None:
    path = tmp_path / "deflated.dcm"
    dataset = ct_image()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    save(dataset, path)
    head = path.read_bytes()
    start = start_of_data(path)
    inflated = zlib.decompress(head[start:], -zlib.MAX_WBITS)
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = b"".join(squeeze.compress(part) for part in [inflated, *[bytes(2**20)] * 96]) + squeeze.flush()
    path.write_bytes(head[:start] + bomb)

    (series,) = study_of([path]).series

    assert series.instances[0].rows == 8
    assert headers(series.instances)[0].file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian


@pytest.mark.requirement("OUT-03")
def test_headers_keep_the_bytes_of_names_and_no_pixels(tmp_path: Path) -> None:
    name = "Hong^Gildong=洪^吉洞=홍^길동"
    paths = ct_series(tmp_path, planes=1, SpecificCharacterSet=["", "ISO 2022 IR 149"], PatientName=name)
    (series,) = study_of(paths).series

    (header,) = headers(series.instances)

    assert "PixelData" not in header
    assert header.file_meta.TransferSyntaxUID == EXPLICIT
    raw = header.get_item("PatientName").value
    assert raw.startswith(b"Hong^Gildong=\x1b$)C\xfb\xf3^")
    assert raw in paths[0].read_bytes()


@pytest.mark.requirement("WEB-01")
def test_the_banner_shows_a_korean_name_in_its_scripts(tmp_path: Path) -> None:
    (path,) = ct_series(
        tmp_path,
        planes=1,
        SpecificCharacterSet=["", "ISO 2022 IR 149"],
        PatientName="Hong^Gildong=洪^吉洞=홍^길동",
        PatientID="12345",
        PatientBirthDate="19800131",
        PatientSex="M",
        StudyDescription="CT 복부",
    )

    banner = patient_banner(path)

    assert banner == PatientBanner(
        name="Hong Gildong (洪 吉洞, 홍 길동)",
        patient_id="12345",
        birth_date=date(1980, 1, 31).isoformat(),
        sex="M",
        study_date="2026-01-05",
        study_description="CT 복부",
    )


@pytest.mark.requirement("WEB-01")
def test_a_header_that_says_nothing_gives_an_empty_banner(tmp_path: Path) -> None:
    keywords = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyDescription")
    (path,) = ct_series(tmp_path, planes=1, **dict.fromkeys(keywords))

    assert patient_banner(path) == PatientBanner("", "", "", "", "", "")


@pytest.mark.requirement("AUD-01")
def test_values_reach_neither_warnings_nor_log_nor_exceptions(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "CANARY-HONG"
    (path,) = ct_series(tmp_path, planes=1, PatientAge="045Y", StudyInstanceUID="1.2.3.4.5.6.7.8.9.10.11")
    content = path.read_bytes().replace(b"1.2.3.4.5.6.7.8.9.10.11", canary.encode().ljust(23))
    path.write_bytes(content.replace(b"045Y", b"HONG"))
    caplog.set_level(logging.DEBUG)

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with pytest.raises(Unreadable) as caught:
            read(path)

    assert heard == []
    assert caplog.text == ""
    assert canary not in f"{caught.value} {caught.value.__cause__}"
    assert caught.value.__suppress_context__


@pytest.mark.requirement("AUD-01")
def test_silence_may_be_nested_and_ends_with_the_outermost(tmp_path: Path) -> None:
    log = logging.getLogger("pydicom")
    (series,) = study_of(ct_series(tmp_path, planes=1)).series

    with pydicom_silenced():
        headers(series.instances)
        within = log.disabled

    assert (within, log.disabled) == (True, False)


@pytest.mark.requirement("GATE-01")
def test_what_is_decodable_is_what_has_a_decoder_here() -> None:
    retired = {f"1.2.840.10008.1.2.4.{number}" for number in (53, 55)}
    video = "1.2.840.10008.1.2.4.102"

    assert {EXPLICIT, ImplicitVRLittleEndian, "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.90"} <= DECODABLE
    assert not DECODABLE & (retired | {video})


@pytest.mark.requirement("PIX-02")
def test_every_real_file_is_read_or_refused_by_name(shared_data: Path) -> None:
    folders = (
        "dicom_pydicom_data",
        "dicom_ts_cornerstone_ct",
        "dicom_highdicom_tests",
        "dicom_rt_dicompyler",
    )
    refused = set()
    for path in [path for folder in folders for path in (shared_data / folder).glob("*.dcm")]:
        try:
            read(path)
        except Unreadable as error:
            refused.add(error.path.name)
        else:
            patient_banner(path)

    # These have no study, or no UIDs that are UIDs, or no file meta information.
    assert refused == {
        "HTJ2KLossless_08_RGB.dcm",
        "HTJ2K_08_RGB.dcm",
        "JLSL_16_15_1_1F.dcm",
        "JLSN_RGB_ILV0.dcm",
        "bad_sequence.dcm",
    }
