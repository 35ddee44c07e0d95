"""What the node writes down: associations, instances and refusals, each with its audit event."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.events import Event
from samd.domain.study import Reception
from samd.records import jobs
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


def find_peer(calling_ae: str, address: str) -> str | None:
    """The name of the peer that calls itself `calling_ae` at `address`, or None."""
    return Peer.objects.filter(ae_title=calling_ae, host=address).values_list("name", flat=True).first()


def close_left_open(*, before: datetime) -> None:
    """At the start of the node: associations of a node that died are not open any more."""
    with transaction.atomic():
        for association in Association.objects.filter(closed_at=None, opened_at__lt=before):
            association.closed_at = timezone.now()
            association.save()
            trail.append(Event.ASSOCIATION_CLOSED, f"association/{association.pk}", by="node start")


def association_opened(*, key: str, peer: str) -> None:
    """Remember that `peer` may be sending."""
    with transaction.atomic():
        association = Association.objects.create(
            key=key, peer=Peer.objects.get(name=peer), opened_at=timezone.now()
        )
        trail.append(Event.ASSOCIATION_OPENED, f"association/{association.pk}", peer=peer)


def association_closed(*, key: str) -> None:
    """Remember that the sending over this association has ended."""
    with transaction.atomic():
        association = Association.objects.get(key=key)
        association.closed_at = timezone.now()
        association.save()
        trail.append(
            Event.ASSOCIATION_CLOSED,
            f"association/{association.pk}",
            instances=association.instance_set.count(),
        )


def refused(*, calling_ae: str, called_ae: str, address: str, reason: str, association: bool) -> None:
    """Remember an association or an instance that was not accepted."""
    with transaction.atomic():
        refusal = Refusal.objects.create(
            at=timezone.now(), calling_ae=calling_ae, called_ae=called_ae, address=address, reason=reason
        )
        event = Event.ASSOCIATION_REFUSED if association else Event.INSTANCE_REFUSED
        trail.append(event, f"refusal/{refusal.pk}", address=address, reason=reason)


def instance_stored(
    *,
    association: str,
    study_instance_uid: str,
    series_instance_uid: str,
    sop_instance_uid: str,
    sop_class_uid: str,
    transfer_syntax_uid: str,
    modality: str,
    sha256: str,
    path: str,
    size: int,
) -> None:
    """Remember a durable file. The same bytes again change nothing; other bytes become a Conflict."""
    now = timezone.now()
    with transaction.atomic():
        sender = Association.objects.select_related("peer").get(key=association)
        known = Instance.objects.filter(sop_instance_uid=sop_instance_uid).first()
        if known is not None:
            _received_again(known, sender, sha256=sha256, path=path, now=now)
            return
        study, _ = Study.objects.get_or_create(
            study_instance_uid=study_instance_uid, defaults={"received_at": now, "last_arrival": now}
        )
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
        study.save()
        trail.append(Event.INSTANCE_STORED, f"study/{study.pk}", instance=instance.pk, sha256=sha256)


def _received_again(known: Instance, sender: Association, *, sha256: str, path: str, now: datetime) -> None:
    if known.sha256 == sha256:
        trail.append(Event.INSTANCE_REPEATED, f"instance/{known.pk}", association=sender.pk)
        return
    Conflict.objects.get_or_create(
        instance=known,
        sha256=sha256,
        defaults={"association": sender, "path": path, "received_at": now},
    )
    trail.append(Event.INSTANCE_CONFLICTED, f"instance/{known.pk}", kept=known.sha256, other=sha256)


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
        trail.append(Event.RUN_OPENED, f"run/{run.pk}", study=f"study/{study.pk}", number=run.number)
    return run


def reception_of(run: Run) -> Reception:
    """How the receiving of this run's study stands."""
    senders = Association.objects.filter(closed_at=None, instance__series__study=run.study).distinct()
    return Reception(last_arrival=run.study.last_arrival, associations_open=senders.count())
