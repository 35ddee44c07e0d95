"""Worse pictures from good ones: noise, contrast, blur and turns of planes of real-world values.

Planes are float32 of shape (rows, columns); NaN is padding, and stays padding. For tests of robustness only.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Wide = NDArray[np.float64]

# A Gaussian farther out than four standard deviations weighs less than 1e-4.
_REACH = 4.0


def extent(planes: Sequence[Plane]) -> tuple[float, float]:
    """The least and the greatest value in `planes`. Raises ValueError where all is padding."""
    known = [plane[np.isfinite(plane)] for plane in planes]
    known = [values for values in known if values.size]
    if not known:
        raise ValueError("the images hold nothing but padding")
    return float(min(values.min() for values in known)), float(max(values.max() for values in known))


def noisy(plane: Plane, *, deviation: float, seed: str) -> Plane:
    """`plane` with Gaussian noise of standard `deviation`, in its own unit.

    The same `seed` gives the same pattern whatever its strength, so that levels differ in nothing else.
    """
    drawn = np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))
    return (plane + deviation * drawn.standard_normal(plane.shape)).astype(np.float32)


def stretched(plane: Plane, *, percent: float, middle: float) -> Plane:
    """`plane` with every distance from `middle` made greater by `percent`."""
    return (middle + (plane - middle) * (1 + percent / 100)).astype(np.float32)


def blurred(plane: Plane, *, deviations: tuple[float, float]) -> Plane:
    """`plane` under a Gaussian of standard `deviations`, in pixels down a column and along a row.

    The edges are continued by their own values. Padding adds nothing to what is beside it.
    """
    known = np.isfinite(plane)
    total, weight = np.where(known, plane, 0).astype(np.float64), known.astype(np.float64)
    for axis, deviation in enumerate(deviations):
        total, weight = _convolved(total, deviation, axis), _convolved(weight, deviation, axis)
    return np.where(known, total / np.where(known, weight, 1), np.nan).astype(np.float32)


def averaged(planes: Sequence[Plane], *, count: int) -> list[Plane]:
    """Each of `planes` as the mean of the `count`, odd, planes about it, the end planes repeated beyond."""
    half, last = count // 2, len(planes) - 1
    return [
        _mean([planes[min(max(near, 0), last)] for near in range(place - half, place + half + 1)], plane)
        for place, plane in enumerate(planes)
    ]


def turned(plane: Plane, *, degrees: float) -> Plane:
    """`plane` turned anticlockwise about its centre, at the size it has, values between pixels bilinear.

    What comes in from outside has the least value of `plane`; what lies next to padding is padding.
    """
    rows, columns = plane.shape
    down, right = np.mgrid[:rows, :columns].astype(np.float64)
    down, right = down - (rows - 1) / 2, right - (columns - 1) / 2
    angle = np.deg2rad(degrees)
    # Where each pixel comes from: the turn undone, with rows counted downwards.
    row = np.cos(angle) * down + np.sin(angle) * right + (rows - 1) / 2
    column = np.cos(angle) * right - np.sin(angle) * down + (columns - 1) / 2
    outside = (row < -0.5) | (row > rows - 0.5) | (column < -0.5) | (column > columns - 0.5)
    darkest, _ = extent([plane])
    return np.where(outside, darkest, _between(plane, row, column)).astype(np.float32)


def _convolved(values: Wide, deviation: float, axis: int) -> Wide:
    reach = int(_REACH * deviation + 0.5)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    taps /= taps.sum()
    width = [(reach, reach) if other == axis else (0, 0) for other in range(2)]
    wide = np.moveaxis(np.pad(values, width, mode="edge"), axis, 0)
    length = values.shape[axis]
    found: Wide = sum(tap * wide[start : start + length] for start, tap in enumerate(taps))
    return np.moveaxis(found, 0, axis)


def _mean(near: Sequence[Plane], own: Plane) -> Plane:
    total, known = np.zeros(own.shape), np.zeros(own.shape)
    for plane in near:
        finite = np.isfinite(plane)
        total += np.where(finite, plane, 0)
        known += finite
    return np.where(np.isfinite(own), total / np.maximum(known, 1), np.nan).astype(np.float32)


def _between(plane: Plane, row: Wide, column: Wide) -> Wide:
    """Values at fractional places, which may lie up to half a pixel outside, where the edge goes on."""
    row, column = np.clip(row, 0, plane.shape[0] - 1), np.clip(column, 0, plane.shape[1] - 1)
    top, left = np.floor(row).astype(np.intp), np.floor(column).astype(np.intp)
    bottom, right = np.minimum(top + 1, plane.shape[0] - 1), np.minimum(left + 1, plane.shape[1] - 1)
    low, far = row - top, column - left
    upper = plane[top, left] * (1 - far) + plane[top, right] * far
    lower = plane[bottom, left] * (1 - far) + plane[bottom, right] * far
    between: Wide = upper * (1 - low) + lower * low
    return between
