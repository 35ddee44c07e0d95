"""Every level of a variable is in the table, and levels are compared with the multiplicity counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from validation.metrics.estimate import Estimate, NotEstimable, normal_interval
from validation.metrics.multiplicity import bonferroni
from validation.metrics.proportions import proportion
from validation.metrics.subgroups import cochran, proportions_chi_square, rows, tabulate

pytestmark = pytest.mark.requirement("VAL-06")


def share(correct: list[int]):  # type: ignore[no-untyped-def]
    """The proportion of correct cases among those asked for."""
    of = np.array(correct)
    return lambda cases: proportion(int(of[cases].sum()), len(cases))


def normal(value: float, error: float, n: int = 50) -> Estimate:
    return normal_interval(value, error, level=0.95, n=n, method="by hand")


@given(st.lists(st.sampled_from(["GE", "Siemens", None, "", float("nan"), "Philips"]), max_size=40))
def test_every_case_is_in_exactly_one_row(vendors: list[object]) -> None:
    found = rows(vendors, share([1] * len(vendors)), minimum=1)

    known = {str(v) for v in vendors if v and v == v}
    missing = len(vendors) - sum(str(v) in known for v in vendors)
    assert sum(row.n for row in found) == len(vendors)
    assert [row.level for row in found] == sorted(known) + ([None] if missing else [])
    for row in found:
        assert row.n == (missing if row.level is None else vendors.count(row.level))


def test_a_value_not_recorded_is_a_level_of_its_own_and_the_last() -> None:
    table = rows(["F", None, "M", "", "not recorded"], share([1, 1, 1, 0, 1]), minimum=1)

    assert [(row.level, row.n) for row in table] == [("F", 1), ("M", 1), ("not recorded", 1), (None, 2)]
    assert table[-1].estimate is not None
    assert table[-1].estimate.value == 0.5


def test_a_small_group_is_listed_with_the_reason_it_has_no_figure() -> None:
    asked: list[int] = []

    def figure(cases: NDArray[np.intp]) -> Estimate:
        asked.append(len(cases))
        return proportion(1, len(cases))

    small, large = rows(["a"] * 2 + ["b"] * 3, figure, minimum=3)

    assert (small.estimate, small.reason) == (None, "2 cases, fewer than the 3 that the protocol asks for")
    assert large.estimate is not None
    assert asked == [3]


def test_a_figure_that_rests_on_too_few_of_its_cases_is_not_shown() -> None:
    # Ten cases of a scanner, of which two are diseased: a sensitivity of two cases.
    (row,) = rows(["a"] * 10, lambda _: proportion(2, 2), minimum=5)

    assert (row.n, row.estimate) == (10, None)
    assert "rests on 2 cases" in row.reason


def test_a_figure_that_is_not_estimable_gives_its_own_reason() -> None:
    def figure(cases: NDArray[np.intp]) -> Estimate:
        raise NotEstimable("there is no diseased case")

    (row,) = rows(["a"] * 4, figure, minimum=1)

    assert (row.estimate, row.reason) == (None, "there is no diseased case")


def test_a_planned_level_without_cases_is_listed_in_its_place() -> None:
    table = rows(["40-64", "over"], share([1, 1]), minimum=1, planned=["under 40", "40-64", "65-"])

    assert [(row.level, row.n) for row in table] == [("under 40", 0), ("40-64", 1), ("65-", 0), ("over", 1)]
    assert table[0].estimate is None


def test_heterogeneity_is_that_worked_out_by_hand() -> None:
    # Two figures 0.1 apart with errors of 0.05: Q = 0.1² / (2 * 0.05²) = 2.
    found = cochran([normal(0.8, 0.05), normal(0.9, 0.05)])

    assert found.q == pytest.approx(2.0, abs=1e-12)
    assert found.degrees == 1
    assert found.i_squared == pytest.approx(0.5)
    assert found.p == pytest.approx(0.157299207050285, abs=1e-12)


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.01, 1)), min_size=2, max_size=6))
def test_q_is_the_least_weighted_sum_of_squares(figures: list[tuple[float, float]]) -> None:
    q = cochran([normal(value, error) for value, error in figures]).q

    # The same from all pairs: sum over i < j of w_i w_j (x_i - x_j)² / sum of w.
    w = [error**-2 for _, error in figures]
    x = [value for value, _ in figures]
    pairs = sum(w[i] * w[j] * (x[i] - x[j]) ** 2 for i in range(len(x)) for j in range(i))
    assert q == pytest.approx(pairs / sum(w), rel=1e-7, abs=1e-9)


def test_equal_figures_are_not_heterogeneous() -> None:
    found = cochran([normal(0.8, 0.05)] * 3)

    assert (found.q, found.i_squared, found.p) == pytest.approx((0, 0, 1))


def test_an_interval_cut_off_at_one_keeps_its_standard_error() -> None:
    cut = normal_interval(0.98, 0.05, level=0.95, n=50, method="by hand", bounds=(0.0, 1.0))

    assert cochran([cut, normal(0.8, 0.05)]).q == pytest.approx(0.18**2 / 0.005)


@pytest.mark.parametrize(
    "estimates",
    [[], [normal(0.8, 0.05)], [normal(0.8, 0.0), normal(0.8, 0.1)], [normal(0, float("inf"))] * 2],
)
def test_figures_that_cannot_be_weighed_are_not_compared(estimates: list[Estimate]) -> None:
    with pytest.raises(NotEstimable):
        cochran(estimates)


def test_q_is_chi_square_where_nothing_differs() -> None:
    random = np.random.default_rng(11)
    p = [cochran([normal(value, 0.3) for value in random.normal(0, 0.3, 4)]).p for _ in range(2000)]

    # Five standard errors of a proportion of 2,000.
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.025)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=5))
def test_chi_square_is_that_of_the_table_of_counts(cells: list[tuple[int, int]]) -> None:
    table = np.array(cells, dtype=float)
    totals = table.sum(axis=1)
    expected = np.outer(totals, table.sum(axis=0)) / max(table.sum(), 1)
    if totals.min() == 0:
        with pytest.raises(ValueError, match="no group is empty"):
            proportions_chi_square(table[:, 0], totals)
    elif expected.min() < 0.999:
        with pytest.raises(NotEstimable):
            proportions_chi_square(table[:, 0], totals)
    elif expected.min() > 1.001:
        by_cells = ((table - expected) ** 2 / expected).sum()
        assert proportions_chi_square(table[:, 0], totals).q == pytest.approx(by_cells, abs=1e-9)


def test_proportions_of_one_group_or_of_impossible_counts_are_refused() -> None:
    with pytest.raises(NotEstimable, match="fewer than two groups"):
        proportions_chi_square([3], [5])
    with pytest.raises(ValueError, match="between 0 and their totals"):
        proportions_chi_square([3, 6], [5, 5])


def test_the_p_of_every_variable_is_adjusted_for_the_others() -> None:
    correct = [1] * 30 + [0] * 10 + [1] * 15 + [0] * 25
    site = ["A"] * 40 + ["B"] * 40
    sex = ["F", "M"] * 40
    lone = ["only"] * 80

    table = tabulate({"site": site, "sex": sex, "scanner": lone}, share(correct), minimum=10)

    by_site, by_sex, by_scanner = table
    assert by_site.heterogeneity is not None
    assert by_sex.heterogeneity is not None
    # Two of three variables can be tested, so two are counted.
    assert by_site.adjusted_p == pytest.approx(2 * by_site.heterogeneity.p)
    assert by_sex.adjusted_p == pytest.approx(by_sex.heterogeneity.p)
    assert (by_scanner.heterogeneity, by_scanner.adjusted_p) == (None, None)
    assert by_scanner.reason == "fewer than two groups have a figure to compare"
    strict = tabulate({"site": site, "sex": sex}, share(correct), minimum=10, adjust=bonferroni)
    assert strict[1].adjusted_p == pytest.approx(min(1, 2 * by_sex.heterogeneity.p))


def test_what_was_not_recorded_is_listed_but_not_compared() -> None:
    (table,) = tabulate({"site": ["A", None] * 20}, share([1, 0] * 20), minimum=5)

    assert [row.level for row in table.rows] == ["A", None]
    assert table.heterogeneity is None


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one value for each case"):
        tabulate({"a": ["x"], "b": ["x", "y"]}, share([1, 1]), minimum=1)
    with pytest.raises(ValueError, match="planned for a variable"):
        tabulate({"a": ["x"]}, share([1]), minimum=1, planned={"b": ["y"]})
    with pytest.raises(ValueError, match="at least one case"):
        rows(["x"], share([1]), minimum=0)
    assert tabulate({}, share([1]), minimum=1) == ()
