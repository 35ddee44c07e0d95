"""Deming's line: against a published line, closed forms, and each patient left out by hand."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import t

from validation.metrics.deming import deming
from validation.metrics.estimate import NotEstimable

pytestmark = pytest.mark.requirement("VAL-05")

# Pearson 1901, Phil Mag 2:559: the line of closest fit is y = 5.784 - 0.5456 x.
PEARSON_X = [0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4]
PEARSON_Y = [5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5]

Floats = NDArray[np.float64]


def line_by_hand(x: Floats, y: Floats, ratio: float) -> tuple[float, float]:
    """The direction in which errors scaled to the same variance are least: an eigenvector."""
    covariance = np.cov(x * np.sqrt(ratio), y)
    values, vectors = np.linalg.eigh(covariance)
    along = vectors[:, int(values.argmax())]
    slope = along[1] / along[0] * np.sqrt(ratio)
    return float(slope), float(y.mean() - slope * x.mean())


def readings(seed: int, n: int = 25) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    true = random.uniform(0, 10, n)
    return true + random.normal(size=n) / 2, 1 + 1.1 * true + random.normal(size=n)


def test_the_line_is_the_one_pearson_published() -> None:
    line = deming(PEARSON_X, PEARSON_Y)

    assert line.slope.value == pytest.approx(-0.5456, abs=5e-5)
    assert line.intercept.value == pytest.approx(5.784, abs=5e-4)
    assert (line.slope.n, line.slope.level) == (10, 0.95)


def test_a_line_known_by_hand() -> None:
    # xx = yy = 10 and xy = 6.
    x, y = [-2.0, 2.0, -1.0, 1.0], [-2.0, 2.0, 1.0, -1.0]

    halved, doubled = deming(x, y, variance_ratio=0.5), deming(x, y, variance_ratio=2.0)
    assert halved.slope.value == pytest.approx((5 + np.sqrt(97)) / 12, abs=1e-14)
    assert doubled.slope.value == pytest.approx((-10 + np.sqrt(388)) / 12, abs=1e-14)
    assert doubled.intercept.value == pytest.approx(0.0, abs=1e-14)
    assert "variance ratio 2" in doubled.slope.method


def test_extreme_ratios_are_the_two_regressions() -> None:
    x, y = readings(1)
    xx, yy, xy = np.cov(x, y)[[0, 1, 0], [0, 1, 1]]

    assert deming(x, y, variance_ratio=1e12).slope.value == pytest.approx(xy / xx, rel=1e-9)
    assert deming(x, y, variance_ratio=1e-12).slope.value == pytest.approx(yy / xy, rel=1e-9)


@given(st.integers(0, 10_000), st.floats(0.05, 20))
def test_the_line_is_the_principal_axis_and_turns_round_with_the_methods(seed: int, ratio: float) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, 12)) * [[3], [2]] + [[50], [-20]]
    slope, intercept = line_by_hand(x, y, ratio)
    assume(1e-3 < abs(slope) < 1e3)

    line, turned = deming(x, y, variance_ratio=ratio), deming(y, x, variance_ratio=1 / ratio)

    assert line.slope.value == pytest.approx(slope, rel=1e-6)
    assert line.intercept.value == pytest.approx(intercept, rel=1e-6, abs=1e-6)
    assert turned.slope.value == pytest.approx(1 / line.slope.value, rel=1e-9)


@pytest.mark.parametrize("repeated", [False, True])
def test_the_interval_is_that_of_leaving_out_each_patient(repeated: bool) -> None:
    x, y = readings(2, 24)
    x, y = x + 1000, y + 1000
    patients = np.arange(24) // 3 if repeated else np.arange(24)
    groups = np.unique(patients)
    n = groups.size
    pseudo = [
        [
            n * whole - (n - 1) * part
            for whole, part in zip(
                line_by_hand(x, y, 4.0),
                line_by_hand(x[patients != group], y[patients != group], 4.0),
                strict=True,
            )
        ]
        for group in groups
    ]
    reach = t.ppf(0.95, n - 2) * np.std(pseudo, axis=0, ddof=1) / np.sqrt(n)

    line = deming(x, y, variance_ratio=4.0, patients=patients if repeated else None, level=0.9)

    for estimate, arm in zip((line.slope, line.intercept), reach, strict=True):
        assert estimate.n == n
        assert (estimate.upper - estimate.lower) / 2 == pytest.approx(arm, rel=1e-8)
        assert (estimate.upper + estimate.lower) / 2 == pytest.approx(estimate.value, rel=1e-12)


def test_intervals_cover_as_they_say() -> None:
    random = np.random.default_rng(20)
    covered = []
    for _ in range(4000):
        true = random.uniform(0, 10, 40)
        x, y = true + random.normal(size=40) / 2, 1 + 1.1 * true + random.normal(size=40)
        line = deming(x, y, variance_ratio=4.0)
        covered.append(
            [line.slope.lower <= 1.1 <= line.slope.upper, line.intercept.lower <= 1 <= line.intercept.upper]
        )

    assert (np.abs(np.mean(covered, axis=0) - 0.95) < 0.02).all()


def test_the_error_of_the_first_method_does_not_flatten_the_line() -> None:
    random = np.random.default_rng(3)
    true = random.normal(size=4000)
    x, y = true + random.normal(size=4000), true + random.normal(size=4000)

    assert np.polyfit(x, y, 1)[0] < 0.55
    slope = deming(x, y).slope
    assert slope.lower < 1 < slope.upper


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([1.0, 2.0], [1.0, 2.1], "three patients"),
        ([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0], "changes nothing"),
        ([1.0, 2.0, 3.0, 4.0], [5.0, 5.0, 5.0, 5.0], "do not vary together"),
        ([-1.0, 1.0, -1.0, 1.0], [-1.0, -1.0, 1.0, 1.0], "do not vary together"),
    ],
)
def test_where_no_line_or_interval_is_defined_none_is_given(
    x: list[float], y: list[float], reason: str
) -> None:
    with pytest.raises(NotEstimable, match=reason):
        deming(x, y)


def test_two_patients_with_many_measurements_are_too_few() -> None:
    with pytest.raises(NotEstimable, match="three patients; there are 2"):
        deming(*readings(4, 10), patients=["a", "b"] * 5)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="same length"):
        deming([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="finite"):
        deming([1.0, 2.0, float("nan")], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="for each case"):
        deming(*readings(4, 10), patients=[1, 2])
    with pytest.raises(ValueError, match="positive"):
        deming(*readings(4), variance_ratio=0.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        deming(*readings(4), level=1.0)
