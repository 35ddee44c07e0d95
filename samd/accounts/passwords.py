"""Passwords age, do not come back, and are written down only as hashes (21 CFR 11.300(b))."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import signing_keys, trail
from audit.events import Event
from samd.accounts.models import PasswordChange

REMEMBERED = 5  # passwords that do not come back


def is_due(set_at: datetime, *, is_for_one_login: bool, now: datetime, longest: timedelta | None) -> bool:
    """Whether a password that was set at `set_at` must be changed before anything else."""
    return is_for_one_login or (longest is not None and now - set_at >= longest)


def must_change(user: User, *, now: datetime) -> bool:
    """Whether `user` must choose another password now; never true for who has none (single sign-on)."""
    if not user.has_usable_password():
        return False
    newest = PasswordChange.objects.filter(user=user).last()
    days = settings.SAMD_PASSWORD_DAYS
    return is_due(
        newest.at if newest else user.date_joined,
        is_for_one_login=newest is not None and newest.is_for_one_login,
        now=now,
        longest=timedelta(days=days) if days else None,
    )


def change(
    user: User, password: str, *, old: str = "", is_for_one_login: bool = False, reason: str = ""
) -> None:
    """Give `user` this password, and remember it; every other session of theirs ends.

    With their `old` password their signing key is locked anew. Without it the key is retired: whoever gives
    somebody else a password does not get their signature (21 CFR 11.200(a)(3)).
    """
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        PasswordChange.objects.create(
            user=user, password=user.password, at=timezone.now(), is_for_one_login=is_for_one_login
        )
        if old:
            signing_keys.rewrap(user.pk, old, password)
        else:
            signing_keys.retire(user.pk, reason="the password was reset")
        kind = "for one login" if is_for_one_login else "chosen"
        trail.append(Event.USER_PASSWORD_CHANGED, f"user/{user.pk}", reason=reason, kind=kind)


def one_time_password() -> str:
    """Sixteen letters and digits in four groups, to be read out and typed once; 80 bits."""
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))


class NotUsedBefore:
    """Django's validator that refuses the last passwords of a person."""

    def validate(self, password: str, user: User | None = None) -> None:
        if user is None or user.pk is None:
            return
        hashes = PasswordChange.objects.filter(user=user).order_by("-pk").values_list("password", flat=True)
        if any(check_password(password, encoded) for encoded in hashes[:REMEMBERED]):
            raise ValidationError(self.get_help_text(), code="password_used_before")

    def get_help_text(self) -> str:
        return _("The password must not be one of your last %(count)d.") % {"count": REMEMBERED}
