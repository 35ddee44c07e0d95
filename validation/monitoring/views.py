"""The pages of monitoring in the console. That one is read is recorded before it is shown."""

from datetime import date

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import trail
from audit.events import Event
from audit.verdicts import content_of
from samd.console import signing as console_signing
from samd.records.models import ModelVersion
from validation.monitoring import problems, rounds
from validation.monitoring.pages import KINDS, breach_line, overview, plan_page, problem_line
from validation.monitoring.plan import PlanRefused, parse
from validation.monitoring.problems import Link, ProblemRefused
from validation.monitoring_models import MonitoringPlan, PeriodicReport, Problem, ProblemLink
from validation.pages import signing_of

LARGEST_PLAN = 4 << 20  # bytes: the clean embeddings stand in it
LONGEST_REASON = 500  # characters of it that are shown
FILES = {
    "monitoring.pdf": "application/pdf",
    "monitoring.ko.pdf": "application/pdf",
    "monitoring.html": "text/html; charset=utf-8",
    "monitoring.ko.html": "text/html; charset=utf-8",
    "monitoring.json": "application/json",
}


@require_http_methods(["GET", "HEAD", "POST"])
def monitoring(request: HttpRequest) -> HttpResponse:
    """What is watched and what was found; by POST a plan is registered."""
    if request.method == "POST":
        return _register(request)
    trail.record(Event.VALIDATION_VIEWED, "monitoring")
    context = {"page": overview(), "zone": settings.TIME_ZONE}
    return render(request, "validation/monitoring.html", context)


@require_safe
def plan(request: HttpRequest, digest: str) -> HttpResponse:
    """A plan with its charts, and who signed it."""
    row = _plan(digest)
    trail.record(Event.VALIDATION_VIEWED, row.record.subject)
    person = console_signing.person_of(request)
    page = plan_page(row, person=person, key=console_signing.key_refusal(person))
    context = {"page": page, "signing": page.signing, "person": person, "zone": settings.TIME_ZONE}
    return render(request, "validation/monitoring_plan.html", context)


@sensitive_post_parameters("password", "code")
@require_POST
def sign_plan(request: HttpRequest, digest: str) -> HttpResponse:
    """Sign a plan: with the last signature it holds."""
    console_signing.sign(request, _plan(digest).record)
    return redirect("monitoring-plan", digest)


@require_POST
def draw_up(request: HttpRequest, digest: str) -> HttpResponse:
    """Draw up the periodic report of a plan."""
    from validation.monitoring import reporting  # what draws is large

    row = _plan(digest)
    since = rounds.signed_since(row)
    try:
        begin, end = (date.fromisoformat(request.POST.get(name, "")) for name in ("since", "until"))
        if since is None:
            raise reporting.ReportRefused(_("the plan is not signed"))
        holding = rounds.InForce(row, rounds.plan_of(row), since)
        record, _document = reporting.report(holding, since=begin, until=end, now=timezone.now())
    except (ValueError, reporting.ReportRefused, PlanRefused) as refusal:
        return _refused(request, refusal, "monitoring-plan", digest)
    return redirect("monitoring-report", PeriodicReport.objects.get(record=record).pk)


@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """A periodic report as it is signed."""
    row = get_object_or_404(PeriodicReport.objects.select_related("record", "plan"), pk=pk)
    trail.record(Event.VALIDATION_VIEWED, row.record.subject, digest=row.record.digest)
    person = console_signing.person_of(request)
    key = console_signing.key_refusal(person)
    context = {
        "row": row,
        "said": content_of(row.record.content),
        "files": FILES,
        "signing": signing_of(row.record, Event.MONITORING_REPORTED, person, key),
        "person": person,
        "zone": settings.TIME_ZONE,
    }
    return render(request, "validation/monitoring_report.html", context)


