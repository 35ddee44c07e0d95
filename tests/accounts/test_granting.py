"""Training, giving roles and taking them away."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.actors import acting
from audit.models import AuditEvent
from samd.accounts import granting
from samd.accounts.granting import Refused
from samd.accounts.models import Grant, Training
from samd.accounts.roles import Role
from tests.accounts.people import person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ACC-03")]

DAY = timedelta(days=1)


def said(event: str) -> dict[str, object]:
    found = AuditEvent.objects.filter(event=event).last()
    assert found is not None
    return dict(json.loads(found.canonical))


def give(user: User, role: Role = Role.APPROVER, **changes: object) -> AuditEvent:
    """Grant, with everything as it should be but `changes`."""
    asked = {"until": None, "reason": "head of quality", "now": timezone.now()} | changes
    return granting.grant(user, role, **asked)  # type: ignore[arg-type]


def train(user: User, *roles: Role) -> None:
    today = timezone.now().date()
    for role in roles:
        granting.train(user, role, completed_on=today, valid_until=today + DAY, evidence="course 7, folder B")


@pytest.mark.part11("11.10(g)", "11.10(e)")
def test_a_grant_says_who_gave_what_to_whom_why_and_until_when() -> None:
    kim = person("kim")
    train(kim, Role.APPROVER)
    now = timezone.now()

    with acting("os:admin", address="console-1"):
        give(kim, until=now + DAY, now=now)

    event = said("role:granted")
    assert (event["actor"], event["address"], event["subject"]) == ("os:admin", "console-1", f"user/{kim.pk}")
    assert (event["reason"], event["changes"]) == ("head of quality", {"roles": [[], ["approver"]]})
    assert event["facts"] == {"role": "approver", "until": (now + DAY).isoformat()}
    row = Grant.objects.get(user=kim)
    assert (row.granted_by, row.reason, row.until) == ("os:admin", "head of quality", now + DAY)


@pytest.mark.parametrize(
    ("role", "changes", "words"),
    [
        (Role.PHYSICIAN, {}, "no current training as physician"),
        (Role.APPROVER, {"reason": "  "}, "the reason is missing"),
        (Role.AUDITOR, {}, "must end"),
        (Role.APPROVER, {"until": timezone.now() - DAY}, "not in the future"),
    ],
)
def test_a_grant_is_refused(role: Role, changes: dict[str, object], words: str) -> None:
    kim = person("kim")
    train(kim, Role.APPROVER, Role.AUDITOR)

    with pytest.raises(Refused, match=words):
        give(kim, role, **changes)

    assert not Grant.objects.exists()
    assert not AuditEvent.objects.filter(event="role:granted").exists()


@pytest.mark.parametrize("held", ["approver", "quality_officer", "physician"])
def test_duties_that_exclude_each_other_are_not_united(held: str) -> None:
    kim = person("kim", held)
    train(kim, Role.AUDITOR)

    with pytest.raises(Refused, match=f"not both auditor and {held}"):
        give(kim, Role.AUDITOR, until=timezone.now() + DAY)


@pytest.mark.part11("11.10(g)")
def test_nobody_gives_a_role_to_themselves() -> None:
    kim = person("kim")
    train(kim, Role.APPROVER)

    for name in ("kim", "os:kim"):
        with acting(name), pytest.raises(Refused, match="to themselves"):
            give(kim)


def test_a_role_is_given_once_and_again_after_it_ended() -> None:
    kim, now = person("kim"), timezone.now()
    train(kim, Role.APPROVER)
    give(kim, until=now + timedelta(minutes=1), now=now)

    with pytest.raises(Refused, match="has this role already"):
        give(kim, now=now)
    give(kim, now=now + timedelta(minutes=2))


def test_the_database_itself_refuses_an_auditor_for_ever() -> None:
    lee = person("lee", "auditor")

    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.filter(user=lee).update(until=None)


def test_training_has_evidence_and_an_end_after_its_beginning() -> None:
    kim, today = person("kim"), timezone.now().date()

    with pytest.raises(Refused, match="evidence is missing"):
        granting.train(kim, Role.APPROVER, completed_on=today, valid_until=today, evidence="")
    with pytest.raises(Refused, match="before it was completed"):
        granting.train(kim, Role.APPROVER, completed_on=today, valid_until=today - DAY, evidence="x")
    assert not Training.objects.exists()


def test_withdrawing_says_why_and_what_is_left(kim: User) -> None:
    with acting("os:admin"):
        granting.withdraw(kim, Role.PHYSICIAN, reason="moved to another ward", now=timezone.now())

    event = said("role:withdrawn")
    assert (event["actor"], event["reason"]) == ("os:admin", "moved to another ward")
    assert event["changes"] == {"roles": [["physician"], []]}
    with pytest.raises(Refused, match="does not have the role"):
        granting.withdraw(kim, Role.PHYSICIAN, reason="again", now=timezone.now())
