"""Reads what physicians said of AI results, as observations of their own: the rate of overrides.

An assessment comes after the report, by hours or by days. So it is counted by itself, as "assessment/5", at
the time that it was made, and the observation of its analysis says nothing of overrides.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from samd.domain.assessment import Decision
from samd.records.models import Assessment
from validation.monitoring.observations import Observation, assessed
from validation.monitoring.plan import Measure, Plan
from validation.monitoring.reading import taken_of
from validation.monitoring_models import MonitoringPlan, Observed

# From what says least of how often the model is wrong to what says most.
_ORDER = (Decision.NOT_ASSESSABLE, Decision.AGREED, Decision.CHANGED)


def made(plan: Plan, *, since: datetime, until: datetime | None = None) -> QuerySet[Assessment]:
    """The assessments of results of the plan that count and were made in this time, in their order.

    One counts when it says more than every earlier one of the same analysis: cannot be judged, then agreed,
    then changed. What was counted cannot be taken back, so an analysis that is assessed again as before, or
    more mildly, is not counted twice, and an override is neither lost to a first click that was wrong nor
    undone by a second opinion. Which ones count does not depend on when the rounds are run. None where the
    plan does not watch overrides.
    """
    if not any(stream.measure == Measure.OVERRIDE for stream in plan.streams):
        return Assessment.objects.none()
    found = Assessment.objects.filter(
        _says_more(),
        analysis__model__name=plan.model.name,
        analysis__model__digest__in=plan.model.digests,
        event__at__gt=since,
    )
    if until is not None:
        found = found.filter(event__at__lte=until)
    return found.select_related("analysis__model", "analysis__run__study", "event").order_by("event")


def uncounted(assessments: QuerySet[Assessment], row: MonitoringPlan) -> list[Assessment]:
    """Those of `assessments` that the plan has not counted, whenever they became visible."""
    counted = set(
        Observed.objects.filter(plan=row, source__startswith="assessment/").values_list("source", flat=True)
    )
    return [one for one in assessments if str(one) not in counted]


def observations(plan: Plan, assessments: Iterable[Assessment]) -> Iterator[Observation]:
    """The observation of each of `assessments`."""
    for one in assessments:
        judged = one.decision != Decision.NOT_ASSESSABLE
        yield assessed(
            plan,
            str(one),
            when=one.event.at,
            version=one.analysis.model.digest,
            overridden=one.decision == Decision.CHANGED if judged else None,
            taken=taken_of(plan, one.analysis),
        )


def _says_more() -> Q:
    """That no earlier assessment of the same analysis says as much."""
    earlier = Assessment.objects.filter(analysis=OuterRef("analysis"), pk__lt=OuterRef("pk"))
    more = Q()
    for place, decision in enumerate(_ORDER):
        as_much = [str(one) for one in _ORDER[place:]]
        more |= Q(~Exists(earlier.filter(decision__in=as_much)), decision=decision)
    return more
