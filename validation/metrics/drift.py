"""Whether what reaches the model still looks like what it was validated on, one measurement at a time.

The reference is fixed, its cells are declared from it once, and every figure comes with the probability
of one as large where nothing has changed: an alarm below a stated p is false as often as stated.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import kolmogorov
from scipy.stats import chi2, wasserstein_distance

from validation.metrics.estimate import NotEstimable

Floats = NDArray[np.float64]
Counts = NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a sample lies from the reference, and `p` that chance alone brings it as far.

    `seed` is that of the random numbers behind p, None where there are none.
    """

    statistic: float
    p: float
    n_reference: int
    n: int
    method: str
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class NumberCells:
    """Cells of a continuous measurement, cut at `edges`, with one more for a value not recorded.

    Cell i holds what lies above edge i - 1 and at or below edge i; the first and the last are open, so
    that a value beyond all of the reference has a place.
    """

    edges: tuple[float, ...]

    def counts(self, values: ArrayLike) -> Counts:
        """How many of `values` (n,) fall into each cell (edges + 2,); a nan was not recorded."""
        numbers = _list_of_numbers(values)
        known = numbers[~np.isnan(numbers)]
        inside = np.bincount(np.searchsorted(self.edges, known, side="left"), minlength=len(self.edges) + 1)
        return np.append(inside, numbers.size - known.size)


@dataclass(frozen=True, slots=True)
class CategoryCells:
    """Cells of a discrete measurement: each of `categories`, any other, and one for not recorded."""

    categories: tuple[str, ...]

    def counts(self, values: Sequence[str | None]) -> Counts:
        """How many of `values` fall into each cell (categories + 2,); None and "" were not recorded."""
        place = {name: index for index, name in enumerate(self.categories)}
        other, missing = len(place), len(place) + 1
        cells = [place.get(value, other) if value else missing for value in values]
        return np.bincount(np.array(cells, dtype=np.int_), minlength=len(place) + 2)


def equal_mass_cells(reference: ArrayLike, *, cells: int = 10) -> NumberCells:
    """Cells that share the recorded values of `reference` (n,) as evenly as its ties allow.

    Where many values are equal there are fewer cells. Raises NotEstimable where no value is recorded,
    and ValueError for fewer than two cells.
    """
    if cells < 2:
        raise ValueError(f"a distribution is compared in two cells at least, not {cells}")
    values = _list_of_numbers(reference)
    values = values[~np.isnan(values)]
    if not values.size:
        raise NotEstimable("the reference has no recorded value to make cells from")
    quantiles = np.quantile(values, np.arange(1, cells) / cells, method="inverted_cdf")
    edges = np.unique(quantiles)
    # An edge on the largest value would leave an empty cell above it.
    return NumberCells(tuple(float(edge) for edge in edges[edges < values.max()]))


def category_cells(reference: Sequence[str | None]) -> CategoryCells:
    """A cell for every category of `reference`, by name. Raises NotEstimable where none is recorded."""
    categories = tuple(sorted({value for value in reference if value}))
    if not categories:
        raise NotEstimable("the reference has no recorded value to make cells from")
    return CategoryCells(categories)


def population_stability(reference: ArrayLike, sample: ArrayLike) -> Drift:
    """The population stability index of `sample` counts (k,) against `reference` counts (k,).

    Sum of (q - p) ln(q / p). One half is added to every cell of both, so an empty one has a finite
    share; cells empty in both are left out, as is then one degree of freedom each. p is that of
    chi-square on the cells less one, times 1/n + 1/N (Yurdakul, Naranjo 2020), good from about five
    expected cases a cell; `simulated_limit` holds for fewer. Raises NotEstimable where either is empty.
    """
    before, after = _pair_of_counts(reference, sample)
    value, degrees = float(_stability(before, after)), int(((before + after) > 0).sum()) - 1
    scale = 1 / before.sum() + 1 / after.sum()
    p = float(chi2.sf(value / scale, degrees)) if degrees else 1.0
    method = "population stability index, one half added to each cell, chi-square"
    return Drift(value, p, int(before.sum()), int(after.sum()), method)


def stability_limit(reference: ArrayLike, *, n: int, false_alarm: float) -> float:
    """The index that `n` unchanged cases exceed with probability `false_alarm`, by chi-square.

    It depends on n, unlike the customary 0.1 and 0.25. `reference` are counts (k,) as above.
    """
    before, _ = _pair_of_counts(reference, reference)
    _limits(n, false_alarm)
    degrees = int((before > 0).sum()) - 1
    return float(chi2.isf(false_alarm, degrees) * (1 / before.sum() + 1 / n)) if degrees else 0.0


def simulated_limit(
    reference: ArrayLike, *, n: int, false_alarm: float, seed: int, rounds: int = 10_000
) -> float:
    """The index that `n` unchanged cases exceed with probability `false_alarm`, simulated.

    Both the reference and the sample are drawn anew in each of `rounds`, from the shares of
    `reference` (k,): the reference is itself a sample of its population. So the rate holds on average
    over references.
    """
    before, _ = _pair_of_counts(reference, reference)
    _limits(n, false_alarm)
    random, shares = np.random.default_rng(seed), before / before.sum()
    drawn = random.multinomial(int(before.sum()), shares, size=rounds)
    values = _stability(drawn.astype(np.float64), random.multinomial(n, shares, size=rounds))
    return float(np.quantile(values, 1 - false_alarm, method="higher"))


