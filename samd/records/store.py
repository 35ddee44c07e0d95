"""Rows to domain values and back; every change of an analysis commits with its audit event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import reconcile, sealing, trail
from audit.events import Event
from audit.models import AuditEvent
from samd.domain.finding import Explanation, Finding, Outcome, Reason
from samd.domain.lifecycle import Stage, check_transition
from samd.domain.selection import Declined, Selection
from samd.records import jobs, story
from samd.records.models import Analysis, Delivery, Instance, Job, ModelVersion, Peer, ResultObject, Run


@dataclass(frozen=True, slots=True)
class KeptObject:
    """A result object as a durable file; `path` is relative to the results folder."""

    kind: str
    sop_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sha256: str
    path: str
    size: int


def instances_of(run: Run) -> list[Instance]:
    """What this run analyses: everything of the study that came in it or before it."""
    return list(Instance.objects.filter(run__study=run.study, run__number__lte=run.number).order_by("pk"))


def advance(analysis: Analysis, stage: Stage, event: Event, **facts: Any) -> AuditEvent:
    """Move the analysis, in the caller's transaction, and record the move; illegal moves raise."""
    before = analysis.stage
    check_transition(Stage(before), stage)
    analysis.stage = stage
    analysis.changed_at = timezone.now()
    analysis.save()
    changes = {"stage": (before, str(stage))}
    return trail.append(event, str(analysis), **story.of_analysis(analysis), changes=changes, **facts)


class MoreArrived(Exception):
    """Images came between looking at the run and completing it: look again."""


def complete_run(
    claim: jobs.Claim,
    run: Run,
    decisions: Sequence[tuple[ModelVersion, Selection | Declined]],
    *,
    seen: int,
) -> None:
    """Close the run and queue an analysis for each model that it concerns.

    A model whose input is what it was in the run before is not run again. `seen` is the number of
    instances that `decisions` were made on; raises MoreArrived if there are more by now.
    """
    now = timezone.now()
    with transaction.atomic():
        run = Run.objects.select_for_update().select_related("study").get(pk=run.pk)
        if len(instances_of(run)) != seen:
            raise MoreArrived
        run.completed_at = now
        run.not_applicable = [
            [model.title, reason.message]
            for model, decision in decisions
            if isinstance(decision, Declined) and not decision.concerns
            for reason in decision.reasons
        ]
        run.save()
        trail.append(Event.RUN_COMPLETED, str(run), **story.of_study(run.study), instances=seen)
        for model, decision in decisions:
            _queue(run, model, decision, now)
        jobs.finish(claim)


def _queue(run: Run, model: ModelVersion, decision: Selection | Declined, now: datetime) -> None:
    if isinstance(decision, Declined):
        reasons = "; ".join(reason.message for reason in decision.reasons)
        trail.append(
            Event.MODEL_DECLINED,
            str(run),
            **story.of_study(run.study),
            model=model.digest,
            reason=reasons,
        )
        if not decision.concerns:
            return
    earlier = (
        Analysis.objects.filter(run__study=run.study, model__name=model.name).order_by("run__number").last()
    )
    if earlier is not None and (earlier.model_id, earlier.input_digest) == (model.pk, decision.digest):
        return
    analysis = Analysis.objects.create(
        run=run,
        model=model,
        input_digest=decision.digest,
        supersedes=earlier,
        queued_at=now,
        changed_at=now,
    )
    jobs.enqueue(Job.Kind.ANALYSE, analysis.pk, not_before=now)
    analysis.queued_by = trail.append(
        Event.ANALYSIS_QUEUED, str(analysis), **story.of_analysis(analysis), input=decision.digest
    )
    analysis.save()


def predecessor_is_under_way(claim: jobs.Claim) -> bool:
    """Whether the analysis that this one supersedes has no report yet, but will have one."""
    before = Analysis.objects.get(pk=claim.subject).supersedes
    if before is None or before.stage not in (Stage.QUEUED, Stage.ANALYSING):
        return False
    return not Job.objects.filter(kind=Job.Kind.ANALYSE, subject=before.pk, state=Job.State.DEAD).exists()


