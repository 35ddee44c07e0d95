"""How fast a reader study is analysed, beside the same analysis case by case. By hand: `make bench`.

The peer would be iMRMC, but its jar is not to be had here, so the naive form below is our own: it
compares every pair again for each case left out.
"""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest

from validation.metrics.mrmc import random_readers_and_cases
from validation.metrics.mrmc_covariance import areas, jackknifed
from validation.metrics.mrmc_readings import Readings
from validation.metrics.pairs import METHODS
from validation.metrics.roc import Floats

pytestmark = [pytest.mark.bench, pytest.mark.requirement("VAL-04")]

ROUNDS, READERS, CASES = 5, 10, 500


def study() -> Readings:
    random = np.random.default_rng(1)
    truth = np.arange(CASES) < CASES // 2
    ratings = random.normal(size=(2, READERS, CASES)) + random.normal(size=CASES) + 1.5 * truth
    return Readings(("1", "2"), tuple(str(reader) for reader in range(READERS)), ratings, truth)


def naive_areas(ratings: Floats, truth: np.ndarray) -> Floats:
    apart = ratings[..., truth][..., :, None] - ratings[..., ~truth][..., None, :]
    values: Floats = ((apart > 0) + (apart == 0) / 2).mean(axis=(-2, -1))
    return values


def naive(readings: Readings) -> None:
    without = [
        naive_areas(np.delete(readings.ratings, case, axis=2), np.delete(readings.truth, case))
        for case in range(CASES)
    ]
    accuracies = jackknifed(
        naive_areas(readings.ratings, readings.truth),
        without,
        figure="ROC area",
        modalities=readings.modalities,
        readers=readings.readers,
    )
    ours = areas(readings, method="jackknife")
    assert accuracies.covariance == pytest.approx(ours.covariance)
    random_readers_and_cases(accuracies)


def test_analysing_beside_leaving_out_each_case() -> None:
    readings = study()
    theirs = [seconds(lambda: naive(readings)) for _ in range(2)]
    print(f"\n2 modalities, {READERS} readers, {CASES} cases; naive jackknife {median(theirs):.2f} s")
    for method in METHODS:
        ours = [
            seconds(lambda one=method: random_readers_and_cases(areas(readings, method=one)))  # type: ignore[misc]
            for _ in range(ROUNDS)
        ]
        print(
            f"{method}: {1000 * median(ours):.1f} ms (median of {ROUNDS} rounds; {1000 * min(ours):.1f} to "
            f"{1000 * max(ours):.1f}), {median(theirs) / median(ours):.0f} times as fast as the naive one"
        )


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
