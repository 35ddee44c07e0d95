"""Chest phantoms of ellipsoids and cylinders, of volumes known in closed form, over a grid of conditions.

Unlike the blocks of samd.dicom.phantom their surfaces cut through voxels: a voxel holds the mean of what lies
in it, as in a scanner, so that the size of the voxels shows in what is measured.
"""

import hashlib
from dataclasses import dataclass
from itertools import product
from math import pi
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from samd.dicom.phantom import ADIPOSE, BONE, LOW_ATTENUATION, LUNG, MUSCLE, OUTSIDE, ct_series, save
from validation.dataset import Case, Truth

Floats = NDArray[np.float64]
Vector = tuple[float, float, float]  # mm, as (z, y, x)

SCALES = (0.8, 1.0, 1.2)
PIXEL_SPACINGS = (1.25, 2.5)  # mm
PLANE_SPACINGS = (2.5, 5.0, 10.0)  # mm
NOISES = (0.0, 10.0, 25.0)  # HU, standard deviation

FIELD = 400.0  # mm, of the square image
LENGTH = 200.0  # mm, along the patient
_FINER = 2  # samples of a voxel along each axis


@dataclass(frozen=True, slots=True)
class _Ellipsoid:
    """Semi-axes and centre in mm as (z, y, x); a `cylinder` reaches through all planes, whatever its z."""

    material: int
    centre: Vector
    radii: Vector
    cylinder: bool = False

    def volume(self) -> float:
        """In cm3."""
        z, y, x = self.radii
        return (pi * y * x * LENGTH if self.cylinder else 4 / 3 * pi * z * y * x) / 1000

    def holds(
        self, z: NDArray[np.float64], y: NDArray[np.float64], x: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        across = ((y - self.centre[1]) / self.radii[1]) ** 2 + ((x - self.centre[2]) / self.radii[2]) ** 2
        along = 0.0 if self.cylinder else ((z - self.centre[0]) / self.radii[0]) ** 2
        within: NDArray[np.bool_] = across + along <= 1
        return within


def _chest(scale: float) -> tuple[_Ellipsoid, ...]:
    """Later ones replace earlier ones, and lie wholly within one of them."""

    def part(
        material: int, centre: tuple[float, ...], radii: tuple[float, ...], cylinder: bool = False
    ) -> _Ellipsoid:
        (zc, yc, xc), (zr, yr, xr) = centre, radii
        along = 1.0 if cylinder else scale
        return _Ellipsoid(
            material, (zc * along, yc * scale, xc * scale), (zr * along, yr * scale, xr * scale), cylinder
        )

    return (
        part(ADIPOSE, (0, 0, 0), (LENGTH, 105, 150), cylinder=True),
        part(MUSCLE, (0, 0, 0), (LENGTH, 90, 135), cylinder=True),
        part(LUNG, (0, -10, -68), (75, 55, 42)),
        part(LUNG, (0, -10, 68), (75, 55, 42)),
        part(LOW_ATTENUATION, (10, -15, -68), (28, 22, 20)),
        part(LOW_ATTENUATION, (-15, -5, 68), (25, 20, 20)),
        part(BONE, (0, 62, 0), (LENGTH, 18, 20), cylinder=True),
    )


def true_volumes(scale: float) -> dict[str, float]:
    """In cm3, by the names of the model's outputs."""
    adipose, muscle, *inside = _chest(scale)
    lungs = [part for part in inside if part.material == LUNG]
    low = sum(part.volume() for part in inside if part.material == LOW_ATTENUATION)
    bone = sum(part.volume() for part in inside if part.material == BONE)
    lung = sum(part.volume() for part in lungs)
    return {
        "adipose tissue": adipose.volume() - muscle.volume(),
        "soft tissue": muscle.volume() - lung - bone,
        "bone": bone,
        "aerated lung": lung - low,
        "low attenuation area": low,
    }


def grid(
    scale: float, *, pixel_spacing: float, plane_spacing: float, noise: float, seed: int
) -> NDArray[np.int16]:
    """Hounsfield units (planes, rows, columns); `noise` is added before rounding, as a scanner does."""
    planes, size = round(LENGTH / plane_spacing), round(FIELD / pixel_spacing)
    fine = pixel_spacing / _FINER
    across = np.asarray((np.arange(size * _FINER) + 0.5) * fine - FIELD / 2, dtype=np.float64)
    y, x = across[:, None], across[None, :]
    values = np.empty((planes, size, size))
    parts = _chest(scale)
    for plane in range(planes):
        samples = np.zeros((size, size))
        for step in range(_FINER):
            z = (plane + (step + 0.5) / _FINER) * plane_spacing - LENGTH / 2
            layer = np.full((len(across), len(across)), float(OUTSIDE))
            for part in parts:
                layer[part.holds(np.asarray(z), y, x)] = part.material
            samples += layer.reshape(size, _FINER, size, _FINER).mean(axis=(1, 3))
        values[plane] = samples / _FINER
    values += np.random.default_rng(seed).normal(0, noise, values.shape) if noise else 0.0
    return np.clip(np.rint(values), -1024, 3071).astype(np.int16)


def make(_originals: Path, folder: Path) -> list[Case]:
    """Write the phantoms of every scale, pixel spacing, plane spacing and noise into `folder`."""
    cases = []
    for index, (scale, pixels, planes, noise) in enumerate(
        product(SCALES, PIXEL_SPACINGS, PLANE_SPACINGS, NOISES)
    ):
        name = f"phantom-{index:02}"
        (folder / name).mkdir(exist_ok=True)
        values = grid(scale, pixel_spacing=pixels, plane_spacing=planes, noise=noise, seed=index)
        files = {}
        series = ct_series(values, pixel_spacing=pixels, plane_spacing=planes, seed=f"tissue phantom {index}")
        for number, dataset in enumerate(series, 1):
            path = f"{name}/{number:03}.dcm"
            save(dataset, folder / path)
            files[path] = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        attributes = {
            "size": f"{scale:g}",
            "pixel spacing": f"{pixels:g} mm",
            "plane spacing": f"{planes:g} mm",
            "noise": f"{noise:g} HU",
        }
        truth = Truth(measurements=true_volumes(scale))
        cases.append(Case(name, name, "phantom", files, truth, attributes))
    return cases
