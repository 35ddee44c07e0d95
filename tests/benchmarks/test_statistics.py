"""How fast areas get their intervals, beside the usual ways and the bare work. By hand: `make bench`.

scikit-learn is not installed: `roc_auc_score` below does what its roc_auc_score (1.5) does for two classes,
step by step. Every round measures all ways, one after the other, so that other work slows them all.
"""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import rankdata

from validation.metrics.bootstrap import Plan, multiplicities
from validation.metrics.bootstrap_areas import bootstrap_auc
from validation.metrics.roc import delong

pytestmark = [pytest.mark.bench, pytest.mark.requirement("VAL-03")]

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

ROUNDS, REPLICATES = 7, 10_000


def cases(n: int) -> tuple[Floats, Floats, Booleans]:
    """Scores of two readers, and the truth: a fifth is diseased."""
    random = np.random.default_rng(n)
    truth = random.random(n) < 0.2
    scores = random.normal(size=n) + truth
    return scores, scores + random.normal(size=n), truth


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def tell(what: str, ratios: list[float], wanted: str) -> None:
    print(
        f"{what}: {median(ratios):.2f} (median of {len(ratios)} rounds; {min(ratios):.2f} to "
        f"{max(ratios):.2f}; wanted: {wanted})"
    )


def delong_by_rankdata(markers: Floats, truth: Booleans) -> tuple[Floats, Floats]:
    """The usual form: for each marker the midranks of all cases, of the diseased and of the healthy."""
    m, n = int(truth.sum()), int((~truth).sum())
    of_diseased, of_healthy = np.empty((len(markers), m)), np.empty((len(markers), n))
    for row, scores in enumerate(markers):
        diseased, healthy = scores[truth], scores[~truth]
        ranks = rankdata(np.concatenate([diseased, healthy]))
        of_diseased[row] = (ranks[:m] - rankdata(diseased)) / n
        of_healthy[row] = 1 - (ranks[m:] - rankdata(healthy)) / m
    centred = [table - table.mean(axis=1, keepdims=True) for table in (of_diseased, of_healthy)]
    # Without BLAS, whose threads would make the usual form slower here than it need be.
    covariance = sum(
        np.array([[np.einsum("i,i->", a, b) for b in table] for a in table]) / (k - 1) / k
        for table, k in zip(centred, (m, n), strict=True)
    )
    return of_diseased.mean(axis=1), covariance  # type: ignore[return-value]


def roc_auc_score(truth: NDArray[np.int64], scores: Floats) -> float:
    """As scikit-learn: check, find the classes, order, find the thresholds, cumulate, drop, integrate."""
    if not np.isfinite(scores).all() or np.unique(truth).size != 2:
        raise ValueError
    positive = truth == np.unique(truth)[-1]
    order = np.argsort(scores, kind="mergesort")[::-1]
    ordered, found = scores[order], positive[order]
    last = np.r_[np.nonzero(np.diff(ordered))[0], found.size - 1]
    true = np.cumsum(found, dtype=np.float64)[last]
    false = 1 + last - true
    kept = np.nonzero(np.r_[True, np.logical_or(np.diff(false, 2), np.diff(true, 2)), True])[0]
    true, false = np.r_[0, true[kept]], np.r_[0, false[kept]]
    return float(np.trapezoid(true / true[-1], false / false[-1]))


def loop(scores: Floats, truth: Booleans, replicates: int) -> list[float]:
    """The usual bootstrap: draw within classes, then the area from scratch."""
    random = np.random.default_rng(1)
    labels, ill, well = truth.astype(np.int64), np.flatnonzero(truth), np.flatnonzero(~truth)
    areas = []
    for _ in range(replicates):
        drawn = np.concatenate([random.choice(ill, ill.size), random.choice(well, well.size)])
        areas.append(roc_auc_score(labels[drawn], scores[drawn]))
    return areas


@pytest.mark.parametrize("markers", [1, 2])
def test_delong_beside_the_usual_form(markers: int) -> None:
    *scores, truth = cases(100_000)
    used = np.stack(scores[:markers])
    ours, theirs = delong(used, truth), delong_by_rankdata(used, truth)
    assert np.allclose(ours.values, theirs[0], rtol=1e-12)
    assert np.allclose(ours.covariance, theirs[1], rtol=1e-9)

    ratios, times = [], []
    for _ in range(5 * ROUNDS):
        usual = seconds(lambda: delong_by_rankdata(used, truth))
        times.append(seconds(lambda: delong(used, truth)))
        ratios.append(usual / times[-1])

    print(f"\nDeLong of {markers} marker(s), n = 100,000: {1000 * median(times):.1f} ms")
    tell("the form with three rankdata in relation to it", ratios, "3 or more")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("n", "looped"), [(1_000, 1_000), (10_000, 200), (100_000, 20)])
def test_the_bootstrap_of_an_area_beside_the_usual_loop_and_resampling_alone(n: int, looped: int) -> None:
    scores, _, truth = cases(n)
    patients = np.arange(n)
    replicates = REPLICATES if n < 100_000 else REPLICATES // 5
    plan = Plan.of(patients, truth[np.argsort(truth, kind="stable")])

    def resample() -> None:
        for _ in multiplicities(plan, seed=1, replicates=replicates):
            pass

    beside_loop, beside_bare, times = [], [], []
    for _ in range(ROUNDS):
        bare = seconds(resample)
        own = seconds(lambda: bootstrap_auc(scores, truth, patients=patients, seed=1, replicates=replicates))
        usual = seconds(lambda: loop(scores, truth, looped)) * replicates / looped
        times.append(own * REPLICATES / replicates)
        beside_loop.append(usual / own)
        beside_bare.append(own / bare)

    print(f"\nbootstrap of an area, n = {n:,}: {median(times):.2f} s for 10,000 replicates", end="")
    print("" if replicates == REPLICATES else f" (measured with {replicates:,})")
    tell(
        f"the loop of roc_auc_score in relation to it (from {looped:,} replicates)", beside_loop, "20 or more"
    )
    tell("it in relation to resampling alone", beside_bare, "1.7 or less")
