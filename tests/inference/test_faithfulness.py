"""The faithfulness figure, on scores whose best and worst maps are known by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from samd.inference.faithfulness import deletion_insertion

Plane = NDArray[np.float32]

SIDE, STEPS = 16, 16
WEIGHTS = np.zeros((SIDE, SIDE), dtype=np.float32)
WEIGHTS[4:8, 4:8] = 1.0  # one sixteenth of the image is all that counts
IMAGE = np.ones((SIDE, SIDE), dtype=np.float32)
BLACK = np.zeros((SIDE, SIDE), dtype=np.float32)


def linear(plane: Plane) -> float:
    return float((WEIGHTS * plane).sum())


def value(attribution: Plane, score: object = linear) -> float:
    assert callable(score)
    return deletion_insertion(score, IMAGE, baseline=BLACK, attribution=attribution, steps=STEPS)


@pytest.mark.requirement("XAI-01")
def test_the_true_map_of_a_linear_score_has_the_value_known_in_closed_form() -> None:
    # Deletion falls from 16 to 0 within the first of 16 steps, insertion rises as fast: between the
    # curves lie all but that step, the half of it twice.
    assert value(WEIGHTS) == pytest.approx(1 - 1 / STEPS)


@pytest.mark.requirement("XAI-01")
def test_the_reversed_map_has_the_opposite_value() -> None:
    assert value(-WEIGHTS) == pytest.approx(-value(WEIGHTS))


@pytest.mark.requirement("XAI-01")
def test_random_maps_have_values_about_zero() -> None:
    random = np.random.default_rng(3)

    values = [value(random.random((SIDE, SIDE), dtype=np.float32)) for _ in range(300)]

    standard_error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 4 * standard_error
    assert max(values) < value(WEIGHTS) / 2


@pytest.mark.requirement("XAI-01")
def test_random_maps_have_values_about_zero_for_a_score_that_is_not_linear_too() -> None:
    random = np.random.default_rng(4)

    def saturating(plane: Plane) -> float:
        return float(np.tanh((WEIGHTS * plane).sum()) + plane[0, 0] * plane[15, 15])

    values = [value(random.random((SIDE, SIDE), dtype=np.float32), saturating) for _ in range(300)]

    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))


@pytest.mark.requirement("XAI-01")
@pytest.mark.parametrize("level", [0.0, 1.0, -3.0])
def test_a_map_that_makes_no_difference_has_the_value_zero(level: float) -> None:
    assert value(np.full((SIDE, SIDE), level, dtype=np.float32)) == 0.0


@pytest.mark.requirement("XAI-01")
@pytest.mark.parametrize("constant", [5.0, float("nan")])
def test_a_score_that_says_nothing_has_the_value_zero(constant: float) -> None:
    assert value(WEIGHTS, lambda _: constant) == 0.0


@pytest.mark.requirement("XAI-01")
def test_equal_attributions_gain_nothing_from_where_they_lie() -> None:
    # All that counts is in the top rows; a map that is nothing but one bright corner at the bottom
    # leaves the rest equal, and equal must not mean "from the top down".
    top = np.zeros((SIDE, SIDE), dtype=np.float32)
    top[:4] = 1.0
    corner = np.zeros((SIDE, SIDE), dtype=np.float32)
    corner[-1, -1] = 1.0

    assert abs(value(corner, lambda plane: float((top * plane).sum()))) < 0.1


@pytest.mark.requirement("XAI-01")
def test_the_same_map_always_has_the_same_value() -> None:
    noisy = np.random.default_rng(5).integers(0, 3, (SIDE, SIDE)).astype(np.float32)

    assert value(noisy) == value(noisy.copy())


@pytest.mark.requirement("XAI-01")
def test_the_value_does_not_depend_on_the_scale_of_map_or_score() -> None:
    rough = WEIGHTS + np.random.default_rng(6).random((SIDE, SIDE), dtype=np.float32)

    assert value(1000 * rough, lambda plane: -7 + 1e3 * linear(plane)) == pytest.approx(value(rough))
