"""The gate before every page, as a decision; tests/accounts/test_matrix.py tries it on every address."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audit.models import AuditEvent
from samd.accounts import lockout, passwords
from samd.accounts.gate import Standing, Verdict, decide
from samd.accounts.models import Acceptance
from samd.accounts.roles import Role
from tests.accounts.people import logged_in, person

pytestmark = pytest.mark.requirement("ACC-01", "ACC-02")

SETTLED = Standing(
    roles=frozenset({Role.PHYSICIAN}), has_factor=True, passed_factor=True, password_due=False, accepted=True
)
NEW = replace(SETTLED, has_factor=False, passed_factor=False, password_due=True, accepted=False)


@pytest.mark.parametrize(
    ("name", "standing", "verdict"),
    [
        ("healthz", None, Verdict.OPEN),
        ("worklist", None, Verdict.LOG_IN),
        ("account", None, Verdict.LOG_IN),
        ("no such name", None, Verdict.LOG_IN),
        ("worklist", SETTLED, Verdict.OPEN),
        ("operations", SETTLED, Verdict.REFUSE),
        ("no such name", SETTLED, Verdict.REFUSE),
        ("", SETTLED, Verdict.REFUSE),
        ("account", replace(SETTLED, roles=frozenset()), Verdict.OPEN),
        ("study", replace(SETTLED, roles=frozenset()), Verdict.REFUSE),
        ("worklist", replace(SETTLED, roles=frozenset()), Verdict.HOME),
        # Who has a factor shows it, or is not here.
        ("worklist", replace(SETTLED, passed_factor=False), Verdict.END),
        ("account_logout", replace(SETTLED, passed_factor=False), Verdict.END),
        ("worklist", replace(SETTLED, shut=True), Verdict.END),
        # One step after the other, and nothing beside it but leaving.
        ("worklist", NEW, Verdict.ENROL),
        ("account_change_password", NEW, Verdict.ENROL),
        ("account-policy", NEW, Verdict.ENROL),
        ("mfa_activate_totp", NEW, Verdict.OPEN),
        ("mfa_add_webauthn", NEW, Verdict.OPEN),
        ("account_logout", NEW, Verdict.OPEN),
        ("worklist", replace(SETTLED, password_due=True), Verdict.CHANGE_PASSWORD),
        ("mfa_deactivate_totp", replace(SETTLED, password_due=True), Verdict.CHANGE_PASSWORD),
        ("mfa_view_recovery_codes", replace(SETTLED, password_due=True), Verdict.OPEN),
        ("account_change_password", replace(SETTLED, password_due=True), Verdict.OPEN),
        ("worklist", replace(SETTLED, accepted=False), Verdict.ACCEPT),
        ("account-policy", replace(SETTLED, accepted=False), Verdict.OPEN),
    ],
)
def test_the_verdict(name: str, standing: Standing | None, verdict: Verdict) -> None:
    assert decide(name, standing) is verdict


@pytest.mark.django_db
@pytest.mark.requirement("AUD-07")
def test_events_say_who_and_from_where(kim: User) -> None:
    logged_in(kim).post("/search/", {"term": "x"}, REMOTE_ADDR="192.0.2.44")
    Client().post("/login/", {"login": "x", "password": "y"}, REMOTE_ADDR="192.0.2.45")

    searched = AuditEvent.objects.filter(actor="kim").last()
    failed = AuditEvent.objects.get(event="user:login failed")
    assert searched is not None
    assert searched.address == "192.0.2.44"
    assert (failed.actor, failed.address) == ("nobody", "192.0.2.45")


@pytest.mark.django_db
def test_whether_the_device_is_alive_does_not_hang_on_the_database(
    client: Client, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("step", ["password", "policy"])
def test_a_step_that_is_due_again_interrupts_the_session(kim: User, step: str) -> None:
    client = logged_in(kim)
    assert client.get("/").status_code == 200

    if step == "password":
        passwords.change(kim, "given by somebody else", is_for_one_login=True)
        client = logged_in(kim)
    else:
        Acceptance.objects.filter(user=kim).update(version="0")

    assert client.get("/").headers["Location"] == f"/account/{step}/"


@pytest.mark.django_db
def test_who_lost_the_factor_sets_up_another_before_anything_else() -> None:
    client = logged_in(person("kim", "physician", totp=False))

    assert client.get("/").headers["Location"] == "/account/app/"
    assert not lockout.is_shut(User.objects.get())
