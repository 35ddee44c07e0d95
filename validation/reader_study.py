"""A reader study: what was planned, what was read, and what follows from it.

Several readers read the same cases with and without the device, in two sessions at least four weeks
apart. The result rests on all readings; what went otherwise than planned is listed beside it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from validation.case_order import Assignment
from validation.metrics.estimate import NotEstimable
from validation.metrics.hypotheses import Aim, Decision, Hypothesis, decide, superiority_after
from validation.metrics.mrmc import (
    Inference,
    NotEstimated,
    fixed_cases,
    fixed_readers,
    random_readers_and_cases,
)
from validation.metrics.mrmc_covariance import Accuracies, areas, sensitivities, specificities
from validation.metrics.mrmc_readings import Rating, Readings, crossed
from validation.metrics.pairs import Method
from validation.reader_deviations import (
    Deviation,
    Rule,
    order_deviations,
    shared_roles,
    washout_deviations,
)
from validation.reader_scores import Reading

WASHOUT = timedelta(weeks=4)


@dataclass(frozen=True, slots=True)
class ReaderStudy:
    """The plan. `arms` are the new one and the one it is compared with; higher figures are better.

    `truth` has the cases, True = diseased. `hypothesis` is of the ROC area, new minus other; its alpha
    sets the level of all intervals. Ratings at or above `threshold` call a case positive, for
    sensitivity and specificity. Raises ValueError for a plan that is not fully crossed, for a
    person in two roles, and for a hypothesis that is not of a difference.
    """

    arms: tuple[str, str]
    truth: Mapping[str, bool]
    readers: tuple[str, ...]
    truthers: tuple[str, ...]
    annotators: tuple[str, ...]
    order: tuple[Assignment, ...]
    hypothesis: Hypothesis
    threshold: float
    covariance: Method = "DeLong"
    washout: timedelta = WASHOUT

    def __post_init__(self) -> None:
        if shared := shared_roles(
            {"reader": self.readers, "truther": self.truthers, "annotator": self.annotators}
        ):
            raise ValueError("nobody may have two roles in a study: " + "; ".join(shared))
        if self.hypothesis.aim is Aim.GOAL:
            raise ValueError("the hypothesis of a reader study is of a difference between its arms")
        if self.washout <= timedelta(0):
            raise ValueError("a wash-out is longer than nothing")
        plan = [Rating(one.reader, one.arm, one.case, 0.0) for one in self.order]
        crossed(plan, truth=self.truth, modalities=self.arms, readers=self.readers)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A figure of merit: `values` [arm][reader], and what holds for others than were in the study."""

    figure: str
    values: tuple[tuple[float, ...], ...]
    for_readers_and_cases: Inference | NotEstimated
    for_cases: Inference | NotEstimated
    for_readers: Inference | NotEstimated


@dataclass(frozen=True, slots=True)
class StudyResult:
    """All that the study says. `decisions` are on the hypothesis, over other readers and cases.

    `area`, `sensitivity` and `specificity` are of all readings. `area_per_protocol` leaves out the
    `cases_left_out`, which some reader read again too soon; it is None where there are none.
    """

    arms: tuple[str, str]
    readers: tuple[str, ...]
    diseased: int
    healthy: int
    area: Endpoint | NotEstimated
    sensitivity: Endpoint | NotEstimated
    specificity: Endpoint | NotEstimated
    decisions: tuple[Decision, ...]
    deviations: tuple[Deviation, ...]
    cases_left_out: tuple[str, ...]
    area_per_protocol: Endpoint | NotEstimated | None


def analyse(study: ReaderStudy, readings: Sequence[Reading]) -> StudyResult:
    """Compare the arms of `study` (new minus other).

    Raises ValueError where a planned reading is missing, was given twice or was not planned.
    """
    deviations = (
        *washout_deviations(readings, washout=study.washout),
        *order_deviations(readings, study.order),
    )
    whole = _table(study, readings, study.truth)
    level = study.hypothesis.level
    area = _endpoint("ROC area", lambda: areas(whole, method=study.covariance), level)
    too_soon = {one.case for one in deviations if one.rule is Rule.WASHOUT}
    left_out = tuple(case for case in study.truth if case in too_soon)
    counts = Counter(study.truth.values())
    return StudyResult(
        study.arms,
        study.readers,
        counts[True],
        counts[False],
        area,
        _endpoint("sensitivity", lambda: sensitivities(whole, threshold=study.threshold), level),
        _endpoint("specificity", lambda: specificities(whole, threshold=study.threshold), level),
        _decisions(study.hypothesis, area),
        deviations,
        left_out,
        _per_protocol(study, readings, left_out) if left_out else None,
    )


def _table(study: ReaderStudy, readings: Sequence[Reading], truth: Mapping[str, bool]) -> Readings:
    ratings = [Rating(one.reader, one.arm, one.case, one.rating) for one in readings]
    return crossed(ratings, truth=truth, modalities=study.arms, readers=study.readers)


def _per_protocol(
    study: ReaderStudy, readings: Sequence[Reading], left_out: Sequence[str]
) -> Endpoint | NotEstimated:
    truth = {case: diseased for case, diseased in study.truth.items() if case not in left_out}
    kept = _table(study, [one for one in readings if one.case in truth], truth)
    return _endpoint(
        "ROC area per protocol", lambda: areas(kept, method=study.covariance), study.hypothesis.level
    )


def _endpoint(name: str, figures: Callable[[], Accuracies], level: float) -> Endpoint | NotEstimated:
    try:
        accuracies = figures()
    except NotEstimable as reason:
        return NotEstimated(name, str(reason))
    return Endpoint(
        accuracies.figure,
        tuple(tuple(float(value) for value in row) for row in accuracies.values),
        _inference(random_readers_and_cases, accuracies, level),
        _inference(fixed_readers, accuracies, level),
        _inference(fixed_cases, accuracies, level),
    )


def _inference(
    analysis: Callable[..., Inference], accuracies: Accuracies, level: float
) -> Inference | NotEstimated:
    try:
        return analysis(accuracies, level=level)
    except NotEstimable as reason:
        return NotEstimated(f"the difference in {accuracies.figure}", str(reason))


def _decisions(hypothesis: Hypothesis, area: Endpoint | NotEstimated) -> tuple[Decision, ...]:
    found = area.for_readers_and_cases if isinstance(area, Endpoint) else area
    difference = (
        NotEstimable(found.reason) if isinstance(found, NotEstimated) else found.differences[0].estimate
    )
    if hypothesis.aim is Aim.NON_INFERIORITY:
        return superiority_after(hypothesis, difference)
    return (decide(hypothesis, difference),)
