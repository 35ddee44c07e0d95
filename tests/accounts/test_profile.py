"""One's own account as a page."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from samd.accounts.profile import own_page
from samd.accounts.roles import Role
from tests.accounts.people import grant, logged_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ACC-03")]


def test_the_page_says_what_counts_and_what_does_not_yet(kim: User) -> None:
    grant(kim, "approver")
    now = timezone.now()

    page = own_page(kim, now=now)

    assert [(line.role, line.counts) for line in page.roles] == [
        (Role.PHYSICIAN, True),
        (Role.APPROVER, False),
    ]
    assert {line.trained_until for line in page.roles} == {now.date() + timedelta(days=365)}
    assert (page.printed_name, page.username, page.codes_left) == ("Dr. Kim", "kim", 10)
    assert page.has_app
    assert page.password_until is not None
    assert abs(page.password_until - now - timedelta(days=365)) < timedelta(minutes=5)


def test_the_page_is_shown_without_any_secret(kim: User) -> None:
    words = logged_in(kim).get("/account/").content.decode()

    assert "Dr. Kim" in words
    assert "Quality officer" not in words
    assert "10 left" in words


def test_a_security_key_is_shown_by_the_name_that_it_was_given(kim: User) -> None:
    page = own_page(kim, now=timezone.now())

    assert page.keys == ()
    assert page.has_password
