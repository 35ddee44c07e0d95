"""An image whose pixels were changed on purpose, written as a DICOM file that says so.

The inverse of samd.dicom.realworld: from real-world values back to the stored values of the same header.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000, ExplicitVRLittleEndian
from pydicom.valuerep import DSfloat

from samd.domain.identity import derived_uid

Integers = NDArray[np.integer]

# The encoder of pydicom halves an image five times, which needs a side of so many pixels.
_LEAST_SIDE = 32
_NO_LONGER_TRUE = (
    "SmallestImagePixelValue", "LargestImagePixelValue", "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class AlteredImage:
    """An image to be written: the file it is from, its `header` without pixels, and its new `values`.

    `values` (rows, columns) are as in samd.domain.finding.Volume: in a projection high is bright. `ratio` is
    that of the lossy compression that the file is to have, if any.
    """

    source: Path
    header: Dataset
    values: NDArray[np.float32]
    is_projection: bool
    ratio: float | None = None

    @property
    def range_of_bits(self) -> tuple[int, int]:
        """The least and the greatest stored value that the bits of the header can hold."""
        bits, is_signed = int(self.header.BitsStored), bool(self.header.PixelRepresentation)
        least = -(1 << (bits - 1)) if is_signed else 0
        return least, least + (1 << bits) - 1


def decimals(values: Sequence[float]) -> list[DSfloat]:
    """Numbers as decimal strings of at most 16 characters (PS3.5 6.2, VR DS)."""
    return [DSfloat(value, auto_format=True) for value in values]


def write(image: AlteredImage, path: Path, *, derivation: str) -> None:
    """Write `image` to `path` as a derived image with a UID of its own, from its source and `derivation`.

    The header of `image` is used up. Values beyond what the stored bits hold are cut off there. The same
    image gives the same bytes. Raises ValueError where a lossy codec cannot take it.
    """
    dataset, stored = image.header, stored_values(image)
    for keyword in _NO_LONGER_TRUE:
        if keyword in dataset:
            del dataset[keyword]
    source = Dataset()
    source.ReferencedSOPClassUID = dataset.SOPClassUID
    source.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    dataset.SourceImageSequence = [source]
    dataset.SOPInstanceUID = derived_uid("alteration", str(dataset.SOPInstanceUID), derivation)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.ImageType = ["DERIVED", *list(dataset.get("ImageType") or ["", "PRIMARY"])[1:]]
    dataset.DerivationDescription = derivation
    dataset.Rows, dataset.Columns = stored.shape
    dataset.HighBit = dataset.BitsStored - 1
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = stored.tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if dataset.BitsAllocated == 8 else "OW"
    if image.ratio is not None:
        _compress(dataset, stored, image.ratio)
    dataset.save_as(path, enforce_file_format=True)


def stored_values(image: AlteredImage) -> Integers:
    """The values of `image` in the bits of its header; NaN becomes padding, and nothing else does."""
    header, (least, most) = image.header, image.range_of_bits
    slope, intercept = float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))
    values = image.values.astype(np.float64)
    if image.is_projection and header.PhotometricInterpretation == "MONOCHROME1":
        values = slope * (least + most) + 2 * intercept - values
    stored = np.clip(np.rint((values - intercept) / slope), least, most)
    if "PixelPaddingValue" in header:
        low, high = _padding(header, least)
        stored[(stored >= low) & (stored <= high)] = high + 1 if high < most else low - 1
        stored[np.isnan(stored)] = low
    kind = "i" if header.PixelRepresentation else "u"
    return stored.astype(f"<{kind}{header.BitsAllocated // 8}")


def _padding(header: Dataset, least: int) -> tuple[int, int]:
    """The least and the greatest stored value that is padding, by its bits: headers confuse the sign."""
    ends = []
    for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit"):
        if keyword in header:
            value = header[keyword].value
            number = int.from_bytes(value[:2], "little") if isinstance(value, bytes) else int(value)
            ends.append((number - least) % (1 << header.BitsStored) + least)
    return min(ends), max(ends)


def _compress(dataset: Dataset, stored: Integers, ratio: float) -> None:
    """Encode the pixels with loss as JPEG 2000 (ISO 15444-1) and say so in the header (PS3.3 C.7.6.1.1.5)."""
    before = len(dataset.PixelData)
    if min(stored.shape) >= _LEAST_SIDE:
        dataset.compress(JPEG2000, j2k_cr=[ratio], encoding_plugin="pylibjpeg", generate_instance_uid=False)
        after = len(dataset.PixelData)
    else:
        stream = _small_codestream(stored, ratio)
        after = len(stream)
        dataset.PixelData = encapsulate([stream])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = JPEG2000
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionRatio = decimals([before / after])
    dataset.LossyImageCompressionMethod = "ISO_15444_1"


def _small_codestream(stored: Integers, ratio: float) -> bytes:
    if stored.dtype.kind == "i" or stored.dtype.itemsize > 2:
        raise ValueError(f"images below {_LEAST_SIDE} pixels are compressed only where values are unsigned")
    buffer = BytesIO()
    Image.fromarray(stored).save(
        buffer,
        "JPEG2000",
        no_jp2=True,
        irreversible=True,
        quality_mode="rates",
        quality_layers=[ratio],
        num_resolutions=max(1, min(stored.shape).bit_length() - 1),
    )
    return buffer.getvalue()