def is_announced(claim: jobs.Claim) -> bool:
    """Whether a checkpoint of the trail covers the queueing: the report is to witness its study's arrival."""
    analysis = Analysis.objects.select_related("queued_by").get(pk=claim.subject)
    return analysis.queued_by is None or sealing.is_sealed(analysis.queued_by)


def start_analysis(claim: jobs.Claim, *, anchor: str) -> Analysis:
    """The analysis of this claim, now ANALYSING; an attempt before this one may have left it so.

    The report will carry `anchor`, or the one of the first attempt: every attempt makes the same bytes.
    Raises LeaseLost.
    """
    with transaction.atomic():
        jobs.hold(claim)
        analysis = Analysis.objects.select_related("model", "run__study", "supersedes").get(pk=claim.subject)
        if analysis.stage == Stage.ANALYSING:
            advance(analysis, Stage.QUEUED, Event.ANALYSIS_RETURNED, attempt=claim.attempt - 1)
        analysis.anchor = analysis.anchor or anchor
        advance(analysis, Stage.ANALYSING, Event.ANALYSIS_STARTED, attempt=claim.attempt)
    return analysis


def report_analysis(
    claim: jobs.Claim, analysis: Analysis, outcome: Outcome, objects: Sequence[KeptObject]
) -> None:
    """Store the answer and its objects, and queue their delivery to every peer that gets results."""
    now = timezone.now()
    with transaction.atomic():
        jobs.finish(claim)
        analysis.answer = outcome.answer
        analysis.reasons = [_plain_reason(reason) for reason in outcome.reasons]
        analysis.findings = [_plain_finding(finding) for finding in outcome.findings]
        analysis.explanation = _plain_explanation(outcome.explanation)
        analysis.embedding = list(outcome.embedding)
        ResultObject.objects.bulk_create(
            ResultObject(
                analysis=analysis,
                kind=kept.kind,
                sop_instance_uid=kept.sop_instance_uid,
                series_instance_uid=kept.series_instance_uid,
                sop_class_uid=kept.sop_class_uid,
                sha256=kept.sha256,
                path=kept.path,
                size=kept.size,
            )
            for kept in objects
        )
        analysis.released_by = advance(
            analysis,
            Stage.REPORTED,
            Event.ANALYSIS_REPORTED,
            answer=outcome.answer,
            objects=[f"{kept.sop_instance_uid} {kept.sha256}" for kept in objects],
        )
        analysis.save()
        for peer in Peer.objects.filter(gets_results=True):
            delivery = Delivery.objects.create(analysis=analysis, peer=peer)
            jobs.enqueue(Job.Kind.DELIVER, delivery.pk, not_before=now)


def _plain_reason(reason: Reason) -> dict[str, str]:
    return {"requirement": reason.requirement, "message": reason.message}


def _plain_finding(finding: Finding) -> dict[str, object]:
    return {
        "type": finding.type.meaning,
        "site": finding.site.meaning if finding.site else None,
        "present": finding.present,
        "undetermined": finding.undetermined,
        "segment": finding.segment,
        "measurements": [
            {"name": m.name.meaning, "value": m.value, "unit": m.unit.value} for m in finding.measurements
        ],
    }


def _plain_explanation(explanation: Explanation | None) -> dict[str, object]:
    if explanation is None:
        return {}
    return {
        "method": explanation.method,
        "layer": explanation.layer,
        "target": explanation.target,
        "baseline": explanation.baseline,
        "metric": explanation.faithfulness.metric,
        "value": explanation.faithfulness.value,
        "limit": explanation.faithfulness.limit,
        "withheld": explanation.withheld,
    }


def is_released(analysis: Analysis) -> bool:
    """Whether a checkpoint of the trail covers the report: before, no object leaves the device."""
    return analysis.released_by is not None and sealing.is_sealed(analysis.released_by)


def start_delivery(claim: jobs.Claim, delivery: Delivery, objects: Sequence[str]) -> None:
    """Record that these objects, by SOP Instance UID, are about to be sent (PS3.15 A.5.3.3).

    Raises LeaseLost.
    """
    with transaction.atomic():
        jobs.hold(claim)
        trail.append(
            Event.DELIVERY_STARTED,
            str(delivery),
            **story.of_analysis(delivery.analysis),
            peer=delivery.peer.name,
            attempt=claim.attempt,
            objects=list(objects),
        )


