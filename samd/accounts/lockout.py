"""Lock-out after failures (django-axes), by person and workstation, and over all workstations together.

A wrong second factor and a failed confirmation before a signature count like a wrong password. What was
typed as a name is kept only under a keyed hash: people type passwords into the wrong field.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from audit import trail
from audit.events import Event
from audit.trail import Outcome
from samd.accounts.entitlement import entitlement_of

# Failures of one person, wherever they come from, before everybody is refused under this name for a while:
# enough that a single workstation (5) cannot do it.
EVERYWHERE = 25


def key_of(_request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """What axes counts under instead of a name: it finds the same name again and tells nothing."""
    name = str((credentials or {}).get("username") or "").strip().casefold()
    return hmac.digest(settings.SECRET_KEY.encode(), name.encode(), "sha256").hex()


class Handler(AxesDatabaseHandler):
    """Axes, with accounts that an administrator shut and with the limit over all workstations."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        user = account_of(credentials)
        if user is not None and (is_shut(user) or _failures_everywhere(user) >= EVERYWHERE):
            return True
        return bool(super().is_locked(request, credentials))


def account_of(credentials: dict[str, Any] | None) -> User | None:
    """The account whose name was typed, if there is one."""
    name = str((credentials or {}).get("username") or "")
    return User.objects.filter(username__iexact=name).first() if name else None


def is_shut(user: User) -> bool:
    """Whether an administrator shut this account."""
    return entitlement_of(user).shut


def _failures_everywhere(user: User) -> int:
    attempts = AccessAttempt.objects.filter(
        username=key_of(None, {"username": user.get_username()}),
        attempt_time__gte=timezone.now() - settings.AXES_COOLOFF_TIME,
    )
    return attempts.aggregate(total=Sum("failures_since_start"))["total"] or 0


def is_locked(user: User, request: HttpRequest) -> bool:
    """Whether `user` may not show who they are, from this workstation, now."""
    return not AxesProxyHandler.is_allowed(request, {"username": user.get_username()})


def count_failure(user: User, request: HttpRequest) -> bool:
    """Count one more failure of `user`; whether they are locked out now."""
    AxesProxyHandler.user_login_failed(__name__, {"username": user.get_username()}, request)
    return is_locked(user, request)


@contextmanager
def in_turn(user: User | None) -> Iterator[None]:
    """Let guesses for `user` that come at once be judged and counted one by one: none passes the limit.

    A ValidationError that is raised inside is raised again when the count is committed.
    """
    refused: ValidationError | None = None
    with transaction.atomic():
        if user is not None:
            User.objects.select_for_update().get(pk=user.pk)
        try:
            yield
        except ValidationError as problem:
            refused = problem
    if refused is not None:
        raise refused


def forget_failures(user: User) -> None:
    """Let `user` try again everywhere."""
    AxesProxyHandler.reset_attempts(username=key_of(None, {"username": user.get_username()}))


def record_lockout(request: HttpRequest) -> None:
    """Tell the trail that somebody is locked out: by name only where that name is an account."""
    user = account_of(request.axes_credentials)  # type: ignore[attr-defined]
    with transaction.atomic():
        trail.append(
            Event.USER_LOCKED,
            f"user/{user.pk}" if user else "user",
            outcome=Outcome.SERIOUS_FAILURE,
            reason=f"{request.axes_failures_since_start} failures in succession",  # type: ignore[attr-defined]
        )


def refuse(user: User, *, reason: str) -> None:
    """Tell the trail that an account was used which may not be."""
    with transaction.atomic():
        trail.append(Event.USER_REFUSED, f"user/{user.pk}", outcome=Outcome.SERIOUS_FAILURE, reason=reason)


def locked_page(request: HttpRequest, *_axes: Any) -> HttpResponse:
    """What everybody sees who is locked out, whether or not there is such an account."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds()) // 60
    return render(request, "account/locked.html", {"minutes": minutes}, status=429)
