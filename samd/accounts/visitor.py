"""The account of the demonstration: trained and granted by the device itself, which the trail shows.

It is no way into an installation: its password and its codes are new at every start of the demonstration,
and are shown to whoever started it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import User

from samd.accounts import granting, passwords, register
from samd.accounts.models import Grant
from samd.accounts.roles import Role

NAME = "demo"
# What one person may unite, and enough to see every kind of page.
ROLES = (Role.PHYSICIAN, Role.QUALITY_OFFICER, Role.INTEGRATOR)

_WHY = "demonstration"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the visitor logs in with: each code counts once."""

    name: str
    password: str
    codes: tuple[str, ...]


def invite(*, now: datetime) -> Invitation:
    """Make the account where there is none, and give it a new password and new codes."""
    user = User.objects.filter(username=NAME).first()
    if user is None:
        user, _ = register.add(
            NAME, printed_name="Demonstration", identified="nobody: a demonstration", reason=_WHY
        )
    password = passwords.one_time_password()
    passwords.change(user, password, reason=_WHY)
    Authenticator.objects.filter(user=user).delete()
    TOTP.activate(user, generate_totp_secret())
    codes = RecoveryCodes.activate(user).get_unused_codes()
    for role in ROLES:
        _let(user, role, now)
    return Invitation(NAME, password, tuple(codes))


def _let(user: User, role: Role, now: datetime) -> None:
    if Grant.objects.filter(user=user, role=role, withdrawn_at=None).exists():
        return
    today = now.date()
    granting.train(user, role, completed_on=today, valid_until=today + timedelta(days=3650), evidence=_WHY)
    granting.grant(user, role, until=None, reason=_WHY, now=now)
