"""The pages of the trail: the list, one event, one study's story. That they were read is recorded before."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from audit import trail as log
from audit.events import Event
from audit.models import AuditEvent
from audit.trail import Outcome
from samd.console.trail_event import event_page
from samd.console.trail_facts import ACTORS, OUTCOMES
from samd.console.trail_filter import SURROGATE, FilterRefused, TrailFilter, read_filter
from samd.console.trail_handover import PURPOSES
from samd.console.trail_lookup import surrogate_by_id, with_study
from samd.console.trail_page import TrailPage, is_known, trail_page
from samd.console.trail_state import last_verification, sealing_state
from samd.console.trail_story import story_of
from samd.console.trail_wording import GROUPS
from samd.records.models import ModelVersion, Study

_NOTHING = TrailPage((), None, None)


@require_http_methods(["GET", "HEAD", "POST"])
def trail(request: HttpRequest) -> HttpResponse:
    """The list. A filter comes by POST, and becomes an address only where nothing in it names a patient."""
    given = _with_lookups(request) if request.method == "POST" else request.GET.dict()
    try:
        wanted = read_filter(given, is_known=is_known)
    except FilterRefused as refusal:
        context = _context(given, TrailFilter(), _NOTHING) | {"fault": refusal}
        return render(request, "console/trail.html", context, status=400)
    if request.method == "POST":
        return redirect(f"{reverse('trail')}?{wanted.query}")
    page = trail_page(wanted, before=_row(given.get("before")), after=_row(given.get("after")))
    _viewed("trail", wanted, shown=len(page.lines))
    return render(request, "console/trail.html", _context(given, wanted, page))


@require_safe
def event(request: HttpRequest, pk: int) -> HttpResponse:
    """One event: what was sealed, its place in the log, and the checkpoint that covers it."""
    try:
        page = event_page(pk)
    except AuditEvent.DoesNotExist:
        raise Http404 from None
    _viewed("trail", TrailFilter(), row=pk)
    context = {"page": page, "zone": settings.TIME_ZONE, "purposes": PURPOSES}
    return render(request, "console/trail_event.html", context)


@require_safe
def study(request: HttpRequest, pk: int) -> HttpResponse:
    """One study's whole story."""
    try:
        story = story_of(pk)
    except Study.DoesNotExist:
        raise Http404 from None
    _viewed(f"study/{pk}", TrailFilter(study=str(pk)), shown=story.events)
    return render(request, "console/trail_study.html", {"story": story, "zone": settings.TIME_ZONE})


def _viewed(subject: str, wanted: TrailFilter, **facts: Any) -> None:
    with transaction.atomic():
        log.append(Event.TRAIL_VIEWED, subject, **wanted.belongs, filter=wanted.query, **facts)


def _with_lookups(request: HttpRequest) -> dict[str, str]:
    """What was typed, with numbers and surrogates in place of UIDs and Patient IDs.

    To look up a patient is recorded, found or not: it is where the trail and people meet.
    """
    given = with_study(request.POST.dict())
    patient = given.get("patient", "").strip()
    if not patient or SURROGATE.fullmatch(patient):
        return given
    surrogate = surrogate_by_id(patient)
    with transaction.atomic():
        log.append(
            Event.PATIENT_LOOKED_UP,
            surrogate or "patient",
            patient=surrogate,
            outcome=Outcome.SUCCESS if surrogate else Outcome.MINOR_FAILURE,
            reason="to find them in the trail",
        )
    return {**given, "patient": surrogate or patient}


def _row(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def _context(given: Mapping[str, str], wanted: TrailFilter, page: TrailPage) -> dict[str, Any]:
    sealing = sealing_state()
    return {
        "given": given,
        "wanted": wanted,
        "page": page,
        "people": [
            *get_user_model().objects.order_by("username").values_list("username", flat=True),
            *ACTORS,
        ],
        "models": ModelVersion.objects.order_by("name", "-imported_at"),
        "groups": GROUPS,
        "outcomes": OUTCOMES,
        "sealing": sealing,
        "stalled": sealing.is_stalled(timezone.now()),
        "last_verification": last_verification(),
        "zone": settings.TIME_ZONE,
    }
