"""Proportions and fourfold tables, against published figures and by counting every possible table."""

from collections.abc import Callable
from itertools import product
from math import comb, isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.proportions import (
    FourfoldTable,
    Method,
    compare_paired_proportions,
    fourfold,
    negative_likelihood_ratio,
    npv_at,
    observed_npv,
    observed_ppv,
    positive_likelihood_ratio,
    ppv_at,
    proportion,
    sensitivity,
    specificity,
)

pytestmark = pytest.mark.requirement("VAL-03")

TABLES = st.builds(FourfoldTable, *(st.integers(1, 200),) * 4)


def binomial(count: int, total: int, share: float) -> float:
    return float(comb(total, count) * share**count * (1 - share) ** (total - count))


def holds(estimate: Estimate, truth: float) -> bool:
    return estimate.lower <= truth <= estimate.upper


@pytest.mark.requirement("MOD-02")
@pytest.mark.parametrize(
    ("count", "total", "wilson", "clopper_pearson"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
        (29, 29, (0.8830, 1.0), (0.8806, 1.0)),
    ],
)
def test_intervals_of_proportions_are_those_published(
    count: int, total: int, wilson: tuple[float, float], clopper_pearson: tuple[float, float]
) -> None:
    score, exact = proportion(count, total, method="Wilson"), proportion(count, total)

    # Newcombe 1998, Statistics in Medicine 17:857, printed with four digits.
    assert (score.lower, score.upper) == pytest.approx(wilson, abs=5e-5)
    assert (exact.lower, exact.upper) == pytest.approx(clopper_pearson, abs=5e-5)
    assert (score.method, exact.method) == ("Wilson", "Clopper-Pearson")


@pytest.mark.parametrize("method", ["Clopper-Pearson", "Wilson"])
def test_the_interval_of_what_never_and_always_happens_ends_at_0_and_1(method: Method) -> None:
    assert proportion(0, 37, method=method).lower == 0
    assert proportion(37, 37, method=method).upper == 1


def test_clopper_pearson_covers_at_least_its_level_for_every_proportion() -> None:
    n = 40
    exact = [proportion(count, n) for count in range(n + 1)]

    # By counting every outcome; it is meant to be conservative, so that there is no upper bound.
    for share in np.linspace(0.01, 0.99, 99):
        covered = sum(binomial(k, n, share) for k in range(n + 1) if holds(exact[k], share))
        assert covered >= 0.95


def test_wilson_covers_its_level_on_average_over_proportions() -> None:
    n = 100
    score = [proportion(count, n, method="Wilson") for count in range(n + 1)]

    covered = [
        sum(binomial(k, n, share) for k in range(n + 1) if holds(score[k], share))
        for share in np.linspace(0.05, 0.95, 181)
    ]

    assert 0.945 <= np.mean(covered) <= 0.955
    assert min(covered) >= 0.925


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_the_fourfold_table_counts_what_was_called_rightly_and_wrongly(
    cases: list[tuple[bool, bool]],
) -> None:
    called, truth = zip(*cases, strict=True)

    table = fourfold(called, truth)

    assert table == FourfoldTable(
        cases.count((True, True)),
        cases.count((True, False)),
        cases.count((False, True)),
        cases.count((False, False)),
    )


@given(TABLES)
def test_figures_of_a_table_are_their_definitions(table: FourfoldTable) -> None:
    tp, fp = table.true_positives, table.false_positives
    fn, tn = table.false_negatives, table.true_negatives

    assert isclose(sensitivity(table).value, tp / (tp + fn))
    assert isclose(specificity(table).value, tn / (tn + fp))
    assert isclose(observed_ppv(table).value, tp / (tp + fp))
    assert isclose(observed_npv(table).value, tn / (tn + fn))
    assert isclose(positive_likelihood_ratio(table).value, tp / (tp + fn) / (fp / (fp + tn)))
    assert isclose(negative_likelihood_ratio(table).value, fn / (tp + fn) / (tn / (fp + tn)))


@given(TABLES)
def test_at_the_prevalence_of_the_study_predictive_values_are_those_observed(table: FourfoldTable) -> None:
    prevalence = table.diseased / (table.diseased + table.healthy)

    assert isclose(ppv_at(prevalence, table).value, observed_ppv(table).value)
    assert isclose(npv_at(prevalence, table).value, observed_npv(table).value)


@given(TABLES, st.floats(0.01, 0.99))
def test_the_negative_predictive_value_is_the_positive_one_of_the_opposite_question(
    table: FourfoldTable, prevalence: float
) -> None:
    npv, ppv = npv_at(1 - prevalence, table), ppv_at(prevalence, table.mirrored)

    assert (npv.value, npv.lower, npv.upper) == pytest.approx((ppv.value, ppv.lower, ppv.upper), abs=1e-9)


