"""Builders of what the console shows: stored files, and rows as the node and the workers leave them."""

from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from samd.domain.card import ExplanationMethod, ModelCard
from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage
from samd.inference.bundle import MODEL, TRAINING, WEIGHTS, sign, training_list, trusted_keys, verify
from samd.inference.model_file import Component, ModelFile, render
from samd.records.models import (
    Analysis,
    Association,
    Conflict,
    Delivery,
    Instance,
    Job,
    ModelVersion,
    Peer,
    Refusal,
    ResultObject,
    Run,
    Series,
    Study,
)
from tests.cards import classifying_card

NOON = datetime(2025, 3, 14, 12, 0, tzinfo=UTC)
_numbers = count(1)

PRESENT = {
    "type": "Pneumonia",
    "site": "Lung",
    "present": True,
    "undetermined": False,
    "segment": None,
    "measurements": [{"name": "Probability", "value": 0.9312, "unit": "1"}],
}
ABSENT = {
    **PRESENT,
    "present": False,
    "measurements": [{"name": "Probability", "value": 0.0213, "unit": "1"}],
}
UNDETERMINED = {
    **PRESENT,
    "present": None,
    "undetermined": True,
    "measurements": [{"name": "Probability", "value": 0.481, "unit": "1"}],
}
MEASURED = {
    **PRESENT,
    "type": "Adipose tissue",
    "site": None,
    "present": None,
    "segment": 1,
    "measurements": [
        {"name": "Volume", "value": 4123.456, "unit": "cm3"},
        {"name": "Adipose share", "value": 31.84, "unit": "%"},
    ],
}
TOO_FEW = {"requirement": "planes", "message": "there are 3 images; the model takes at least 10"}
NOT_FINITE = {"requirement": "model output", "message": "the output of the model is not finite"}
FAITHFUL = {
    "method": "integrated gradients",
    "layer": "input",
    "target": "pneumonia",
    "baseline": "blurred image",
    "metric": "deletion against random",
    "value": 0.4271,
    "limit": 0.1,
    "withheld": False,
}
WITHHELD = {**FAITHFUL, "value": 0.0312, "withheld": True}


def peer(name: str = "ct1", **changes: Any) -> Peer:
    defaults = {"ae_title": name.upper(), "host": "127.0.0.1", "port": 104}
    return Peer.objects.get_or_create(name=name, defaults={**defaults, **changes})[0]


def model(name: str = "cxr", **changes: Any) -> ModelVersion:
    defaults = {
        "digest": f"{next(_numbers):064x}",
        "version": "1.0.0",
        "title": name.upper(),
        "imported_at": NOON,
    }
    found = ModelVersion.objects.filter(name=name, in_force=True).first() if not changes else None
    return found or ModelVersion.objects.create(name=name, **{**defaults, **changes})


