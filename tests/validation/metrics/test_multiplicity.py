"""Adjusted p values, against their procedures carried out step by step at every alpha that matters."""

from collections.abc import Callable
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.metrics.multiplicity import (
    ADJUSTMENTS,
    benjamini_hochberg,
    bonferroni,
    fixed_sequence,
    hochberg,
    holm,
    serial_gatekeeping,
)

pytestmark = pytest.mark.requirement("VAL-06")

# Multiples of 1/64 keep every product exact, so that ties at the edge of alpha are true ties.
P = st.lists(st.integers(0, 64).map(lambda i: i / 64), min_size=1, max_size=6)


def holm_rejects(p: list[float], alpha: float) -> set[int]:
    """Closed testing: a hypothesis falls when every intersection with it falls by Bonferroni."""
    every = range(len(p))
    subsets = [set(s) for size in range(1, len(p) + 1) for s in combinations(every, size)]
    falls = {frozenset(s): min(p[i] for i in s) * len(s) <= alpha for s in subsets}
    return {i for i in every if all(falls[frozenset(s)] for s in subsets if i in s)}


def step_up_rejects(p: list[float], alpha: float, share: Callable[[int, int], float]) -> set[int]:
    order = sorted(range(len(p)), key=lambda i: p[i])
    for rank in range(len(p), 0, -1):
        if p[order[rank - 1]] <= alpha * share(rank, len(p)) + 1e-12:
            return {i for i in range(len(p)) if p[i] <= p[order[rank - 1]]}
    return set()


@given(P)
def test_holm_rejects_what_closed_bonferroni_tests_reject(p: list[float]) -> None:
    adjusted = holm(p)

    for alpha in {*adjusted, 0.05}:
        if alpha < 1:
            assert {i for i, value in enumerate(adjusted) if value <= alpha} == holm_rejects(p, alpha)


@given(P)
def test_hochberg_rejects_what_its_steps_reject(p: list[float]) -> None:
    adjusted = hochberg(p)

    for alpha in {*adjusted, 0.05}:
        if alpha < 1:
            steps = step_up_rejects(p, alpha, lambda rank, m: 1 / (m - rank + 1))
            assert {i for i, value in enumerate(adjusted) if value <= alpha} == steps


@given(P)
def test_benjamini_hochberg_rejects_what_its_steps_reject(p: list[float]) -> None:
    adjusted = benjamini_hochberg(p)

    for alpha in {*adjusted, 0.05}:
        if alpha < 1:
            steps = step_up_rejects(p, alpha, lambda rank, m: rank / m)
            assert {i for i, value in enumerate(adjusted) if value <= alpha + 1e-12} == steps


@given(P, st.randoms())
def test_the_order_of_the_tests_changes_nothing(p: list[float], random: object) -> None:
    order = np.random.default_rng(len(p)).permutation(len(p))

    for adjust in (bonferroni, holm, hochberg, benjamini_hochberg):
        assert adjust(np.array(p)[order]) == pytest.approx(adjust(p)[order])


@given(P)
def test_the_procedures_are_ordered_by_their_strictness(p: list[float]) -> None:
    strict = [bonferroni(p), holm(p), hochberg(p), benjamini_hochberg(p), np.array(p)]

    for stricter, milder in pairwise(strict):
        assert (stricter >= milder - 1e-12).all()


def test_the_adjusted_values_are_those_worked_out_by_hand() -> None:
    p = [0.01, 0.04, 0.03, 0.005]

    assert bonferroni(p) == pytest.approx([0.04, 0.16, 0.12, 0.02])
    assert holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert hochberg(p) == pytest.approx([0.03, 0.04, 0.04, 0.02])
    assert benjamini_hochberg(p) == pytest.approx([0.02, 0.04, 0.04, 0.02])


def test_the_example_of_benjamini_and_hochberg_gives_their_counts() -> None:
    # Benjamini and Hochberg 1995, section 4: fifteen tests; Bonferroni rejects three, theirs four.
    p = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
    ]

    assert (bonferroni(p) <= 0.05).sum() == 3
    assert (hochberg(p) <= 0.05).sum() == 3
    assert (benjamini_hochberg(p) <= 0.05).sum() == 4


def test_a_fixed_sequence_stops_at_the_first_that_is_not_rejected() -> None:
    assert fixed_sequence([0.01, 0.2, 0.001]).tolist() == [0.01, 0.2, 0.2]


def test_a_family_opens_only_when_all_before_it_is_rejected() -> None:
    first, second, third = serial_gatekeeping([[0.01], [0.01, 0.04], [0.001]])

    assert first.tolist() == [0.01]
    assert second == pytest.approx([0.02, 0.04])
    assert third.tolist() == [0.04]
    with pytest.raises(ValueError, match="opens no gate"):
        serial_gatekeeping([[0.01], []])


@pytest.mark.parametrize("adjust", ADJUSTMENTS.values(), ids=ADJUSTMENTS.keys())
def test_no_test_and_one_test_need_no_adjustment(adjust: Callable[[list[float]], np.ndarray]) -> None:
    assert adjust([]).size == 0
    assert adjust([0.03]).tolist() == [0.03]


@pytest.mark.parametrize("p", [[-0.1], [1.1], [float("nan")], [[0.1]]])
@pytest.mark.parametrize("adjust", ADJUSTMENTS.values(), ids=ADJUSTMENTS.keys())
def test_a_p_that_is_no_probability_is_refused(
    adjust: Callable[[object], np.ndarray], p: list[object]
) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        adjust(p)
