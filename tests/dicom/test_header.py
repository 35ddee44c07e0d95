"""The identifiers of a data set, read from bytes that may be anything."""

import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.dsutils import split_dataset

from samd.dicom.contexts import TRANSFER_SYNTAXES
from samd.dicom.header import Header, UnreadableHeader, read_header
from tests.dicom.loopback import CT, DEFLATED, EXPLICIT, SERIES, SOP, STUDY, data_set, encoded

HEADER = Header(CT, SOP, STUDY, SERIES, "CT")


def deflated(content: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(content) + deflater.flush()


@pytest.mark.requirement("NODE-01")
@pytest.mark.parametrize(
    ("syntax", "implicit", "little"),
    [
        (ImplicitVRLittleEndian, True, True),
        (ExplicitVRLittleEndian, False, True),
        (ExplicitVRBigEndian, False, False),
    ],
)
def test_the_header_is_read_in_every_encoding(syntax: str, implicit: bool, little: bool) -> None:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = CT, SOP, "CT"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = STUDY, SERIES
    reference = Dataset()
    reference.ReferencedSOPInstanceUID = "1.9"
    dataset.ReferencedImageSequence = [reference]
    dataset["ReferencedImageSequence"].is_undefined_length = True

    content = encoded(dataset, implicit=implicit, little=little)

    assert read_header(content, transfer_syntax_uid=syntax) == HEADER


@pytest.mark.requirement("NODE-01")
def test_a_deflated_header_is_read() -> None:
    assert read_header(deflated(data_set()), transfer_syntax_uid=DEFLATED) == HEADER


@pytest.mark.requirement("NODE-01")
def test_every_real_file_says_what_pydicom_says(shared_data: Path) -> None:
    files = sorted((shared_data / "dicom_ts_cornerstone_ct").glob("*.dcm"))
    assert len(files) == 16

    for file in files:
        meta, offset = split_dataset(file)
        header = read_header(file.read_bytes()[offset:], transfer_syntax_uid=meta.TransferSyntaxUID)
        said = dcmread(file, stop_before_pixels=True)
        assert header == Header(
            said.SOPClassUID,
            said.SOPInstanceUID,
            said.StudyInstanceUID,
            said.SeriesInstanceUID,
            said.Modality,
            b"\\" + said.PatientID.encode(),
        )


@pytest.mark.requirement("NODE-04")
def test_absent_values_are_empty_and_bad_ones_stay_as_they_are() -> None:
    content = data_set(sop_instance_uid="../../EVIL", study_instance_uid="1.2\\1.3", modality="")

    header = read_header(content, transfer_syntax_uid=EXPLICIT)

    assert header == Header(CT, "../../EVIL", "1.2\\1.3", SERIES, "")


@pytest.mark.requirement("NODE-01")
def test_nothing_behind_the_series_is_read() -> None:
    behind = struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OW", 0, 0xFFFFFFFE)

    assert read_header(data_set() + behind, transfer_syntax_uid=EXPLICIT) == HEADER


@pytest.mark.requirement("NODE-06")
def test_a_deflate_bomb_costs_no_more_than_its_header() -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    parts = [data_set(), *(bytes(1 << 20) for _ in range(200))]
    bomb = b"".join(deflater.compress(part) for part in parts) + deflater.flush()
    tracemalloc.start()

    header = read_header(bomb, transfer_syntax_uid=DEFLATED)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert header == HEADER
    assert peak < 8 << 20


@pytest.mark.requirement("NODE-04")
@pytest.mark.parametrize("depth", [100, 1_000, 20_000])
def test_sequences_nested_without_end_are_unreadable(depth: int) -> None:
    level = struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF
    )

    with pytest.raises(UnreadableHeader):
        read_header(level * depth, transfer_syntax_uid=EXPLICIT)


@pytest.mark.requirement("NODE-04")
def test_a_panic_of_native_code_is_unreadable_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    def panic(*_arguments: object, **_options: object) -> Dataset:
        raise PanicException("Hong^Gildong")

    monkeypatch.setattr("samd.dicom.header.read_dataset", panic)

    with pytest.raises(UnreadableHeader, match="PanicException") as raised:
        read_header(data_set(), transfer_syntax_uid=EXPLICIT)
    assert "Hong" not in str(raised.value)


@pytest.mark.requirement("NODE-04")
@pytest.mark.filterwarnings("ignore:Expected (ex|im)plicit VR")  # pydicom reads on
@given(content=st.binary(max_size=300), syntax=st.sampled_from(TRANSFER_SYNTAXES))
def test_any_bytes_are_a_header_or_unreadable(content: bytes, syntax: str) -> None:
    try:
        header = read_header(content, transfer_syntax_uid=syntax)
    except UnreadableHeader:
        return
    assert isinstance(header, Header)


@pytest.mark.requirement("NODE-04")
@pytest.mark.filterwarnings("ignore:Expected (ex|im)plicit VR")
@given(position=st.integers(0, len(data_set()) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_is_a_header_or_unreadable(position: int, byte: int) -> None:
    content = bytearray(data_set())
    content[position] = byte

    try:
        header = read_header(bytes(content), transfer_syntax_uid=EXPLICIT)
    except UnreadableHeader:
        return
    assert isinstance(header, Header)


@pytest.mark.requirement("AUD-01")
@pytest.mark.parametrize(
    ("issuer", "identifier", "patient"),
    [("", "4711 ", b"\\4711"), ("Hospital", "4711", b"Hospital\\4711"), ("Hospital", "", b"")],
)
def test_a_patient_is_told_from_another_by_issuer_and_identifier(
    issuer: str, identifier: str, patient: bytes
) -> None:
    dataset = Dataset()
    dataset.PatientID, dataset.IssuerOfPatientID = identifier, issuer

    header = read_header(encoded(dataset, implicit=False, little=True), transfer_syntax_uid=EXPLICIT)

    assert header.patient == patient
