"""The three tasks on real rows, files, models and associations, in one process."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pydicom import Dataset
from pydicom.uid import JPEGExtended12Bit
from pytest_django import Settings

from audit import sealing
from audit.checkpoint import to_ascii
from audit.keys import configured_sequencer
from audit.models import Seal
from audit.sequencer import Sequencer
from samd import tasks
from samd.console.importing import import_reference_bundles
from samd.dicom.archive import StandInArchive
from samd.dicom.phantom import ct_phantom, slice_of_pydicom
from samd.dicom.storage import part10, store
from samd.dicom.summary import findings_in, stored_objects
from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage
from samd.records import jobs, reception
from samd.records.models import Analysis, Delivery, Instance, Job, Peer, ResultObject, Run
from samd.records.store import instances_of
from tests.records.arriving import peer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def device(settings: Settings, tmp_path: Path, sequencer: Sequencer) -> None:
    """A device in a folder of its own, with the reference models in force."""
    settings.SAMD_STORE = tmp_path / "store"
    settings.SAMD_RESULTS = tmp_path / "results"
    settings.SAMD_PREVIEWS = tmp_path / "previews"
    settings.SAMD_MODELS = tmp_path / "models"
    settings.SAMD_TRUST = tmp_path / "trust"
    settings.SAMD_STORE.mkdir()
    settings.SAMD_RESULTS.mkdir()
    import_reference_bundles()
    peer("ct1", quiet_seconds=0)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[StandInArchive]:
    """A results peer."""
    with StandInArchive(tmp_path / "archive") as running:
        Peer.objects.create(
            name="archive", ae_title="ARCHIVE", host="127.0.0.1", port=running.port, gets_results=True
        )
        yield running


def encoded(dataset: Dataset, path: Path) -> bytes:
    """The bytes of the data set alone, as a sender transmits them."""
    dataset.save_as(path, enforce_file_format=True)
    content = path.read_bytes()
    return content[144 + int.from_bytes(content[140:144], "little") :]


def receive(settings: Settings, tmp_path: Path, *datasets: Dataset, syntax: str = "") -> None:
    """Store and record the objects, as the node does, over an association that has ended."""
    key = f"association{Instance.objects.count()}"
    reception.association_opened(key=key, peer="ct1")
    for dataset in datasets:
        syntax = syntax or str(dataset.file_meta.TransferSyntaxUID)
        content = part10(
            encoded(dataset, tmp_path / "sent.dcm"),
            sop_class_uid=dataset.SOPClassUID,
            sop_instance_uid=dataset.SOPInstanceUID,
            transfer_syntax_uid=syntax,
        )
        file = store(
            settings.SAMD_STORE,
            study_instance_uid=dataset.StudyInstanceUID,
            sop_instance_uid=dataset.SOPInstanceUID,
            content=content,
        )
        reception.instance_stored(
            association=key,
            study_instance_uid=dataset.StudyInstanceUID,
            series_instance_uid=dataset.SeriesInstanceUID,
            sop_instance_uid=dataset.SOPInstanceUID,
            sop_class_uid=dataset.SOPClassUID,
            transfer_syntax_uid=syntax,
            modality=dataset.Modality,
            patient=b"\\4711",
            sha256=file.sha256,
            path=str(file.path),
            size=file.size,
        )
    reception.association_closed(key=key, accepted=len(datasets))


def seal() -> None:
    """Number and seal everything that is in the trail."""
    sealing_process = configured_sequencer("test")
    while sealing_process.step(timezone.now()):
        pass


def work(kind: Job.Kind) -> None:
    """Do every job of this kind that is due, as the workers would, while the trail is being sealed."""
    seal()
    task = {
        Job.Kind.COMPLETE: tasks.complete,
        Job.Kind.ANALYSE: tasks.analyse_one,
        Job.Kind.DELIVER: tasks.deliver,
    }[kind]
    for job in jobs.due(timezone.now(), hint_again=timedelta(0)).filter(kind=kind):
        task(job.pk)


@pytest.mark.requirement("MOD-03", "OUT-01", "NET-01")
def test_a_phantom_comes_back_measured_exactly_and_once(
    settings: Settings, tmp_path: Path, archive: StandInArchive
) -> None:
    phantom = ct_phantom()
    receive(settings, tmp_path, *phantom.datasets)

    for kind in (Job.Kind.COMPLETE, Job.Kind.ANALYSE, Job.Kind.DELIVER):
        work(kind)

    analysis = Analysis.objects.get()
    assert (analysis.stage, analysis.answer) == (Stage.DELIVERED, Answer.FINDING)
    assert sorted(archive.receipts.values()) == [1, 1, 1, 1]
    objects = stored_objects(tmp_path / "archive")
    assert {o.study_instance_uid for o in objects} == {phantom.datasets[0].StudyInstanceUID}
    (report,) = [o.path for o in objects if o.kind == "SR"]
    volumes = {f.finding: f.measurements[0][1] for f in findings_in(report)}
    for finding, known in phantom.volumes_cm3.items():
        assert volumes[finding] == pytest.approx(known, rel=1e-6)


@pytest.mark.requirement("FLOW-04", "FLOW-06")
def test_an_attempt_that_died_before_its_commit_is_repeated_with_the_same_bytes(
    settings: Settings, tmp_path: Path
) -> None:
    receive(settings, tmp_path, slice_of_pydicom())
    work(Job.Kind.COMPLETE)
    analysis = Analysis.objects.select_related("model", "run__study", "supersedes").get()
    study = tasks._study(instances_of(analysis.run))
    seal()
    analysis.anchor = to_ascii(Seal.objects.latest("size").note)  # as the attempt that died had stored it
    analysis.save()
    died = tasks._keep(analysis, tasks._report(analysis, study, last_words=False))

    work(Job.Kind.ANALYSE)

    kept = {(r.sop_instance_uid, r.sha256) for r in ResultObject.objects.all()}
    assert kept == {(o.sop_instance_uid, o.sha256) for o in died}


@pytest.mark.requirement("GATE-02", "PIX-01")
def test_what_cannot_be_decoded_is_answered_as_not_analysable(settings: Settings, tmp_path: Path) -> None:
    # Said to be JPEG, and is not: only trying to decode can tell.
    receive(settings, tmp_path, slice_of_pydicom(), syntax=JPEGExtended12Bit)

    work(Job.Kind.COMPLETE)
    work(Job.Kind.ANALYSE)

    analysis = Analysis.objects.get()
    assert (analysis.stage, analysis.answer) == (Stage.REPORTED, Answer.NOT_ANALYSABLE)
    assert analysis.reasons
    assert set(analysis.results.values_list("kind", flat=True)) == {"SR", "SC"}


@pytest.mark.requirement("GATE-02", "FLOW-03")
def test_an_analysis_that_never_ends_is_answered_as_failed_in_its_last_attempt(
    settings: Settings, tmp_path: Path
) -> None:
    receive(settings, tmp_path, slice_of_pydicom())
    work(Job.Kind.COMPLETE)
    last = jobs.ATTEMPTS[Job.Kind.ANALYSE] - 1
    Job.objects.filter(kind=Job.Kind.ANALYSE).update(attempts=last)

    work(Job.Kind.ANALYSE)

    analysis = Analysis.objects.get()
    assert (analysis.stage, analysis.answer) == (Stage.REPORTED, Answer.FAILED)
    (report,) = analysis.results.filter(kind="SR")
    said = " ".join(e for f in findings_in(settings.SAMD_RESULTS / report.path) for e in f.evaluations)
    assert "Failed" in said
    assert "Absent" not in said


@pytest.mark.requirement("NET-01")
def test_a_transient_refusal_is_tried_again_later_and_a_permanent_one_is_a_dead_letter(
    settings: Settings, tmp_path: Path, archive: StandInArchive
) -> None:
    receive(settings, tmp_path, slice_of_pydicom())
    work(Job.Kind.COMPLETE)
    work(Job.Kind.ANALYSE)

    archive.answer = (0xA700, "disk full")
    work(Job.Kind.DELIVER)
    waiting = Job.objects.get(kind=Job.Kind.DELIVER)
    assert (waiting.state, Analysis.objects.get().stage) == (Job.State.READY, Stage.REPORTED)
    assert waiting.not_before > timezone.now()
    assert "disk full" in waiting.error

    archive.answer = (0x0122, "we take no such thing")
    Job.objects.filter(pk=waiting.pk).update(not_before=timezone.now())
    work(Job.Kind.DELIVER)
    dead = Job.objects.get(kind=Job.Kind.DELIVER)
    assert (dead.state, Analysis.objects.get().stage) == (Job.State.DEAD, Stage.UNDELIVERED)
    assert "we take no such thing" in Delivery.objects.get().remark


@pytest.mark.requirement("FLOW-01")
def test_a_study_that_is_still_sent_waits(settings: Settings, tmp_path: Path) -> None:
    Peer.objects.filter(name="ct1").update(quiet_seconds=3600)
    receive(settings, tmp_path, slice_of_pydicom())
    Job.objects.update(not_before=timezone.now())

    work(Job.Kind.COMPLETE)

    job = Job.objects.get()
    assert (job.state, job.attempts) == (Job.State.READY, 0)
    assert job.not_before > timezone.now() + timedelta(minutes=50)
    assert Run.objects.get().completed_at is None


@pytest.mark.requirement("FLOW-02")
def test_our_own_results_sent_back_open_no_run(settings: Settings, tmp_path: Path) -> None:
    receive(settings, tmp_path, slice_of_pydicom())
    work(Job.Kind.COMPLETE)
    work(Job.Kind.ANALYSE)
    report = ResultObject.objects.filter(kind="SR").get()
    study = Run.objects.get().study

    reception.association_opened(key="back", peer="ct1")
    reception.instance_stored(
        association="back",
        study_instance_uid=study.study_instance_uid,
        series_instance_uid=report.series_instance_uid,
        sop_instance_uid=report.sop_instance_uid,
        sop_class_uid=report.sop_class_uid,
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        modality="SR",
        patient=b"\\4711",
        sha256=report.sha256,
        path=report.path,
        size=report.size,
    )

    assert Run.objects.count() == 1
    assert Instance.objects.get(sop_instance_uid=report.sop_instance_uid).run is None


@pytest.mark.requirement("AUD-04")
def test_the_checkpoint_of_a_report_covers_its_study_though_the_trail_is_sealed_just_then(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = sealing.newest

    def newest_and_sealed_at_once() -> Seal | None:
        found = newest()
        seal()
        return found

    receive(settings, tmp_path, slice_of_pydicom())
    work(Job.Kind.COMPLETE)
    job = Job.objects.get(kind=Job.Kind.ANALYSE)
    monkeypatch.setattr(sealing, "newest", newest_and_sealed_at_once)

    tasks.analyse_one(job.pk)
    seal()
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
    tasks.analyse_one(job.pk)

    analysis = Analysis.objects.get()
    assert analysis.stage == Stage.REPORTED
    assert analysis.queued_by is not None
    assert analysis.queued_by.entry.seq < int(analysis.anchor.split("\n")[1])


@pytest.mark.requirement("AUD-04")
def test_an_analysis_waits_for_a_checkpoint_that_covers_the_arrival_of_its_study(
    settings: Settings, tmp_path: Path
) -> None:
    receive(settings, tmp_path, slice_of_pydicom())
    seal()
    work(Job.Kind.COMPLETE)
    job = Job.objects.get(kind=Job.Kind.ANALYSE)

    tasks.analyse_one(job.pk)

    analysis = Analysis.objects.get()
    assert (analysis.stage, Job.objects.get(pk=job.pk).attempts) == (Stage.QUEUED, 0)
    seal()
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
    tasks.analyse_one(job.pk)
    analysis.refresh_from_db()
    assert analysis.stage == Stage.REPORTED
    assert analysis.queued_by is not None
    size = int(analysis.anchor.split("\n")[1])
    assert analysis.queued_by.entry.seq < size
