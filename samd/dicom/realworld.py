"""From stored pixel values to real-world values: padding, modality LUT or rescale, and brightness.

Runs in the decoding child only (samd.dicom.decode_child).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels import apply_modality_lut

from samd.dicom.decode import Undecodable
from samd.dicom.pixels import Layout, malformed, malformed_is_undecodable, unsupported, used_bits
from samd.dicom.planes import functional_group

TAGS = [
    "Modality", "RescaleSlope", "RescaleIntercept", "RescaleType", "ModalityLUTSequence",
    "PixelPaddingValue", "PixelPaddingRangeLimit", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]  # fmt: skip

# PS3.3 C.11.1.1.2: other types of rescale in CT make maps of iodine, density or atomic number. US is
# "unspecified", which scanners from before the multi-energy supplement write for Hounsfield units.
_HOUNSFIELD = frozenset({"", "HU", "US"})

# Far beyond any unit, and far from where float32 overflows.
_LARGEST = 1e12


def real_world_values(
    stored: NDArray[np.integer],
    dataset: Dataset,
    layout: Layout,
    *,
    number: int,
    is_projection: bool,
) -> NDArray[np.float32]:
    """Frame `number` in the unit of its modality LUT or rescale (PS3.3 C.11.1, C.7.6.16.2.9), float32.

    CT is in Hounsfield units. Pixel padding (C.7.5.1.1.2) is NaN. In a projection high means bright,
    so MONOCHROME1 is inverted within the range that its bits allow. Raises Undecodable where CT states
    no rescale, or one to another unit.
    """
    with malformed_is_undecodable():
        padding = _padding(dataset, layout)
        transformation = _transformation(dataset, number)
        _check_hounsfield(dataset, transformation)
    is_padding = None if padding is None else (stored >= padding[0]) & (stored <= padding[1])
    values = _transformed(stored, transformation)
    if is_projection and layout.is_inverted:
        ends = _transformed(_extremes(layout, stored.dtype), transformation)
        np.subtract(ends.sum(), values, out=values)
    if is_padding is not None:
        values[is_padding] = np.nan
    return values


def _transformation(dataset: Dataset, number: int) -> Dataset:
    """The data set that holds the modality LUT or rescale of one frame: its functional group or the top."""
    shared = dataset.get("SharedFunctionalGroupsSequence")
    each = dataset.get("PerFrameFunctionalGroupsSequence")
    group = functional_group(
        each[number - 1] if each else Dataset(),
        shared[0] if shared else Dataset(),
        "PixelValueTransformationSequence",
    )
    return group or dataset


def _check_hounsfield(dataset: Dataset, transformation: Dataset) -> None:
    if dataset.get("Modality") != "CT" or "ModalityLUTSequence" in transformation:
        return
    if "RescaleSlope" not in transformation or "RescaleIntercept" not in transformation:
        raise Undecodable(malformed("CT without Rescale Slope and Intercept: Hounsfield units are unknown."))
    unit = str(transformation.get("RescaleType") or "").strip()
    if unit not in _HOUNSFIELD:
        raise Undecodable(unsupported("CT values are not Hounsfield units: Rescale Type says otherwise."))


def _transformed(stored: NDArray[np.integer], transformation: Dataset) -> NDArray[np.float32]:
    if "ModalityLUTSequence" in transformation:
        with malformed_is_undecodable("The modality LUT is malformed."):
            looked_up: NDArray[np.float32] = apply_modality_lut(stored, transformation).astype(np.float32)
        return looked_up
    with malformed_is_undecodable():
        slope = float(transformation.get("RescaleSlope", 1) or 0)
        intercept = float(transformation.get("RescaleIntercept", 0) or 0)
    # Written so that NaN fails too.
    if not (0 < abs(slope) <= _LARGEST and abs(intercept) <= _LARGEST):
        raise Undecodable(malformed("Rescale Slope or Intercept is not a number that can be applied."))
    values = stored.astype(np.float32)
    if slope != 1:
        values *= np.float32(slope)
    if intercept:
        values += np.float32(intercept)
    return values


def _extremes(layout: Layout, dtype: np.dtype[Any]) -> NDArray[np.integer]:
    """The least and the greatest value that the stored bits can hold."""
    least = -(1 << (layout.bits_stored - 1)) if layout.is_signed else 0
    return np.array((least, least + (1 << layout.bits_stored) - 1), dtype=dtype)


def _padding(dataset: Dataset, layout: Layout) -> tuple[int, int] | None:
    """The least and the greatest stored value that is padding."""
    ends = [
        _as_stored(dataset[keyword].value, layout)
        for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit")
        if dataset.get(keyword) is not None
    ]
    return (min(ends), max(ends)) if ends and "PixelPaddingValue" in dataset else None


def _as_stored(value: int | bytes, layout: Layout) -> int:
    """The value as its bits would be read from the pixels: headers confuse signed and unsigned."""
    number = int.from_bytes(value[:2], "little") if isinstance(value, bytes) else int(value)
    bits = np.array([number % (1 << layout.bits_allocated)], dtype=f"<u{layout.bits_allocated // 8}")
    return int(used_bits(bits.view(layout.dtype), layout)[0])
