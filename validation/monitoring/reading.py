"""Reads observations from the rows of the device and from the headers of stored images.

Each analysis that was reported is read once for a plan, and physicians' assessments of it when they are made:
validation.monitoring.assessing. What a header says beyond the attributes that the
plan names is not looked at, and nothing that identifies a patient can be named by a plan.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.models import Count, QuerySet

from samd.dicom.read import Unreadable, headers, pydicom_silenced, read_study
from samd.dicom.text import readable
from samd.records.models import Analysis, Instance
from validation import ledger
from validation.models import Run
from validation.monitoring.observations import Answered, Observation, Taken, observed, of_case
from validation.monitoring.plan import NUMBERS, Plan, SiteOf
from validation.monitoring_models import MonitoringPlan, Observed

SEXES = frozenset({"F", "M", "O"})
_LONGEST = 64  # letters of an attribute


def reported(plan: Plan, *, since: datetime, until: datetime | None = None) -> QuerySet[Analysis]:
    """The analyses of the versions of the plan that were reported in this time, in the order of reporting."""
    found = Analysis.objects.filter(
        model__name=plan.model.name, model__digest__in=plan.model.digests, released_by__at__gt=since
    )
    if until is not None:
        found = found.filter(released_by__at__lte=until)
    return found.select_related("model", "run__study", "released_by").order_by("released_by")


def uncounted(analyses: QuerySet[Analysis], row: MonitoringPlan) -> list[Analysis]:
    """Those of `analyses` that the plan has not counted, whenever their reports became visible."""
    # By key and not by the last one seen: a report may commit after one with a later number.
    counted = set(Observed.objects.filter(plan=row).values_list("source", flat=True))
    return [analysis for analysis in analyses if str(analysis) not in counted]


def observations(plan: Plan, analyses: Iterable[Analysis]) -> Iterator[Observation]:
    """The observation of each of `analyses`, reported ones."""
    for analysis in analyses:
        if analysis.released_by is None:
            continue
        when = analysis.released_by.at
        said = Answered(
            analysis.answer,
            analysis.findings,
            analysis.explanation,
            (when - analysis.queued_at).total_seconds(),
            tuple(analysis.embedding) or None,
        )
        yield observed(
            plan,
            str(analysis),
            when=when,
            version=analysis.model.digest,
            said=said,
            taken=taken_of(plan, analysis),
        )


def of_run(plan: Plan, run: Run) -> list[Observation]:
    """The cases of a validation run, as the model said them of images as they are: a reference."""
    results = [one for one in ledger.results(run) if one.model in plan.model.digests and not one.variant]
    return [of_case(plan, one, when=run.started_at) for one in results]


def taken_of(plan: Plan, analysis: Analysis) -> Taken | None:
    """How the largest series of the model's modality was taken; None where no header of it can be read."""
    instance = _first_of_largest(plan, analysis)
    if instance is None:
        return None
    path = Path(settings.SAMD_STORE) / instance.path
    try:
        study = read_study([(path, instance.sha256)]).study
        (header,) = headers(study.series[0].instances)
        with pydicom_silenced():
            attributes = {name: _attribute(header, name) for name in plan.keywords}
            sex, station = readable(header, "PatientSex"), readable(header, "StationName")
    except Unreadable:
        return None
    peer = instance.association.peer
    site = _pseudonym(plan, station) if plan.site == SiteOf.STATION else (peer.name if peer else "")
    return Taken(site, sex if sex in SEXES else "", study.patient_age, attributes)


def _first_of_largest(plan: Plan, analysis: Analysis) -> Instance | None:
    arrived = Instance.objects.filter(
        series__study=analysis.run.study,
        series__modality__in=plan.model.modalities,
        run__number__lte=analysis.run.number,
    )
    largest = (
        arrived.values("series", "series__series_instance_uid")
        .annotate(images=Count("pk"))
        .order_by("-images", "series__series_instance_uid")
        .first()
    )
    if largest is None:
        return None
    rows = arrived.filter(series=largest["series"]).select_related("association__peer")
    return rows.order_by("sop_instance_uid").first()


def _attribute(header: object, keyword: str) -> str:
    """The text of an attribute; of several numbers the first. Empty where it is absent or makes no sense."""
    if keyword not in NUMBERS:
        return readable(header, keyword)[:_LONGEST]
    try:
        value = getattr(header, keyword, "")
    except Exception:  # noqa: BLE001 - hostile bytes make pydicom raise nearly anything
        return ""
    numbers: Sequence[object] = (
        value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    )
    return str(numbers[0])[:_LONGEST] if numbers and numbers[0] is not None else ""


def _pseudonym(plan: Plan, station: str) -> str:
    """What a station is called in this plan: names of stations may name a place or a person."""
    return hashlib.sha256(f"{plan.name}\n{station}".encode()).hexdigest()[:8] if station else ""
