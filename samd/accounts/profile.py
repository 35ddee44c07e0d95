"""One's own account as a page: name, roles and their end, training, password and second factors."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User

from samd.accounts.models import Grant, PasswordChange, Training
from samd.accounts.roles import Role, roles_of


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role that was granted; `counts` says whether it is in force."""

    role: Role
    until: datetime | None
    trained_until: date | None
    counts: bool


@dataclass(frozen=True, slots=True)
class Key:
    """A security key by the name that its owner gave it."""

    pk: int
    name: str


@dataclass(frozen=True, slots=True)
class OwnPage:
    """The page; `password_until` is None where the password does not age or there is none."""

    username: str
    printed_name: str
    roles: tuple[RoleLine, ...]
    has_password: bool
    password_until: datetime | None
    has_app: bool
    keys: tuple[Key, ...]
    codes_left: int


def own_page(user: User, *, now: datetime) -> OwnPage:
    """The page of `user`."""
    factors = list(Authenticator.objects.filter(user=user).order_by("pk"))
    codes = [f for f in factors if f.type == Authenticator.Type.RECOVERY_CODES]
    return OwnPage(
        username=user.get_username(),
        printed_name=user.get_full_name(),
        roles=tuple(_roles(user, now)),
        has_password=user.has_usable_password(),
        password_until=_password_until(user),
        has_app=any(f.type == Authenticator.Type.TOTP for f in factors),
        keys=tuple(Key(f.pk, str(f)) for f in factors if f.type == Authenticator.Type.WEBAUTHN),
        codes_left=len(codes[0].wrap().get_unused_codes()) if codes else 0,
    )


def _roles(user: User, now: datetime) -> list[RoleLine]:
    in_force = roles_of(user, now=now)
    trained: dict[str, date] = {}
    for training in Training.objects.filter(user=user):
        trained[training.role] = max(training.valid_until, trained.get(training.role, date.min))
    return [
        RoleLine(Role(grant.role), grant.until, trained.get(grant.role), Role(grant.role) in in_force)
        for grant in Grant.objects.filter(user=user, withdrawn_at=None)
    ]


def _password_until(user: User) -> datetime | None:
    if not settings.SAMD_PASSWORD_DAYS or not user.has_usable_password():
        return None
    newest = PasswordChange.objects.filter(user=user).last()
    return (newest.at if newest else user.date_joined) + timedelta(days=settings.SAMD_PASSWORD_DAYS)