def stored_file(**header: Any) -> str:
    """A file in the store with these patient attributes; gives its path relative to the store."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID = "Doe^Jane", "P-1"
    dataset.PatientBirthDate, dataset.PatientSex = "19600229", "F"
    dataset.StudyDate, dataset.StudyDescription = "20250314", "CT CHEST"
    for keyword, value in header.items():
        setattr(dataset, keyword, value)
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, f"1.2.9.{next(_numbers)}"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path = f"{dataset.SOPInstanceUID}.dcm"
    dataset.save_as(Path(settings.SAMD_STORE) / path, enforce_file_format=True)
    return path


def study(
    *, images: int = 1, modality: str = "CT", at: datetime = NOON, done: bool = True, **header: Any
) -> Run:
    """A study with its first run, complete or still `receiving`; `header` names the patient."""
    row = Study.objects.create(study_instance_uid=f"1.2.8.{next(_numbers)}", received_at=at, last_arrival=at)
    run = next_run(row, at=at, done=done)
    arrived(run, images=images, modality=modality, **header)
    return run


def next_run(row: Study, *, at: datetime = NOON, done: bool = True, **changes: Any) -> Run:
    defaults = {"number": row.runs.count() + 1, "quiet_seconds": 60, "opened_at": at}
    return Run.objects.create(study=row, completed_at=at if done else None, **{**defaults, **changes})


def arrived(run: Run, *, images: int = 1, modality: str = "CT", **header: Any) -> list[Instance]:
    series = Series.objects.create(
        study=run.study, series_instance_uid=f"1.2.7.{next(_numbers)}", modality=modality
    )
    sender = Association.objects.create(
        key=str(next(_numbers)), peer=peer(), opened_at=run.opened_at, closed_at=run.opened_at
    )
    path = stored_file(**header)
    return [
        Instance.objects.create(
            series=series,
            run=run,
            association=sender,
            sop_instance_uid=f"1.2.6.{next(_numbers)}",
            sop_class_uid=CTImageStorage,
            transfer_syntax_uid=ExplicitVRLittleEndian,
            sha256="a" * 64,
            path=path,
            size=1000,
            received_at=run.opened_at,
        )
        for _ in range(images)
    ]


def analysis(
    run: Run,
    answer: str = "",
    *,
    by: ModelVersion | None = None,
    stage: Stage = Stage.DELIVERED,
    **changes: Any,
) -> Analysis:
    defaults = {"input_digest": "b" * 64, "queued_at": NOON, "changed_at": NOON}
    return Analysis.objects.create(
        run=run, model=by or model(), stage=stage, answer=answer, **{**defaults, **changes}
    )


def finding(run: Run, **changes: Any) -> Analysis:
    defaults = {"findings": [PRESENT], "explanation": FAITHFUL}
    return analysis(run, Answer.FINDING, **{**defaults, **changes})


def every_answer() -> dict[str, Analysis]:
    """Four studies, one with each of the four answers."""
    return {
        "finding": finding(study(PatientName="Finding^Anna", PatientID="F-1")),
        "nothing-found": analysis(
            study(PatientName="Clear^Bert", PatientID="N-1"), Answer.NOTHING_FOUND, findings=[ABSENT]
        ),
        "not-analysable": analysis(
            study(PatientName="Short^Cara", PatientID="S-1"), Answer.NOT_ANALYSABLE, reasons=[TOO_FEW]
        ),
        "failed": analysis(
            study(PatientName="Broken^Dora", PatientID="B-1"), Answer.FAILED, reasons=[NOT_FINITE]
        ),
    }


def previews(of: Analysis, *layers: str) -> None:
    """Small pictures of the analysis, where the worker leaves them."""
    folder = Path(settings.SAMD_PREVIEWS) / str(of.pk)
    folder.mkdir(parents=True)
    for layer in layers:
        picture = (
            Image.new("L", (8, 8), 90) if layer == "image" else Image.new("RGBA", (8, 8), (250, 90, 0, 99))
        )
        picture.save(folder / f"{layer}.png")


def result_object(of: Analysis, kind: str = "SR", **changes: Any) -> ResultObject:
    defaults = {
        "sop_instance_uid": f"2.25.{next(_numbers)}",
        "series_instance_uid": "2.25.1",
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.88.34",
        "sha256": "c0ffee" + "0" * 58,
        "path": f"{of.pk}/sr.dcm",
        "size": 12_345,
    }
    return ResultObject.objects.create(analysis=of, kind=kind, **{**defaults, **changes})


def delivery(of: Analysis, to: Peer, **changes: Any) -> Delivery:
    return Delivery.objects.create(analysis=of, peer=to, **changes)


def job(kind: Job.Kind, subject: int, state: Job.State = Job.State.DEAD, **changes: Any) -> Job:
    defaults = {"not_before": NOON, "changed_at": NOON, "attempts": 20}
    return Job.objects.create(kind=kind, subject=subject, state=state, **{**defaults, **changes})


def undelivered() -> Job:
    """A dead letter: the archive did not take a report, and said why."""
    of = finding(study(PatientName="Late^Emil"), stage=Stage.UNDELIVERED)
    words = "0xA700: out of resources: archive volume is read-only"
    return job(
        Job.Kind.DELIVER, delivery(of, peer("archive", gets_results=True), remark=words).pk, error=words
    )


def conflict() -> Conflict:
    (instance,) = arrived(study(PatientName="Twice^Finn"))
    return Conflict.objects.create(
        instance=instance, association=instance.association, sha256="d" * 64, path="x", received_at=NOON
    )


def refusal(*, at: datetime = NOON, reason: str = "the calling AE title is not known") -> Refusal:
    return Refusal.objects.create(
        at=at, calling_ae="STRANGER", called_ae="SAMD", address="10.0.0.9", reason=reason
    )


def imported_bundle(card: ModelCard | None = None) -> ModelVersion:
    """A signed bundle among the device's models, and its row."""
    explanation = ExplanationMethod("integrated gradients", "pneumonia", "input", "blurred image", 0.1)
    card = card or classifying_card(explanation=explanation)
    folder = Path(settings.SAMD_MODELS) / "incoming"
    folder.mkdir(parents=True)
    description = ModelFile(card, Component("radiograph-classifier", {}), Component("radiograph", {}))
    (folder / MODEL).write_bytes(render(description))
    (folder / WEIGHTS).write_bytes(b"never opened by the console")
    (folder / TRAINING).write_bytes(training_list([]))
    key = Ed25519PrivateKey.generate()
    sign(folder, key)
    trust = Path(settings.SAMD_TRUST)
    trust.mkdir(exist_ok=True)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (trust / f"approver-{next(_numbers)}.pub").write_bytes(public)
    bundle = verify(folder, trusted=trusted_keys(trust))
    folder.rename(folder.with_name(bundle.digest))
    return model(card.name, digest=bundle.digest, version=card.version, title=card.title)
