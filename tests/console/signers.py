"""Builders of people who sign in the console, and of a month that is over."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils import timezone

from audit import locking, sealing, trail
from audit.actors import acting
from audit.events import Event
from audit.models import Record, SigningKey
from audit.month import Month
from audit.trail import Outcome
from tests.accounts import people
from tests.accounts.people import PASSWORD, code_of, logged_in, person
from tests.audit.signers import CHEAP


@pytest.fixture
def sealing_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for the sealing process finds that it has run; and keys are locked at little cost."""
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _seconds: people.seal())
    monkeypatch.setattr(sealing, "time", clock)
    monkeypatch.setattr(locking, "COST", CHEAP)


def signer(name: str, *roles: str) -> User:
    """Somebody with roles and a signing key, which the first signer of all confirms for everybody else."""
    user = person(name, *roles)
    enrol(user)
    key = SigningKey.objects.get(user_id=user.pk, retired_at=None)
    if key.confirmation is not None:
        first = SigningKey.objects.filter(retired_at=None, confirmation=None).get()
        confirm(User.objects.get(pk=first.user_id), key)
    return user


def enrol(user: User, **typed: str) -> str:
    """`user` makes a signing key; what the page says then."""
    given = {"password": PASSWORD, "code": code_of(user)} | typed
    return text(logged_in(user), "/signature/", given)


def confirm(user: User, key: SigningKey, **typed: str) -> str:
    """`user` confirms a key; what the page says then."""
    assert key.confirmation is not None
    given = form(user, key.confirmation, "approved") | typed
    return text(logged_in(user), f"/signature/confirm/{key.pk}/", given)


def sign(user: User, record: Record, meaning: str, **typed: str) -> str:
    """`user` signs the review `record`; what the page says then."""
    month = record.subject.split("/")[1]
    return text(logged_in(user), f"/reviews/{month}/sign/", form(user, record, meaning) | typed)


def form(user: User, record: Record, meaning: str) -> dict[str, str]:
    """What the signing form sends when it is filled in rightly."""
    return {"password": PASSWORD, "code": code_of(user), "meaning": meaning, "shown": record.digest}


def text(client: Client, address: str, given: dict[str, str] | None = None) -> str:
    """The page at `address`, or the one that follows when `given` is sent to it."""
    response = client.get(address) if given is None else client.post(address, given, follow=True)
    return str(response.content.decode())


def last_month() -> Month:
    """The month before this one."""
    now = timezone.localtime()
    return Month.of(now.replace(day=1) - timedelta(days=1), timezone.get_default_timezone())


def month_that_is_over(*, verified: bool = True) -> Month:
    """Last month, with events; the trail was verified since."""
    month = last_month()
    during = month.begins(timezone.get_default_timezone()) + timedelta(days=4, hours=23)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: during)
        with acting("kim", address="10.0.0.5"), transaction.atomic():
            trail.append(Event.STUDY_VIEWED, "study/1", study="study/1")
            trail.append(Event.TRAIL_EXPORTED, "trail", reason="inspection: asked for by the ministry")
            trail.append(Event.USER_REFUSED, "user/3", outcome=Outcome.SERIOUS_FAILURE, reason="no role")
    if verified:
        with transaction.atomic():
            trail.append(
                Event.TRAIL_VERIFIED, "trail", actor="lee", events=3, protected=3, problems=0, root="ab" * 32
            )
    people.seal()
    return month


def opened(user: User, comments: str = "The export was asked for.") -> Record:
    """The review of last month, drawn up by `user`."""
    month = month_that_is_over()
    text(logged_in(user), f"/reviews/{month}/", {"comments": comments})
    return Record.objects.get(subject=f"review/{month}")


@pytest.fixture
def lee() -> User:
    """The quality officer, who signs."""
    return signer("lee", "quality_officer")


@pytest.fixture
def park(lee: User) -> User:
    """The approver, who signs."""
    return signer("park", "approver")
