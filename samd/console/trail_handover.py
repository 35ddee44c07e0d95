"""Taking the trail out of the device: every download has a reason, and the trail says what was taken.

The Korean rule on access logs asks for the reason of each download (안전성 확보조치 기준, 제8조).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit import trail
from audit.actors import Actor, acting
from audit.events import Event
from audit.trail import Outcome
from samd.console.trail_filter import TrailFilter

PURPOSES: Mapping[str, Promise] = {
    "monthly review": _("Monthly review"),
    "inspection": _("Inspection by an authority"),
    "incident": _("Investigation of an incident"),
    "request of a patient": _("Request of a patient"),
    "archive": _("Keeping a copy elsewhere"),
    "other": pgettext_lazy("purpose", "Other"),
}
LONGEST_DETAILS = 200  # characters

_Response = TypeVar("_Response", HttpResponse, StreamingHttpResponse)


class NoReason(Exception):
    """Nothing is handed out without a reason."""


@dataclass(frozen=True, slots=True)
class Download:
    """What is handed out, by whom and why. `wanted` is everything where the file is complete."""

    subject: str
    format: str
    filename: str
    content_type: str
    reason: str
    wanted: TrailFilter
    actor: Actor


def reason_of(given: Mapping[str, str]) -> str:
    """The reason in a form. Raises NoReason."""
    purpose, details = given.get("purpose", ""), given.get("details", "").strip()
    if purpose not in PURPOSES or not details or len(details) > LONGEST_DETAILS:
        raise NoReason
    return f"{purpose}: {details}"


def whole(taken: Download, content: bytes, *, rows: int) -> HttpResponse:
    """A file that is ready: it is recorded with its digest, then handed out."""
    _record(taken, "complete", rows=rows, digest=sha256(content).hexdigest())
    return _as_file(HttpResponse(content, content_type=taken.content_type), taken)


def streamed(taken: Download, lines: Iterable[tuple[str, int]]) -> StreamingHttpResponse:
    """A file that is made while it is read: `lines` are texts, each with the number of its events.

    That it was begun is recorded before the first byte; rows and digest follow with the last, or with the
    one at which it broke off.
    """
    _record(taken, "begun")
    return _as_file(StreamingHttpResponse(_counted(taken, lines), content_type=taken.content_type), taken)


def _counted(taken: Download, lines: Iterable[tuple[str, int]]) -> Iterator[bytes]:
    digest, rows, part = sha256(), 0, "broken off"
    try:
        for text, events in lines:
            content = text.encode()
            digest.update(content)
            rows += events
            yield content
        part = "complete"
    finally:
        _record(taken, part, rows=rows, digest=digest.hexdigest())


def _record(taken: Download, part: str, **facts: Any) -> None:
    wanted = taken.wanted
    # What is streamed is read when the request is over, and with it who acts.
    with acting(taken.actor.name, address=taken.actor.address), transaction.atomic():
        trail.append(
            Event.TRAIL_EXPORTED,
            taken.subject,
            **wanted.belongs,
            outcome=Outcome.MINOR_FAILURE if part == "broken off" else Outcome.SUCCESS,
            reason=taken.reason,
            format=taken.format,
            filter=wanted.query,
            part=part,
            **facts,
        )


def _as_file(response: _Response, taken: Download) -> _Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{taken.filename}"'
    return response
