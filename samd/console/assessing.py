"""A physician assesses an AI result: what the form on the study page sends."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from samd.console.assessment_section import field
from samd.console.assessment_wording import REFUSALS
from samd.console.signing import person_of
from samd.domain.assessment import Assessment, Correction, Decision, Fault, Statement, Why, changed
from samd.records import assessments
from samd.records.assessments import NotAssessed
from samd.records.models import Analysis


@require_POST
def assess(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the assessment of an analysis, and go back to it; where none is kept, say why."""
    analysis = get_object_or_404(Analysis.objects.select_related("run"), pk=pk)
    try:
        assessments.assess(
            analysis,
            _read(request.POST, analysis),
            by=person_of(request),
            now=timezone.now(),
            seen=_number(request.POST.get("seen", "")),
        )
    except NotAssessed as refused:
        messages.warning(request, str(REFUSALS[refused.why]))
    else:
        messages.success(request, _("Your assessment was saved."))
    return HttpResponseRedirect(f"{reverse('study', args=[analysis.run.study_id])}#analysis-{pk}")


def _read(sent: QueryDict, analysis: Analysis) -> Assessment:
    """What the form says. Raises NotAssessed for what no form of ours sends."""
    try:
        decision = Decision(sent.get("decision", ""))
        if decision != Decision.CHANGED:
            return Assessment(decision)
        corrections = [
            Correction(call.place, call.name, call.statement, Statement(chosen))
            for call in assessments.calls_of(analysis)
            if (chosen := sent.get(field(call), ""))
        ]
        return changed(corrections, [Why(why) for why in sent.getlist("reason")])
    except ValueError:
        raise NotAssessed(Fault.NO_CHANGE) from None


def _number(text: str) -> int | None:
    """The number of an assessment; 0, which none has, for what is no number."""
    if not text:
        return None
    return int(text) if text.isdecimal() and len(text) < 19 else 0
