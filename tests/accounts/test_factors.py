"""The second factor's secrets, and using codes up."""

import threading
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from samd.accounts.factors import SecondFactorAdapter, has_factor, spend
from tests.accounts.people import code_of, person, recovery_codes_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ACC-02")]


def test_secrets_are_unreadable_without_the_key_in_its_file(settings: Settings, tmp_path: Path) -> None:
    settings.SAMD_FACTOR_KEY = tmp_path / "factor_key"
    adapter = SecondFactorAdapter()
    encrypted = adapter.encrypt("JBSWY3DPEHPK3PXP")

    assert adapter.decrypt(encrypted) == "JBSWY3DPEHPK3PXP"
    assert (tmp_path / "factor_key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "factor_key").unlink()
    with pytest.raises(InvalidToken):
        adapter.decrypt(encrypted)


def test_processes_that_start_together_agree_on_the_key(settings: Settings, tmp_path: Path) -> None:
    settings.SAMD_FACTOR_KEY = tmp_path / "factor_key"
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.append(SecondFactorAdapter().encrypt("x"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [SecondFactorAdapter().decrypt(text) for text in made] == ["x"] * 8
    assert list(tmp_path.glob("tmp*")) == []


def test_a_code_may_be_typed_with_a_space(kim: User) -> None:
    code = code_of(kim)

    used = spend(kim, f" {code[:3]} {code[3:]}", now=timezone.now())

    assert used is not None
    assert used.type == Authenticator.Type.TOTP


def test_a_recovery_code_counts_once(kim: User) -> None:
    code = recovery_codes_of(kim)[3]

    assert spend(kim, code, now=timezone.now()) is not None
    assert spend(kim, code, now=timezone.now()) is None
    assert len(recovery_codes_of(kim)) == 9


def test_the_last_factor_stays_and_one_of_two_may_go(kim: User) -> None:
    app = Authenticator.objects.get(user=kim, type=Authenticator.Type.TOTP)
    assert not SecondFactorAdapter().can_delete_authenticator(app)

    Authenticator.objects.create(user=kim, type=Authenticator.Type.WEBAUTHN, data={"name": "blue"})

    assert SecondFactorAdapter().can_delete_authenticator(app)


def test_recovery_codes_alone_are_no_second_factor() -> None:
    kim = person("kim", totp=False)
    Authenticator.objects.create(user=kim, type=Authenticator.Type.RECOVERY_CODES, data={})

    assert not has_factor(kim)
