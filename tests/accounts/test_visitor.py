"""The account of the demonstration."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from samd.accounts import factors, visitor
from samd.accounts.roles import roles_of
from tests.accounts.people import seal

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ACC-02", "OPS-01")]


def test_a_visitor_comes_in_with_what_was_shown_and_sees_every_kind_of_page() -> None:
    invitation = visitor.invite(now=timezone.now())
    seal()

    user = User.objects.get(username=invitation.name)
    assert user.check_password(invitation.password)
    assert factors.spend(user, invitation.codes[0], now=timezone.now())
    assert roles_of(user, now=timezone.now()) == set(visitor.ROLES)


def test_what_an_earlier_visitor_was_shown_opens_nothing_any_more() -> None:
    earlier = visitor.invite(now=timezone.now())

    visitor.invite(now=timezone.now())

    user = User.objects.get(username=earlier.name)
    assert not user.check_password(earlier.password)
    assert not factors.spend(user, earlier.codes[0], now=timezone.now())
