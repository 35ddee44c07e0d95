"""Checkpoints (C2SP tlog-checkpoint), and finding them in whatever somebody kept."""

import base64
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from audit.checkpoint import Checkpoint, found_in, read, to_ascii, verified
from audit.note import NoteRefused, signed
from tests.audit.exported import KEY, ORIGIN, signer

pytestmark = pytest.mark.requirement("AUD-03")

CHECKPOINT = Checkpoint(ORIGIN, 17, bytes(range(32)))
NOTE = CHECKPOINT.signed_by(KEY)


def test_a_checkpoint_is_three_lines_of_text() -> None:
    assert CHECKPOINT.text == f"{ORIGIN}\n17\n{base64.b64encode(bytes(range(32))).decode()}\n"
    assert read(CHECKPOINT.text) == CHECKPOINT


def test_lines_beyond_the_third_are_passed_over() -> None:
    assert read(CHECKPOINT.text + "an extension\n") == CHECKPOINT


def test_a_checkpoint_is_verified_by_the_key_of_its_log() -> None:
    assert verified(NOTE, [KEY.key]) == (CHECKPOINT, frozenset({KEY.key}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        f"{ORIGIN}\n17\n",
        CHECKPOINT.text[:-1],
        CHECKPOINT.text.replace("17", "017"),
        CHECKPOINT.text.replace("17", "-17"),
        CHECKPOINT.text.replace("17", "17 "),
        CHECKPOINT.text.replace("17", "１７"),
        CHECKPOINT.text.replace("AAEC", "AAE"),
        CHECKPOINT.text.replace("AAEC", "AAÉC"),
        CHECKPOINT.text.replace("Hh8=", "Hh9="),
        CHECKPOINT.text.replace(ORIGIN, ""),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        read(text)


def test_a_checkpoint_that_another_log_signed_is_refused() -> None:
    other = signer("other", origin="elsewhere.example")

    with pytest.raises(NoteRefused, match="no key of hospital"):
        verified(CHECKPOINT.signed_by(other), [KEY.key, other.key])


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    with pytest.raises(NoteRefused, match="not a checkpoint"):
        verified(signed("it is all right\n", [KEY]), [KEY.key])


def kept(note: str) -> list[tuple[str, bytes]]:
    """The note in what people and archives keep."""
    dataset = Dataset()
    dataset.SOPInstanceUID = "1.2.3"
    dataset.TextValue = to_ascii(note)
    dataset.PixelData = b"\xff" * 1001
    files = [
        ("anchor file", f"{note}\n".encode()),
        ("mail", f"Dear all,\r\n{note}".replace("\n", "\r\n").encode()),
    ]
    for name, little, implicit in (
        ("DICOM", True, False),
        ("implicit", True, True),
        ("big endian", False, False),
    ):
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = little, implicit
        dataset["PixelData"].VR = "OB"
        write_dataset(buffer, dataset)
        files.append((name, buffer.getvalue()))
    return files


@pytest.mark.requirement("AUD-04")
@pytest.mark.parametrize(("medium", "content"), kept(NOTE))
def test_a_checkpoint_is_found_in(medium: str, content: bytes) -> None:
    assert list(found_in(content)) == [NOTE]


@pytest.mark.requirement("AUD-04")
def test_all_checkpoints_of_a_file_are_found_in_their_order() -> None:
    notes = [Checkpoint(ORIGIN, size, bytes(32)).signed_by(KEY, signer("two")) for size in (1, 2, 30)]

    assert list(found_in("\n".join(notes).encode())) == notes


@pytest.mark.requirement("AUD-04")
def test_one_that_was_torn_does_not_hide_the_next() -> None:
    for length in range(1, len(NOTE.encode())):
        torn = NOTE.encode()[:length]

        assert NOTE in list(found_in(torn + NOTE.encode())), length


@pytest.mark.requirement("AUD-04")
@given(st.binary(), st.binary())
def test_whatever_stands_around_it_a_checkpoint_is_found(before: bytes, after: bytes) -> None:
    assert NOTE in list(found_in(before + b"\n" + NOTE.encode() + b"\n" + after))


@given(st.binary())
def test_nothing_is_found_in_anything_else(content: bytes) -> None:
    assert list(found_in(content)) == []


@pytest.mark.requirement("AUD-04")
@pytest.mark.parametrize(
    "filler",
    [b"\xff", b"A", b"\n", b"\n1", b"\n1\n", b"\n-- a b", NOTE.encode()[:90], NOTE.encode()[:-60]],
)
def test_large_files_are_searched_in_one_pass(filler: bytes) -> None:
    """Were a repetition not bounded, this would take hours."""
    haystack = BytesIO(filler * (4_000_000 // len(filler))).getvalue()

    assert NOTE not in list(found_in(haystack))
