"""The pages of change control under a plan. That one is read is recorded before it is shown."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import trail
from audit.events import Event
from audit.models import Record
from samd.console import signing as console_signing
from samd.domain.change_plan import PlanRefused, parse
from validation.changes import plans
from validation.changes.deciding import DECISIONS, Candidate, NotDecided, decided
from validation.changes.pages import decision_page, lines, plan_page

LARGEST_PLAN = 1 << 20  # bytes
LONGEST_REASON = 500  # characters of it that are shown


@require_http_methods(["GET", "HEAD", "POST"])
def changes(request: HttpRequest) -> HttpResponse:
    """The plans and the decisions; by POST a plan is registered."""
    if request.method == "POST":
        return _register(request)
    trail.record(Event.VALIDATION_VIEWED, "changes")
    context = {"plans": lines(plans.PLANS), "decisions": lines(DECISIONS), "zone": settings.TIME_ZONE}
    return render(request, "validation/changes.html", context)


@require_safe
def plan(request: HttpRequest, key: str) -> HttpResponse:
    """A plan, with who signed it."""
    record = _record(plans.PLANS, key)
    trail.record(Event.VALIDATION_VIEWED, record.subject)
    person = console_signing.person_of(request)
    page = plan_page(record, person=person, key=console_signing.key_refusal(person))
    context = {"page": page, "signing": page.signing, "person": person, "zone": settings.TIME_ZONE}
    return render(request, "validation/change_plan.html", context)


@sensitive_post_parameters("password", "code")
@require_POST
def sign_plan(request: HttpRequest, key: str) -> HttpResponse:
    """Sign a plan."""
    console_signing.sign(request, _record(plans.PLANS, key))
    return redirect("change-plan", key)


@require_POST
def decide(request: HttpRequest, key: str) -> HttpResponse:
    """Have a candidate decided by the plan, from the reports that were chosen."""
    record, said = _record(plans.PLANS, key), request.POST
    candidate = Candidate(said.get("candidate", ""), said.get("last", ""), said.get("modification", ""))
    runs = [int(number) for number in said.getlist("reports") if number.isdecimal() and len(number) < 12]
    try:
        author = console_signing.person_of(request)
        decision = decided(record, candidate, runs, author=author, now=timezone.now())
    except (NotDecided, PlanRefused) as refusal:
        return _refused(request, refusal, "change-plan", key)
    return redirect("plan-decision", decision.subject.removeprefix(DECISIONS))


@require_safe
def decision(request: HttpRequest, key: str) -> HttpResponse:
    """A decision, with who signed it."""
    record = _record(DECISIONS, key)
    trail.record(Event.VALIDATION_VIEWED, record.subject, digest=record.digest)
    person = console_signing.person_of(request)
    page = decision_page(record, person=person, key=console_signing.key_refusal(person))
    context = {"page": page, "signing": page.signing, "person": person, "zone": settings.TIME_ZONE}
    return render(request, "validation/plan_decision.html", context)


@sensitive_post_parameters("password", "code")
@require_POST
def sign_decision(request: HttpRequest, key: str) -> HttpResponse:
    """Sign a decision."""
    console_signing.sign(request, _record(DECISIONS, key))
    return redirect("plan-decision", key)


def _register(request: HttpRequest) -> HttpResponse:
    """Keep the plan in the file that was sent, or say why not."""
    file = request.FILES.get("plan")
    try:
        if file is None or (file.size or 0) > LARGEST_PLAN:
            raise PlanRefused(_("choose the file of a plan, of at most 1 MiB"))
        content = file.read()
        found = parse(content, name=str(file.name))
    except (PlanRefused, RecursionError) as refusal:
        return _refused(request, refusal, "changes")
    author = console_signing.person_of(request)
    record = plans.register(found, content, author=author, now=timezone.now())
    messages.success(
        request, _("The plan is registered. Two people sign it before a candidate is decided by it.")
    )
    return redirect("change-plan", record.subject.removeprefix(plans.PLANS))


def _refused(request: HttpRequest, refusal: BaseException, page: str, *arguments: str) -> HttpResponse:
    reason = Truncator(str(refusal) or type(refusal).__name__).chars(LONGEST_REASON)
    messages.error(request, _("Nothing was changed: %(reason)s") % {"reason": reason})
    return redirect(page, *arguments)


def _record(prefix: str, key: str) -> Record:
    return get_object_or_404(Record, subject=f"{prefix}{key}")
