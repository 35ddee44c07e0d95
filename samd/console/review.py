"""One study for a physician: every analysis with its pictures, findings, explanation and objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.utils.functional import Promise

from samd.console import wording
from samd.console.assessment_section import AssessedLine, AssessmentForm, assessed_line, assessment_form
from samd.console.importing import kept_bundle
from samd.console.wording import Word
from samd.console.worklist import StudyRow, rows
from samd.inference.bundle import BundleRefused
from samd.records.assessments import current_of
from samd.records.models import Analysis, Assessment, Delivery, Study

# The pictures of an analysis, from the lowest to the topmost: no other name is ever looked for.
LAYERS = ("image", "heat", "segments")


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding. `colour` is that of its segment, as #rrggbb, where it has one."""

    type: str
    site: str
    presence: Word
    measurements: tuple[tuple[str, str], ...]  # name, value with unit
    colour: str


@dataclass(frozen=True, slots=True)
class ExplanationFacts:
    """How the heat map was made, and whether it was found faithful enough to be shown."""

    method: str
    layer: str
    target: str
    baseline: str
    metric: str
    value: str
    limit: str
    withheld: bool


@dataclass(frozen=True, slots=True)
class ObjectLine:
    """One result object."""

    kind: str
    sop_instance_uid: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """The sending of the objects to one peer; `remark` is in the peer's own words."""

    peer: str
    delivered_at: datetime | None
    remark: str


@dataclass(frozen=True, slots=True)
class AnalysisSection:
    """Everything that is shown of one analysis. `layers` are the pictures that there are.

    `form` is there where a physician may assess the result, `assessed` where one has.
    """

    pk: int
    run: int
    model: str
    version: str
    digest: str
    stage: Word
    answer: Word | None
    queued_at: datetime
    changed_at: datetime
    reasons: tuple[tuple[Promise | str, str], ...]
    findings: tuple[FindingLine, ...]
    explanation: ExplanationFacts | None
    layers: tuple[str, ...]
    objects: tuple[ObjectLine, ...]
    deliveries: tuple[DeliveryLine, ...]
    supersedes: int | None
    superseded_by: int | None
    assessed: AssessedLine | None
    form: AssessmentForm | None


@dataclass(frozen=True, slots=True)
class StudyPage:
    """A study, its analyses that count now, and those that later ones have taken the place of."""

    row: StudyRow
    study_instance_uid: str
    current: tuple[AnalysisSection, ...]
    earlier: tuple[AnalysisSection, ...]

    @property
    def is_assessed(self) -> bool:
        """Whether a physician has judged every result that counts and says something."""
        results = [section for section in self.current if section.form]
        judged = [section for section in results if section.assessed and section.assessed.decided]
        return bool(results) and len(judged) == len(results)


def study_page(pk: int) -> StudyPage:
    """The page of one study. Raises Study.DoesNotExist."""
    study = Study.objects.get(pk=pk)
    (row,) = rows([study])
    analyses = (
        Analysis.objects.filter(run__study=study)
        .select_related("model", "run")
        .prefetch_related("results", Prefetch("deliveries", Delivery.objects.select_related("peer")))
        .order_by("model__name", "-pk")
    )
    successors = {a.supersedes_id: a.pk for a in analyses if a.supersedes_id is not None}
    assessed = current_of(analyses)
    sections = [_section(one, successors.get(one.pk), assessed.get(one.pk)) for one in analyses]
    return StudyPage(
        row=row,
        study_instance_uid=study.study_instance_uid,
        current=tuple(section for section in sections if section.superseded_by is None),
        earlier=tuple(section for section in sections if section.superseded_by is not None),
    )


def preview_path(analysis: Analysis, layer: str) -> Path | None:
    """The PNG file of one layer, None where there is none, or where it is withheld from people."""
    if layer not in LAYERS or (layer == "heat" and analysis.explanation.get("withheld")):
        return None
    path = Path(settings.SAMD_PREVIEWS) / str(analysis.pk) / f"{layer}.png"
    return path if path.is_file() else None


def _section(analysis: Analysis, superseded_by: int | None, assessment: Assessment | None) -> AnalysisSection:
    colours = _colours(analysis)
    layers = tuple(layer for layer in LAYERS if preview_path(analysis, layer))
    return AnalysisSection(
        pk=analysis.pk,
        run=analysis.run.number,
        model=analysis.model.title,
        version=analysis.model.version,
        digest=analysis.model.digest,
        stage=wording.STAGES[analysis.stage],
        answer=wording.answer(analysis.answer, analysis.findings),
        queued_at=analysis.queued_at,
        changed_at=analysis.changed_at,
        reasons=tuple((wording.requirement(r["requirement"]), r["message"]) for r in analysis.reasons),
        findings=tuple(_finding_line(finding, colours) for finding in analysis.findings),
        explanation=_explanation_facts(analysis.explanation),
        layers=layers if "image" in layers else (),
        objects=tuple(
            ObjectLine(kept.kind, kept.sop_instance_uid, kept.size, kept.sha256)
            for kept in analysis.results.all()
        ),
        deliveries=tuple(
            DeliveryLine(delivery.peer.name, delivery.delivered_at, delivery.remark)
            for delivery in analysis.deliveries.all()
        ),
        supersedes=analysis.supersedes_id,
        superseded_by=superseded_by,
        assessed=assessed_line(assessment),
        form=assessment_form(analysis, assessment) if superseded_by is None else None,
    )


def _finding_line(finding: Mapping[str, Any], colours: Mapping[int, str]) -> FindingLine:
    return FindingLine(
        type=finding["type"],
        site=finding["site"] or "",
        presence=wording.presence(present=finding["present"], undetermined=finding["undetermined"]),
        measurements=tuple(
            (m["name"], wording.quantity(m["value"], m["unit"])) for m in finding["measurements"]
        ),
        colour=colours.get(finding["segment"], ""),
    )


def _colours(analysis: Analysis) -> Mapping[int, str]:
    """By segment number the colour in the picture; none where the bundle cannot be trusted any more."""
    if not any(finding["segment"] for finding in analysis.findings):
        return {}
    try:
        return _segment_colours(analysis.model.digest)
    except BundleRefused:
        return {}


@lru_cache(maxsize=64)
def _segment_colours(digest: str) -> Mapping[int, str]:
    # What a digest names never changes, so one verification is enough for a legend.
    return {s.number: "#{:02x}{:02x}{:02x}".format(*s.colour) for s in kept_bundle(digest).card.segments}


def _explanation_facts(explanation: Mapping[str, Any]) -> ExplanationFacts | None:
    if not explanation:
        return None
    return ExplanationFacts(
        method=explanation["method"],
        layer=explanation["layer"],
        target=explanation["target"],
        baseline=explanation["baseline"],
        metric=explanation["metric"],
        value=wording.quantity(explanation["value"], "1"),
        limit=wording.quantity(explanation["limit"], "1"),
        withheld=explanation["withheld"],
    )
