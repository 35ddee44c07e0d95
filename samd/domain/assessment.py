"""What a physician says of an AI result: agreed, changed, or cannot be judged. Coded, never free text.

Free text may name a patient, and an assessment stands in tables and in the audit trail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from samd.domain.finding import Answer


class Decision(StrEnum):
    """The physician's decision on the whole result."""

    AGREED = "agreed"
    CHANGED = "changed"
    NOT_ASSESSABLE = "cannot be judged"


class Statement(StrEnum):
    """What is said of one finding, by the model or by a physician."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDETERMINED = "undetermined"
    MEASURED = "measured"  # a quantity, of which presence is not the question
    MISMEASURED = "measured wrongly"


class Why(StrEnum):
    """Why a result is changed."""

    FALSE_POSITIVE = "false positive"
    FALSE_NEGATIVE = "false negative"
    WRONG_MEASUREMENT = "wrong measurement"
    WRONG_LOCATION = "wrong location"
    UNSUITABLE_IMAGE = "image not suitable"
    SUITABLE_IMAGE = "image was suitable"  # the model had said that it is not
    OTHER = "other"


class Fault(StrEnum):
    """What is wrong with an assessment, in plain words."""

    NOTHING_CHANGED = "say what you change: another value for a finding, or a reason"
    NO_CHANGE = "a finding or a reason was given, but the decision is not to change the result"
    UNKNOWN_FINDING = "a finding is changed that the model did not report, or that is changed twice"
    NOT_ANOTHER = "a finding is changed to what the model said already, or to what cannot be said of it"
    WHICH_POSITIVE = "a false positive names the finding: say that it is absent or undetermined"
    REASON_DOES_NOT_FIT = "this reason does not fit the answer of the model"


# What a physician may say instead of the model.
INSTEAD: Final[Mapping[Statement, tuple[Statement, ...]]] = {
    Statement.PRESENT: (Statement.ABSENT, Statement.UNDETERMINED),
    Statement.ABSENT: (Statement.PRESENT, Statement.UNDETERMINED),
    Statement.UNDETERMINED: (Statement.PRESENT, Statement.ABSENT),
    Statement.MEASURED: (Statement.MISMEASURED,),
}

# What a correction says by itself, so that nobody need say it twice.
_IMPLIED: Final[Mapping[tuple[Statement, Statement], Why]] = {
    (Statement.PRESENT, Statement.ABSENT): Why.FALSE_POSITIVE,
    (Statement.ABSENT, Statement.PRESENT): Why.FALSE_NEGATIVE,
    (Statement.MEASURED, Statement.MISMEASURED): Why.WRONG_MEASUREMENT,
}


@dataclass(frozen=True, slots=True)
class Called:
    """What the model said of one finding: at `place` in its result, from 0; `name` tells it from others."""

    place: int
    name: str
    statement: Statement


@dataclass(frozen=True, slots=True)
class Correction:
    """What the physician says instead of the model of the finding at `place`."""

    place: int
    name: str
    model: Statement
    physician: Statement


@dataclass(frozen=True, slots=True)
class Assessment:
    """A decision; where the result is changed, its corrections and the reasons, in the order of `Why`."""

    decision: Decision
    findings: tuple[Correction, ...] = ()
    reasons: tuple[Why, ...] = ()

    @property
    def is_override(self) -> bool:
        """Whether the physician says otherwise than the model."""
        return self.decision == Decision.CHANGED


def stated(*, present: bool | None, undetermined: bool) -> Statement:
    """The statement of a finding with these marks (samd.domain.finding.Finding)."""
    if undetermined:
        return Statement.UNDETERMINED
    if present is None:
        return Statement.MEASURED
    return Statement.PRESENT if present else Statement.ABSENT


def reasons_for(answer: str) -> tuple[Why, ...]:
    """The reasons that fit the answer of the model."""
    if answer == Answer.NOT_ANALYSABLE:
        return (Why.SUITABLE_IMAGE, Why.OTHER)
    return tuple(why for why in Why if why != Why.SUITABLE_IMAGE)


def changed(findings: Sequence[Correction], reasons: Sequence[Why]) -> Assessment:
    """A change with `reasons` and those that the corrections imply; judge it by `fault`."""
    implied = {_IMPLIED.get((one.model, one.physician)) for one in findings}
    return Assessment(
        Decision.CHANGED,
        tuple(sorted(findings, key=lambda one: one.place)),
        tuple(why for why in Why if why in reasons or why in implied),
    )


def fault(assessment: Assessment, *, answer: str, calls: Sequence[Called]) -> Fault | None:
    """What is wrong with `assessment` of a result with this answer and these calls; None where nothing is."""
    if not assessment.is_override:
        return Fault.NO_CHANGE if assessment.findings or assessment.reasons else None
    if not assessment.findings and not assessment.reasons:
        return Fault.NOTHING_CHANGED
    if not set(assessment.reasons) <= set(reasons_for(answer)):
        return Fault.REASON_DOES_NOT_FIT
    return _fault_of(assessment.findings, assessment.reasons, calls)


def _fault_of(
    findings: Sequence[Correction], reasons: Sequence[Why], calls: Sequence[Called]
) -> Fault | None:
    known = {(call.place, call.name): call.statement for call in calls}
    if len({one.place for one in findings}) < len(findings):
        return Fault.UNKNOWN_FINDING
    for one in findings:
        if known.get((one.place, one.name)) != one.model:
            return Fault.UNKNOWN_FINDING
        if one.physician not in INSTEAD.get(one.model, ()):
            return Fault.NOT_ANOTHER
    positives = {Statement.PRESENT, Statement.UNDETERMINED}
    taken_back = any(one.model in positives and one.physician != Statement.PRESENT for one in findings)
    if Why.FALSE_POSITIVE in reasons and not taken_back:
        return Fault.WHICH_POSITIVE
    return None
