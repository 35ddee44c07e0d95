"""What the node writes down: associations, instances and refusals, each with its audit event."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from audit import reconcile, trail
from audit.events import Event
from audit.trail import Outcome
from samd.domain.study import Reception
from samd.records import jobs, story
from samd.records.models import (
    Association,
    Conflict,
    Instance,
    Job,
    Peer,
    Refusal,
    ResultObject,
    Run,
    Series,
    Study,
)
from samd.records.surrogates import surrogate_of


def find_peer(calling_ae: str, address: str) -> str | None:
    """The name of the peer that calls itself `calling_ae` at `address`, or None."""
    return Peer.objects.filter(ae_title=calling_ae, host=address).values_list("name", flat=True).first()


def last_association() -> int:
    """The id of the newest association, or 0: what a node that starts now opens has a larger one."""
    return Association.objects.aggregate(last=Max("pk"))["last"] or 0


def close_left_open(*, up_to: int) -> None:
    """At the start of the node: associations of a node that died are not open any more.

    Their ids go `up_to` that of the last one before the start. Times do not tell: a clock may be set back.
    """
    with transaction.atomic():
        for association in Association.objects.filter(closed_at=None, pk__lte=up_to):
            association.closed_at = timezone.now()
            association.save()
            trail.append(
                Event.ASSOCIATION_CLOSED,
                f"association/{association.pk}",
                recorded=association.recorded,
                reason="left open by a node that died",
            )


def association_opened(*, key: str, peer: str) -> None:
    """Remember that `peer` may be sending."""
    with transaction.atomic():
        association = Association.objects.create(
            key=key, peer=Peer.objects.get(name=peer), opened_at=timezone.now()
        )
        trail.append(Event.ASSOCIATION_OPENED, f"association/{association.pk}", peer=peer)


def association_closed(*, key: str, accepted: int) -> None:
    """Remember that the sending over this association has ended.

    `accepted` objects were answered with success; if not as many were written down, that is an alarm
    (PS3.15 A.5.3.7: what was begun and what was transferred are to be reconciled). The same again changes
    nothing: the first time may have been committed without an answer.
    """
    with transaction.atomic():
        association = Association.objects.select_related("peer").get(key=key)
        if association.closed_at is not None:
            return
        association.closed_at = timezone.now()
        association.save()
        peer, recorded = _name(association), association.recorded
        subject = f"association/{association.pk}"
        trail.append(Event.ASSOCIATION_CLOSED, subject, peer=peer, accepted=accepted, recorded=recorded)
        if disagreement := reconcile.receiving(accepted=accepted, recorded=recorded):
            trail.append(
                Event.ASSOCIATION_DISAGREED,
                subject,
                outcome=Outcome.SERIOUS_FAILURE,
                reason=disagreement,
                peer=peer,
                accepted=accepted,
                recorded=recorded,
            )


def _name(association: Association) -> str:
    return association.peer.name if association.peer else ""


def refused(
    *,
    calling_ae: str,
    called_ae: str,
    address: str,
    reason: str,
    association: bool,
    at: datetime | None = None,
) -> None:
    """Remember an association or an instance that was not accepted, `at` this time or now.

    The same again changes nothing: the first time may have been committed without an answer.
    """
    with transaction.atomic():
        refusal, is_new = Refusal.objects.get_or_create(
            at=at or timezone.now(),
            calling_ae=calling_ae,
            called_ae=called_ae,
            address=address,
            reason=reason,
        )
        if not is_new:
            return
        event = Event.ASSOCIATION_REFUSED if association else Event.INSTANCE_REFUSED
        trail.append(
            event,
            f"refusal/{refusal.pk}",
            outcome=Outcome.MINOR_FAILURE,
            reason=reason,
            calling_ae=calling_ae,
            called_ae=called_ae,
            from_address=address,
        )


def instance_stored(
    *,
    association: str,
    study_instance_uid: str,
    series_instance_uid: str,
    sop_instance_uid: str,
    sop_class_uid: str,
    transfer_syntax_uid: str,
    modality: str,
    patient: bytes,
    sha256: str,
    path: str,
    size: int,
) -> None:
    """Remember a durable file. The same bytes again change nothing; other bytes become a Conflict."""
    now = timezone.now()
    with transaction.atomic():
        sender = Association.objects.select_related("peer").get(key=association)
        Association.objects.filter(pk=sender.pk).update(recorded=F("recorded") + 1)
        known = (
            Instance.objects.select_related("series__study").filter(sop_instance_uid=sop_instance_uid).first()
        )
        if known is not None:
            _received_again(known, sender, sha256=sha256, path=path, now=now)
            return
        study = _study(study_instance_uid, patient, now)
        series, _ = Series.objects.get_or_create(
            study=study, series_instance_uid=series_instance_uid, defaults={"modality": modality}
        )
        ours = ResultObject.objects.filter(sop_instance_uid=sop_instance_uid).exists()
        instance = Instance.objects.create(
            series=series,
            run=None if ours else _open_run(study, sender, now),
            association=sender,
            sop_instance_uid=sop_instance_uid,
            sop_class_uid=sop_class_uid,
            transfer_syntax_uid=transfer_syntax_uid,
            sha256=sha256,
            path=path,
            size=size,
            received_at=now,
        )
        study.last_arrival = now
        study.save(update_fields=["last_arrival"])  # its patient may have been forgotten meanwhile
        trail.append(
            Event.INSTANCE_STORED,
            f"instance/{instance.pk}",
            **story.of_study(study),
            association=f"association/{sender.pk}",
            peer=_name(sender),
            sha256=sha256,
        )


def _study(study_instance_uid: str, patient: bytes, now: datetime) -> Study:
    known = Study.objects.filter(study_instance_uid=study_instance_uid).first()
    if known is not None:
        return known
    return Study.objects.create(
        study_instance_uid=study_instance_uid,
        patient=surrogate_of(patient),
        received_at=now,
        last_arrival=now,
    )


def _received_again(known: Instance, sender: Association, *, sha256: str, path: str, now: datetime) -> None:
    if known.sha256 == sha256:
        trail.append(
            Event.INSTANCE_REPEATED,
            f"instance/{known.pk}",
            **story.of_study(known.series.study),
            association=f"association/{sender.pk}",
            peer=_name(sender),
        )
        return
    Conflict.objects.get_or_create(
        instance=known,
        sha256=sha256,
        defaults={"association": sender, "path": path, "received_at": now},
    )
    trail.append(
        Event.INSTANCE_CONFLICTED,
        f"instance/{known.pk}",
        **story.of_study(known.series.study),
        outcome=Outcome.SERIOUS_FAILURE,
        association=f"association/{sender.pk}",
        peer=_name(sender),
        kept=known.sha256,
        other=sha256,
    )


def _open_run(study: Study, sender: Association, now: datetime) -> Run:
    """The run that is open for the study, or the next one, waiting until the sending has ended."""
    # The lock waits for whoever completes this run, and then finds it completed.
    run = study.runs.select_for_update().filter(completed_at=None).first()
    quiet_seconds = sender.peer.quiet_seconds if sender.peer else 60
    if run is not None and run.quiet_seconds < quiet_seconds:
        run.quiet_seconds = quiet_seconds  # the slowest of its senders decides
        run.save()
    if run is None:
        run = Run.objects.create(
            study=study, number=study.runs.count() + 1, quiet_seconds=quiet_seconds, opened_at=now
        )
        jobs.enqueue(Job.Kind.COMPLETE, run.pk, not_before=now + timedelta(seconds=quiet_seconds))
        trail.append(Event.RUN_OPENED, str(run), **story.of_study(study), number=run.number)
    return run


def reception_of(run: Run) -> Reception:
    """How the receiving of this run's study stands."""
    senders = Association.objects.filter(closed_at=None, instance__series__study=run.study).distinct()
    return Reception(last_arrival=run.study.last_arrival, associations_open=senders.count())
