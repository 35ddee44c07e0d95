"""Results as columns: what counts for a case without a result, by population."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.validation.builders import case, result
from validation.answers import Answers, answers
from validation.dataset import Truth
from validation.metrics.estimate import NotEstimable
from validation.metrics.roc import auc
from validation.protocol import Population

pytestmark = pytest.mark.requirement("VAL-07")


def columns(*rows: tuple[int, float | None]) -> Answers:
    """The answers of cases given as (truth, score or None)."""
    cases = [case(f"c{number}", label) for number, (label, _) in enumerate(rows)]
    results = {f"c{number}": result(f"c{number}", score) for number, (_, score) in enumerate(rows)}
    return answers("finding", cases, results)


def test_by_intention_to_diagnose_a_case_without_a_result_is_the_worst_it_could_be() -> None:
    counted = columns((1, 0.9), (1, None), (0, 0.1), (0, None)).counted(Population.INTENTION_TO_DIAGNOSE)

    assert counted.call.tolist() == [1, 0, 0, 1]
    assert auc(counted.score, counted.truth).value == 0.25


def test_per_protocol_it_is_left_out_and_the_number_says_so() -> None:
    counted = columns((1, 0.9), (1, None), (0, 0.1), (0, None)).counted(Population.PER_PROTOCOL)

    assert counted.truth.tolist() == [1, 0]


def test_a_case_that_was_never_run_counts_as_one_without_a_result() -> None:
    found = answers("finding", [case("one"), case("two")], {"one": result("one", 0.7)})

    assert found.analysed.tolist() == [True, False]


def test_an_undetermined_call_is_neither() -> None:
    found = answers("finding", [case("one")], {"one": result("one", 0.3, calls={"finding": "undetermined"})})

    assert found.call.tolist() == [0.5]


def test_cases_whose_truth_is_not_stated_are_not_asked_about() -> None:
    found = answers("finding", [case("one"), case("two", truth=Truth())], {})

    assert len(found) == 1
    with pytest.raises(NotEstimable, match="states no truth"):
        answers("other", [case("one")], {})


def test_several_cases_of_one_patient_are_a_cluster() -> None:
    assert not columns((1, 0.5), (0, 0.5)).clustered
    assert answers("finding", [case("one", patient="p"), case("two", patient="p")], {}).clustered


@given(
    st.lists(st.tuples(st.sampled_from([0, 1]), st.none() | st.floats(0, 1)), min_size=4, max_size=30).filter(
        lambda rows: sum(label for label, _ in rows) >= 2 and sum(1 - label for label, _ in rows) >= 2
    )
)
def test_losing_a_case_never_makes_the_area_greater(rows: list[tuple[int, float | None]]) -> None:
    whole = columns(*rows).counted(Population.INTENTION_TO_DIAGNOSE)
    for place, (label, score) in enumerate(rows):
        if score is not None:
            fewer = columns(*rows[:place], (label, None), *rows[place + 1 :])
            lost = fewer.counted(Population.INTENTION_TO_DIAGNOSE)
            pairs = whole.score[whole.truth == 1][:, None] - whole.score[whole.truth == 0][None]
            less = lost.score[lost.truth == 1][:, None] - lost.score[lost.truth == 0][None]
            assert np.mean((less > 0) + (less == 0) / 2) <= np.mean((pairs > 0) + (pairs == 0) / 2) + 1e-12
