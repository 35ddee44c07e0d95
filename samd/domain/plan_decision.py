"""Whether a candidate version is inside a change plan: decided criterion by criterion, each with its reason.

FDA PCCP guidance V.D and Figure 1: inside the plan and made by its protocol, it is implemented; outside of
it, or made by another protocol, it is not, and whether a submission is needed is a question for people.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from samd.domain.change_plan import ChangePlan, Comparator, Criterion, Hypothesis, Modification

MET = "met"


class Standing(StrEnum):
    """What came of it. Only INSIDE may be activated under the plan."""

    INSIDE = "inside"
    OUTSIDE = "outside"  # not planned, or a criterion is not met
    DEVIATED = "deviated"  # the protocol of the plan was not followed


@dataclass(frozen=True, slots=True)
class Shown:
    """One endpoint of a signed validation report. `goal`, `limit` and `level` are those of its protocol."""

    name: str
    metric: str
    of: str
    goal: str
    limit: float
    level: float
    n: int
    verdict: str
    sentence: str = ""
    where: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A validation report: its record, the digests of the models, what it shows, and what was not as planned.

    `signed` says whether everybody whom it asks for has signed it.
    """

    subject: str
    model: str
    comparator: str
    signed: bool
    shown: tuple[Shown, ...]
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A criterion, how it stands, and why in a sentence."""

    criterion: str
    standing: Standing
    reason: str


@dataclass(frozen=True, slots=True)
class PlanDecision:
    """The decision with its reasons: those of the whole, then a line for each criterion."""

    standing: Standing
    reasons: tuple[str, ...]
    lines: tuple[Line, ...]


def decide(
    plan: ChangePlan, code: str, *, candidate: str, last: str, reports: Sequence[Report]
) -> PlanDecision:
    """Whether the version `candidate` is the modification `code` of the plan; `last` is the one before it.

    The versions are digests of manifests. `reports` are what was validated; those of other versions, and
    unsigned ones, show nothing.
    """
    modification = plan.modification(code)
    if modification is None:
        planned = ", ".join(one.code for one in plan.modifications)
        return PlanDecision(Standing.OUTSIDE, (f"the plan has no modification {code}, only: {planned}",), ())
    own = [report for report in reports if report.model == candidate]
    reasons = list(_deviations(own, reports, candidate))
    lines = tuple(_line(one, plan, last, own) for one in modification.criteria)
    standings = {line.standing for line in lines}
    if reasons or Standing.DEVIATED in standings:
        return PlanDecision(Standing.DEVIATED, tuple(reasons), lines)
    if Standing.OUTSIDE in standings:
        return PlanDecision(Standing.OUTSIDE, (plan.failure,), lines)
    return PlanDecision(Standing.INSIDE, (_inside(modification),), lines)


def _inside(modification: Modification) -> str:
    return f"{modification.code} is planned, its protocol was followed, and every criterion is met"


def _deviations(own: Sequence[Report], reports: Sequence[Report], candidate: str) -> Iterator[str]:
    """What was not done as a protocol has it, of all reports together."""
    if not own:
        yield f"no validation report of {candidate[:16]} is here"
    for report in reports:
        if report.model != candidate:
            yield f"{report.subject} is of another version, {report.model[:16]}"
        elif not report.signed:
            yield f"{report.subject} is not signed by everybody whom it asks for"
        yield from (f"{report.subject}: {deviation}" for deviation in report.deviations)


def _line(criterion: Criterion, plan: ChangePlan, last: str, own: Sequence[Report]) -> Line:
    wanted = {Comparator.ORIGINAL: plan.original, Comparator.LAST: last, Comparator.FIXED: None}
    against = wanted[criterion.comparator]
    compared = [report for report in own if report.signed and against in (None, report.comparator)]
    fitting = [
        (report, shown) for report in compared for shown in report.shown if _is_about(criterion, shown)
    ]
    if not fitting:
        with_whom = f", compared with the {criterion.comparator} version" if against else ""
        return Line(
            criterion.name,
            Standing.DEVIATED,
            f"no report judges {_named(criterion)}{with_whom} against what the plan asks for",
        )
    small = [shown.n for _, shown in fitting if shown.n < criterion.cases]
    if small:
        reason = f"it rests on {min(small)} cases; the plan asks for {criterion.cases}"
        return Line(criterion.name, Standing.DEVIATED, reason)
    # Of several, every one counts: nobody picks the report that suits.
    failed = [(report, shown) for report, shown in fitting if shown.verdict != MET]
    report, shown = (failed or fitting)[0]
    standing = Standing.OUTSIDE if failed else Standing.INSIDE
    return Line(criterion.name, standing, f"{report.subject}: {shown.sentence or shown.verdict}")


def _is_about(criterion: Criterion, shown: Shown) -> bool:
    """Whether the endpoint is the one of the criterion, and asks for no less."""
    same = (criterion.metric, criterion.of, dict(criterion.where)) == (
        shown.metric,
        shown.of,
        dict(shown.where or {}),
    )
    return same and shown.goal == criterion.hypothesis and _asks_no_less(criterion, shown)


def _asks_no_less(criterion: Criterion, shown: Shown) -> bool:
    if shown.level < criterion.level:
        return False
    if criterion.hypothesis == Hypothesis.SUPERIOR:
        return True
    if criterion.hypothesis == Hypothesis.AT_LEAST:
        return shown.limit >= criterion.limit
    return shown.limit <= criterion.limit


def _named(criterion: Criterion) -> str:
    kept = ", ".join(f"{name} {level}" for name, level in criterion.where.items())
    return f"{criterion.metric} of {criterion.of}" + (f" in {kept}" if kept else "")
