"""The three tasks, one for each reason to wait or to retry: time, the GPU, the network.

A message carries a job id and nothing else. A task claims the job, loads, makes one call, and stores
the effect in the transaction that finishes the job; a hint that comes twice finds nothing to claim.
"""

from datetime import timedelta
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from audit import sealing
from audit.checkpoint import to_ascii
from samd.dicom.decode import DecodeLimits
from samd.dicom.deliver import Peer as Destination
from samd.dicom.deliver import PeerRefused, send
from samd.dicom.encode import Context, Predecessor
from samd.dicom.encode.files import ResultFile, files_of
from samd.dicom.read import DECODABLE, read_study
from samd.dicom.storage import store as keep
from samd.domain.codes import EQUIPMENT_FAILURE, UNSPECIFIED_REASON
from samd.domain.finding import Reason
from samd.domain.selection import Declined, Selection, select_models
from samd.domain.study import Study, is_complete
from samd.inference import catalogue
from samd.inference.bundle import Bundle, BundleRefused, trusted_keys, verify
from samd.pipeline import AnalysisFailed, Report, analyse, fail, refuse
from samd.records import jobs, registry, store
from samd.records.models import Analysis, Delivery, Instance, ModelVersion, Run
from samd.records.reception import reception_of

# After a transient refusal: 5 s, 10 s, 20 s … at most 15 minutes apart.
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)

# Between two looks whether the trail is sealed: nothing leaves the device before.
SEALING_WAIT = timedelta(seconds=0.5)


@shared_task(name="samd.complete")
def complete(job: int) -> None:
    """Choose the models for a run once nobody sends its study any more."""
    with jobs.claimed(job, lease=_lease(), longest=_longest()) as claim:
        if claim is None:
            return
        run = Run.objects.select_related("study").get(pk=claim.subject)
        rows = store.instances_of(run)  # before the question: what comes after it is more than was seen
        reception, quiet_period = reception_of(run), timedelta(seconds=run.quiet_seconds)
        if not is_complete(reception, now=timezone.now(), quiet_period=quiet_period):
            soon = timezone.now() + timedelta(seconds=1)
            jobs.wait(claim, until=max(soon, reception.last_arrival + quiet_period))
            return
        in_force = registry.models_in_force()
        if not all(registry.is_released(model) for model in in_force):
            jobs.wait(claim, until=timezone.now() + SEALING_WAIT)
            return
        study = _study(rows)
        decisions = [(model, _decision(model, study)) for model in in_force]
        try:
            store.complete_run(claim, run, decisions, seen=len(rows))
        except store.MoreArrived:
            jobs.wait(claim, until=timezone.now() + quiet_period)


def _decision(model: ModelVersion, study: Study) -> Selection | Declined:
    """Whether this model takes the study. One that cannot be verified is queued: its analysis fails,
    visibly, and keeps no other model from the study."""
    try:
        card = _verified(model).card
    except BundleRefused as refusal:
        reason = Reason("bundle", str(refusal), EQUIPMENT_FAILURE)
        return Declined(registry.card_of(model), (reason,), concerns=True)
    (decision,) = select_models(study, [card], decodable=DECODABLE)
    return decision


@shared_task(name="samd.analyse")
def analyse_one(job: int) -> None:
    """Run one model on one run of a study, and keep the objects that say its answer."""
    with jobs.claimed(job, lease=_lease(), longest=_longest()) as claim:
        if claim is None:
            return
        if store.predecessor_is_under_way(claim):
            jobs.wait(claim, until=timezone.now() + FIRST_WAIT)
            return
        # In this order: the newest checkpoint after the look covers what the look saw covered.
        seal = sealing.newest() if store.is_announced(claim) else None
        if seal is None:
            jobs.wait(claim, until=timezone.now() + SEALING_WAIT)
            return
        analysis = store.start_analysis(claim, anchor=to_ascii(seal.note))
        study = _study(store.instances_of(analysis.run))
        report = _report(analysis, study, last_words=claim.last)
        store.report_analysis(claim, analysis, report.outcome, _keep(analysis, report))


