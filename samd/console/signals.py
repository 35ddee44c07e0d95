"""Logins, logouts and failed logins go into the audit trail."""

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from audit import trail
from audit.events import Event
from audit.trail import Outcome


@receiver(user_logged_in)
def _logged_in(*, request: HttpRequest | None, user: AbstractBaseUser, **_: object) -> None:
    _record(Event.USER_LOGGED_IN, user, request)


@receiver(user_logged_out)
def _logged_out(*, request: HttpRequest | None, user: AbstractBaseUser | None, **_: object) -> None:
    if user is not None:
        _record(Event.USER_LOGGED_OUT, user, request)


@receiver(user_login_failed)
def _login_failed(*, request: HttpRequest | None = None, **_: object) -> None:
    # The name that was typed is not recorded: people type passwords into the wrong field.
    with transaction.atomic():
        trail.append(
            Event.USER_LOGIN_FAILED,
            "user",
            actor="nobody",
            outcome=Outcome.MINOR_FAILURE,
            address=_address(request),
        )


def _record(event: Event, user: AbstractBaseUser, request: HttpRequest | None) -> None:
    with transaction.atomic():
        trail.append(event, f"user/{user.pk}", actor=user.get_username(), address=_address(request))


def _address(request: HttpRequest | None) -> str:
    return str(request.META.get("REMOTE_ADDR", "")) if request is not None else ""
