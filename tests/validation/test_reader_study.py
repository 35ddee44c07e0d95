"""A reader study from its plan to its result."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from validation.case_order import case_order
from validation.metrics.hypotheses import Aim, Hypothesis, Verdict
from validation.metrics.mrmc import NotEstimated, random_readers_and_cases
from validation.metrics.mrmc_covariance import areas
from validation.metrics.mrmc_readings import Readings
from validation.reader_deviations import Rule
from validation.reader_scores import Reading
from validation.reader_study import Endpoint, ReaderStudy, analyse

pytestmark = pytest.mark.requirement("VAL-04")

TRUTH = {f"case {number}": number < 20 for number in range(50)}
READERS = ("kim", "lee", "park")
ARMS = ("aided", "unaided")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def plan(**changes: Any) -> ReaderStudy:
    truth = changes.get("truth", TRUTH)
    strata = {case: str(diseased) for case, diseased in truth.items()}
    given: dict[str, Any] = {
        "arms": ARMS,
        "truth": truth,
        "readers": READERS,
        "truthers": ("choi",),
        "annotators": ("jung",),
        "order": case_order(strata, readers=READERS, arms=ARMS, seed="1"),
        "hypothesis": Hypothesis("ROC area", Aim.NON_INFERIORITY, limit=0.05),
        "threshold": 3.0,
    }
    return ReaderStudy(**(given | changes))


def readings(study: ReaderStudy, *, gain: float = 1.0) -> list[Reading]:
    """Read as planned, sessions four weeks apart, aided ratings better by `gain`."""
    random = np.random.default_rng(11)
    return [
        Reading(
            one.reader,
            one.case,
            one.arm,
            one.session,
            # A session takes the same minutes of its day, so that a case may come round a little early.
            START + timedelta(weeks=5) * (one.session - 1) + timedelta(minutes=one.position),
            3.0 + random.normal() + study.truth[one.case] * (1.0 + gain * (one.arm == "aided")),
        )
        for one in study.order
    ]


def test_a_study_read_as_planned_has_a_result_and_no_deviation() -> None:
    study = plan()

    result = analyse(study, readings(study))

    assert result.deviations == ()
    assert (result.diseased, result.healthy) == (20, 30)
    assert [decision.verdict for decision in result.decisions] == [Verdict.MET, Verdict.MET]
    assert result.area_per_protocol is None


def test_the_area_is_compared_over_other_readers_and_cases() -> None:
    study = plan()
    read = readings(study)
    rating = {(one.arm, one.reader, one.case): one.rating for one in read}
    table = np.array([[[rating[arm, reader, case] for case in TRUTH] for reader in READERS] for arm in ARMS])
    accuracies = areas(Readings(ARMS, READERS, table, np.array([*TRUTH.values()])), method="DeLong")

    result = analyse(study, read)

    assert isinstance(result.area, Endpoint)
    assert result.area.for_readers_and_cases == random_readers_and_cases(accuracies)
    assert result.area.values == tuple(map(tuple, accuracies.values))


def test_sensitivity_and_specificity_stand_beside_the_area() -> None:
    study = plan()

    result = analyse(study, readings(study))

    assert isinstance(result.sensitivity, Endpoint)
    assert isinstance(result.specificity, Endpoint)
    assert result.sensitivity.figure == "sensitivity at a rating of 3 or more"


def test_the_alpha_of_the_hypothesis_sets_the_level() -> None:
    study = plan(hypothesis=Hypothesis("ROC area", Aim.SUPERIORITY, alpha=0.05))

    result = analyse(study, readings(study))

    assert len(result.decisions) == 1
    estimate = result.decisions[0].estimate
    assert estimate is not None
    assert estimate.level == 0.9


def test_a_case_read_again_too_soon_counts_and_is_told_and_left_out_beside() -> None:
    study = plan()
    read = readings(study)
    second = next(place for place, one in enumerate(read) if one.session == 2)
    read[second] = replace(read[second], read_at=START + timedelta(weeks=1))

    result = analyse(study, read)

    assert {one.rule for one in result.deviations} == {Rule.WASHOUT}
    assert result.cases_left_out == (read[second].case,)
    assert isinstance(result.area, Endpoint)
    assert isinstance(result.area_per_protocol, Endpoint)
    assert result.area_per_protocol.values != result.area.values


def test_a_case_read_out_of_its_turn_is_told_and_not_left_out() -> None:
    study = plan()
    read = readings(study)
    read[3] = replace(read[3], read_at=read[3].read_at + timedelta(hours=5))

    result = analyse(study, read)

    assert [(one.rule, one.case) for one in result.deviations] == [(Rule.ORDER, read[3].case)]
    assert (result.cases_left_out, result.area_per_protocol) == ((), None)


def test_where_every_case_was_read_too_soon_the_area_per_protocol_is_not_estimated() -> None:
    study = plan()
    read = [
        replace(one, read_at=START + timedelta(minutes=place)) for place, one in enumerate(readings(study))
    ]

    result = analyse(study, read)

    assert len(result.cases_left_out) == 50
    assert isinstance(result.area_per_protocol, NotEstimated)
    assert "0 diseased and 0 healthy" in result.area_per_protocol.reason


def test_a_reading_that_is_missing_double_or_unplanned_stops_the_analysis() -> None:
    study = plan()
    read = readings(study)
    stranger = replace(read[0], case="case x")

    with pytest.raises(
        ValueError, match=r"missing \(1\).*more than once \(1\).*not part of the design \(1\)"
    ):
        analyse(study, [*read[1:], read[-1], stranger])


def test_a_study_of_one_class_says_that_its_area_is_not_estimable() -> None:
    study = plan(truth=dict.fromkeys(TRUTH, False))

    result = analyse(study, readings(study))

    assert isinstance(result.area, NotEstimated)
    assert isinstance(result.sensitivity, NotEstimated)
    assert isinstance(result.specificity, Endpoint)
    assert result.decisions[0].verdict is Verdict.NOT_ESTIMABLE
    assert "0 diseased and 50 healthy" in result.decisions[0].reason


def test_a_study_in_which_nothing_varies_says_so() -> None:
    study = plan()

    result = analyse(study, [replace(one, rating=3.0) for one in readings(study)])

    assert isinstance(result.area, Endpoint)
    assert isinstance(result.area.for_readers_and_cases, NotEstimated)
    assert "do not vary" in result.area.for_readers_and_cases.reason


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"truthers": ("Kim",)}, "two roles in a study: kim is reader and truther"),
        ({"annotators": ("choi",)}, "choi is truther and annotator"),
        ({"hypothesis": Hypothesis("ROC area", Aim.GOAL, limit=0.8)}, "difference between its arms"),
        ({"washout": timedelta(0)}, "wash-out"),
        ({"order": ()}, r"not fully crossed: missing \(300\)"),
    ],
)
def test_a_plan_that_cannot_stand_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        plan(**changes)