def _report(analysis: Analysis, study: Study, *, last_words: bool) -> Report:
    """The report of this analysis; in the last attempt, when none succeeded, that it failed."""
    context = _context(analysis)
    if last_words:
        message = "the analysis did not end in any of its attempts; see the operator's list of jobs"
        reason = Reason("analysis", message, UNSPECIFIED_REASON)
        return fail(study, registry.card_of(analysis.model), reason, context=context)
    bundle = _verified(analysis.model)
    (decision,) = select_models(study, [bundle.card], decodable=DECODABLE)
    try:
        if not isinstance(decision, Declined):
            model = catalogue.load(bundle)
            answer = analyse(study, decision, model, context=context, limits=_limits())
            if isinstance(answer, Report):
                return answer
            decision = answer
        return refuse(study, decision, context=context)
    except AnalysisFailed as failure:
        return fail(study, bundle.card, failure.reason, context=context)


@shared_task(name="samd.deliver")
def deliver(job: int) -> None:
    """Send the objects of one analysis to one peer."""
    with jobs.claimed(job, lease=_lease(), longest=_longest()) as claim:
        if claim is None:
            return
        related = ("analysis__run__study", "analysis__model", "analysis__released_by", "peer")
        delivery = Delivery.objects.select_related(*related).get(pk=claim.subject)
        if not store.is_released(delivery.analysis):
            jobs.wait(claim, until=timezone.now() + SEALING_WAIT)
            return
        peer = delivery.peer
        destination = Destination(peer.name, peer.ae_title, peer.host, peer.port)
        results = list(delivery.analysis.results.all())
        files = [Path(settings.SAMD_RESULTS) / kept.path for kept in results]
        store.start_delivery(claim, delivery, [kept.sop_instance_uid for kept in results])
        try:
            receipt = send(files, peer=destination, calling_ae=settings.SAMD_AE_TITLE)
        except PeerRefused as refusal:
            if refusal.permanent:
                store.refused(claim, delivery, words=str(refusal))
            else:
                wait = min(FIRST_WAIT * 2 ** (claim.attempt - 1), LONGEST_WAIT)
                store.postponed(claim, delivery, words=str(refusal), wait=wait)
            return
        accepted = [uid for uid, _status in receipt.statuses]
        store.delivered(claim, delivery, accepted=accepted, remark="; ".join(receipt.warnings))


def _lease() -> timedelta:
    return timedelta(seconds=settings.SAMD_LEASE_SECONDS)


def _longest() -> timedelta:
    return timedelta(seconds=settings.SAMD_LONGEST_ATTEMPT_SECONDS)


def _limits() -> DecodeLimits:
    memory = settings.SAMD_DECODE_MEMORY_MIB * 2**20
    return DecodeLimits(memory_bytes=memory, volume_bytes=memory, seconds=settings.SAMD_DECODE_SECONDS)


def _verified(model: ModelVersion) -> Bundle:
    folder = Path(settings.SAMD_MODELS) / model.digest
    return verify(folder, trusted=trusted_keys(Path(settings.SAMD_TRUST)))


def _study(rows: list[Instance]) -> Study:
    root = Path(settings.SAMD_STORE)
    return read_study([(root / row.path, row.sha256) for row in rows]).study


def _context(analysis: Analysis) -> Context:
    """Content dates come from the queueing of the analysis: a second attempt makes the same bytes."""
    earlier = analysis.supersedes.results.filter(kind="SR").first() if analysis.supersedes else None
    predecessor = (
        Predecessor(earlier.sop_instance_uid, earlier.series_instance_uid) if earlier is not None else None
    )
    return Context(
        run=analysis.run.number,
        created=timezone.localtime(analysis.queued_at),
        supersedes=predecessor,
        anchor=analysis.anchor,
    )


def _keep(analysis: Analysis, report: Report) -> list[store.KeptObject]:
    """Write the objects durably, and beside them the pictures for the console."""
    root = Path(settings.SAMD_RESULTS)
    pictures = Path(settings.SAMD_PREVIEWS) / str(analysis.pk)
    pictures.mkdir(parents=True, exist_ok=True)
    for name, picture in report.encoded.previews.items():
        (pictures / f"{name}.png").write_bytes(picture)
    return [_keep_object(root, file) for file in files_of(report.encoded)]


def _keep_object(root: Path, file: ResultFile) -> store.KeptObject:
    kept = keep(
        root,
        study_instance_uid=file.study_instance_uid,
        sop_instance_uid=file.sop_instance_uid,
        content=file.content,
    )
    return store.KeptObject(
        kind=file.kind,
        sop_instance_uid=file.sop_instance_uid,
        series_instance_uid=file.series_instance_uid,
        sop_class_uid=file.sop_class_uid,
        sha256=kept.sha256,
        path=str(kept.path),
        size=kept.size,
    )