@given(TABLES, st.floats(0.01, 0.99))
def test_predictive_values_follow_the_rule_of_bayes(table: FourfoldTable, prevalence: float) -> None:
    se, sp = sensitivity(table).value, specificity(table).value

    right, wrong = prevalence * se, (1 - prevalence) * (1 - sp)

    assert isclose(ppv_at(prevalence, table).value, right / (right + wrong))


def test_the_logit_interval_is_that_of_mercaldo() -> None:
    # ApoE4 in Alzheimer's disease, Table VIII: 240 of 418 cases, 87 of 375 controls; prevalence 3 %.
    table = FourfoldTable(240, 87, 178, 288)

    ppv, npv = ppv_at(0.03, table), npv_at(0.03, table)

    # Equations 8 to 11, worked out in the terms of the paper.
    se, sp, p, cases, controls = 240 / 418, 288 / 375, 0.03, 418, 375
    logit = np.log(p * se / ((1 - p) * (1 - sp)))
    error = np.sqrt((1 - se) / (se * cases) + sp / ((1 - sp) * controls))
    limits = 1 / (1 + np.exp(-(logit + np.array([-1, 1]) * 1.959963984540054 * error)))
    assert (ppv.lower, ppv.upper) == pytest.approx(limits, abs=1e-12)
    logit = np.log((1 - p) * sp / (p * (1 - se)))
    error = np.sqrt(se / ((1 - se) * cases) + (1 - sp) / (sp * controls))
    limits = 1 / (1 + np.exp(-(logit + np.array([-1, 1]) * 1.959963984540054 * error)))
    assert (npv.lower, npv.upper) == pytest.approx(limits, abs=1e-12)


@pytest.mark.parametrize(
    ("table", "value"),
    [
        (FourfoldTable(20, 0, 5, 30), 1.0),
        (FourfoldTable(0, 3, 9, 30), 0.0),
        (FourfoldTable(9, 3, 0, 30), None),
    ],
)
def test_a_predictive_value_has_an_interval_where_a_cell_is_empty(
    table: FourfoldTable, value: float | None
) -> None:
    estimate = ppv_at(0.1, table)

    assert estimate.method.startswith("adjusted logit")
    assert 0 <= estimate.lower <= estimate.value <= estimate.upper <= 1
    assert estimate.lower < estimate.upper
    assert value is None or estimate.value == value


@pytest.mark.parametrize(
    ("cells", "positive", "negative"),
    [
        ((670, 202, 74, 640), (3.75, 3.32, 4.24), (0.13, 0.11, 0.16)),
        ((204, 32, 42, 187), (5.68, 4.10, 7.86), (0.20, 0.15, 0.26)),
    ],
)
def test_likelihood_ratios_are_those_that_epir_prints(
    cells: tuple[int, int, int, int],
    positive: tuple[float, float, float],
    negative: tuple[float, float, float],
) -> None:
    table = FourfoldTable(*cells)

    plus, minus = positive_likelihood_ratio(table), negative_likelihood_ratio(table)

    # The first is Table 1 of Scott et al. 2008; epiR 2.0 gives the intervals of Simel et al. 1991.
    assert (plus.value, plus.lower, plus.upper) == pytest.approx(positive, abs=5e-3)
    assert (minus.value, minus.lower, minus.upper) == pytest.approx(negative, abs=5e-3)


def coverage_of_tables(
    figure: Callable[[FourfoldTable], Estimate], truth: float, se: float, sp: float
) -> float:
    """The probability, over all tables with 60 diseased and 80 healthy cases, that `truth` is covered."""
    covered = possible = 0.0
    for tp, tn in product(range(61), range(81)):
        chance = binomial(tp, 60, se) * binomial(tn, 80, sp)
        try:
            estimate = figure(FourfoldTable(tp, 80 - tn, 60 - tp, tn))
        except NotEstimable:
            continue
        possible += chance
        covered += chance * holds(estimate, truth)
    assert possible > 0.999
    return covered / possible


@pytest.mark.parametrize(("se", "sp"), [(0.8, 0.7), (0.9, 0.85)])
def test_predictive_values_at_a_prevalence_cover_their_level(se: float, sp: float) -> None:
    ppv = 0.05 * se / (0.05 * se + 0.95 * (1 - sp))
    npv = 0.95 * sp / (0.95 * sp + 0.05 * (1 - se))

    assert 0.93 <= coverage_of_tables(lambda table: ppv_at(0.05, table), ppv, se, sp) <= 0.97
    assert 0.93 <= coverage_of_tables(lambda table: npv_at(0.05, table), npv, se, sp) <= 0.97


