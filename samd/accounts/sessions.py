"""How long a session lasts: 15 minutes without activity, 12 hours in all (HIPAA 164.312(a)(2)(iii))."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import trail
from audit.events import Event

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)

# Activity is written down at most this often, so that not every picture costs a write.
_GRAIN = timedelta(seconds=5)

# Keys in the session.
_OPENED, _ACTIVE = "opened_at", "active_at"
FACTOR = "second_factor"


def why_ended(*, opened: datetime, active: datetime, now: datetime) -> str:
    """Why a session that was opened and last used at these times is over at `now`; "" while it is not."""
    if now - opened >= LONGEST:
        return "12 hours have passed since the login"
    if now - active >= IDLE:
        return "15 minutes without activity"
    return ""


def is_activity(name: str, *, asked_by_itself: bool) -> bool:
    """Whether a person did something; a page that brings its own news keeps no session alive."""
    return name != "worklist-rows" and not asked_by_itself


def open_session(request: HttpRequest, *, now: datetime) -> None:
    """Note when this session begins."""
    request.session[_OPENED] = request.session[_ACTIVE] = now.timestamp()


def pass_factor(request: HttpRequest, kind: str) -> None:
    """Note that the person of this session showed a second factor."""
    request.session[FACTOR] = kind


def end(request: HttpRequest, reason: str) -> None:
    """End this session now, and record why."""
    user = request.user
    with transaction.atomic():
        trail.append(Event.USER_LOGGED_OUT, f"user/{user.pk}", actor=user.get_username(), reason=reason)
    request.session.flush()
    request.user = AnonymousUser()


class SessionLimit:
    """Middleware that ends sessions which are over. Time is read here and nowhere below."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        if not request.user.is_authenticated:
            return
        now, session = timezone.now(), request.session
        opened, active = _time(session.get(_OPENED)), _time(session.get(_ACTIVE))
        reason = why_ended(opened=opened, active=active, now=now)
        if reason:
            end(request, reason)
            messages.info(request, _("You have been logged out, because the session was over."))
            return
        match = request.resolver_match
        name = match.view_name if match else ""
        if is_activity(name, asked_by_itself="again" in request.GET) and now - active >= _GRAIN:
            session[_ACTIVE] = now.timestamp()


def _time(seconds: float | None) -> datetime:
    """A session without times is one that we did not open: it is over."""
    return datetime.fromtimestamp(seconds or 0, UTC)
