"""A demonstration that checks itself: two studies through the real port, and what came back.

No patient data: one study is the CT slice that ships with pydicom, the other a generated phantom whose
volumes are known in closed form.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from samd.dicom import deliver
from samd.dicom.phantom import ct_phantom, save, slice_of_pydicom
from samd.dicom.summary import MeasuredFinding, StoredObject, findings_in, stored_objects
from samd.domain.lifecycle import Stage
from samd.records.models import Analysis, Study

MODALITY = "MODALITY"  # the AE title that the demonstration sends with
TOLERANCE = 0.001  # of a known volume

EVERY_KIND = {"SR", "SEG", "PM", "SC"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A study that was sent, and the volumes in cm3 that are known of it, by finding."""

    title: str
    study_instance_uid: str
    files: tuple[Path, ...]
    known: dict[str, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measured volume beside the known one, in cm3."""

    finding: str
    measured: float
    known: float

    @property
    def holds(self) -> bool:
        return abs(self.measured - self.known) <= TOLERANCE * self.known


def make_studies(folder: Path) -> list[Sent]:
    """Write the two studies under `folder`."""
    phantom, single = ct_phantom(), slice_of_pydicom()
    studies = [
        ("CT phantom of known volumes", phantom.datasets, dict(phantom.volumes_cm3)),
        ("one CT slice", [single], {}),
    ]
    sent = []
    for title, datasets, known in studies:
        paths = [folder / f"{dataset.SOPInstanceUID}.dcm" for dataset in datasets]
        for dataset, path in zip(datasets, paths, strict=True):
            save(dataset, path)
        sent.append(Sent(title, datasets[0].StudyInstanceUID, tuple(paths), known))
    return sent


def node() -> deliver.Peer:
    """The device itself, as a peer to send to."""
    return deliver.Peer("device", settings.SAMD_AE_TITLE, settings.SAMD_DICOM_HOST, settings.SAMD_DICOM_PORT)


def wait_for_node(*, patience: float) -> None:
    """Return when the node answers a C-ECHO; raise PeerRefused if it has not after `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            deliver.echo(node(), calling_ae=MODALITY)
        except deliver.PeerRefused:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
        else:
            return


def wait_for_results(sent: list[Sent], *, patience: float, tell: Callable[[str], None]) -> bool:
    """Tell each change of stage until everything is delivered; False where patience ends before."""
    deadline = time.monotonic() + patience
    told: dict[str, str] = {}
    while time.monotonic() < deadline:
        stages = dict(_stages(sent))
        for study, stage in stages.items():
            if told.get(study) != stage:
                told[study] = stage
                tell(f"  {study}: {stage}")
        if all(stage == Stage.DELIVERED for stage in stages.values()):
            return True
        time.sleep(0.3)
    return False


def _stages(sent: list[Sent]) -> Iterator[tuple[str, str]]:
    for study in sent:
        row = Study.objects.filter(study_instance_uid=study.study_instance_uid).first()
        analyses = list(Analysis.objects.filter(run__study=row)) if row else []
        if not row:
            yield study.title, "sent"
        elif not analyses:
            yield study.title, "received, waiting until nobody sends any more"
        elif len({a.stage for a in analyses}) == 1:
            yield study.title, str(analyses[0].stage)
        else:
            yield study.title, ", ".join(sorted({a.stage for a in analyses}))


def came_back(archive: Path, study: Sent) -> list[StoredObject]:
    """The objects of this study that the archive holds."""
    return [o for o in stored_objects(archive) if o.study_instance_uid == study.study_instance_uid]


def report_of(objects: list[StoredObject]) -> list[MeasuredFinding]:
    """The findings of the structured reports among `objects`."""
    return [finding for o in objects if o.kind == "SR" for finding in findings_in(o.path)]


def compare(study: Sent, findings: list[MeasuredFinding]) -> list[Comparison]:
    """Every known volume beside the measured one; one that was not measured counts as 0."""
    measured = {
        finding.finding: value
        for finding in findings
        for name, value, _ in finding.measurements
        if name == "Volume"
    }
    return [Comparison(name, measured.get(name, 0.0), known) for name, known in study.known.items()]
