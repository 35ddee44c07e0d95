"""The forms that ask for a second factor: each code counts once, and each failure towards the lock-out."""

from typing import Any

from allauth.account.adapter import get_adapter as account_adapter
from allauth.account.forms import ChangePasswordForm, LoginForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.events import Event
from audit.trail import Outcome
from samd.accounts import factors, lockout


class _Code:
    """Takes the place of allauth's check of a code."""

    user: User
    cleaned_data: dict[str, Any]
    authenticator: Authenticator

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        with lockout.in_turn(self.user):
            demand_unlocked(self.user)
            used = factors.spend(self.user, code, now=timezone.now())
            if used is None:
                fail(self.user)
                raise get_adapter().validation_error("incorrect_code")
            self.authenticator = used
        return code


class PasswordForm(LoginForm):
    """The first step of the login."""

    def clean(self) -> dict[str, Any]:
        with lockout.in_turn(lockout.account_of({"username": self.cleaned_data.get("login")})):
            return dict(super().clean())


class CodeForm(_Code, AuthenticateForm):
    """At the login."""


class CodeAgainForm(_Code, ReauthenticateForm):
    """Before factors are changed."""


class SecurityKeyForm(AuthenticateWebAuthnForm):
    """A security key at the login."""

    def clean_credential(self) -> Authenticator:
        with lockout.in_turn(self.user):
            demand_unlocked(self.user)
            try:
                return super().clean_credential()
            except ValidationError:
                fail(self.user)
                raise


class NewPasswordForm(ChangePasswordForm):
    """A new password; a wrong old one counts like a wrong password at the login."""

    def clean_oldpassword(self) -> str:
        with lockout.in_turn(self.user):
            demand_unlocked(self.user)
            try:
                return str(super().clean_oldpassword())
            except ValidationError:
                fail(self.user, "wrong password")
                raise


def demand_unlocked(user: User) -> None:
    """Raise ValidationError, and let the page of locked accounts be shown, where `user` is locked out."""
    request = context.request
    if lockout.is_locked(user, request):
        lockout.refuse(user, reason="the account is locked")
        request.axes_locked_out = True
        raise account_adapter().validation_error("too_many_login_attempts")


def fail(user: User, reason: str = "wrong second factor") -> None:
    """Record and count a failure of somebody who is known."""
    with transaction.atomic():
        trail.append(
            Event.USER_LOGIN_FAILED,
            f"user/{user.pk}",
            outcome=Outcome.MINOR_FAILURE,
            reason=reason,
        )
    lockout.count_failure(user, context.request)
