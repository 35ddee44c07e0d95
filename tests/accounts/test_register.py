"""What an administrator does with people."""

import json
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.utils import timezone

from audit.actors import acting
from audit.models import AuditEvent
from samd.accounts import register
from samd.accounts.granting import Refused
from samd.accounts.models import Grant, Training
from samd.accounts.roles import Role, roles_of
from tests.accounts.people import PASSWORD, logged_in, seal

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ACC-03")]

DAY = timedelta(days=1)


def said(event: str) -> dict[str, object]:
    found = AuditEvent.objects.filter(event=event).last()
    assert found is not None
    return dict(json.loads(found.canonical))


@pytest.mark.requirement("ACC-02")
@pytest.mark.part11("11.100(a)", "11.300(a)")
def test_a_name_is_never_given_to_another(kim: User) -> None:
    register.deactivate(kim, reason="left the hospital", now=timezone.now())

    for name in ("kim", "KIM", "ＫＩＭ"):
        with pytest.raises(Refused, match="belongs, or belonged"):
            register.add(name, printed_name="Another Kim", identified="staff card", reason="new")
    with pytest.raises(ProtectedError):
        kim.delete()
    with pytest.raises(ProtectedError, match="user deactivate"):
        User.objects.create(username="who did nothing yet").delete()


def test_deactivating_takes_every_role_and_ends_every_session(kim: User) -> None:
    client = logged_in(kim)

    register.deactivate(kim, reason="left the hospital", now=timezone.now())

    assert client.get("/").status_code == 302
    assert not Grant.objects.filter(user=kim, withdrawn_at=None).exists()
    assert said("user:deactivated")["changes"] == {"active": [True, False]}


@pytest.mark.part11("11.100(b)")
def test_who_somebody_is_was_made_sure_of_before_they_have_an_account() -> None:
    with pytest.raises(Refused, match="--identified"):
        register.add("kim", printed_name="Kim", identified="", reason="new")

    register.add("lee", printed_name="Lee", identified="staff card, shown to HR", reason="new")

    assert "staff card" in AuditEvent.objects.get(event="user:created").canonical


def test_an_account_has_a_printed_name_and_a_name_that_can_be_typed() -> None:
    with pytest.raises(Refused, match="printed name is missing"):
        register.add("kim", printed_name=" ", identified="staff card", reason="new")
    with pytest.raises(ValidationError):
        register.add("kim <script>", printed_name="Kim", identified="staff card", reason="new")
    assert not User.objects.exists()


def test_the_password_for_one_login_stands_in_no_event() -> None:
    user, password = register.add("kim", printed_name="김영희", identified="staff card", reason="new here")

    assert user.check_password(password)
    assert not AuditEvent.objects.filter(canonical__contains=password).exists()
    assert said("user:created")["facts"] == {
        "name": "김영희",
        "username": "kim",
        "identified": "staff card",
    }


@pytest.mark.requirement("ACC-02")
@pytest.mark.part11("11.300(c)")
def test_a_lost_factor_is_taken_away_with_the_password_and_the_sessions(kim: User) -> None:
    client = logged_in(kim)

    password = register.reset_factor(kim, reason="telephone lost")

    kim.refresh_from_db()
    assert not Authenticator.objects.filter(user=kim).exists()
    assert kim.check_password(password)
    assert not kim.check_password(PASSWORD)
    assert client.get("/").status_code == 302
    assert said("user:second factor changed")["changes"] in (
        {"factor": ["totp", None]},
        {"factor": ["recovery_codes", None]},
    )


def test_the_first_administrator_vouches_for_themselves_and_there_is_one_first() -> None:
    with acting("os:lee"):
        lee, _, _ = register.add_first("lee", printed_name="Lee", now=timezone.now())
    seal()

    assert roles_of(lee, now=timezone.now()) == {Role.ADMINISTRATOR}
    assert "self-declared" in Training.objects.get(user=lee).evidence
    with pytest.raises(Refused, match="there was an administrator before"):
        register.add_first("kim", printed_name="Kim", now=timezone.now())
    assert not User.objects.filter(username="kim").exists()


@pytest.mark.parametrize(
    "act", [register.lock, register.unlock, register.new_password, register.reset_factor]
)
def test_every_act_has_a_reason(kim: User, act: object) -> None:
    before = AuditEvent.objects.count()

    with pytest.raises(Refused, match="the reason is missing"):
        act(kim, reason=" ")  # type: ignore[operator]

    assert AuditEvent.objects.count() == before
    assert kim.check_password(PASSWORD)


@pytest.mark.requirement("ACC-02", "AUD-07")
@pytest.mark.part11("11.10(e)")
@pytest.mark.parametrize("name", ["device", "Nobody"])
def test_no_account_has_the_name_by_which_the_trail_calls_the_device_or_nobody(name: str) -> None:
    with pytest.raises(Refused, match="calls no person"):
        register.add(name, printed_name="Somebody", identified="staff card", reason="new")
