"""Intraclass correlations: against Shrout and Fleiss's example, analysis by plain loops, and simulation."""

from itertools import product
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.metrics.estimate import NotEstimable
from validation.metrics.icc import Form, icc, mean_squares

pytestmark = pytest.mark.requirement("VAL-05")

# Shrout, Fleiss 1979, Psychol Bull 86:420, table 2: six subjects, four judges.
RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]

# Values to four digits, limits as the R package psych prints them.
PUBLISHED: dict[Form, tuple[float, float, float]] = {
    "ICC(1,1)": (0.1657, -0.133, 0.72),
    "ICC(2,1)": (0.2898, 0.019, 0.76),
    "ICC(3,1)": (0.7148, 0.342, 0.95),
    "ICC(1,k)": (0.4428, -0.884, 0.91),
    "ICC(2,k)": (0.6201, 0.071, 0.93),
    "ICC(3,k)": (0.9093, 0.676, 0.99),
}


def test_mean_squares_are_those_published() -> None:
    found = mean_squares(RATINGS)

    assert found.between_subjects == pytest.approx(11.2417, abs=5e-5)
    assert found.within_subjects == pytest.approx(6.2639, abs=5e-5)
    assert found.between_raters == pytest.approx(32.4861, abs=5e-5)
    assert found.residual == pytest.approx(1.0194, abs=5e-5)
    assert (found.subjects, found.raters) == (6, 4)


@pytest.mark.parametrize("form", get_args(Form))
def test_all_six_forms_and_their_limits_are_those_published(form: Form) -> None:
    value, lower, upper = PUBLISHED[form]

    estimate = icc(RATINGS, form=form)

    assert estimate.value == pytest.approx(value, abs=5e-5)
    assert estimate.lower == pytest.approx(lower, abs=5e-4)
    assert estimate.upper == pytest.approx(upper, abs=5e-3)
    assert estimate.n == 6
    assert estimate.method.startswith(form)


def test_the_form_is_absolute_agreement_of_a_single_rater_unless_asked() -> None:
    assert icc(RATINGS) == icc(RATINGS, form="ICC(2,1)")
    assert "absolute agreement, a single rater" in icc(RATINGS).method


@given(st.integers(2, 6), st.integers(2, 5), st.integers(0, 1000))
def test_mean_squares_are_those_of_plain_loops(n: int, k: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(n, k)) + 40
    grand = sum(x[i, j] for i, j in product(range(n), range(k))) / (n * k)
    subject = [sum(x[i, j] for j in range(k)) / k for i in range(n)]
    rater = [sum(x[i, j] for i in range(n)) / n for j in range(k)]

    found = mean_squares(x)

    cells = list(product(range(n), range(k)))
    assert found.between_subjects == pytest.approx(sum((subject[i] - grand) ** 2 for i, _ in cells) / (n - 1))
    assert found.between_raters == pytest.approx(sum((rater[j] - grand) ** 2 for _, j in cells) / (k - 1))
    within = sum((x[i, j] - subject[i]) ** 2 for i, j in cells)
    assert found.within_subjects == pytest.approx(within / (n * (k - 1)))
    residual = sum((x[i, j] - subject[i] - rater[j] + grand) ** 2 for i, j in cells)
    assert found.residual == pytest.approx(residual / ((n - 1) * (k - 1)))


@given(st.integers(2, 8), st.integers(2, 5), st.integers(0, 1000), st.sampled_from(get_args(Form)))
def test_the_value_lies_in_its_interval_and_the_interval_in_its_range(
    n: int, k: int, seed: int, form: Form
) -> None:
    try:
        estimate = icc(np.random.default_rng(seed).normal(size=(n, k)), form=form)
    except NotEstimable:
        # Where raters differ much more than subjects, the denominator of this one may be negative.
        assert form == "ICC(2,k)"
        return

    assert estimate.lower <= estimate.value <= estimate.upper <= 1
    if form in ("ICC(1,1)", "ICC(3,1)"):
        assert estimate.lower >= -1 / (k - 1)


def test_only_absolute_agreement_counts_a_rater_who_is_always_higher() -> None:
    shifted = np.array(RATINGS) + np.array([0, 0, 0, 20])

    assert icc(shifted, form="ICC(3,1)").value == pytest.approx(icc(RATINGS, form="ICC(3,1)").value)
    assert icc(shifted).value < icc(RATINGS).value / 2


@pytest.mark.parametrize("spread_of_raters", [0.0, 0.2])
def test_intervals_cover_as_they_say(spread_of_raters: float) -> None:
    random = np.random.default_rng(24)
    rest = spread_of_raters + 0.5
    truth: dict[Form, float] = {"ICC(2,1)": 1 / (1 + rest), "ICC(2,k)": 1 / (1 + rest / 4), "ICC(3,1)": 2 / 3}
    covered = []
    for _ in range(4000):
        ratings = random.normal(size=(40, 1)) + random.normal(size=(40, 4)) * np.sqrt(0.5)
        ratings += random.normal(size=4) * np.sqrt(spread_of_raters)
        estimates = [(icc(ratings, form=form), true) for form, true in truth.items()]
        covered.append([estimate.lower <= true <= estimate.upper for estimate, true in estimates])

    assert (np.abs(np.mean(covered, axis=0) - 0.95) < 0.02).all()


@pytest.mark.parametrize("form", ["ICC(2,1)", "ICC(3,k)"])
def test_raters_who_differ_by_a_shift_alone_leave_no_interval(form: Form) -> None:
    with pytest.raises(NotEstimable, match="do not disagree"):
        icc([[0.1, 1.1], [0.2, 1.2], [0.3, 1.3]], form=form)


def test_raters_who_agree_wholly_leave_no_interval() -> None:
    with pytest.raises(NotEstimable, match="do not disagree"):
        icc([[0.1, 0.1], [0.2, 0.2]], form="ICC(1,1)")


def test_subjects_who_do_not_differ_cannot_be_told_apart() -> None:
    with pytest.raises(NotEstimable, match="subjects do not differ"):
        icc([[1, 2, 3], [2, 3, 1], [3, 1, 2]])


def test_fewer_than_two_subjects_or_raters_are_too_few() -> None:
    for ratings in ([[1, 2, 3]], [[1], [2], [3]]):
        with pytest.raises(NotEstimable, match="two subjects and two raters"):
            icc(ratings)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="table of numbers"):
        icc([[1.0, float("nan")], [2.0, 3.0]])
    with pytest.raises(ValueError, match="table of numbers"):
        icc([1.0, 2.0])
    with pytest.raises(ValueError, match="no form"):
        icc(RATINGS, form="ICC(4,1)")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="between 0 and 1"):
        icc(RATINGS, level=95)
