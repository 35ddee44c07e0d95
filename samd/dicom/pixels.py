"""Stored pixel values of one frame, after every check that can be made before memory is taken for it.

Runs in the decoding child only (samd.dicom.decode_child).
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import get_frame, parse_basic_offsets, parse_fragments
from pydicom.pixels import get_decoder
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    JPEG2000TransferSyntaxes,
    JPEGExtended12Bit,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
)

from samd.dicom.decode import Undecodable
from samd.domain import codes
from samd.domain.finding import Reason

TAGS = [
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
    "PixelData",
]  # fmt: skip

# One decoder for each syntax, the first of these that has it, so that all frames come from the same. GDCM
# is last: it has an open CVE (CVE-2026-3650), and only JPEG Lossless is left to it.
_PLUGINS = ("pydicom", "pyjpegls", "pylibjpeg", "pillow", "gdcm")

_JPEG_SYNTAXES = frozenset(JPEGTransferSyntaxes) | frozenset(JPEGLSTransferSyntaxes)
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}  # ISO 10918-1 B.1.1.3, 14495-1


@dataclass(frozen=True, slots=True)
class Layout:
    """How the pixels of an instance lie (PS3.3 C.7.6.3.1): one sample a pixel, always."""

    syntax: UID
    rows: int
    columns: int
    frames: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    is_inverted: bool  # MONOCHROME1: low values are bright

    @property
    def frame_bytes(self) -> int:
        return self.rows * self.columns * self.bits_allocated // 8

    @property
    def dtype(self) -> np.dtype[np.integer]:
        return np.dtype(f"<{'i' if self.is_signed else 'u'}{self.bits_allocated // 8}")


def malformed(message: str) -> Reason:
    """The reason for pixel data that break the standard."""
    return Reason("decoding", message, codes.OBJECTS_INCORRECTLY_FORMATTED)


def unsupported(message: str) -> Reason:
    """The reason for pixel data that are valid and not for this device."""
    return Reason("decoding", message, codes.OBJECT_TYPES_NOT_SUPPORTED)


@contextmanager
def malformed_is_undecodable(message: str = "The header is malformed.") -> Iterator[None]:
    """What a library raises over hostile bytes becomes Undecodable; its words, which quote values, go."""
    try:
        yield
    except (Undecodable, MemoryError):
        raise
    except Exception:  # noqa: BLE001
        raise Undecodable(malformed(message)) from None


def layout(dataset: Dataset, *, most_bytes: int) -> Layout:
    """The layout of grey pixels, once the header and, where compressed, the offset tables bear it out.

    Raises Undecodable for colour, for sizes beyond `most_bytes`, and for claims that the data deny.
    """
    with malformed_is_undecodable():
        _check_kind(dataset)
        found = _layout(dataset)
    _check_bits(found)
    if found.frame_bytes * found.frames > most_bytes:
        raise Undecodable(
            Reason(
                "size",
                f"{found.frames} frames of {found.rows} x {found.columns} pixels of {found.bits_allocated} "
                f"bits take more than the {most_bytes / 2**20:.0f} MiB allowed.",
                codes.RESOURCE_INADEQUATE,
            )
        )
    with malformed_is_undecodable("The pixel data are malformed."):
        held = _frames_held(dataset, found)
    if held < found.frames:
        raise Undecodable(malformed(f"{found.frames} frames are claimed, but the pixel data hold {held}."))
    return found


def stored_values(dataset: Dataset, layout: Layout, *, number: int) -> NDArray[np.integer]:
    """Frame `number` (from 1) as integers of shape (rows, columns), unused high bits removed.

    Raises Undecodable.
    """
    if not 1 <= number <= layout.frames:
        raise Undecodable(malformed(f"Frame {number} is asked for, but there are {layout.frames}."))
    if layout.syntax.is_encapsulated or layout.syntax == ExplicitVRBigEndian:
        return _decoded(dataset, layout, number - 1)
    start = (number - 1) * layout.frame_bytes
    count = layout.rows * layout.columns
    values = np.frombuffer(dataset.PixelData, layout.dtype, count, start)
    return used_bits(values.reshape(layout.rows, layout.columns), layout)


def used_bits(values: NDArray[np.integer], layout: Layout) -> NDArray[np.integer]:
    """Only the bits from High Bit down count (PS3.5 8.1.1); others may hold overlays or anything."""
    left = layout.bits_allocated - 1 - layout.high_bit
    right = layout.bits_allocated - layout.bits_stored
    if not left and not right:
        return values
    return np.right_shift(np.left_shift(values, left), right)


def _check_kind(dataset: Dataset) -> None:
    if "PixelData" not in dataset:
        raise Undecodable(unsupported("The object has no integer pixel data."))
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    if dataset.SamplesPerPixel != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise Undecodable(unsupported("Colour images are not supported, only grey ones."))


def _layout(dataset: Dataset) -> Layout:
    return Layout(
        syntax=dataset.file_meta.TransferSyntaxUID,
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        frames=int(dataset.get("NumberOfFrames") or 1),
        bits_allocated=int(dataset.BitsAllocated),
        bits_stored=int(dataset.BitsStored),
        high_bit=int(dataset.get("HighBit", dataset.BitsStored - 1)),
        is_signed=bool(dataset.PixelRepresentation),
        is_inverted=dataset.PhotometricInterpretation == "MONOCHROME1",
    )


def _check_bits(found: Layout) -> None:
    if found.bits_allocated not in (8, 16, 32):
        raise Undecodable(unsupported(f"{found.bits_allocated} bits a pixel are not supported."))
    fits = 1 <= found.bits_stored <= found.high_bit + 1 <= found.bits_allocated
    if not fits or min(found.rows, found.columns, found.frames) < 1:
        raise Undecodable(malformed("Rows, columns, frames or bits in the header contradict each other."))
    if found.syntax == JPEGExtended12Bit and found.bits_stored > 8:
        raise Undecodable(unsupported("JPEG Extended with 12 bits has no decoder in this device."))


def _frames_held(dataset: Dataset, found: Layout) -> int:
    """How many frames the pixel data can hold at most, from their length or their offset tables."""
    data = dataset.PixelData
    if not found.syntax.is_encapsulated:
        return len(data) // found.frame_bytes
    if "ExtendedOffsetTable" in dataset:
        return len(dataset.ExtendedOffsetTable) // 8
    buffer = BytesIO(data)
    offsets = parse_basic_offsets(buffer)
    fragments, _ = parse_fragments(buffer)
    return min(len(offsets), fragments) if offsets else fragments


def _decoded(dataset: Dataset, layout: Layout, index: int) -> NDArray[np.integer]:
    try:
        decoder = get_decoder(layout.syntax)
    except NotImplementedError:
        decoder = None
    if decoder is None or not decoder.is_available:
        raise Undecodable(unsupported(f"{layout.syntax.name} has no decoder in this device."))
    if layout.syntax.is_encapsulated:
        with malformed_is_undecodable("The compressed frame is malformed."):
            _check_codestream(_codestream(dataset, layout, index), layout)
    plugin = next((name for name in _PLUGINS if name in decoder.available_plugins), "")
    with malformed_is_undecodable("The compressed frame is broken or cut short: its decoder refused it."):
        values, _ = decoder.as_array(
            dataset, index=index, raw=True, decoding_plugin=plugin, correct_unused_bits=False
        )
    if values.shape != (layout.rows, layout.columns) or values.dtype.itemsize > layout.dtype.itemsize:
        raise Undecodable(malformed("The decoded frame has another size than the header says."))
    if layout.syntax.is_encapsulated and layout.syntax != RLELossless:
        # These codecs give whole values, wherever High Bit says that they lay before.
        layout = replace(layout, high_bit=layout.bits_stored - 1)
    return used_bits(values.astype(layout.dtype, copy=False), layout)


def _codestream(dataset: Dataset, layout: Layout, index: int) -> bytes:
    tables = (dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths"))
    return get_frame(
        dataset.PixelData,
        index,
        number_of_frames=layout.frames,
        extended_offsets=tables if all(tables) else None,
    )


def _check_codestream(stream: bytes, layout: Layout) -> None:
    """Raise Undecodable unless the stream's own header has the size of the DICOM header.

    Decoders take memory for what the stream claims: a kilobyte can claim 60000 x 60000 pixels.
    """
    if layout.syntax == RLELossless:
        _check_rle(stream, layout)
        return
    if layout.syntax in JPEG2000TransferSyntaxes:
        size = _jpeg_2000_size(stream)
    elif layout.syntax in _JPEG_SYNTAXES:
        size = _jpeg_size(stream)
    else:
        return
    if size != (layout.rows, layout.columns, 1):
        rows, columns, components = size
        raise Undecodable(
            malformed(
                f"The compressed frame has {rows} x {columns} pixels of {components} components, where the "
                f"header says {layout.rows} x {layout.columns} of 1."
            )
        )


def _check_rle(stream: bytes, layout: Layout) -> None:
    # PS3.5 G.5. A segment beyond the data makes a decoder written in Rust panic.
    count, *offsets = struct.unpack_from("<16L", stream)
    offsets = [*offsets[:count], len(stream)]
    if count != layout.bits_allocated // 8 or offsets[0] < 64 or offsets != sorted(offsets):
        raise Undecodable(malformed("The RLE header is malformed."))


def _jpeg_2000_size(stream: bytes) -> tuple[int, int, int]:
    # ISO 15444-1 A.5.1: SIZ follows SOC at once; some files keep the boxes of a JP2 file before it.
    start = stream.index(b"\xff\x4f\xff\x51")
    right, bottom, left, top = struct.unpack_from(">4L", stream, start + 8)
    (components,) = struct.unpack_from(">H", stream, start + 40)
    return bottom - top, right - left, components


def _jpeg_size(stream: bytes) -> tuple[int, int, int]:
    # ISO 10918-1 B.2.2: segments with their lengths up to the start of frame.
    position = stream.index(b"\xff\xd8") + 2
    while True:
        if stream[position] != 0xFF:
            raise ValueError("a marker is missing")
        marker = stream[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
        elif marker in _START_OF_FRAME:
            rows, columns, components = struct.unpack_from(">HHB", stream, position + 5)
            return rows, columns, components
        else:
            (length,) = struct.unpack_from(">H", stream, position + 2)
            position += 2 + length
