"""Passwords age and do not come back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from audit.models import AuditEvent
from samd.accounts import passwords
from samd.accounts.models import PasswordChange
from tests.accounts.people import PASSWORD, logged_in

pytestmark = pytest.mark.requirement("ACC-02")

SET = datetime(2025, 3, 4, 10, 0, tzinfo=UTC)
YEAR = timedelta(days=365)


@pytest.mark.parametrize(
    ("for_one_login", "now", "longest", "due"),
    [
        (False, SET + YEAR - timedelta(seconds=1), YEAR, False),
        (False, SET + YEAR, YEAR, True),
        (False, SET + 99 * YEAR, None, False),
        (True, SET, YEAR, True),
        (True, SET, None, True),
    ],
)
def test_a_password_is_due(for_one_login: bool, now: datetime, longest: timedelta | None, due: bool) -> None:
    assert passwords.is_due(SET, is_for_one_login=for_one_login, now=now, longest=longest) is due


@pytest.mark.django_db
@pytest.mark.part11("11.300(b)")
def test_the_setting_says_how_long_and_an_old_password_leads_to_a_new_one(
    kim: User, settings: Settings
) -> None:
    client = logged_in(kim)
    PasswordChange.objects.filter(user=kim).update(at=timezone.now() - YEAR)
    assert client.get("/").headers["Location"] == "/account/password/"

    settings.SAMD_PASSWORD_DAYS = 0

    assert client.get("/").status_code == 200


@pytest.mark.django_db
@pytest.mark.part11("11.300(b)")
def test_the_last_five_do_not_come_back_and_the_sixth_may(kim: User) -> None:
    for number in range(4):
        passwords.change(kim, f"another long sentence {number}")
    with pytest.raises(ValidationError, match="one of your last 5"):
        validate_password(PASSWORD, kim)

    passwords.change(kim, "another long sentence 4")

    validate_password(PASSWORD, kim)


@pytest.mark.django_db
@pytest.mark.parametrize("weak", ["short", "password1234", "123456789012", "Dr. Kim 1234"])
def test_weak_passwords_are_refused(kim: User, weak: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(weak, kim)


@pytest.mark.django_db
def test_who_has_only_single_sign_on_has_no_password_to_change(kim: User) -> None:
    kim.set_unusable_password()
    kim.save()

    assert not passwords.must_change(kim, now=timezone.now() + 9 * YEAR)
    assert logged_in(kim).get("/account/password/").status_code == 404


@pytest.mark.django_db
def test_changing_it_keeps_this_session_ends_the_others_and_is_recorded(kim: User) -> None:
    here, elsewhere = logged_in(kim), logged_in(kim)
    new = "an entirely other sentence"

    response = here.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert response.status_code == 302
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    event = AuditEvent.objects.filter(event="user:password changed").last()
    assert event is not None
    assert (event.subject, event.actor) == (f"user/{kim.pk}", "kim")
    assert new not in event.canonical


@pytest.mark.django_db
def test_passwords_for_one_login_are_long_and_differ() -> None:
    made = {passwords.one_time_password() for _ in range(100)}

    assert len(made) == 100
    assert {len(password) for password in made} == {19}
