"""Whose story an event belongs to: the study, the patient by surrogate, the model by digest."""

from typing import TypedDict

from samd.records.models import Analysis, Job, Run, Study


class StudyStory(TypedDict, total=False):
    """The arguments of audit.trail.append that say it."""

    study: str
    patient: str


class Story(StudyStory, total=False):
    """The same, where a model is concerned too."""

    model: str


def of_study(study: Study) -> StudyStory:
    return {"study": str(study), "patient": study.patient}


def of_analysis(analysis: Analysis) -> Story:
    return {**of_study(analysis.run.study), "model": analysis.model.digest}


def of_work(kind: Job.Kind, subject: int) -> Story | StudyStory:
    """Of a piece of work of the queue; nobody's where its subject is gone."""
    if kind == Job.Kind.COMPLETE:
        run = Run.objects.select_related("study").filter(pk=subject).first()
        return of_study(run.study) if run else {}
    analyses = Analysis.objects.select_related("run__study", "model")
    mine = {"pk": subject} if kind == Job.Kind.ANALYSE else {"deliveries__pk": subject}
    analysis = analyses.filter(**mine).first()
    return of_analysis(analysis) if analysis else {}