def jensen_shannon(reference: ArrayLike, sample: ArrayLike) -> float:
    """The Jensen-Shannon divergence of two lists of counts (k,) in bits: 0 if alike, 1 if disjoint.

    Lin (1991). It needs no rule for empty cells. Raises NotEstimable where either is empty.
    """
    before, after = _pair_of_counts(reference, sample)
    p, q = before / before.sum(), after / after.sum()
    return max(0.0, (_entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2) / log(2))


def kolmogorov_smirnov(reference: ArrayLike, sample: ArrayLike) -> Drift:
    """The largest gap between two empirical distributions (n,) and (m,), and its two-sided p.

    Exact, by counting paths (Hodges 1957), where n m is at most a million, else by the limit
    distribution. With ties p is too large, never too small. Not recorded values (nan) are left out:
    count them on their own. Raises NotEstimable where either has no value.
    """
    first, second = _pair_of_samples(reference, sample)
    n, m = first.size, second.size
    places = np.concatenate([first, second])
    below = np.searchsorted(np.sort(first), places, side="right") * m
    # In units of 1 / nm a gap is a whole number, so that equal gaps are equal.
    gap = int(np.abs(below - np.searchsorted(np.sort(second), places, side="right") * n).max())
    if n * m <= 1_000_000:
        return Drift(gap / (n * m), _chance_of_gap(gap, n, m), n, m, "Kolmogorov-Smirnov, exact")
    p = float(kolmogorov(gap / (n * m) * sqrt(n * m / (n + m))))
    return Drift(gap / (n * m), p, n, m, "Kolmogorov-Smirnov, limit distribution")


def wasserstein(reference: ArrayLike, sample: ArrayLike, *, seed: int, rounds: int = 999) -> Drift:
    """How far a value has moved on average, in its own unit, with a permutation p. Else as above."""
    first, second = _pair_of_samples(reference, sample)
    statistic, p = permutation(
        np.concatenate([first, second]),
        first.size,
        lambda one, other: float(wasserstein_distance(one, other)),
        seed=seed,
        rounds=rounds,
    )
    return Drift(statistic, p, first.size, second.size, f"Wasserstein, {rounds} permutations", seed)


def permutation(
    pooled: Floats,
    first: int,
    distance: Callable[[Floats, Floats], float],
    *,
    seed: int,
    rounds: int,
) -> tuple[float, float]:
    """`distance` of the `first` cases of `pooled` from the rest, and p over `rounds` random divisions.

    p counts the division observed among them (Phipson, Smyth 2010), so it is never 0.
    """
    observed = distance(pooled[:first], pooled[first:])
    random, reached = np.random.default_rng(seed), 0
    for _ in range(rounds):
        mixed = random.permutation(pooled)
        # Rounding makes equal divisions differ in the last digits.
        reached += distance(mixed[:first], mixed[first:]) >= observed * (1 - 1e-12)
    return observed, (1 + reached) / (1 + rounds)


def _stability(before: NDArray[np.generic], after: NDArray[np.generic]) -> Floats:
    """The index over the last axis; cells empty in both carry nothing."""
    one, other = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    held = (one + other) > 0
    one, other = np.where(held, one + 0.5, 0.0), np.where(held, other + 0.5, 0.0)
    p, q = one / one.sum(axis=-1, keepdims=True), other / other.sum(axis=-1, keepdims=True)
    ratio = np.divide(q, p, out=np.ones_like(p), where=held)
    return np.asarray(np.sum((q - p) * np.log(ratio), axis=-1), dtype=np.float64)


def _chance_of_gap(gap: int, n: int, m: int) -> float:
    """The share of all orders of n and m different values with a gap of at least `gap` / nm.

    The others are the paths from (0, 0) to (n, m) that stay nearer to the diagonal, counted row by
    row and scaled to the share of all paths, so that no count overflows.
    """
    column = np.arange(m + 1)
    paths = np.where(column * n < gap, 1.0, 0.0)
    for row in range(1, n + 1):
        near = np.abs(row * m - column * n) < gap
        paths = np.where(near, np.cumsum(np.where(near, paths * (row / (row + m)), 0.0)), 0.0)
    return float(np.clip(1 - paths[-1], 0.0, 1.0))


def _entropy(shares: Floats) -> float:
    held = shares[shares > 0]
    return -float(np.sum(held * np.log(held)))


def _pair_of_samples(reference: ArrayLike, sample: ArrayLike) -> tuple[Floats, Floats]:
    first, second = _list_of_numbers(reference), _list_of_numbers(sample)
    first, second = first[~np.isnan(first)], second[~np.isnan(second)]
    if not (first.size and second.size):
        raise NotEstimable("a sample without a recorded value has no distribution")
    return first, second


def _pair_of_counts(reference: ArrayLike, sample: ArrayLike) -> tuple[Floats, Floats]:
    before, after = np.asarray(reference, dtype=np.float64), np.asarray(sample, dtype=np.float64)
    if before.ndim != 1 or before.shape != after.shape:
        raise ValueError("both are counted in the same cells")
    if not all(((x >= 0) & (x == np.floor(x)) & (x < inf)).all() for x in (before, after)):
        raise ValueError("counts are whole numbers, and none is negative")
    if not (before.sum() and after.sum()):
        raise NotEstimable("no case was counted, so there is no distribution")
    return before, after


def _list_of_numbers(values: ArrayLike) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or np.isinf(numbers).any():
        raise ValueError("the values are a list of finite numbers, nan where one was not recorded")
    return numbers


def _limits(n: int, false_alarm: float) -> None:
    if n < 1 or not 0 < false_alarm < 1:
        raise ValueError("a limit is set for one case at least and a rate between 0 and 1")
