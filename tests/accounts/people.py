"""Builders of people: an account that is past its first steps, with roles that are in force."""

from datetime import timedelta
from pathlib import Path

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from audit.keys import configured_sequencer
from audit.signer import make_key
from samd.accounts import factors, granting, passwords, policy, register, sessions, totp
from samd.accounts.roles import Role

PASSWORD = "correct horse battery staple"


def person(name: str, *roles: str, password: str = PASSWORD, totp: bool = True) -> User:
    """An account with `roles` in force: trained, granted, sealed; its printed name is "Dr. Kim" for "kim".

    It has chosen its password, accepted the policy and, unless `totp` is false, set up an authenticator app.
    An auditor's role ends in 30 days.
    """
    user, _ = register.add(
        name,
        printed_name=f"Dr. {name.capitalize()}",
        identified="known to the tests",
        reason="a test needs somebody",
    )
    passwords.change(user, password)
    policy.accept(user, language="en")
    if totp:
        TOTP.activate(user, generate_totp_secret())
        RecoveryCodes.activate(user)
    for role in roles:
        grant(user, role)
    seal()
    return user


def grant(user: User, role: str) -> None:
    """Train `user` for `role` and give it; it counts as soon as somebody calls seal()."""
    now = timezone.now()
    granting.train(
        user,
        Role(role),
        completed_on=now.date() - timedelta(days=1),
        valid_until=now.date() + timedelta(days=365),
        evidence="course in a test",
    )
    until = now + timedelta(days=30) if role == Role.AUDITOR else None
    granting.grant(user, Role(role), until=until, reason="a test needs this role", now=now)


def seal() -> None:
    """Number every event and sign a checkpoint, as the sealing process would; its key is made when needed."""
    if not Path(settings.AUDIT_KEY).exists():
        make_key(Path(settings.AUDIT_KEY), origin="hospital.example/samd")
    sequencer = configured_sequencer("test")
    while sequencer.step(timezone.now()):
        pass


def code_of(user: User) -> str:
    """The code that the authenticator app of `user` shows now; as if the last one had been used long ago."""
    factor = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    factor.data.pop("step", None)
    factor.save(update_fields=["data"])
    secret = factors.SecondFactorAdapter().decrypt(factor.data["secret"])
    return totp.code_at(secret, totp.step_at(timezone.now()))


def recovery_codes_of(user: User) -> list[str]:
    """The recovery codes of `user` that are unused."""
    factor = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    return list(RecoveryCodes(factor).get_unused_codes())


def logged_in(user: User, *, factor: bool = True) -> Client:
    """A browser in which `user` has logged in, with the second factor unless `factor` is false."""
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    if factor:
        session = client.session
        session[sessions.FACTOR] = "totp"
        session.save()
    return client
