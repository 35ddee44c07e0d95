"""How long a session lasts."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from samd.accounts.sessions import is_activity, why_ended
from tests.accounts.people import logged_in

pytestmark = pytest.mark.requirement("ACC-02")

NINE = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("active", "now", "reason"),
    [
        (NINE, NINE + 15 * MINUTE - timedelta(seconds=1), ""),
        (NINE, NINE + 15 * MINUTE, "15 minutes without activity"),
        (NINE + 12 * HOUR - MINUTE, NINE + 12 * HOUR - timedelta(seconds=1), ""),
        (NINE + 12 * HOUR - MINUTE, NINE + 12 * HOUR, "12 hours have passed since the login"),
    ],
)
def test_a_session_ends_when_idle_and_in_any_case_after_a_shift(
    active: datetime, now: datetime, reason: str
) -> None:
    assert why_ended(opened=NINE, active=active, now=now) == reason


def test_what_a_page_does_by_itself_is_no_activity() -> None:
    assert is_activity("worklist", asked_by_itself=False)
    assert not is_activity("worklist-rows", asked_by_itself=False)
    assert not is_activity("worklist", asked_by_itself=True)


def rewind(client: Client, by: timedelta, *keys: str) -> None:
    """Let time pass over a session."""
    session = client.session
    for key in keys:
        session[key] -= by.total_seconds()
    session.save()


@pytest.mark.parametrize("keys", [("active_at",), ("opened_at",)])
def test_an_ended_session_leads_to_the_login_and_the_trail_says_why(kim: User, keys: tuple[str]) -> None:
    client = logged_in(kim)
    rewind(client, 13 * HOUR, *keys)

    response = client.get("/")

    assert response.headers["Location"] == "/login/?next=/"
    event = AuditEvent.objects.get(event="user:logged out")
    assert (event.subject, event.actor) == (f"user/{kim.pk}", "kim")
    assert ("15 minutes" if keys == ("active_at",) else "12 hours") in event.canonical
    assert client.get("/").status_code == 302
    assert "You have been logged out" in client.get("/login/").content.decode()


@pytest.mark.part11("11.10(d)")
def test_the_list_that_brings_its_own_news_keeps_no_session_alive(kim: User) -> None:
    client = logged_in(kim)
    rewind(client, 14 * MINUTE, "active_at")

    assert client.get("/rows/").status_code == 200
    assert client.get("/?show=&page=1&again=1").status_code == 200
    rewind(client, MINUTE, "active_at")

    assert client.get("/rows/").status_code == 302


def test_whoever_works_stays_logged_in(kim: User) -> None:
    client = logged_in(kim)
    for _ in range(3):
        rewind(client, 14 * MINUTE, "active_at")
        assert client.get("/").status_code == 200
    assert timezone.now().timestamp() - client.session["active_at"] < 60


def test_a_session_that_we_did_not_open_is_over(kim: User) -> None:
    client = logged_in(kim)
    session = client.session
    del session["opened_at"]
    session.save()

    assert client.get("/").status_code == 302


def test_a_session_that_showed_no_second_factor_is_ended(kim: User) -> None:
    client = logged_in(kim, factor=False)

    assert client.get("/").status_code == 302
    assert "_auth_user_id" not in client.session
    assert "no second factor" in AuditEvent.objects.get(event="user:logged out").canonical
