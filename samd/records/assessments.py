"""A physician's assessment of an AI result: kept beside the result, with its event, and never overwritten."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction

from audit import trail
from audit.events import Event
from audit.signing_keys import Person
from samd.domain import assessment as domain
from samd.domain.assessment import Called, Fault
from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage
from samd.records import story
from samd.records.models import Analysis, Assessment

# A result that says something of the study or of its images, and has left the worker.
ANSWERS = frozenset({Answer.FINDING, Answer.NOTHING_FOUND, Answer.NOT_ANALYSABLE})
STAGES = frozenset({Stage.REPORTED, Stage.DELIVERED, Stage.UNDELIVERED})


class Refusal(StrEnum):
    """Why a result cannot be assessed now, in plain words."""

    NO_RESULT = "the analysis has no result yet"
    FAILED = "the analysis failed: there is nothing to assess"
    SUPERSEDED = "a later analysis has taken the place of this one: assess that"
    MEANWHILE = "somebody has assessed this result meanwhile: look at it first"


class NotAssessed(Exception):
    """Nothing was kept; `why` says the reason."""

    def __init__(self, why: Refusal | Fault) -> None:
        super().__init__(str(why))
        self.why = why


def calls_of(analysis: Analysis) -> tuple[Called, ...]:
    """What the model said of each finding; findings of one name are told apart by a number."""
    names = [_name(finding) for finding in analysis.findings]
    times, seen = Counter(names), Counter[str]()
    calls = []
    for place, (name, finding) in enumerate(zip(names, analysis.findings, strict=True)):
        seen[name] += 1
        statement = domain.stated(present=finding["present"], undetermined=finding["undetermined"])
        calls.append(Called(place, f"{name} {seen[name]}" if times[name] > 1 else name, statement))
    return tuple(calls)


def current_of(analyses: Iterable[Analysis]) -> dict[int, Assessment]:
    """By analysis the assessment that counts, by one query; those that nobody has assessed are missing."""
    found = Assessment.objects.filter(analysis__in=[one.pk for one in analyses], superseded_by=None)
    return {one.analysis_id: one for one in found}


def is_assessable(analysis: Analysis) -> bool:
    """Whether there is a result that says something; that it was superseded is another matter."""
    return analysis.stage in STAGES and analysis.answer in ANSWERS


def assess(
    analysis: Analysis, said: domain.Assessment, *, by: Person, now: datetime, seen: int | None = None
) -> Assessment:
    """Keep what the physician `by` says of the result, in place of the assessment `seen` (None: of none).

    Row and event are one transaction. Raises NotAssessed where there is no result, where a later analysis
    superseded it or somebody else assessed it meanwhile, and where `said` does not hold together.
    """
    with transaction.atomic():
        # Whoever supersedes this analysis, or assesses it, waits here.
        rows = Analysis.objects.select_for_update(of=("self",)).select_related("model", "run__study")
        row = rows.get(pk=analysis.pk)
        before = row.assessments.filter(superseded_by=None).first()
        calls = calls_of(row)
        if why := _refusal(row, before, seen) or domain.fault(said, answer=row.answer, calls=calls):
            raise NotAssessed(why)
        event = trail.append(
            Event.RESULT_ASSESSED,
            str(row),
            **story.of_analysis(row),
            actor=by.username,
            changes={one.name: (str(one.model), str(one.physician)) for one in said.findings},
            decision=str(said.decision),
            override=said.is_override,
            reasons=[str(why) for why in said.reasons],
            replaces=str(before) if before else "",
        )
        return Assessment.objects.create(
            analysis=row,
            decision=said.decision,
            findings=_plain(said.findings),
            reasons=[str(why) for why in said.reasons],
            user=by.id,
            by=by.username,
            printed_name=by.name,
            at=now,
            supersedes=before,
            event=event,
        )


def read(row: Assessment) -> domain.Assessment:
    """What the row says, as a value."""
    return domain.Assessment(
        domain.Decision(row.decision),
        tuple(
            domain.Correction(
                one["finding"],
                one["name"],
                domain.Statement(one["model"]),
                domain.Statement(one["physician"]),
            )
            for one in row.findings
        ),
        tuple(domain.Why(why) for why in row.reasons),
    )


def _refusal(row: Analysis, before: Assessment | None, seen: int | None) -> Refusal | None:
    if row.stage not in STAGES or not row.answer:
        return Refusal.NO_RESULT
    if row.answer not in ANSWERS:
        return Refusal.FAILED
    if row.superseded_by.exists():
        return Refusal.SUPERSEDED
    if (before.pk if before else None) != seen:
        return Refusal.MEANWHILE
    return None


def _name(finding: Mapping[str, Any]) -> str:
    return f"{finding['type']} ({finding['site']})" if finding["site"] else str(finding["type"])


def _plain(findings: Sequence[domain.Correction]) -> list[dict[str, str | int]]:
    return [
        {
            "finding": one.place,
            "name": one.name,
            "model": str(one.model),
            "physician": str(one.physician),
        }
        for one in findings
    ]
