"""What is recorded of logins."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audit.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("WEB-01", "AUD-01")]


@pytest.fixture
def kim() -> User:
    return User.objects.create_user("kim", password="correct horse battery")


def test_a_login_and_a_logout_are_recorded_with_the_user_and_the_address(client: Client, kim: User) -> None:
    client.post("/login/", {"username": "kim", "password": "correct horse battery"})
    client.post("/logout/")

    events = AuditEvent.objects.values_list("event", "subject", "actor")
    assert list(events) == [
        ("user:logged in", f"user/{kim.pk}", "kim"),
        ("user:logged out", f"user/{kim.pk}", "kim"),
    ]
    assert '"address":"127.0.0.1"' in AuditEvent.objects.all()[0].canonical


def test_a_failed_login_is_recorded_without_what_was_typed(client: Client, kim: User) -> None:
    client.post("/login/", {"username": "hunter2-in-the-wrong-field", "password": "wrong-word"})

    event = AuditEvent.objects.get()
    assert (event.event, event.actor) == ("user:login failed", "nobody")
    assert "127.0.0.1" in event.canonical
    assert "hunter2" not in event.canonical
    assert "wrong-word" not in event.canonical


def test_a_failed_login_does_not_let_anyone_in(client: Client, kim: User) -> None:
    response = client.post("/login/", {"username": "kim", "password": "wrong"})

    assert "User name and password do not match" in response.content.decode()
    assert client.get("/").status_code == 302
