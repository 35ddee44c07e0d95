"""The pages of the console. Who is not logged in sees none of them: the middleware denies by default."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit import trail
from audit.events import Event
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
    return render(request, "console/worklist.html", _worklist(request))


@require_safe
def worklist_rows(request: HttpRequest) -> HttpResponse:
    """The part of the worklist that changes."""
    return render(request, "console/_rows.html", _worklist(request))


def _worklist(request: HttpRequest) -> dict[str, object]:
    show = request.GET.get("show", "")
    page = Paginator(studies(show=show), STUDIES_ON_A_PAGE).get_page(request.GET.get("page"))
    return {
        "alarms": alarms(now=timezone.now()),
        "filters": {name: label for name, (label, _demand) in FILTERS.items()},
        "show": show if show in FILTERS else "",
        "page": page,
        "rows": rows(page),
    }


def search(request: HttpRequest) -> HttpResponse:
    """What a search found. The term comes by POST: names and IDs must not stand in an address or a log."""
    term = request.POST.get("term", "").strip()
    if not term:
        return redirect("worklist")
    context = {"term": term, "searched": SEARCHED, "rows": search_studies(term)}
    return render(request, "console/search.html", context)


@require_safe
def study(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one study; that it was looked at is recorded before it is shown."""
    try:
        with transaction.atomic():
            page = study_page(pk)
            trail.append(Event.STUDY_VIEWED, f"study/{pk}", actor=_username(request))
    except Study.DoesNotExist:
        raise Http404 from None
    return render(request, "console/study.html", {"page": page})


@require_safe
def preview(_request: HttpRequest, pk: int, layer: str) -> FileResponse:
    """One picture of an analysis as PNG."""
    path = preview_path(get_object_or_404(Analysis, pk=pk), layer)
    if path is None:
        raise Http404
    return FileResponse(path.open("rb"), content_type="image/png")


@require_safe
def model(request: HttpRequest, digest: str) -> HttpResponse:
    """The card of a model version, from its bundle, verified now."""
    page = model_page(get_object_or_404(ModelVersion, digest=digest))
    return render(request, "console/model.html", {"page": page})


@require_safe
def operations(request: HttpRequest) -> HttpResponse:
    """What an operator must see to, and how the device stands."""
    return render(request, "console/operations.html", {"page": operations_page()})


@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a dead letter back into the queue."""
    try:
        store.reopen(pk, actor=_username(request))
    except Job.DoesNotExist:
        raise Http404 from None
    except store.NotDead:
        messages.warning(request, _("This job is no longer a dead letter; nothing was changed."))
    else:
        messages.success(request, _("The job is back in the queue."))
    return redirect("operations")


def _username(request: HttpRequest) -> str:
    return request.user.get_username()
