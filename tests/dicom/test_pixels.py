"""Stored values are the bits that count, and sizes are checked before memory is taken."""

import struct
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    RLELossless,
)

from samd.dicom import pixels
from samd.dicom.decode import Undecodable
from samd.domain import codes
from tests.builders import ct_image

RAMP = np.arange(80, dtype=np.uint16).reshape(8, 10) * 50


def stored(dataset: Dataset, *, number: int = 1) -> Any:
    return pixels.stored_values(dataset, pixels.layout(dataset, most_bytes=2**20), number=number)


def refusal(dataset: Dataset, *, most_bytes: int = 2**20) -> Undecodable:
    with pytest.raises(Undecodable) as caught:
        pixels.stored_values(dataset, pixels.layout(dataset, most_bytes=most_bytes), number=1)
    return caught.value


def compressed(syntax: str, values: np.ndarray[Any, Any] = RAMP) -> Dataset:
    dataset = ct_image(0, values)
    dataset.compress(syntax, generate_instance_uid=False)
    return dataset


def with_stream(syntax: str, *streams: bytes, frames: int = 1, **changes: Any) -> Dataset:
    """An image whose pixel data are these compressed frames, one fragment each."""
    dataset = ct_image(0, RAMP, **changes)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.NumberOfFrames = frames
    dataset.PixelData = encapsulate(list(streams), has_bot=False)
    return dataset


def jpeg_2000_header(rows: int, columns: int) -> bytes:
    """SOC and SIZ of a codestream that claims this size (ISO 15444-1 A.5.1)."""
    tile = struct.pack(">8L", columns, rows, 0, 0, columns, rows, 0, 0)
    return b"\xff\x4f\xff\x51" + struct.pack(">HH", 41, 0) + tile + struct.pack(">H3B", 1, 15, 1, 1)


@pytest.mark.requirement("PIX-03")
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_native_values_of_every_width_and_sign(dtype: type[np.integer]) -> None:
    info = np.iinfo(dtype)
    values = np.array([[info.min, 0, 1], [info.max, 7, 100]], dtype)

    assert (stored(ct_image(0, values)) == values).all()


@pytest.mark.requirement("PIX-03")
def test_frames_are_taken_by_number() -> None:
    frames = np.arange(3 * 80, dtype=np.int16).reshape(3, 8, 10)

    assert (stored(ct_image(0, frames), number=3) == frames[2]).all()


@pytest.mark.requirement("PIX-03")
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_native_encodings(syntax: str) -> None:
    dataset = ct_image(0, RAMP)
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = RAMP.astype(">u2").tobytes()

    assert (stored(dataset) == RAMP).all()


@pytest.mark.requirement("PIX-03")
def test_unused_high_bits_are_removed_and_the_sign_restored() -> None:
    true = np.array([[-2048, -1, 0, 2047]], np.int16)
    garbage = np.array([[0x5, 0x7, 0xF, 0xA]], np.uint16) << 12
    dataset = ct_image(
        0, ((true.view(np.uint16) & 0x0FFF) | garbage).view(np.int16), BitsStored=12, HighBit=11
    )

    assert (stored(dataset) == true).all()


@pytest.mark.requirement("PIX-03")
def test_values_may_lie_below_a_high_bit_that_is_not_the_next() -> None:
    true = np.array([[0, 1, 0xFFF]], np.uint16)

    assert (stored(ct_image(0, true << 4 | 0x9, BitsStored=12, HighBit=15)) == true).all()


@pytest.mark.requirement("PIX-03")
@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_lossless_syntaxes_give_the_same_values(syntax: str) -> None:
    signed = RAMP.astype(np.int16) - 2000

    assert (stored(compressed(syntax)) == RAMP).all()
    assert (stored(compressed(syntax, signed)) == signed).all()


@pytest.mark.requirement("PIX-03")
@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_unused_high_bits_are_removed_from_compressed_values_too(syntax: str) -> None:
    true = np.array([[-2048, -1, 0, 2047]], np.int16)
    garbage = np.array([[0x5, 0x7, 0xF, 0xA]], np.uint16) << 12
    dirty = ((true.view(np.uint16) & 0x0FFF) | garbage).view(np.int16)
    dataset = compressed(syntax, np.tile(dirty, (16, 4)))
    dataset.BitsStored, dataset.HighBit = 12, 11

    assert (stored(dataset) == np.tile(true, (16, 4))).all()


