"""The second factor of a person: using it up, and keeping its secrets unreadable in the database."""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from samd.accounts import totp

# What a person logs in with; recovery codes come with one of these and go with the last of them.
PRIMARY = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_factor(user: User) -> bool:
    """Whether `user` has set up a second factor."""
    return Authenticator.objects.filter(user=user, type__in=PRIMARY).exists()


def spend(user: User, code: str, *, now: datetime) -> Authenticator | None:
    """Use up `code` and give the factor that it belongs to: an authenticator app, or a recovery code.

    None where it is wrong, has been used, or is too old.
    """
    typed = "".join(code.split())
    with transaction.atomic():
        typable = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
        for factor in Authenticator.objects.select_for_update().filter(user=user, type__in=typable):
            if factor.type == Authenticator.Type.TOTP:
                used = _spend_totp(factor, typed, now)
            else:
                used = bool(factor.wrap().validate_code(typed))
            if used:
                factor.user = user
                return factor
    return None


def _spend_totp(factor: Authenticator, code: str, now: datetime) -> bool:
    secret = SecondFactorAdapter().decrypt(factor.data["secret"])
    step = totp.matching_step(secret, code, now=now, after=factor.data.get("step", 0))
    if step is None:
        return False
    factor.data["step"] = step
    factor.save(update_fields=["data"])
    return True


class SecondFactorAdapter(DefaultMFAAdapter):
    """What allauth asks about second factors."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": _("This is your only second factor: set up another one first."),
        "incorrect_code": _("This code is wrong, or it has been used. Wait for the next one."),
    }

    def encrypt(self, text: str) -> str:
        """Whoever reads the database, or a copy of it, cannot make codes."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        return "samd"

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """The last factor stays: only an administrator takes it away, for a reason that is recorded."""
        others = Authenticator.objects.filter(user=authenticator.user_id, type__in=PRIMARY)
        return others.exclude(pk=authenticator.pk).exists()


def _cipher() -> Fernet:
    """The key stands in a file beside the other secrets, not in the database; it is made when needed."""
    path = Path(settings.SAMD_FACTOR_KEY)
    if not path.exists():
        with NamedTemporaryFile(dir=path.parent) as made:  # readable by its owner alone
            made.write(Fernet.generate_key())
            made.flush()
            os.fsync(made.fileno())
            with suppress(FileExistsError):  # another process was faster, and its key counts
                os.link(made.name, path)
    return Fernet(path.read_bytes())
