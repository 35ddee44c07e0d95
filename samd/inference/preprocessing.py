"""What happens to an image before a network sees it: registered by name, chosen by the card."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

# The lowest number of the 12-bit CT scale: everything below is outside the scan, or noise in air.
LOWEST_HU = -1024.0


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """`values` as the network takes them, float32 (rows, columns), and the part of the source they show.

    `top`, `left`, `height` and `width` are in pixels of the source.
    """

    values: NDArray[np.float32]
    top: int
    left: int
    height: int
    width: int


def centre_crop_resize(plane: NDArray[np.float32], *, size: int, low: int, high: int) -> Prepared:
    """The central square of a radiograph at `size` x `size` pixels, in 0..1.

    The square is that of the shorter side, as MedMNIST v2 made its images (Yang et al. 2023); it is
    resized with an antialiased bicubic filter. The percentiles `low` and `high` of the result become
    0 and 1, and what lies beyond is clipped, so that neither the bits of the detector nor a marker
    of lead set the contrast. NaN (padding) is taken as the darkest value. An even image gives 0.
    """
    rows, columns = plane.shape
    side = min(rows, columns)
    top, left = (rows - side) // 2, (columns - side) // 2
    square = plane[top : top + side, left : left + side]
    known = square[np.isfinite(square)]
    if known.size == 0:
        return Prepared(np.full((size, size), np.nan, dtype=np.float32), top, left, side, side)
    square = np.where(np.isfinite(square), square, known.min())
    if side != size:
        tensor = torch.from_numpy(np.ascontiguousarray(square))[None, None]
        resized = interpolate(tensor, (size, size), mode="bicubic", antialias=True, align_corners=False)
        square = resized[0, 0].numpy()
    darkest, brightest = np.percentile(square, [low, high])
    # An even image is even only up to the rounding of the filter, which must not become contrast.
    rounding = 32 * np.finfo(np.float32).eps * np.abs(square).max()
    if brightest - darkest <= rounding:
        return Prepared(np.zeros((size, size), dtype=np.float32), top, left, side, side)
    values = np.clip((square - darkest) / (brightest - darkest), 0.0, 1.0).astype(np.float32)
    return Prepared(values, top, left, side, side)


def whole_hounsfield(plane: NDArray[np.float32]) -> Prepared:
    """A CT plane in whole Hounsfield units from -1024 up, as published windows are; NaN stays NaN."""
    values = np.rint(np.maximum(plane, np.float32(LOWEST_HU)))
    return Prepared(values, 0, 0, plane.shape[0], plane.shape[1])


PREPROCESSING: dict[str, Callable[..., Prepared]] = {
    "centre-crop-resize": centre_crop_resize,
    "whole-hounsfield": whole_hounsfield,
}