@pytest.mark.requirement("PIX-03")
def test_rle_values_may_lie_below_a_high_bit_that_is_not_the_next() -> None:
    true = np.array([[0, 1, 0xFFF]], np.uint16)
    dataset = compressed(RLELossless, true << 4 | 0x9)
    dataset.BitsStored, dataset.HighBit = 12, 15

    assert (stored(dataset) == true).all()


@pytest.mark.requirement("PIX-03")
def test_compressed_frames_are_taken_by_number() -> None:
    frames = np.stack([RAMP, RAMP + 1, RAMP + 2])

    assert (stored(compressed(RLELossless, frames), number=2) == RAMP + 1).all()


@pytest.mark.requirement("PIX-01")
@pytest.mark.parametrize(
    ("changes", "message", "code"),
    [
        (
            {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"},
            "Colour images",
            codes.OBJECT_TYPES_NOT_SUPPORTED,
        ),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "Colour images", codes.OBJECT_TYPES_NOT_SUPPORTED),
        ({"PixelData": None}, "no integer pixel data", codes.OBJECT_TYPES_NOT_SUPPORTED),
        ({"BitsAllocated": 1}, "1 bits a pixel", codes.OBJECT_TYPES_NOT_SUPPORTED),
        ({"BitsStored": 17}, "contradict each other", codes.OBJECTS_INCORRECTLY_FORMATTED),
        ({"HighBit": 3}, "contradict each other", codes.OBJECTS_INCORRECTLY_FORMATTED),
        ({"Rows": 0}, "contradict each other", codes.OBJECTS_INCORRECTLY_FORMATTED),
        ({"NumberOfFrames": -2}, "contradict each other", codes.OBJECTS_INCORRECTLY_FORMATTED),
        ({"BitsAllocated": None}, "The header is malformed", codes.OBJECTS_INCORRECTLY_FORMATTED),
        ({"Rows": 9}, "1 frames are claimed, but the pixel data hold 0", codes.OBJECTS_INCORRECTLY_FORMATTED),
        (
            {"NumberOfFrames": 2},
            "2 frames are claimed, but the pixel data hold 1",
            codes.OBJECTS_INCORRECTLY_FORMATTED,
        ),
        ({"Rows": 60000, "Columns": 60000}, "more than the 1 MiB allowed", codes.RESOURCE_INADEQUATE),
        ({"NumberOfFrames": 10**9}, "more than the 1 MiB allowed", codes.RESOURCE_INADEQUATE),
    ],
)
def test_what_cannot_be_decoded_is_refused_with_its_reason(
    changes: dict[str, Any], message: str, code: codes.Code
) -> None:
    refused = refusal(ct_image(0, RAMP, **changes))

    assert message in refused.reason.message
    assert refused.reason.code == code


@pytest.mark.requirement("PIX-01")
def test_a_frame_that_is_not_there_is_refused() -> None:
    dataset = ct_image(0, RAMP)

    with pytest.raises(Undecodable, match="Frame 2 is asked for"):
        stored(dataset, number=2)


@pytest.mark.requirement("PIX-01")
def test_a_small_file_that_claims_many_frames_is_refused_by_its_fragments() -> None:
    bomb = with_stream(RLELossless, b"\0" * 64, frames=5000)

    assert refusal(bomb).reason.message == "5000 frames are claimed, but the pixel data hold 1."


@pytest.mark.requirement("PIX-01")
def test_a_small_file_that_claims_many_frames_is_refused_by_its_offset_tables() -> None:
    basic = with_stream(RLELossless, b"\0" * 64, frames=3)
    basic.PixelData = encapsulate([b"\0" * 64] * 2, has_bot=True)
    extended = with_stream(RLELossless, b"\0" * 64, b"\0" * 64, b"\0" * 64, frames=3)
    extended.ExtendedOffsetTable = bytes(16)

    messages = [refusal(dataset).reason.message for dataset in (basic, extended)]

    assert messages == ["3 frames are claimed, but the pixel data hold 2."] * 2


