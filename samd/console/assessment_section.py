"""What is shown of the assessment of an analysis, and what the form to make one offers."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from samd.console import assessment_wording as said
from samd.console.wording import Word
from samd.domain.assessment import INSTEAD, Called, Decision, Statement, reasons_for
from samd.records import assessments
from samd.records.models import Analysis, Assessment


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """What the model said of a finding, and what the physician says instead."""

    name: str
    model: Word
    physician: Promise


@dataclass(frozen=True, slots=True)
class AssessedLine:
    """Who assessed the result, when, and how; `again` where it took the place of an earlier assessment."""

    pk: int
    who: str
    at: datetime
    decision: Word
    decided: bool  # the physician could judge the result
    corrections: tuple[CorrectionLine, ...]
    reasons: tuple[Promise, ...]
    again: bool


@dataclass(frozen=True, slots=True)
class FindingChoice:
    """A finding of the form: `field` is its name there, `instead` what may be said in place of the model."""

    field: str
    name: str
    model: Word
    instead: tuple[tuple[str, Promise], ...]


@dataclass(frozen=True, slots=True)
class AssessmentForm:
    """What a physician may choose from; `seen` is the number of the assessment that is shown, or empty."""

    seen: str
    findings: tuple[FindingChoice, ...]
    reasons: tuple[tuple[str, Promise], ...]


def field(call: Called) -> str:
    """The name of the field of a finding."""
    return f"finding-{call.place}"


def assessed_line(row: Assessment | None) -> AssessedLine | None:
    """The assessment for reading; None where nobody has assessed."""
    if row is None:
        return None
    value = assessments.read(row)
    return AssessedLine(
        pk=row.pk,
        who=row.printed_name or row.by,
        at=row.at,
        decision=said.DECISIONS[value.decision],
        decided=value.decision != Decision.NOT_ASSESSABLE,
        corrections=tuple(
            CorrectionLine(one.name, said.STATEMENTS[one.model], said.PHYSICIANS[one.physician])
            for one in value.findings
        ),
        reasons=tuple(said.REASONS[why] for why in value.reasons),
        again=row.supersedes_id is not None,
    )


def assessment_form(analysis: Analysis, current: Assessment | None) -> AssessmentForm | None:
    """The form for the analysis; None where there is nothing to assess."""
    if not assessments.is_assessable(analysis):
        return None
    return AssessmentForm(
        seen=str(current.pk) if current else "",
        findings=tuple(_choice(call) for call in assessments.calls_of(analysis)),
        reasons=tuple((str(why), said.REASONS[why]) for why in reasons_for(analysis.answer)),
    )


def _choice(call: Called) -> FindingChoice:
    instead: tuple[Statement, ...] = INSTEAD[call.statement]
    return FindingChoice(
        field(call),
        call.name,
        said.STATEMENTS[call.statement],
        tuple((str(one), said.PHYSICIANS[one]) for one in instead),
    )
