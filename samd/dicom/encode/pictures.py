"""The one plane that tells most, as layers to lay upon each other: image, heat map and segments.

The console shows them; the Secondary Capture blends them into one picture.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset

from samd.dicom.encode.context import Case
from samd.domain.card import Segment
from samd.domain.finding import Volume
from samd.domain.study import Frame

LEAST_SIDE, GREATEST_SIDE = 512, 1024  # pixels of the longer side of a layer

# Colours of a heat map from little to much, for and against the answer (sRGB).
_WARM = ((87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164))
_COLD = ((20, 40, 110), (40, 110, 180), (90, 180, 230), (200, 245, 255))
_HEAT_SEEN_FROM, _HEAT_FULL_FROM, _HEAT_OPACITY = 0.08, 0.6, 0.72

_SOFT_TISSUE = (40.0, 400.0)  # HU: centre and width of the window for CT that brings none
_FILL, _EDGE = 64, 255  # opacity of a segment and of its outline


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """One plane in square pixels: `image` is uint8 (rows, columns), the others RGBA of the same size.

    `plane` is its index among the frames of the outcome.
    """

    plane: int
    image: NDArray[np.uint8]
    heat: NDArray[np.uint8] | None
    segments: NDArray[np.uint8] | None

    def named(self) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """The layers that exist, from bottom to top."""
        for name, layer in (("image", self.image), ("heat", self.heat), ("segments", self.segments)):
            if layer is not None:
                yield name, layer

    def blended(self) -> Image.Image:
        """All layers as one RGB picture."""
        picture = Image.fromarray(self.image).convert("RGBA")
        for layer in (self.heat, self.segments):
            if layer is not None:
                picture.alpha_composite(Image.fromarray(layer))
        return picture.convert("RGB")


def layers(case: Case, volume: Volume) -> Layers:
    """The layers of the key plane of an analysed volume."""
    plane = key_plane(case, len(volume.frames))
    labels = case.outcome.labels
    size = _display_size(volume.values.shape[1:], volume.frames[plane])
    return Layers(
        plane=plane,
        image=_grey(volume.values[plane], _window(case.sources, volume.values[plane]), size),
        heat=_heat(case, plane, size),
        segments=_painted(labels[plane], case.card.segments, size)
        if labels is not None and labels.any()
        else None,
    )


def key_plane(case: Case, planes: int) -> int:
    """The plane that is explained best, else the one with most labels, of equals the middle one."""
    shown, labels = case.outcome.explanation, case.outcome.labels
    weights = np.zeros(planes)
    if shown is not None and shown.attribution is not None:
        weights[list(shown.planes)] = np.abs(shown.attribution).max(axis=(1, 2))
    elif labels is not None:
        weights = (labels > 0).sum(axis=(1, 2)).astype(float)
    best = np.flatnonzero(weights == weights.max())
    return int(best[len(best) // 2])


def png(layer: NDArray[np.uint8]) -> bytes:
    """`layer` as a PNG file."""
    buffer = BytesIO()
    Image.fromarray(layer).save(buffer, "PNG")
    return buffer.getvalue()


def _display_size(shape: Sequence[int], frame: Frame) -> tuple[int, int]:
    """Width and height in square pixels, neither tiny nor huge."""
    between_rows, between_columns = frame.pixel_spacing or (1.0, 1.0)
    height, width = shape[0] * between_rows, shape[1] * between_columns
    side = min(max(*shape, LEAST_SIDE), GREATEST_SIDE)
    scale = side / max(height, width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _window(sources: Sequence[Dataset], values: NDArray[np.float32]) -> tuple[float, float]:
    """The least and greatest value to show: the scanner's own window for CT, else nearly all values."""
    if sources[0].get("Modality") == "CT":
        centre, width = _stated_window(sources[0]) or _SOFT_TISSUE
        return centre - width / 2, centre + width / 2
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.percentile(finite, (0.5, 99.5))
    return float(low), float(high)


def _stated_window(header: Dataset) -> tuple[float, float] | None:
    try:
        centre, width = (np.ravel(header[key].value)[0] for key in ("WindowCenter", "WindowWidth"))
        return (float(centre), float(width)) if float(width) >= 1 else None
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _grey(
    values: NDArray[np.float32], window: tuple[float, float], size: tuple[int, int]
) -> NDArray[np.uint8]:
    low, high = window
    shown = np.nan_to_num((values - low) / max(high - low, 1e-6), nan=0.0, posinf=1.0, neginf=0.0)
    grey = Image.fromarray((np.clip(shown, 0, 1) * 255).astype(np.uint8))
    return np.asarray(grey.resize(size, Image.Resampling.BILINEAR))


def _heat(case: Case, plane: int, size: tuple[int, int]) -> NDArray[np.uint8] | None:
    shown = case.outcome.explanation
    if shown is None or shown.attribution is None or plane not in shown.planes:
        return None
    values = shown.attribution[shown.planes.index(plane)]
    greatest = float(np.abs(values).max()) or 1.0
    scaled = Image.fromarray((values / greatest).astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    return heat_colours(np.asarray(scaled))


def heat_colours(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """RGBA of shape (..., 4) for attributions from -1 to 1: warm for the answer, cold against it."""
    strength = np.abs(values)
    steps = np.linspace(0, 1, len(_WARM))
    colours = np.empty((*values.shape, 4))
    for channel in range(3):
        warm = np.interp(strength, steps, [colour[channel] for colour in _WARM])
        cold = np.interp(strength, steps, [colour[channel] for colour in _COLD])
        colours[..., channel] = np.where(values < 0, cold, warm)
    opacity = np.clip((strength - _HEAT_SEEN_FROM) / (_HEAT_FULL_FROM - _HEAT_SEEN_FROM), 0, 1)
    colours[..., 3] = 255 * _HEAT_OPACITY * opacity
    return colours.round().astype(np.uint8)


def _painted(
    labels: NDArray[np.uint8], segments: Sequence[Segment], size: tuple[int, int]
) -> NDArray[np.uint8]:
    shown = np.asarray(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST))
    painted = np.zeros((*shown.shape, 4), np.uint8)
    edge = _outline(shown)
    for segment in segments:
        mask = shown == segment.number
        painted[mask] = (*segment.colour, _FILL)
        painted[mask & edge] = (*segment.colour, _EDGE)
    return painted


def _outline(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels at the border of another label, in a width that fits the picture."""
    edge = np.zeros(labels.shape, bool)
    for step in range(1, max(labels.shape) // LEAST_SIDE + 1):
        for axis in (0, 1):
            for direction in (step, -step):
                moved = np.roll(labels, direction, axis=axis)
                edge |= moved != labels
    return edge
