"""The decision about a candidate: from the records of signed reports, kept as a record, signed in turn."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from audit import records, trail
from audit.events import Event
from audit.models import Record
from audit.signing_keys import Person
from audit.verdicts import content_of
from samd.domain.change_plan import ChangePlan
from samd.domain.plan_decision import PlanDecision, Report, Shown, decide
from samd.domain.schema import written
from validation import approval
from validation.changes.plans import is_signed, plan_of
from validation.models import Run

DECISIONS = "plan-decision/"


class NotDecided(Exception):
    """Nothing was decided; the message says why."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version by the digest of its manifest, the version before it, and the modification that it is."""

    digest: str
    last: str
    modification: str


def decided(
    record: Record, candidate: Candidate, runs: Sequence[int], *, author: Person, now: datetime
) -> Record:
    """Decide `candidate` by the signed plan of `record` and the reports of `runs`; the decision as a record.

    The same question again is the same record. Raises NotDecided, and PlanRefused where the plan is not the
    one that was registered.
    """
    if not is_signed(record):
        raise NotDecided("the plan is not signed by everybody whom it asks for")
    plan = plan_of(record)
    found = Run.objects.filter(pk__in=runs).exclude(record=None).select_related("record").order_by("pk")
    reports = [run.record for run in found if run.record is not None]
    if missing := sorted(set(runs) - {run.pk for run in found}):
        raise NotDecided(f"no finished validation has the number {', '.join(map(str, missing))}")
    shown = [report_of(report) for report in reports]
    decision = decide(
        plan, candidate.modification, candidate=candidate.digest, last=candidate.last, reports=shown
    )
    return _kept(plan, candidate, decision, reports, author=author, now=now)


def report_of(record: Record) -> Report:
    """A validation report as its record says it."""
    said = content_of(record.content)
    digests = said.get("digests", {})
    return Report(
        subject=record.subject,
        model=str(digests.get("model", "")),
        comparator=str(digests.get("comparator", "")),
        signed=is_signed(record),
        shown=tuple(_shown(one) for one in said.get("endpoints", ())),
        deviations=tuple(map(str, said.get("deviations", ()))),
    )


def _shown(said: Mapping[str, Any]) -> Shown:
    return Shown(
        name=str(said.get("name", "")),
        metric=str(said.get("metric", "")),
        of=str(said.get("of", "")),
        goal=str(said.get("goal", "")),
        limit=float(said.get("limit", "nan")),
        level=float(said.get("level", "nan")),
        n=int(said.get("n", 0)),
        verdict=str(said.get("verdict", "")),
        sentence=str(said.get("sentence", "")),
        where=dict(said.get("where", {})),
    )


def _kept(
    plan: ChangePlan,
    candidate: Candidate,
    decision: PlanDecision,
    reports: Sequence[Record],
    *,
    author: Person,
    now: datetime,
) -> Record:
    said: dict[str, Any] = {
        "kind": "decision under a change plan",
        "plan": f"{plan.name} {plan.version}",
        "jurisdiction": plan.jurisdiction,
        "digests": {"plan": plan.digest, "candidate": candidate.digest, "last": candidate.last},
        "modification": candidate.modification,
        "reports": [{"subject": one.subject, "digest": one.digest} for one in reports],
        **written(decision),
        "signatures": [{"meaning": m, "role": r} for m, r in approval.SIGNATURES],
    }
    subject = f"{DECISIONS}{hashlib.sha256(repr(sorted(said.items())).encode()).hexdigest()[:16]}"
    said["author"] = {"signer": author.signer, "username": author.username, "name": author.name}
    with transaction.atomic():
        earlier = Record.objects.select_for_update().filter(subject=subject).first()
        if earlier is not None:
            return earlier
        record = records.create(subject, said, now=now)
        trail.append(
            Event.CHANGE_DECIDED,
            subject,
            actor=author.username,
            model=candidate.digest,
            plan=plan.digest,
            modification=candidate.modification,
            standing=decision.standing,
            digest=record.digest,
        )
    return record