def delivered(claim: jobs.Claim, delivery: Delivery, *, accepted: Sequence[str], remark: str) -> None:
    """The peer has accepted these objects; when every peer has, the analysis is DELIVERED."""
    belongs = story.of_analysis(delivery.analysis)
    expected = [kept.sop_instance_uid for kept in delivery.analysis.results.all()]
    with transaction.atomic():
        jobs.finish(claim)
        delivery.delivered_at = timezone.now()
        delivery.remark = remark
        delivery.save()
        peer, objects = delivery.peer.name, list(accepted)
        trail.append(Event.REPORT_DELIVERED, str(delivery), **belongs, peer=peer, objects=objects)
        if disagreement := reconcile.sending(begun=expected, transferred=objects):
            trail.append(
                Event.DELIVERY_DISAGREED,
                str(delivery),
                **belongs,
                outcome=trail.Outcome.SERIOUS_FAILURE,
                reason=disagreement,
                peer=peer,
                objects=objects,
                expected=expected,
            )
        # The lock lets only the last of several deliveries see all the others done.
        analysis = Analysis.objects.select_for_update().get(pk=delivery.analysis_id)
        if not analysis.deliveries.filter(delivered_at=None).exists():
            advance(analysis, Stage.DELIVERED, Event.REPORT_DELIVERED, peer=peer)


def postponed(claim: jobs.Claim, delivery: Delivery, *, words: str, wait: timedelta) -> None:
    """The peer did not take the objects this time; after the last attempt, an operator must act."""
    if claim.last:
        refused(claim, delivery, words=words)
        return
    with transaction.atomic():
        jobs.retry(claim, error=words, not_before=timezone.now() + wait)
        delivery.remark = words
        delivery.save()
        trail.append(
            Event.DELIVERY_POSTPONED,
            str(delivery),
            **story.of_analysis(delivery.analysis),
            outcome=trail.Outcome.MINOR_FAILURE,
            reason=words,
            peer=delivery.peer.name,
            attempt=claim.attempt,
        )


def refused(claim: jobs.Claim, delivery: Delivery, *, words: str) -> None:
    """The peer will not take the objects: a dead letter with its words."""
    with transaction.atomic():
        jobs.bury(claim, error=words)
        delivery.remark = words
        delivery.save()
        analysis = Analysis.objects.select_for_update().get(pk=delivery.analysis_id)
        said: dict[str, Any] = {
            "outcome": trail.Outcome.SERIOUS_FAILURE,
            "reason": words,
            "peer": delivery.peer.name,
        }
        trail.append(Event.REPORT_REFUSED, str(delivery), **story.of_analysis(analysis), **said)
        if analysis.stage == Stage.REPORTED:
            advance(analysis, Stage.UNDELIVERED, Event.REPORT_REFUSED, **said)


class NotDead(Exception):
    """Only a dead letter can be tried again by hand."""


def reopen(job: int, *, actor: str) -> None:
    """Put a dead letter back into the queue with fresh attempts."""
    with transaction.atomic():
        letter = Job.objects.select_for_update().get(pk=job)
        if letter.state != Job.State.DEAD:
            raise NotDead(f"job/{job} is {letter.state}, not a dead letter")
        jobs.enqueue(Job.Kind(letter.kind), letter.subject, not_before=timezone.now())
        trail.append(
            Event.JOB_REOPENED,
            str(letter),
            **story.of_work(Job.Kind(letter.kind), letter.subject),
            actor=actor,
            changes={"state": (Job.State.DEAD.value, Job.State.READY.value)},
            kind=letter.kind,
        )
        if letter.kind == Job.Kind.DELIVER:
            analysis = Delivery.objects.select_related("analysis").get(pk=letter.subject).analysis
            if analysis.stage == Stage.UNDELIVERED:
                advance(analysis, Stage.REPORTED, Event.JOB_REOPENED)