@sensitive_post_parameters("password", "code")
@require_POST
def sign_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign a periodic report."""
    console_signing.sign(request, get_object_or_404(PeriodicReport, pk=pk).record)
    return redirect("monitoring-report", pk)


@require_safe
def report_file(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """A file of a periodic report, with the signatures that it has now."""
    row = get_object_or_404(PeriodicReport.objects.select_related("record", "plan__record"), pk=pk)
    if name not in FILES:
        raise Http404
    from validation.monitoring import printing, reporting  # what draws is large

    try:
        content = printing.FILES[name](reporting.again(row, now=timezone.now()))
    except (reporting.ReportRefused, PlanRefused) as refusal:
        return _refused(request, refusal, "monitoring-report", pk)
    trail.record(Event.VALIDATION_VIEWED, row.record.subject, format=name, digest=row.record.digest)
    response = HttpResponse(content, content_type=FILES[name])
    response.headers["Content-Disposition"] = f'attachment; filename="{row.plan.name}-{row.since}-{name}"'
    return response


@require_POST
def open_problem(request: HttpRequest) -> HttpResponse:
    """Open a problem for a complaint."""
    said = request.POST
    model = ModelVersion.objects.filter(digest=said.get("version", "")).first()
    try:
        row = problems.open_for_complaint(
            title=said.get("title", ""),
            reference=said.get("reference", ""),
            version=model.digest if model else "",
            now=timezone.now(),
        )
    except ProblemRefused as refusal:
        return _refused(request, refusal, "monitoring")
    return redirect("problem", row.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def problem(request: HttpRequest, pk: int) -> HttpResponse:
    """A problem; by POST it is linked into the quality system, or closed with what came of it."""
    row = get_object_or_404(Problem, pk=pk)
    if request.method == "POST":
        return _change(request, row)
    trail.record(Event.VALIDATION_VIEWED, str(row), model=row.version)
    breaches = row.breaches.select_related("chart", "observed", "problem").order_by("-pk")
    context = {
        "line": problem_line(row),
        "breaches": [breach_line(one) for one in breaches],
        "kinds": KINDS,
        "zone": settings.TIME_ZONE,
    }
    return render(request, "validation/problem.html", context)


def _change(request: HttpRequest, row: Problem) -> HttpResponse:
    said, now = request.POST, timezone.now()
    try:
        if "conclusion" in said:
            problems.close(row.pk, conclusion=said["conclusion"], now=now)
        elif said.get("kind") in KINDS:
            problems.link(row.pk, Link(ProblemLink.Kind(said["kind"]), said.get("reference", "")), now=now)
    except ProblemRefused as refusal:
        return _refused(request, refusal, "problem", row.pk)
    return redirect("problem", row.pk)


def _register(request: HttpRequest) -> HttpResponse:
    """Keep the plan in the file that was sent, or say why not."""
    file = request.FILES.get("plan")
    try:
        if file is None or (file.size or 0) > LARGEST_PLAN:
            raise PlanRefused(_("choose the file of a plan, of at most 4 MiB"))
        content = file.read()
        found = parse(content, name=str(file.name))
        author = console_signing.person_of(request)
        row = rounds.register(found, content, author=author, now=timezone.now())
    except (PlanRefused, RecursionError) as refusal:
        return _refused(request, refusal, "monitoring")
    messages.success(request, _("The plan is registered. It holds once two people have signed it."))
    return redirect("monitoring-plan", row.digest[:16])


def _refused(request: HttpRequest, refusal: BaseException, page: str, *arguments: object) -> HttpResponse:
    reason = Truncator(str(refusal) or type(refusal).__name__).chars(LONGEST_REASON)
    messages.error(request, _("Nothing was changed: %(reason)s") % {"reason": reason})
    return redirect(page, *arguments)


def _plan(digest: str) -> MonitoringPlan:
    rows = MonitoringPlan.objects.select_related("record")
    return get_object_or_404(rows, digest__startswith=digest, record__subject=f"monitoring-plan/{digest}")
