"""The worklist: which studies are shown, and each of them as a row ready to print."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from samd.console import wording
from samd.console.assessment_wording import DECISIONS
from samd.console.contents import NOTHING, Contents, contents_of
from samd.console.trail_state import sealing_state
from samd.console.wording import Word
from samd.dicom.read import PatientBanner
from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage
from samd.records.assessments import ANSWERS, STAGES, current_of
from samd.records.models import Analysis, Assessment, Conflict, Job, Refusal, Run, Study

# A search opens a file for each study, so it ends somewhere.
SEARCHED = 500
SHOWN_OF_A_SEARCH = 50
_SHOWN_IN_SHORT = 3

# What the list can be narrowed to: the name in the address, what it says, and what it demands of an
# analysis that no later one has taken the place of.
FILTERS: Mapping[str, tuple[Promise, Q]] = {
    "finding": (_("Finding"), Q(answer=Answer.FINDING)),
    "nothing-found": (_("Nothing found"), Q(answer=Answer.NOTHING_FOUND)),
    "not-analysable": (_("Not analysable"), Q(answer=Answer.NOT_ANALYSABLE)),
    "failed": (_("Analysis failed"), Q(answer=Answer.FAILED)),
    "under-way": (_("Under way"), Q(stage__in=[Stage.QUEUED, Stage.ANALYSING])),
    "undelivered": (_("Not delivered"), Q(stage=Stage.UNDELIVERED)),
    "to-be-assessed": (_("To be assessed"), Q(stage__in=STAGES, answer__in=ANSWERS, assessments=None)),
}


@dataclass(frozen=True, slots=True)
class AnalysisRow:
    """One model's analysis of a study, in short."""

    pk: int
    model: str
    version: str
    stage: Word
    answer: Word | None
    findings: tuple[tuple[str, Word, str], ...]  # type, presence, first measurement
    reasons: tuple[tuple[Promise | str, str], ...]  # requirement, message
    more: int  # findings or reasons that are not shown here
    assessed: Word | None  # the decision of a physician
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a study's row: an analysis, or that there is none, because images are `receiving`."""

    analysis: AnalysisRow | None = None
    superseded: bool = False
    receiving: bool = False


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One study: `analyses` count now; later ones have taken the place of the `superseded`."""

    pk: int
    banner: PatientBanner | None
    modalities: str
    images: int
    receiving: bool
    last_arrival: datetime
    analyses: tuple[AnalysisRow, ...]
    superseded: tuple[AnalysisRow, ...]
    not_applicable: tuple[tuple[str, str], ...]  # model, reason; of the last completed run

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is printed, at least one line: the state of reception, the analyses, the superseded ones."""
        receiving = (Line(receiving=True),) if self.receiving else ()
        counting = tuple(Line(analysis) for analysis in self.analyses)
        before = tuple(Line(analysis, superseded=True) for analysis in self.superseded)
        return receiving + counting + before or (Line(),)


@dataclass(frozen=True, slots=True)
class Alarms:
    """How many things wait for an operator."""

    dead_letters: int
    conflicts: int
    refusals: int
    unsealed: bool  # events of the trail wait too long for their checkpoint

    @property
    def ringing(self) -> bool:
        return bool(self.dead_letters or self.conflicts or self.refusals or self.unsealed)


def alarms(*, now: datetime) -> Alarms:
    """Dead letters, conflicts, refusals of the day before `now`, and whether the trail is being sealed."""
    return Alarms(
        dead_letters=Job.objects.filter(state=Job.State.DEAD).count(),
        conflicts=Conflict.objects.count(),
        refusals=Refusal.objects.filter(at__gte=now - timedelta(days=1)).count(),
        unsealed=sealing_state().is_stalled(now),
    )