@pytest.mark.requirement("PIX-01")
def test_a_basic_offset_table_cannot_claim_more_frames_than_there_are_fragments() -> None:
    dataset = with_stream(RLELossless, b"\0" * 64, frames=1000)
    offsets = struct.pack("<1000L", *[0] * 1000)
    item = struct.pack("<HHL", 0xFFFE, 0xE000, len(offsets)) + offsets
    dataset.PixelData = item + dataset.PixelData[8:]

    assert refusal(dataset).reason.message == "1000 frames are claimed, but the pixel data hold 1."


@pytest.mark.requirement("PIX-01")
@pytest.mark.parametrize(
    ("syntax", "stream"),
    [
        (JPEG2000Lossless, jpeg_2000_header(60000, 60000)),
        (JPEG2000Lossless, b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\0jp2c" + jpeg_2000_header(60000, 60000)),
        (
            JPEGBaseline8Bit,
            b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08" + struct.pack(">HHB", 60000, 60000, 1),
        ),
        (JPEGLSLossless, b"\xff\xd8\xff\xff\xf7\0\x0b\x10" + struct.pack(">HHB", 60000, 60000, 1)),
    ],
)
def test_a_codestream_that_claims_another_size_is_refused_before_decoding(syntax: str, stream: bytes) -> None:
    refused = refusal(with_stream(syntax, stream))

    assert refused.reason.message == (
        "The compressed frame has 60000 x 60000 pixels of 1 components, where the header says 8 x 10 of 1."
    )


@pytest.mark.requirement("PIX-01")
@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless])
@pytest.mark.parametrize("stream", [b"\0\0", b"\xff\xd8\xff\xe0\xff\xff", bytes(range(200))])
def test_a_stream_of_nothing_is_refused(syntax: str, stream: bytes) -> None:
    assert refusal(with_stream(syntax, stream)).reason.message.startswith(
        ("The compressed frame", "The RLE header")
    )


@pytest.mark.requirement("PIX-01")
@pytest.mark.parametrize(
    "header",
    [(2, 64, 4_000_000_000), (2, 70, 66), (1, 64, 0), (2**31, 64, 70), (2, 0, 64)],
)
def test_an_rle_header_that_points_outside_is_refused_before_decoding(header: tuple[int, ...]) -> None:
    stream = struct.pack("<16L", *header, *[0] * (16 - len(header))) + b"\x81\0" * 10

    assert refusal(with_stream(RLELossless, stream)).reason.message == "The RLE header is malformed."


@pytest.mark.requirement("PIX-01")
@pytest.mark.parametrize(("syntax", "kept"), [(RLELossless, 0.9), (JPEGLSLossless, 0.5)])
def test_a_frame_cut_short_is_refused_and_never_half_decoded(syntax: str, kept: float) -> None:
    whole = compressed(syntax, np.random.default_rng(1).integers(0, 4096, (64, 64)).astype(np.uint16))
    stream = get_frame(whole.PixelData, 0, number_of_frames=1)
    whole.PixelData = encapsulate([stream[: int(len(stream) * kept)]])

    message = refusal(whole).reason.message

    assert message == "The compressed frame is broken or cut short: its decoder refused it."


@pytest.mark.requirement("PIX-01")
def test_twelve_bit_jpeg_extended_is_an_honest_no() -> None:
    dataset = with_stream(JPEGExtended12Bit, b"any", BitsStored=12, HighBit=11)

    assert refusal(dataset).reason.message == "JPEG Extended with 12 bits has no decoder in this device."


@pytest.mark.requirement("PIX-01")
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.102"])
def test_a_syntax_without_a_decoder_is_an_honest_no(syntax: str) -> None:
    reason = refusal(with_stream(syntax, b"any")).reason

    assert reason.message.endswith("has no decoder in this device.")
    assert reason.code == codes.OBJECT_TYPES_NOT_SUPPORTED


@pytest.mark.requirement("PIX-01")
def test_running_out_of_memory_is_not_taken_for_a_broken_file() -> None:
    with pytest.raises(MemoryError), pixels.malformed_is_undecodable():
        raise MemoryError


@pytest.mark.requirement("PIX-03")
def test_an_odd_number_of_bytes_is_padded_and_the_padding_ignored() -> None:
    dataset = ct_image(0, np.arange(81, dtype=np.uint8).reshape(9, 9))

    assert len(dataset.PixelData) == 82
    assert (stored(dataset) == np.arange(81).reshape(9, 9)).all()