@pytest.mark.parametrize(("se", "sp"), [(0.8, 0.7), (0.85, 0.85)])
def test_likelihood_ratios_cover_their_level(se: float, sp: float) -> None:
    assert 0.93 <= coverage_of_tables(positive_likelihood_ratio, se / (1 - sp), se, sp) <= 0.97
    assert 0.93 <= coverage_of_tables(negative_likelihood_ratio, (1 - se) / sp, se, sp) <= 0.97


def answers(both: int, first: int, second: int, neither: int) -> tuple[list[int], list[int]]:
    return [1] * (both + first) + [0] * (second + neither), [1] * both + [0] * first + [1] * second + [
        0
    ] * neither


def test_the_paired_comparison_is_the_one_published() -> None:
    # Cavo et al. 2012, worked out in Fagerland, Lydersen and Laake, Contingency Tables, chapter 8.
    pair = compare_paired_proportions(*answers(59, 6, 16, 80))

    assert pair.difference.value == pytest.approx(-0.0621, abs=5e-5)
    assert (pair.difference.lower, pair.difference.upper) == pytest.approx((-0.1186, -0.0046), abs=5e-5)
    assert pair.p == pytest.approx(0.052479, abs=5e-7)
    assert (pair.only_first, pair.only_second) == (6, 16)


@given(*(st.integers(0, 30),) * 4)
def test_swapping_the_two_turns_the_difference_round(a: int, b: int, c: int, d: int) -> None:
    if not a + b + c + d:
        return
    pair, other = (
        compare_paired_proportions(*answers(a, b, c, d)),
        compare_paired_proportions(*answers(a, c, b, d)),
    )

    assert pair.difference.value == pytest.approx(-other.difference.value, abs=1e-12)
    assert pair.difference.lower == pytest.approx(-other.difference.upper, abs=1e-12)
    assert -1 <= pair.difference.lower <= pair.difference.value <= pair.difference.upper <= 1
    assert pair.p == other.p


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemars_test_adds_up_both_tails_of_a_fair_coin(b: int, c: int) -> None:
    pair = compare_paired_proportions(*answers(3, b, c, 4))

    tail = sum(comb(b + c, k) for k in range(min(b, c) + 1)) / 2 ** (b + c)
    assert pair.p == pytest.approx(min(1.0, 2 * tail), rel=1e-9)


def test_the_interval_of_a_paired_difference_covers_its_level() -> None:
    # 30 cases, by counting every table of four cells with probabilities .55, .20, .10 and .15.
    n, cells = 30, (0.55, 0.20, 0.10, 0.15)
    covered = 0.0
    for both in range(n + 1):
        for first in range(n + 1 - both):
            for second in range(n + 1 - both - first):
                table = (both, first, second, n - both - first - second)
                ways = comb(n, both) * comb(n - both, first) * comb(n - both - first, second)
                chance = ways * float(np.prod(np.power(cells, table)))
                covered += chance * holds(compare_paired_proportions(*answers(*table)).difference, 0.10)

    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize(
    "figure",
    [
        lambda: proportion(0, 0),
        lambda: sensitivity(FourfoldTable(0, 3, 0, 4)),
        lambda: specificity(FourfoldTable(3, 0, 4, 0)),
        lambda: observed_ppv(FourfoldTable(0, 0, 4, 4)),
        lambda: observed_npv(FourfoldTable(4, 4, 0, 0)),
        lambda: ppv_at(0.1, FourfoldTable(0, 0, 4, 4)),
        lambda: npv_at(0.1, FourfoldTable(4, 4, 0, 0)),
        lambda: ppv_at(0.1, FourfoldTable(4, 0, 4, 0)),
        lambda: positive_likelihood_ratio(FourfoldTable(4, 0, 1, 9)),
        lambda: positive_likelihood_ratio(FourfoldTable(0, 2, 4, 9)),
        lambda: negative_likelihood_ratio(FourfoldTable(4, 1, 0, 9)),
        lambda: compare_paired_proportions([], []),
    ],
)
def test_a_figure_that_is_not_defined_is_not_estimable(figure: Callable[[], object]) -> None:
    with pytest.raises(NotEstimable):
        figure()


@pytest.mark.parametrize(
    "figure",
    [
        lambda: proportion(3, 2),
        lambda: proportion(-1, 2),
        lambda: proportion(1, 2, level=1.0),
        lambda: proportion(1, 2, method="Wald"),  # type: ignore[arg-type]
        lambda: FourfoldTable(1, 2, -1, 4),
        lambda: ppv_at(0.0, FourfoldTable(1, 2, 3, 4)),
        lambda: npv_at(1.5, FourfoldTable(1, 2, 3, 4)),
        lambda: fourfold([0, 1], [0, 2]),
        lambda: fourfold([0, 1], [0]),
        lambda: compare_paired_proportions([0.5], [1]),
    ],
)
def test_values_that_make_no_sense_are_refused(figure: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        figure()
