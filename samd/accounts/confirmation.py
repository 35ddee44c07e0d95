"""Asking a logged-in person again who they are, before they sign: both components of 21 CFR 11.200(a)."""

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from samd.accounts import factors, lockout, sessions


class NotConfirmed(Exception):
    """The person did not show that they are who is logged in; the message tells them what to do."""


def confirm(request: HttpRequest, *, password: str, code: str) -> None:
    """Return if `password` and `code`, of the app or a recovery code, are those of the logged-in user.

    The code is used up. A failure counts towards the lock-out, a locked account is refused whatever is given,
    and the failure that locks it ends the session too. To be called outside of a transaction, so that the
    count survives; RuntimeError otherwise. Raises NotConfirmed.
    """
    user = request.user
    if not isinstance(user, User):
        raise NotConfirmed(_("You are not logged in. Nothing was signed."))
    with transaction.atomic(durable=True), lockout.in_turn(user):
        if lockout.is_locked(user, request):
            raise NotConfirmed(_locked())
        # One after the other, so that a wrong password does not use up the code; one answer for both, so
        # that nobody learns which of them was right.
        is_confirmed = check_password(password, user.password) and bool(
            factors.spend(user, code, now=timezone.now())
        )
        is_locked = not is_confirmed and lockout.count_failure(user, request)
    if is_locked:
        sessions.end(request, "locked while confirming a signature")
        raise NotConfirmed(_locked())
    if not is_confirmed:
        raise NotConfirmed(
            _(
                "Password and code do not match, or the code has been used. Nothing was signed; wait for the "
                "next code and try again."
            )
        )


def _locked() -> str:
    return _("Your account is locked after too many failures. Nothing was signed; ask your administrator.")
