"""How well a segmentation matches its reference: overlap of voxels, and distances between surfaces.

One definition holds throughout. Distances in millimetres differ widely between tools that define
these things otherwise (Podobnik, Vrtovec 2024, arXiv:2410.02630).

- A mask is a bool array (Z, Y, X), or (Y, X) for a plane image, with the spacing of its voxels in mm.
- Its surface is made of elements: the faces between a voxel inside and one outside, neighbours by a
  face; beyond the image is outside. In a plane image they are the edges of pixels.
- An element has the area of its face in mm2 (in a plane the length of its edge in mm), and lies at the
  centre of the face. Its distance from another surface is that to the nearest element of it.
- Percentiles count areas, not elements, and are not interpolated: the 95th is the least distance that
  elements of 95 % of the area do not exceed.
- Where both masks are empty nothing is defined: such a case is right, and is counted apart as a true
  negative. Where one is empty, Dice and IoU are 0, and distances are not defined; give the number of
  such cases beside any mean distance, which without it flatters a method that misses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree
from scipy.special import stdtrit

from validation.metrics.estimate import Estimate, NotEstimable, critical

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Distances are sums of products of spacings: what differs by less differs by rounding.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Overlap:
    """`dice` is twice the shared voxels over those of both masks together, `iou` shared over either."""

    dice: float
    iou: float


@dataclass(frozen=True, slots=True, eq=False)
class Directed:
    """From each element of one surface to the other: `distances` (k,) in mm, rising, and `areas` (k,)."""

    distances: Floats
    areas: Floats

    def percentile(self, share: float) -> float:
        """The least distance that elements of `share` of the area do not exceed."""
        area = np.cumsum(self.areas)
        place = int(np.searchsorted(area, share * area[-1] * (1 - ROUNDING)))
        return float(self.distances[min(place, self.distances.size - 1)])

    def area_within(self, tolerance: float) -> float:
        return float(self.areas[self.distances <= tolerance * (1 + ROUNDING)].sum())


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceDistances:
    """The two directed sets of distances between two surfaces, and the figures made of them, in mm."""

    from_segmented: Directed
    from_reference: Directed

    @property
    def hausdorff(self) -> float:
        """The greatest distance of any element from the other surface."""
        return max(float(side.distances[-1]) for side in self._sides)

    @property
    def hausdorff_95(self) -> float:
        """The greater of the two directed 95th percentiles."""
        return max(side.percentile(0.95) for side in self._sides)

    @property
    def average(self) -> float:
        """The average symmetric surface distance: the mean over the area of both surfaces together."""
        total = sum(float((side.distances * side.areas).sum()) for side in self._sides)
        return total / self._area

    def within(self, tolerance: float) -> float:
        """Normalised surface distance: the share of both surfaces that lies within `tolerance` mm.

        After Nikolov et al. (2021, JMIR 23:e26151). Raises ValueError for a negative tolerance.
        """
        if not tolerance >= 0:
            raise ValueError("a tolerance is a distance in mm, not negative")
        return sum(side.area_within(tolerance) for side in self._sides) / self._area

    @property
    def _sides(self) -> tuple[Directed, Directed]:
        return self.from_segmented, self.from_reference

    @property
    def _area(self) -> float:
        return sum(float(side.areas.sum()) for side in self._sides)


def overlap(segmented: ArrayLike, reference: ArrayLike) -> Overlap:
    """Dice and IoU of two masks of the same shape, 0 where one of them is empty.

    Raises NotEstimable where both are empty, ValueError for what is no mask.
    """
    one, other = _masks(segmented, reference)
    sizes = int(np.count_nonzero(one)) + int(np.count_nonzero(other))
    if not sizes:
        raise NotEstimable("both masks are empty, so that their overlap is not defined")
    shared = int(np.count_nonzero(one & other))
    return Overlap(dice=2 * shared / sizes, iou=shared / (sizes - shared))


def surface_distances(
    segmented: ArrayLike, reference: ArrayLike, *, spacing: Sequence[float]
) -> SurfaceDistances:
    """The distances between the surfaces of two masks of the same shape, as this module defines them.

    `spacing` is that of voxels in mm along each axis of the masks. Time and memory grow with the box
    around both masks, and with the surfaces where they differ; one large surface deep inside another takes
    longest, some ten seconds where both fill a CT. Raises NotEstimable where a mask is
    empty, ValueError for what is no mask or no spacing.
    """
    one, other = _masks(segmented, reference)
    steps = np.asarray(spacing, dtype=np.float64)
    if steps.shape != (one.ndim,) or not (np.isfinite(steps) & (steps > 0)).all():
        raise ValueError("the spacing is a length in mm for each axis of the masks")
    empty = [name for name, mask in (("segmentation", one), ("reference", other)) if not mask.any()]
    if empty:
        raise NotEstimable(f"the {' and the '.join(empty)} is empty, so that it has no surface")
    box = _box(one | other)
    surfaces = [_surface(mask[box], steps) for mask in (one, other)]
    return SurfaceDistances(_directed(*surfaces), _directed(*reversed(surfaces)))


def mean_of_cases(
    values: Sequence[float | None],
    *,
    bounds: tuple[float, float] = (-float("inf"), float("inf")),
    level: float = 0.95,
) -> Estimate:
    """The mean of one figure of each case with Student's interval, cut off at `bounds`.

    None stands for a case where the figure is not defined; how many were left out stands in `method`.
    Cases are taken as independent: where a patient has several, give their mean, or use
    `validation.metrics.bootstrap`. Raises NotEstimable for fewer than two values or where all are the
    same, ValueError for one that is not finite or lies outside `bounds`.
    """
    critical(level)  # refuses a level that is none
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not (np.isfinite(known) & (known >= bounds[0]) & (known <= bounds[1])).all():
        raise ValueError("the values of cases are finite numbers within their bounds")
    n = known.size
    if n < 2 or np.ptp(known) <= 1e-12 * np.abs(known).max():
        raise NotEstimable("a mean needs two cases that differ, for otherwise its spread is unknown")
    mean = float(known.mean())
    reach = float(stdtrit(n - 1, 0.5 + level / 2) * known.std(ddof=1) / np.sqrt(n))
    method = "mean of cases, Student's t"
    if n < len(values):
        method += f", {len(values) - n} of {len(values)} cases not defined and left out"
    return Estimate(mean, max(bounds[0], mean - reach), min(bounds[1], mean + reach), level, n, method)


@dataclass(frozen=True, slots=True, eq=False)
class _Surface:
    """Elements in one box: `places` (k,) in the grid of faces, rising, `centres` (k, axes), `areas` (k,)."""

    places: Indices
    centres: Floats
    areas: Floats


def _masks(segmented: ArrayLike, reference: ArrayLike) -> tuple[Mask, Mask]:
    one, other = np.asarray(segmented), np.asarray(reference)
    if one.dtype != np.bool_ or other.dtype != np.bool_:
        raise ValueError("a mask is an array of bool: compare with the value of the structure first")
    if one.ndim not in (2, 3) or one.shape != other.shape:
        raise ValueError("both masks have the same two or three axes")
    return one, other


def _box(mask: Mask) -> tuple[slice, ...]:
    """The least box around what is in the mask."""
    axes = range(mask.ndim)
    inside = [np.flatnonzero(mask.any(axis=tuple(axis for axis in axes if axis != kept))) for kept in axes]
    return tuple(slice(int(where[0]), int(where[-1]) + 1) for where in inside)


def _surface(mask: Mask, steps: Floats) -> _Surface:
    places, centres, areas = [], [], []
    for axis, where in enumerate(_faces(mask)):
        # One voxel was added on each side of `axis`: face i lies between voxels i - 1 and i.
        shape = tuple(size + (other == axis) for other, size in enumerate(mask.shape))
        at = np.stack(np.unravel_index(where, shape), axis=1).astype(np.float64)
        at[:, axis] -= 0.5
        places.append(where + axis * 2 * prod(mask.shape))
        centres.append(at * steps)
        areas.append(np.full(where.size, steps.prod() / steps[axis]))
    return _Surface(np.concatenate(places), np.concatenate(centres), np.concatenate(areas))


def _faces(mask: Mask) -> Iterator[Indices]:
    """For each axis, which faces across it lie between inside and outside, as flat places."""
    for axis in range(mask.ndim):
        outside = np.zeros_like(mask[(slice(None),) * axis + (slice(1),)])
        yield np.flatnonzero(np.diff(mask, axis=axis, prepend=outside, append=outside))


def _directed(one: _Surface, other: _Surface) -> Directed:
    distances = np.zeros(one.places.size)
    # An element of both surfaces has distance 0; in a good segmentation most are.
    apart = np.isin(one.places, other.places, assume_unique=True, invert=True)
    if apart.any():
        # Boxes not shrunk to their points: else a surface deep inside another is searched ten times longer.
        tree = KDTree(other.centres, leafsize=64, balanced_tree=False, compact_nodes=False)
        distances[apart] = tree.query(one.centres[apart])[0]
    order = np.argsort(distances, kind="stable")
    return Directed(distances[order], one.areas[order])