def studies(*, show: str = "") -> QuerySet[Study]:
    """Studies, the last to receive an image first; `show` is a name in FILTERS, anything else is all."""
    newest_first = Study.objects.order_by("-last_arrival", "-pk")
    if show not in FILTERS:
        return newest_first
    of_the_study = Analysis.objects.filter(run__study=OuterRef("pk"), superseded_by=None)
    matching = Exists(of_the_study.filter(FILTERS[show][1]))
    if show == "under-way":
        receiving = Exists(Run.objects.filter(study=OuterRef("pk"), completed_at=None))
        return newest_first.filter(matching | receiving)
    return newest_first.filter(matching)


def rows(shown: Iterable[Study]) -> tuple[StudyRow, ...]:
    """The rows of `shown`, in its order, by a number of queries that does not grow with it."""
    shown = list(shown)
    by_model = Analysis.objects.select_related("model").order_by("model__name", "pk")
    prefetch_related_objects(shown, Prefetch("runs__analyses", queryset=by_model))
    contents = contents_of(shown)
    assessed = current_of(
        analysis for study in shown for run in study.runs.all() for analysis in run.analyses.all()
    )
    return tuple(_row(study, contents.get(study.pk, NOTHING), assessed) for study in shown)


def search(term: str) -> tuple[StudyRow, ...]:
    """Of the newest studies, those whose patient name, patient ID or description contains `term`."""
    wanted = term.casefold()
    newest = list(studies()[:SEARCHED])
    contents = contents_of(newest)
    found = []
    for study in newest:
        banner = contents.get(study.pk, NOTHING).banner
        if banner and wanted in f"{banner.name}\n{banner.patient_id}\n{banner.study_description}".casefold():
            found.append(study)
    return rows(found[:SHOWN_OF_A_SEARCH])


def _row(study: Study, contents: Contents, assessed: Mapping[int, Assessment]) -> StudyRow:
    runs = list(study.runs.all())
    analyses = [analysis for run in runs for analysis in run.analyses.all()]
    replaced = {analysis.supersedes_id for analysis in analyses}
    completed = [run for run in runs if run.completed_at is not None]
    declined = completed[-1].not_applicable if completed else []
    return StudyRow(
        pk=study.pk,
        banner=contents.banner,
        modalities=contents.modalities,
        images=contents.images,
        receiving=len(completed) < len(runs),
        last_arrival=study.last_arrival,
        analyses=tuple(_analysis_row(a, assessed.get(a.pk)) for a in analyses if a.pk not in replaced),
        superseded=tuple(
            _analysis_row(a, assessed.get(a.pk)) for a in reversed(analyses) if a.pk in replaced
        ),
        not_applicable=tuple((model, why) for model, why in declined),
    )


def _analysis_row(analysis: Analysis, assessment: Assessment | None) -> AnalysisRow:
    # What is present comes first, then what is uncertain, then what was measured.
    findings = sorted(map(_in_short, analysis.findings), key=lambda found: _ORDER.index(found[1]))
    if analysis.answer != Answer.NOTHING_FOUND:
        findings = [found for found in findings if found[1] is not wording.ABSENT]
    reasons = [(wording.requirement(r["requirement"]), r["message"]) for r in analysis.reasons]
    return AnalysisRow(
        pk=analysis.pk,
        model=analysis.model.title,
        version=analysis.model.version,
        stage=wording.STAGES[analysis.stage],
        answer=wording.answer(analysis.answer, analysis.findings),
        findings=tuple(findings[:_SHOWN_IN_SHORT]),
        reasons=tuple(reasons[:1]),
        more=len(findings[_SHOWN_IN_SHORT:]) + len(reasons[1:]),
        changed_at=analysis.changed_at,
        assessed=DECISIONS[assessment.decision] if assessment else None,
    )


_ORDER = (wording.PRESENT, wording.UNDETERMINED, wording.MEASURED, wording.ABSENT)


def _in_short(finding: Mapping[str, Any]) -> tuple[str, Word, str]:
    presence = wording.presence(present=finding["present"], undetermined=finding["undetermined"])
    first = next((wording.quantity(m["value"], m["unit"]) for m in finding["measurements"]), "")
    return finding["type"], presence, first
