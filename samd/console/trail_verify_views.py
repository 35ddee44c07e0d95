"""The page on which the trail is verified: it grows while that goes on, and ends with the result."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language, override
from django.views.decorators.http import require_http_methods

from audit import inspection
from audit.actors import Actor, acting, current
from audit.models import Seal
from audit.verification.findings import Verification
from samd.console import trail_verification
from samd.console.trail_state import last_verification, sealing_state
from samd.console.trail_verification import CannotVerify

_MARK = "<!-- progress -->"
LISTED = 100  # findings that are shown; an export shows all
_OFTEN = 0.4  # seconds between two signs of progress


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponseBase:
    """Says what a verification shows, and runs one where it is asked for by POST."""
    context: dict[str, Any] = {
        "last_verification": last_verification(),
        "sealing": sealing_state(),
        "zone": settings.TIME_ZONE,
    }
    if request.method != "POST":
        return render(request, "console/trail_verify.html", context)
    page = render_to_string("console/trail_verify.html", context | {"mark": _MARK}, request)
    response = StreamingHttpResponse(_growing(page, current(), get_language()))
    response.headers["X-Accel-Buffering"] = "no"  # a proxy in between passes on what there is
    return response


def _growing(
    page: str, actor: Actor, language: str | None, clock: Callable[[], float] = time.monotonic
) -> Iterator[str]:
    """The page up to its mark, then the progress and the result, then the rest of it.

    Read when the request is over: `actor` asked for it, in this `language`.
    """
    head, tail = page.split(_MARK)
    yield head
    total, said = trail_verification.events_to_verify(), clock()
    try:
        for step in trail_verification.verified(trail_verification.in_the_database):
            if isinstance(step, Verification):
                with acting(actor.name, address=actor.address):
                    inspection.record(step)  # before it is shown
                yield _part("console/_trail_result.html", _result(step), language)
            elif clock() - said >= _OFTEN:
                said = clock()
                yield _part(
                    "console/_trail_progress.html", {"done": min(step, total), "total": total}, language
                )
    except CannotVerify as problem:
        yield _part("console/_trail_result.html", {"refused": problem}, language)
    yield tail


def _part(template: str, context: Mapping[str, Any], language: str | None) -> str:
    with override(language):
        return render_to_string(template, dict(context))


def _result(result: Verification) -> dict[str, Any]:
    checkpoint = result.checkpoint
    seal = Seal.objects.filter(size=checkpoint.size).first() if checkpoint else None
    return {
        "result": result,
        "sealed_at": seal.at if seal else None,
        "root": checkpoint.root.hex() if checkpoint else "",
        "unprotected": result.unprotected + result.pending,
        "listed": result.problems[:LISTED],
        "unlisted": len(result.problems[LISTED:]) + result.further,
        "zone": settings.TIME_ZONE,
    }
