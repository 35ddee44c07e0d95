"""The pages on which the trail is taken out: whole, in part, one study's story, one event's proof."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audit.actors import current
from audit.models import AuditEvent
from samd.console.trail_export import MOST_IN_PDF, PdfRefused, complete, csv_text, lines_for_paper, pdf
from samd.console.trail_filter import FilterRefused, TrailFilter, read_filter
from samd.console.trail_handover import PURPOSES, Download, NoReason, reason_of, streamed, whole
from samd.console.trail_page import is_known
from samd.console.trail_proof import NotProven, NotSealed, proof_of
from samd.console.trail_story import story_of
from samd.records.models import Study

_EVERYTHING = TrailFilter()


@require_http_methods(["GET", "HEAD", "POST"])
def export(request: HttpRequest) -> HttpResponseBase:
    """Asks for format and reason; then hands out the whole trail, a part of it, or one study's story."""
    given = request.POST.dict() if request.method == "POST" else request.GET.dict()
    try:
        wanted = read_filter(given, is_known=is_known)
    except FilterRefused:
        raise Http404 from None  # no page of ours leads there
    fault = ""
    if request.method == "POST":
        try:
            return _handed_out(given, wanted, reason_of(given))
        except NoReason:
            fault = _("Choose a reason, and describe it in a few words. Nothing was exported.")
        except PdfRefused as refusal:
            fault = str(refusal)
    context = {"given": given, "wanted": wanted, "purposes": PURPOSES, "fault": fault, "most": MOST_IN_PDF}
    return render(request, "console/trail_export.html", context, status=400 if fault else 200)


def _handed_out(given: Mapping[str, str], wanted: TrailFilter, reason: str) -> HttpResponseBase:
    match given.get("format"):
        case "jsonl":
            name, kind = _file("audit-trail", "jsonl"), "application/jsonl"
            taken = Download("trail", "JSON lines", name, kind, reason, _EVERYTHING, current())
            return streamed(taken, complete())
        case "csv":
            name, kind = _file("audit-trail", "csv"), "text/csv; charset=utf-8"
            taken = Download("trail", "CSV", name, kind, reason, wanted, current())
            return streamed(taken, csv_text(wanted, language=get_language() or "en"))
        case "pdf" if given.get("story") and wanted.study:
            return _story_on_paper(wanted, reason)
        case "pdf":
            return _list_on_paper(wanted, reason)
    raise Http404


def _list_on_paper(wanted: TrailFilter, reason: str) -> HttpResponse:
    lines = lines_for_paper(wanted)
    context = {"lines": lines, "wanted": wanted, **_imprint(reason)}
    taken = Download(
        "trail", "PDF", _file("audit-trail", "pdf"), "application/pdf", reason, wanted, current()
    )
    return whole(taken, pdf("console/trail_list_print.html", context), rows=len(lines))


def _story_on_paper(wanted: TrailFilter, reason: str) -> HttpResponse:
    try:
        story = story_of(int(wanted.study))
    except Study.DoesNotExist:
        raise Http404 from None
    if story.length > MOST_IN_PDF:
        raise PdfRefused(_("This story is too long for paper: take CSV. Nothing was exported."))
    wanted = TrailFilter(study=wanted.study)
    name = _file(f"story-of-study-{story.study}", "pdf")
    taken = Download(f"study/{story.study}", "PDF", name, "application/pdf", reason, wanted, current())
    content = pdf("console/trail_story_print.html", {"story": story, **_imprint(reason)})
    return whole(taken, content, rows=story.events)


def _imprint(reason: str) -> dict[str, object]:
    """What every page of paper says of itself."""
    return {
        "plain": True,
        "zone": settings.TIME_ZONE,
        "printed_by": current().name,
        "printed_at": timezone.now(),
        "reason": reason,
    }


def _file(stem: str, ending: str) -> str:
    return f"{stem}-{timezone.localtime():%Y%m%d-%H%M%S}.{ending}"


@require_POST
def proof(request: HttpRequest, pk: int) -> HttpResponse:
    """The proof that one event is in the log, for whoever is not to see the rest of it."""
    try:
        reason = reason_of(request.POST.dict())
        content = proof_of(pk)
    except NoReason:
        messages.error(request, _("Choose a reason, and describe it in a few words. Nothing was exported."))
        return redirect("trail-event", pk)
    except NotSealed:
        messages.warning(request, _("No checkpoint covers this event yet. Try again in a minute."))
        return redirect("trail-event", pk)
    except NotProven as problem:
        messages.error(
            request, _("There is no proof, because the trail was altered. Verify it.") + f" {problem}"
        )
        return redirect("trail-event", pk)
    except AuditEvent.DoesNotExist:
        raise Http404 from None
    taken = Download(
        "trail",
        "proof",
        f"proof-of-event-{pk}.json",
        "application/json",
        reason,
        _EVERYTHING,
        current(),
    )
    return whole(taken, content.encode(), rows=1)
