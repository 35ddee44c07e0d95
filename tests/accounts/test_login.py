"""Logging in, from the first time on: as a person goes through the pages."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from audit.models import AuditEvent
from samd.accounts import register, totp
from samd.accounts.models import Acceptance
from tests.accounts.people import PASSWORD, code_of, grant, person, recovery_codes_of, seal

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ACC-02")]


def type_password(client: Client, user: User, password: str = PASSWORD) -> str:
    """Where the login leads after the password."""
    response = client.post("/login/?next=/", {"login": user.get_username(), "password": password})
    return response.headers.get("Location", "")


def events(*names: str) -> list[tuple[str, str, str]]:
    found = AuditEvent.objects.filter(event__in=names).order_by("pk")
    return list(found.values_list("event", "subject", "actor"))


def test_nobody_is_in_before_the_second_factor(kim: User) -> None:
    client = Client()

    assert type_password(client, kim) == "/login/code/"

    assert client.get("/").headers["Location"] == "/login/?next=/"
    assert events("user:logged in") == []


def test_password_and_code_let_in_and_the_trail_says_with_what(kim: User) -> None:
    client = Client(HTTP_USER_AGENT="Chromium")
    type_password(client, kim)

    response = client.post("/login/code/", {"code": code_of(kim)})

    assert response.headers["Location"] == "/"
    assert client.get("/").status_code == 200
    assert events("user:logged in") == [("user:logged in", f"user/{kim.pk}", "kim")]
    event = AuditEvent.objects.get(event="user:logged in")
    assert '"methods":["password","totp"]' in event.canonical
    assert event.address == "127.0.0.1"


def test_the_cookie_of_the_session_is_out_of_reach_of_scripts_and_other_sites(kim: User) -> None:
    client = Client()
    type_password(client, kim)

    cookie = client.cookies["sessionid"]

    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert cookie["expires"] == ""  # it ends with the browser


@pytest.mark.part11("11.300(d)")
def test_a_code_counts_once(kim: User) -> None:
    code = code_of(kim)
    for client, status in ((Client(), 302), (Client(), 200)):
        type_password(client, kim)
        assert client.post("/login/code/", {"code": code}).status_code == status


def test_a_recovery_code_lets_in_once(kim: User) -> None:
    code = recovery_codes_of(kim)[0]
    for client, status in ((Client(), 302), (Client(), 200)):
        type_password(client, kim)
        assert client.post("/login/code/", {"code": code}).status_code == status
    assert (
        '"methods":["password","recovery_codes"]' in AuditEvent.objects.get(event="user:logged in").canonical
    )


def test_a_wrong_second_factor_is_refused_and_recorded(kim: User) -> None:
    client = Client()
    type_password(client, kim)

    response = client.post("/login/code/", {"code": "000000"})

    assert "This code is wrong" in response.content.decode()
    assert client.get("/").status_code == 302
    failed = AuditEvent.objects.get(event="user:login failed")
    assert (failed.subject, failed.outcome) == (f"user/{kim.pk}", 4)
    assert "wrong second factor" in failed.canonical
    assert "000000" not in failed.canonical


def test_the_session_gets_another_number_at_the_login(kim: User) -> None:
    client = Client()
    type_password(client, kim)
    before = client.session.session_key

    client.post("/login/code/", {"code": code_of(kim)})

    assert client.session.session_key != before


def test_logging_out_is_recorded_and_ends_the_session(kim: User) -> None:
    client = Client()
    type_password(client, kim)
    client.post("/login/code/", {"code": code_of(kim)})

    client.post("/logout/")

    assert client.get("/").status_code == 302
    assert events("user:logged out") == [("user:logged out", f"user/{kim.pk}", "kim")]


def test_the_login_leads_to_no_other_site(kim: User) -> None:
    client = Client()
    client.post("/login/?next=https://elsewhere.example/", {"login": "kim", "password": PASSWORD})

    response = client.post("/login/code/", {"code": code_of(kim)})

    assert response.headers["Location"] == "/home/"


def test_a_failed_login_is_recorded_without_what_was_typed(kim: User) -> None:
    Client().post("/login/", {"login": "hunter2-in-the-wrong-field", "password": "wrong-word"})

    event = AuditEvent.objects.get(event="user:login failed")
    assert (event.subject, event.actor, event.address) == ("user", "nobody", "127.0.0.1")
    assert "hunter2" not in event.canonical
    assert "wrong-word" not in event.canonical


def test_a_deactivated_account_is_closed_with_the_right_password_too(kim: User) -> None:
    register.deactivate(kim, reason="left the hospital", now=kim.date_joined)
    client = Client()

    assert type_password(client, kim) == "/login/inactive/"

    assert "This account was deactivated" in client.get("/login/inactive/").content.decode()
    assert "deactivated" in AuditEvent.objects.get(event="user:refused").canonical


@pytest.mark.requirement("ACC-01", "ACC-03")
@pytest.mark.part11("11.10(j)", "11.10(d)")
def test_a_new_person_sets_up_the_factor_then_the_password_then_accepts_the_policy() -> None:
    user, one_time = register.add("lee", printed_name="이하은", identified="staff card", reason="new here")
    client = Client()

    # Whatever is asked for, the second factor comes first.
    assert type_password(client, user, one_time) == "/"
    for address in ("/", "/account/", "/account/password/", "/account/policy/"):
        assert client.get(address).headers["Location"] == "/account/app/"
    page = client.get("/account/app/").content.decode()
    secret = re.search(r'id="secret">([A-Z2-7]+)<', page)
    assert secret is not None
    code = totp.code_at(secret[1], totp.step_at(user.date_joined))
    response = client.post("/account/app/", {"code": code})
    assert response.headers["Location"] == "/account/codes/"
    codes = client.get("/account/codes/").content.decode()
    assert re.findall(r"<code>(\d{8})</code>", codes) == recovery_codes_of(user)
    assert "<code>" not in client.get("/account/codes/").content.decode()

    # Then a password that nobody else knows.
    assert client.get("/").headers["Location"] == "/account/password/"
    client.post("/account/password/", {"oldpassword": one_time, "password1": PASSWORD, "password2": PASSWORD})

    # Then the words that bind.
    assert client.get("/").headers["Location"] == "/account/policy/"
    assert client.post("/account/policy/").headers["Location"] == "/home/"
    assert Acceptance.objects.get(user=user).version == "1"

    # And still no page is open: there is no role.
    assert client.get("/rows/").status_code == 403
    assert client.get("/").headers["Location"] == "/home/"
    assert client.get("/home/").headers["Location"] == "/account/"
    assert "You have no role yet" in client.get("/account/").content.decode()
    grant(user, "physician")
    assert client.get("/rows/").status_code == 403
    seal()
    assert client.get("/").status_code == 200
    assert [name for name, _, _ in events("user:second factor changed", "policy:accepted")] == [
        "user:second factor changed",
        "user:second factor changed",
        "policy:accepted",
    ]


@pytest.mark.part11("11.300(e)")
def test_a_factor_counts_only_after_it_has_shown_a_right_code() -> None:
    user = person("kim", "physician", totp=False)
    client = Client()
    type_password(client, user)

    response = client.post("/account/app/", {"code": "000000"})

    assert response.status_code == 200
    assert not Authenticator.objects.filter(user=user).exists()
    assert client.get("/").headers["Location"] == "/account/app/"


def test_the_secret_of_the_app_cannot_be_read_in_the_database(kim: User) -> None:
    secret = Authenticator.objects.get(user=kim, type="totp").data["secret"]

    assert not re.fullmatch(r"[A-Z2-7]{32}", secret)
    assert len(secret) > 100


@pytest.mark.part11("11.30")
def test_behind_the_proxy_cookies_travel_encrypted_only(settings: Settings) -> None:
    # The values are chosen when the settings are read; this holds them against what SAMD_HTTPS stands for.
    assert settings.SESSION_COOKIE_SECURE == settings.CSRF_COOKIE_SECURE == settings.SAMD_HTTPS
    assert ("__Host-sessionid" if settings.SAMD_HTTPS else "sessionid") == settings.SESSION_COOKIE_NAME
    assert settings.DEBUG is False


def test_a_person_may_come_from_the_password_to_the_code_only_in_one_browser(kim: User) -> None:
    type_password(Client(), kim)

    response = Client().post("/login/code/", {"code": code_of(kim)})

    assert response.headers["Location"] == "/login/"


def test_two_people_do_not_share_a_factor(kim: User) -> None:
    lee = person("lee", "physician")
    client = Client()
    type_password(client, kim)

    response = client.post("/login/code/", {"code": code_of(lee)})

    assert "This code is wrong" in response.content.decode()
