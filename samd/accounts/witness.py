"""Writes into the trail what the login and the second factor do; and keeps people from being deleted."""

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.db.models import ProtectedError
from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from audit import trail
from audit.events import Event
from audit.trail import Outcome
from samd.accounts import lockout, sessions


@receiver(user_logged_in)
def _logged_in(*, request: HttpRequest, user: User, **_: object) -> None:
    sessions.open_session(request, now=timezone.now())
    shown = get_authentication_records(request, user)
    methods = [str(record.get("type") or record["method"]) for record in shown]
    with transaction.atomic():
        trail.append(Event.USER_LOGGED_IN, f"user/{user.pk}", actor=user.get_username(), methods=methods)


@receiver(user_logged_out)
def _logged_out(*, user: User | None, **_: object) -> None:
    if user is not None:
        with transaction.atomic():
            trail.append(Event.USER_LOGGED_OUT, f"user/{user.pk}", actor=user.get_username())


@receiver(user_login_failed)
def _login_failed(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: object) -> None:
    user = lockout.account_of(credentials)
    if user is not None and _was_turned_away(request):
        lockout.refuse(user, reason="the account is locked")
        return
    # The name that was typed is not recorded: people type passwords into the wrong field.
    with transaction.atomic():
        trail.append(Event.USER_LOGIN_FAILED, "user", actor="nobody", outcome=Outcome.MINOR_FAILURE)


def _was_turned_away(request: HttpRequest | None) -> bool:
    """Whether the lock-out refused, so that nothing was tried and nothing counted."""
    is_locked = getattr(request, "axes_locked_out", False)
    return bool(is_locked) and getattr(request, "axes_failures_since_start", None) is None


@receiver(user_locked_out)
def _locked_out(*, request: HttpRequest, **_: object) -> None:
    # Axes says so again at every further attempt; the alert belongs to the one that locked.
    if request.axes_failures_since_start == settings.AXES_FAILURE_LIMIT:  # type: ignore[attr-defined]
        lockout.record_lockout(request)


@receiver(authenticator_used)
def _used(*, request: HttpRequest, authenticator: Authenticator, **_: object) -> None:
    sessions.pass_factor(request, authenticator.type)


@receiver(post_save, sender=Authenticator)
def _set_up(*, instance: Authenticator, created: bool, **_: object) -> None:
    if created:
        _record_factor(instance, (None, instance.type))


@receiver(post_delete, sender=Authenticator)
def _removed(*, instance: Authenticator, **_: object) -> None:
    _record_factor(instance, (instance.type, None))


@receiver(pre_delete, sender=User)
def _kept(*, instance: User, **_: object) -> None:
    raise ProtectedError(
        f"{instance} is not deleted: a name that was worked under is never given to another. "
        f"Run: manage.py user deactivate {instance}",
        {instance},
    )


def _record_factor(factor: Authenticator, change: tuple[str | None, str | None]) -> None:
    with transaction.atomic():
        trail.append(Event.USER_FACTOR_CHANGED, f"user/{factor.user_id}", changes={"factor": change})
