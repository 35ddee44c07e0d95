"""The pages of the monthly review. That a review is read is recorded before it is shown."""

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import review_opening, trail
from audit.actors import current
from audit.events import Event
from audit.month import Month
from audit.review_opening import NotOpened
from audit.signing_keys import Person
from samd.console import signing as console_signing
from samd.console.reviewing import OBSTACLES, ReviewPage, month_lines, review_page, site
from samd.console.trail_export import PdfRefused, pdf
from samd.console.trail_filter import TrailFilter
from samd.console.trail_handover import PURPOSES, Download, NoReason, reason_of, whole

LONGEST_COMMENT = 20_000  # characters


@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """The months, and how far each of their reviews is."""
    context = {
        "months": month_lines(timezone.now()),
        "days": settings.SAMD_REVIEW_DAYS,
        "zone": settings.TIME_ZONE,
    }
    return render(request, "console/reviews.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, month: str) -> HttpResponse:
    """A month: its review, or what it would hold; by POST it is drawn up for good."""
    wanted = _month(month)
    if request.method == "POST":
        return _open(request, wanted)
    page, person = _page(request, wanted, request.GET.get("version", ""))
    with transaction.atomic():
        trail.append(Event.TRAIL_VIEWED, str(page.record) if page.record else f"review/{month}")
    context = {"page": page, "person": person, "zone": settings.TIME_ZONE, "purposes": PURPOSES}
    return render(request, "console/review.html", context)


def _page(request: HttpRequest, month: Month, version: str) -> tuple[ReviewPage, Person]:
    """The page as this person sees it; `version` as in an address."""
    if version and (not version.isdecimal() or len(version) > 4):
        raise Http404
    person = console_signing.person_of(request)
    try:
        page = review_page(
            month,
            version=int(version) if version else None,
            person=person,
            key=console_signing.key_refusal(person),
            now=timezone.now(),
        )
    except IndexError:
        raise Http404 from None
    return page, person


@require_POST
def paper(request: HttpRequest, month: str) -> HttpResponse:
    """A review with its signatures as PDF, for a reason."""
    page, _person = _page(request, _month(month), request.POST.get("version", ""))
    if page.record is None:
        raise Http404
    try:
        reason = reason_of(request.POST.dict())
        content = pdf("console/review_print.html", {"page": page, **_imprint(reason)})
    except NoReason:
        messages.error(request, _("Choose a reason, and describe it in a few words. Nothing was exported."))
        return redirect("review", month)
    except PdfRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("review", month)
    name = f"{page.record.subject.replace('/', '-')}.pdf"
    taken = Download(page.record.subject, "PDF", name, "application/pdf", reason, TrailFilter(), current())
    return whole(taken, content, rows=1)


def _open(request: HttpRequest, month: Month) -> HttpResponse:
    comments = request.POST.get("comments", "").replace("\r\n", "\n").strip()
    if len(comments) > LONGEST_COMMENT:
        messages.error(request, _("The comments are too long; nothing was kept."))
        return redirect("review", str(month))
    try:
        review_opening.open_review(
            month,
            person=console_signing.person_of(request),
            comments=comments,
            zone=site(),
            now=timezone.now(),
            because=request.POST.get("because", ""),
        )
    except NotOpened as problem:
        messages.error(request, str(OBSTACLES[problem.obstacle]))
    else:
        messages.success(request, _("The review is drawn up. Read it once more, then sign it below."))
    return redirect("review", str(month))


def _imprint(reason: str) -> dict[str, object]:
    """What paper says of itself."""
    return {
        "plain": True,
        "zone": settings.TIME_ZONE,
        "printed_by": current().name,
        "printed_at": timezone.now(),
        "reason": reason,
    }


@sensitive_post_parameters("password", "code")
@require_POST
def sign(request: HttpRequest, month: str) -> HttpResponse:
    """Sign the newest review of a month."""
    records = review_opening.versions(_month(month))
    if not records:
        raise Http404
    console_signing.sign(request, records[-1])
    return redirect("review", month)


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError:
        raise Http404 from None
