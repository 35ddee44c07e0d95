"""Showing again who one is, before signing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.http import HttpRequest
from django.test import RequestFactory

from samd.accounts import register
from samd.accounts.confirmation import NotConfirmed, confirm
from tests.accounts.people import PASSWORD, code_of, logged_in, person, recovery_codes_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("SIG-01", "ACC-02")]

Ask = Callable[[], HttpRequest]


@pytest.fixture
def ask(kim: User) -> Ask:
    """Makes a request of kim's browser."""
    client = logged_in(kim)

    def request() -> HttpRequest:
        made = RequestFactory().post("/reviews/1/sign/")
        made.user = User.objects.get(pk=kim.pk)
        made.session = SessionStore(client.session.session_key)
        return made

    return request


@pytest.mark.part11("11.200(a)(1)")
def test_both_components_are_asked_for(kim: User, ask: Ask) -> None:
    confirm(ask(), password=PASSWORD, code=code_of(kim))
    confirm(ask(), password=PASSWORD, code=recovery_codes_of(kim)[0])


@pytest.mark.parametrize(
    ("password", "code"), [("wrong", "right"), (PASSWORD, "000000"), ("", "right"), (PASSWORD, "")]
)
def test_one_alone_is_not_enough_and_the_answer_does_not_tell_which(
    kim: User, ask: Ask, password: str, code: str
) -> None:
    with pytest.raises(NotConfirmed, match="Password and code do not match"):
        confirm(ask(), password=password, code=code_of(kim) if code == "right" else code)


def test_a_code_signs_once(kim: User, ask: Ask) -> None:
    code = code_of(kim)
    confirm(ask(), password=PASSWORD, code=code)

    with pytest.raises(NotConfirmed):
        confirm(ask(), password=PASSWORD, code=code)


def test_a_wrong_password_uses_no_code_up(kim: User, ask: Ask) -> None:
    code = code_of(kim)
    with pytest.raises(NotConfirmed):
        confirm(ask(), password="wrong", code=code)

    confirm(ask(), password=PASSWORD, code=code)


def test_the_factor_of_somebody_else_does_not_help(ask: Ask) -> None:
    lee = person("lee", "quality_officer")

    with pytest.raises(NotConfirmed):
        confirm(ask(), password=PASSWORD, code=code_of(lee))


@pytest.mark.part11("11.300(d)")
def test_five_failures_lock_the_account_and_end_the_session(kim: User, ask: Ask) -> None:
    client = logged_in(kim)
    request = ask()
    request.session = client.session
    for _ in range(4):
        with pytest.raises(NotConfirmed, match="do not match"):
            confirm(ask(), password="wrong", code="000000")

    with pytest.raises(NotConfirmed, match="locked"):
        confirm(request, password="wrong", code="000000")
    request.session.save()

    with pytest.raises(NotConfirmed, match="locked"):
        confirm(ask(), password=PASSWORD, code=code_of(kim))
    assert client.get("/").status_code == 302


def test_a_shut_account_signs_nothing(kim: User, ask: Ask) -> None:
    register.lock(kim, reason="telephone stolen")

    with pytest.raises(NotConfirmed, match="locked"):
        confirm(ask(), password=PASSWORD, code=code_of(kim))


def test_nobody_signs_nothing() -> None:
    request = RequestFactory().post("/reviews/1/sign/")
    request.user = AnonymousUser()

    with pytest.raises(NotConfirmed, match="not logged in"):
        confirm(request, password=PASSWORD, code="000000")


@pytest.mark.django_db(transaction=True)
def test_it_is_not_called_in_a_transaction_that_would_forget_the_failure(kim: User, ask: Ask) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        confirm(ask(), password="wrong", code="000000")


def test_waiting_for_the_lock_to_end_is_half_an_hour(settings: object) -> None:
    assert timedelta(minutes=30) == settings.AXES_COOLOFF_TIME  # type: ignore[attr-defined]
