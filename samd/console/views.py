"""The pages of the console. Whoever no role permits sees none of them: the middleware denies by default.

That a page was read is recorded before it is shown; where that fails, nothing is shown.
"""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.actors import current
from samd.console import reading
from samd.console.attention import operations_page
from samd.console.model_page import model_page
from samd.console.review import preview_path, study_page
from samd.console.worklist import FILTERS, SEARCHED, alarms, rows, studies
from samd.console.worklist import search as search_studies
from samd.records import store
from samd.records.models import Analysis, Job, ModelVersion, Study

STUDIES_ON_A_PAGE = 25


@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    """The worklist; a script asks for its rows again every few seconds."""
    return _worklist(request, "console/worklist.html", renewed="again" in request.GET)


@require_safe
def worklist_rows(request: HttpRequest) -> HttpResponse:
    """The part of the worklist that changes."""
    return _worklist(request, "console/_rows.html", renewed=True)


def _worklist(request: HttpRequest, template: str, *, renewed: bool) -> HttpResponse:
    now, show = timezone.now(), request.GET.get("show", "")
    show = show if show in FILTERS else ""
    page = Paginator(studies(show=show), STUDIES_ON_A_PAGE).get_page(request.GET.get("page"))
    shown = rows(page)
    if renewed:
        reading.worklist_renewed(shown, show=show, page=page.number, now=now)
    else:
        reading.worklist_opened(shown, show=show, page=page.number)
    context = {
        "alarms": alarms(now=now),
        "filters": {name: label for name, (label, _demand) in FILTERS.items()},
        "show": show,
        "page": page,
        "rows": shown,
    }
    return render(request, template, context)


def search(request: HttpRequest) -> HttpResponse:
    """What a search found. The term comes by POST: names and IDs must not stand in an address or a log."""
    term = request.POST.get("term", "").strip()
    if not term:
        return redirect("worklist")
    found = search_studies(term)
    reading.worklist_searched(found)
    context = {"term": term, "searched": SEARCHED, "rows": found}
    return render(request, "console/search.html", context)


@require_safe
def study(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one study; that it was looked at is recorded before it is shown."""
    try:
        with transaction.atomic():
            page = study_page(pk)
            reading.study_opened(Study.objects.get(pk=pk), page)
    except Study.DoesNotExist:
        raise Http404 from None
    return render(request, "console/study.html", {"page": page})


@require_safe
def preview(_request: HttpRequest, pk: int, layer: str) -> FileResponse:
    """One picture of an analysis as PNG."""
    analysis = get_object_or_404(Analysis.objects.select_related("run__study", "model"), pk=pk)
    path = preview_path(analysis, layer)
    if path is None:
        raise Http404
    reading.picture_opened(analysis, layer, now=timezone.now())
    return FileResponse(path.open("rb"), content_type="image/png")


@require_safe
def model(request: HttpRequest, digest: str) -> HttpResponse:
    """The card of a model version, from its bundle, verified now."""
    version = get_object_or_404(ModelVersion, digest=digest)
    page = model_page(version)
    reading.model_opened(version)
    return render(request, "console/model.html", {"page": page})


@require_safe
def operations(request: HttpRequest) -> HttpResponse:
    """What an operator must see to, and how the device stands."""
    page = operations_page(now=timezone.now())
    reading.operations_opened()
    return render(request, "console/operations.html", {"page": page})


@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a dead letter back into the queue."""
    try:
        store.reopen(pk, actor=current().name)
    except Job.DoesNotExist:
        raise Http404 from None
    except store.NotDead:
        messages.warning(request, _("This job is no longer a dead letter; nothing was changed."))
    else:
        messages.success(request, _("The job is back in the queue."))
    return redirect("operations")
