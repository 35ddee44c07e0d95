"""Locked out: after failures, or by an administrator."""

import threading
import time
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from samd.accounts import lockout, register
from samd.accounts.lockout import EVERYWHERE
from samd.accounts.models import Lock
from tests.accounts.people import PASSWORD, code_of, logged_in, person, seal

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ACC-02")]


def attempt(password: str, *, name: str = "kim", address: str = "192.0.2.1") -> int:
    """The status that the login answers with."""
    response = Client(REMOTE_ADDR=address).post("/login/", {"login": name, "password": password})
    return response.status_code


def lockouts() -> list[tuple[str, int, str]]:
    found = AuditEvent.objects.filter(event="user:locked").order_by("pk")
    return list(found.values_list("subject", "outcome", "address"))


@pytest.mark.part11("11.300(d)")
def test_five_wrong_passwords_lock_and_the_trail_raises_an_alert_that_names_the_account(kim: User) -> None:
    assert [attempt("wrong") for _ in range(5)] == [200, 200, 200, 200, 429]

    assert attempt(PASSWORD) == 429
    assert lockouts() == [(f"user/{kim.pk}", 8, "192.0.2.1")]
    assert "5 failures" in AuditEvent.objects.get(event="user:locked").canonical
    refused = AuditEvent.objects.get(event="user:refused")
    assert (refused.subject, refused.outcome) == (f"user/{kim.pk}", 8)


def test_an_unknown_name_is_locked_out_alike_and_stands_nowhere(kim: User) -> None:
    answers = [attempt("wrong", name="Pass-word!") for _ in range(6)]

    assert answers == [200, 200, 200, 200, 429, 429]
    assert lockouts() == [("user", 8, "192.0.2.1")]
    rows = str(list(AccessAttempt.objects.values())) + str(list(AuditEvent.objects.values()))
    assert "Pass-word!" not in rows


def test_the_same_person_is_locked_out_however_the_name_is_written(kim: User) -> None:
    for name in ("kim", "KIM", "Kim ", "kIM", "kim"):
        attempt("wrong", name=name)

    assert attempt(PASSWORD) == 429


def test_another_workstation_is_not_locked_out_until_there_are_too_many(kim: User) -> None:
    for number in range(EVERYWHERE - 1):
        attempt("wrong", address=f"192.0.2.{1 + number // 4}")

    assert attempt(PASSWORD, address="192.0.2.99") == 302
    attempt("wrong", address="192.0.2.98")
    assert attempt(PASSWORD, address="192.0.2.99") == 429


@pytest.mark.part11("11.300(d)")
def test_wrong_second_factors_count_too_and_the_right_one_comes_too_late(kim: User) -> None:
    client = Client()
    client.post("/login/", {"login": "kim", "password": PASSWORD})

    answers = [client.post("/login/code/", {"code": "000000"}).status_code for _ in range(5)]
    right = client.post("/login/code/", {"code": code_of(kim)})

    assert answers == [200, 200, 200, 200, 429]
    assert right.status_code == 429
    assert client.get("/").status_code == 302
    assert [subject for subject, _, _ in lockouts()] == [f"user/{kim.pk}"]


def test_a_right_login_forgets_the_failures(kim: User) -> None:
    for _ in range(3):
        for _ in range(4):
            attempt("wrong", address="127.0.0.1")
        client = Client()
        client.post("/login/", {"login": "kim", "password": PASSWORD})
        assert client.post("/login/code/", {"code": code_of(kim)}).status_code == 302


def test_a_lock_ends_by_itself_after_half_an_hour(kim: User) -> None:
    for _ in range(5):
        attempt("wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=30, seconds=1))

    assert attempt(PASSWORD) == 302


def test_trying_while_locked_does_not_prolong_the_lock(kim: User) -> None:
    for _ in range(5):
        attempt("wrong")
    long_ago = timezone.now() - timedelta(minutes=29)
    AccessAttempt.objects.update(attempt_time=long_ago)

    attempt("wrong")

    assert AccessAttempt.objects.get().attempt_time == long_ago
    assert len(lockouts()) == 1


def test_an_administrator_opens_a_locked_account(kim: User) -> None:
    for _ in range(5):
        attempt("wrong")

    register.unlock(kim, reason="typed on the wrong keyboard layout")

    assert attempt(PASSWORD) == 302
    assert "keyboard layout" in AuditEvent.objects.get(event="user:unlocked").canonical


@pytest.mark.part11("11.300(c)")
def test_an_account_that_an_administrator_shut_is_shut_everywhere_at_once(kim: User) -> None:
    client = logged_in(kim)
    assert client.get("/").status_code == 200

    register.lock(kim, reason="telephone stolen")

    assert client.get("/").headers["Location"] == "/login/?next=/"
    assert attempt(PASSWORD, address="192.0.2.50") == 429
    register.unlock(kim, reason="new telephone")
    assert client.get("/").status_code == 302  # the session is gone
    assert attempt(PASSWORD, address="192.0.2.50") == 429  # no checkpoint covers it yet
    seal()
    assert attempt(PASSWORD, address="192.0.2.50") == 302


def test_a_lock_that_was_lifted_in_the_rows_stays(kim: User) -> None:
    register.lock(kim, reason="telephone stolen")

    Lock.objects.update(lifted_at=timezone.now())

    assert attempt(PASSWORD) == 429


def test_an_account_that_is_shut_between_password_and_code_stays_outside(kim: User) -> None:
    client = Client()
    client.post("/login/", {"login": "kim", "password": PASSWORD})
    register.lock(kim, reason="telephone stolen")

    response = client.post("/login/code/", {"code": code_of(kim)})

    assert response.status_code == 429
    assert client.get("/").status_code == 302


def test_a_wrong_old_password_counts_as_well(kim: User) -> None:
    client = logged_in(kim)
    wrong = {
        "oldpassword": "wrong",
        "password1": "another long sentence",
        "password2": "another long sentence",
    }

    answers = [client.post("/account/password/", wrong).status_code for _ in range(5)]

    assert answers == [200, 200, 200, 200, 429]
    assert attempt(PASSWORD, address="127.0.0.1") == 429


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_guess_waits_until_those_before_it_are_counted() -> None:
    kim, judging = person("kim"), threading.Event()

    def fail_five_times() -> None:
        try:
            with lockout.in_turn(kim):
                judging.set()
                time.sleep(0.3)
                for _ in range(5):
                    attempt("wrong")
        finally:
            connection.close()

    thread = threading.Thread(target=fail_five_times)
    thread.start()
    judging.wait(20)
    answer = attempt(PASSWORD)
    thread.join()

    assert answer == 429
