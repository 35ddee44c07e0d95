"""The pages of validations in the console. That one is read is recorded before it is shown."""

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
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
from validation import approval, ordering, report_pages
from validation.models import Run
from validation.order_pages import last_order, progress_of
from validation.pages import protocol_lines, protocol_page, record_of, run_lines, run_page
from validation.protocol import Protocol, ProtocolRefused, parse
from validation.template import missing

LARGEST_PROTOCOL = 1 << 20  # bytes
LONGEST_REASON = 500  # characters of it that are shown


@require_http_methods(["GET", "HEAD", "POST"])
def validations(request: HttpRequest) -> HttpResponse:
    """The protocols and the runs; by POST a protocol is registered."""
    if request.method == "POST":
        return _register(request)
    trail.record(Event.VALIDATION_VIEWED, "validations")
    context = {
        "protocols": protocol_lines(),
        "runs": run_lines(),
        "may_register": approval.SIGNATURES[0][1] in console_signing.person_of(request).roles,
        "zone": settings.TIME_ZONE,
    }
    return render(request, "validation/validations.html", context)


@require_safe
def protocol(request: HttpRequest, digest: str) -> HttpResponse:
    """A protocol, with who signed it."""
    record = _protocol_record(digest)
    trail.record(Event.VALIDATION_VIEWED, record.subject)
    person = console_signing.person_of(request)
    page = protocol_page(record, person=person, key=console_signing.key_refusal(person))
    context = {
        "page": page,
        "order": last_order(record),
        "person": person,
        "zone": settings.TIME_ZONE,
    }
    return render(request, "validation/protocol.html", context)


@sensitive_post_parameters("password", "code")
@require_POST
def sign_protocol(request: HttpRequest, digest: str) -> HttpResponse:
    """Sign a protocol."""
    console_signing.sign(request, _protocol_record(digest))
    return redirect("validation-protocol", digest)


@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """A run, with its report where it is finished."""
    person = console_signing.person_of(request)
    try:
        page = run_page(pk, person=person, key=console_signing.key_refusal(person))
    except Run.DoesNotExist:
        raise Http404 from None
    trail.record(Event.VALIDATION_VIEWED, str(page.run), model=page.run.model)
    context = {
        "page": page,
        "progress": progress_of(page.run),
        "files": {**report_pages.FILES, **report_pages.CASES},
        "person": person,
        "zone": settings.TIME_ZONE,
    }
    return render(request, "validation/run.html", context)


@sensitive_post_parameters("password", "code")
@require_POST
def sign_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign the report of a run."""
    console_signing.sign(request, _report(pk)[1])
    return redirect("validation", pk)


@require_safe
def report(_request: HttpRequest, pk: int) -> HttpResponse:
    """The record of the report, the bytes that are signed. It names no case: no reason is asked for."""
    row, record = _report(pk)
    trail.record(
        Event.VALIDATION_VIEWED, record.subject, model=row.model, format="JSON", digest=record.digest
    )
    response = HttpResponse(record.content.encode(), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="validation-{pk}-report.json"'
    return response


@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a run is: a part of its page, which is recorded when that is opened."""
    context = {"progress": progress_of(get_object_or_404(Run, pk=pk))}
    return render(request, "validation/_progress.html", context)


@require_safe
def file(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """A file of the report of a finished run, with the signatures that it has now."""
    row, record = _report(pk)
    kind = (report_pages.FILES | report_pages.CASES).get(name)
    if kind is None:
        raise Http404
    try:
        content = report_pages.file_of(row, name)
    except report_pages.ReportAltered:
        messages.error(
            request,
            _("Nothing is handed out: the report that was kept is not what was signed. Verify the trail."),
        )
        return redirect("validation", pk)
    trail.record(Event.VALIDATION_VIEWED, record.subject, model=row.model, format=name, digest=record.digest)
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="validation-{pk}-{name}"'
    return response


@require_POST
def order(request: HttpRequest, digest: str) -> HttpResponse:
    """Have a signed protocol run; the judge takes the order up."""
    try:
        ordering.order(_protocol_record(digest), now=timezone.now())
    except ordering.NotSigned:
        messages.error(request, _("Not ordered: the protocol is run once both signatures stand below it."))
    except ordering.OrderedAlready:
        messages.warning(request, _("A run of this protocol was ordered already, and is not done yet."))
    else:
        messages.success(request, _("The run is ordered. It begins within seconds, and goes on by itself."))
    return redirect("validation-protocol", digest)


def _register(request: HttpRequest) -> HttpResponse:
    """Keep the protocol in the file that was sent, or say why not."""
    try:
        found, content = _uploaded(request.FILES.get("protocol"))
    except ProtocolRefused as refusal:
        reason = Truncator(str(refusal)).chars(LONGEST_REASON)
        messages.error(request, _("Nothing was kept. %(reason)s") % {"reason": reason})
        return redirect("validations")
    subject = approval.subject_of(found)
    author, now = console_signing.person_of(request), timezone.now()
    known = Record.objects.filter(subject=subject).exists()
    if not known:
        try:
            approval.register(found, content, author=author, now=now)
        except IntegrityError:  # somebody else has just sent the same file
            known = True
    if known:
        messages.warning(request, _("This protocol was registered before; nothing was changed."))
    else:
        messages.success(
            request, _("The protocol is registered. Two people sign it before the data are seen.")
        )
    return redirect("validation-protocol", subject.split("/")[1])


def _uploaded(file: "UploadedFile[bytes] | None") -> tuple[Protocol, bytes]:
    """The protocol in `file`, with its bytes. Raises ProtocolRefused, also where it could not be run."""
    if file is None:
        raise ProtocolRefused(_("Choose the file of a protocol."))
    if (file.size or 0) > LARGEST_PROTOCOL:
        raise ProtocolRefused(_("The file is larger than 1 MiB."))
    content, name = file.read(), str(file.name)
    try:
        found = parse(content, name=name)
    except RecursionError:
        raise ProtocolRefused(_("The file is nested too deeply.")) from None
    if unsaid := missing(found):
        wanted = ", ".join(unsaid)
        raise ProtocolRefused(
            _("The jurisdictions also ask for these statements: %(wanted)s") % {"wanted": wanted}
        )
    return found, content


def _protocol_record(digest: str) -> Record:
    try:
        return record_of(digest)
    except Record.DoesNotExist:
        raise Http404 from None


def _report(pk: int) -> tuple[Run, Record]:
    """A finished run and the record of its report."""
    row = get_object_or_404(Run.objects.select_related("record"), pk=pk)
    if row.record is None:
        raise Http404
    return row, row.record
