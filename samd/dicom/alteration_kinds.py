"""The ways to make the images of a series worse, each with what its level counts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from samd.dicom.altered_file import AlteredImage, decimals
from samd.dicom.degradation import averaged, blurred, extent, noisy, stretched, turned


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """The images of one series. `spacing` is mm between planes where they are an even stack, in order."""

    images: tuple[AlteredImage, ...]
    spacing: float | None
    is_hounsfield: bool


@dataclass(frozen=True, slots=True)
class Alteration:
    """`apply` gives the images of a series at a level: those it leaves alone as they are.

    The level counts `unit` and lies strictly `between` two numbers; 0 would be no alteration. `apply` may
    write into the headers, and raises ValueError where it cannot be put on this series.
    """

    unit: str
    between: tuple[float, float]
    apply: Callable[[Pictures, float], Sequence[AlteredImage]]


def _noise(pictures: Pictures, level: float) -> list[AlteredImage]:
    def deviation(image: AlteredImage) -> float:
        if pictures.is_hounsfield:
            return level
        low, high = extent([image.values])
        return (high - low) * level / 100

    return [
        replace(
            image,
            values=noisy(image.values, deviation=deviation(image), seed=str(image.header.SOPInstanceUID)),
        )
        for image in pictures.images
    ]


def _window(pictures: Pictures, level: float) -> list[AlteredImage]:
    """CT about the middle of the whole series, so that planes stay comparable; others each about its own."""
    extents = [extent([image.values]) for image in pictures.images]
    if pictures.is_hounsfield:
        lows, highs = zip(*extents, strict=True)
        extents = [(min(lows), max(highs))] * len(extents)
    return [
        replace(image, values=stretched(image.values, percent=level, middle=(low + high) / 2))
        for image, (low, high) in zip(pictures.images, extents, strict=True)
    ]


def _blur(pictures: Pictures, level: float) -> list[AlteredImage]:
    def deviations(image: AlteredImage) -> tuple[float, float]:
        spacing = None if image.is_projection else image.header.get("PixelSpacing")
        return (level / float(spacing[0]), level / float(spacing[1])) if spacing else (level, level)

    return [
        replace(image, values=blurred(image.values, deviations=deviations(image)))
        for image in pictures.images
    ]


def _compression(pictures: Pictures, level: float) -> list[AlteredImage]:
    return [replace(image, ratio=level) for image in pictures.images]


def _slice_thickness(pictures: Pictures, level: float) -> Sequence[AlteredImage]:
    if level % 2 != 1:
        raise ValueError(
            f"slices are averaged 3, 5, 7 ... together, so that each stays in place, not {level:g}"
        )
    spacing = _slice_spacing(pictures)
    if spacing is None:
        return pictures.images
    if level > len(pictures.images):
        raise ValueError(f"{level:g} slices cannot be averaged where there are {len(pictures.images)}")
    thick = averaged([image.values for image in pictures.images], count=int(level))
    for image in pictures.images:
        own = image.header.get("SliceThickness")
        thickness = spacing * (level - 1) + float(spacing if own is None else own)
        image.header.SliceThickness = decimals([thickness])[0]
    return [replace(image, values=values) for image, values in zip(pictures.images, thick, strict=True)]


def _missing_slices(pictures: Pictures, level: float) -> Sequence[AlteredImage]:
    if _slice_spacing(pictures) is None:
        return pictures.images
    inner = len(pictures.images) - 2
    count = max(1, round(inner * level / 100))
    left_out = 1 + ((np.arange(count) + 0.5) * inner / count).astype(int)
    return [image for place, image in enumerate(pictures.images) if place not in left_out]


def _orientation(pictures: Pictures, level: float) -> list[AlteredImage]:
    quarters, rest = divmod(level, 90)
    if rest and not all(image.is_projection for image in pictures.images):
        raise ValueError(
            f"slices are turned by 90, 180 or 270 degrees, which loses nothing, not by {level:g}"
        )
    altered = []
    for image in pictures.images:
        values = turned(image.values, degrees=level) if rest else np.rot90(image.values, int(quarters))
        _turn_header(image, 0 if rest else int(quarters) % 4)
        altered.append(replace(image, values=np.ascontiguousarray(values)))
    return altered


def _slice_spacing(pictures: Pictures) -> float | None:
    """Mm between slices; None for radiographs and scouts. Raises ValueError for an uneven stack."""
    if len(pictures.images) < 3 or any(image.is_projection for image in pictures.images):
        return None
    if pictures.spacing is None:
        raise ValueError("the slices of a series are no even stack")
    return pictures.spacing


def _turn_header(image: AlteredImage, quarters: int) -> None:
    """Let the header say where the turned pixels lie: none moves in the patient (PS3.3 C.7.6.2.1.1)."""
    header = image.header
    size = image.values.shape
    if "PatientOrientation" in header:
        header.PatientOrientation = None
    for _ in range(quarters):
        if not image.is_projection:
            axes = np.array(header.ImageOrientationPatient, dtype=float)
            across, down = axes[:3], axes[3:]
            # The upper right pixel becomes the upper left one.
            corner = np.array(header.ImagePositionPatient, dtype=float)
            corner = corner + across * float(header.PixelSpacing[1]) * (size[1] - 1)
            header.ImageOrientationPatient = decimals([*down, *(0 - across)])
            header.ImagePositionPatient = decimals(corner)
        for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
            if header.get(keyword):
                setattr(header, keyword, list(reversed(header[keyword].value)))
        size = size[::-1]


ALTERATIONS: Mapping[str, Alteration] = {
    "noise": Alteration("standard deviation in HU for CT, else in percent of the range", (0, inf), _noise),
    "window": Alteration("percent by which values are stretched about their middle", (-100, inf), _window),
    "blur": Alteration("standard deviation in mm for slices, in pixels for radiographs", (0, inf), _blur),
    "compression": Alteration("compression ratio of lossy JPEG 2000", (1, inf), _compression),
    "slice thickness": Alteration("neighbouring slices averaged, an odd number", (1, inf), _slice_thickness),
    "missing slices": Alteration("percent of the slices between the two ends", (0, 100), _missing_slices),
    "orientation": Alteration("degrees anticlockwise", (-360, 360), _orientation),
}
