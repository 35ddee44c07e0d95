"""`manage.py user`, as an administrator types it."""

import io
import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from audit import sealing
from audit.actors import acting
from audit.models import AuditEvent
from samd.accounts.roles import Role, roles_of
from tests.accounts.people import person, seal

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ACC-03")]

TRAINED = ("--completed", "2020-01-01", "--until", "2099-12-31", "--evidence", "course 7, folder B")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody seals while a command waits."""

    def not_sealed(_event: AuditEvent) -> None:
        raise sealing.NotSealed("the sealing process does not run")

    monkeypatch.setattr("samd.console.management.commands.user.wait_until_sealed", not_sealed)


def user(*arguments: str) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command("user", *arguments, stdout=out)
    return out.getvalue()


def test_a_person_is_added_trained_and_given_a_role_that_counts_when_sealed() -> None:
    added = user("add", "kim", "--name", "김영희", "--identified", "staff card")
    password = re.search(r"with the password (\S+)", added)
    user("train", "kim", "--role", "physician", *TRAINED)
    granted = user("grant", "kim", "--role", "physician", "--reason", "reads CT")

    kim = User.objects.get(username="kim")
    assert password is not None
    assert kim.check_password(password[1])
    assert "as soon as the trail is sealed" in granted
    assert "physician (not sealed yet)" in user("list")
    seal()
    assert roles_of(kim, now=timezone.now()) == {Role.PHYSICIAN}
    assert re.search(r"^kim +김영희 +physician$", user("list"), re.MULTILINE)


def test_the_first_account_is_an_administrator() -> None:
    said = user("add", "lee", "--name", "Lee", "--first")
    seal()

    assert "lee is administrator as soon as the trail is sealed" in said
    assert roles_of(User.objects.get(), now=timezone.now()) == {Role.ADMINISTRATOR}
    with pytest.raises(CommandError, match=r"there was an administrator before.*Nothing was changed"):
        user("add", "kim", "--name", "Kim", "--first")


def test_the_last_day_counts() -> None:
    kim = person("kim")
    user("train", "kim", "--role", "auditor", *TRAINED)

    user("grant", "kim", "--role", "auditor", "--until", "2098-03-04", "--reason", "inspection")

    assert kim.grants.get().until == datetime(2098, 3, 5, tzinfo=UTC)
    assert "auditor (not sealed yet)" in user("list")


@pytest.mark.parametrize(
    "arguments",
    [
        ("grant", "nobody", "--role", "physician", "--reason", "x"),
        ("grant", "kim", "--role", "approver", "--reason", "x"),
        ("withdraw", "kim", "--role", "approver", "--reason", "x"),
        ("add", "KIM", "--name", "Another"),
        ("add", "<kim>", "--name", "Another"),
        (
            "train",
            "kim",
            "--role",
            "approver",
            "--completed",
            "2020-01-02",
            "--until",
            "2020-01-01",
            "--evidence",
            "x",
        ),
        ("lock", "kim", "--reason", ""),
    ],
)
def test_what_may_not_be_done_is_said_in_plain_words(arguments: tuple[str, ...]) -> None:
    person("kim", "physician")
    before = AuditEvent.objects.count()

    with pytest.raises(CommandError, match="Nothing was changed"):
        user(*arguments)

    assert AuditEvent.objects.count() == before


def test_an_account_is_shut_opened_and_closed() -> None:
    person("kim", "physician")

    user("lock", "kim", "--reason", "telephone stolen")
    assert "LOCKED" in user("list")
    assert "as soon as the trail is sealed" in user("unlock", "kim", "--reason", "new telephone")
    seal()
    assert "LOCKED" not in user("list")
    user("withdraw", "kim", "--role", "physician", "--reason", "moved")
    user("deactivate", "kim", "--reason", "left")

    assert "DEACTIVATED" in user("list")


@pytest.mark.parametrize("action", ["password", "reset-factor"])
def test_who_lost_something_gets_a_password_for_one_login(action: str) -> None:
    kim = person("kim", "physician")

    said = user(action, "kim", "--reason", "lost")

    kim.refresh_from_db()
    found = re.search(r"with the password (\S+)", said)
    assert found is not None
    assert kim.check_password(found[1])


def test_who_acted_at_the_command_line_is_recorded() -> None:
    with acting("os:root", address="server-1"):
        user("add", "kim", "--name", "Kim", "--identified", "staff card")

    event = AuditEvent.objects.get(event="user:created")
    assert (event.actor, event.address) == ("os:root", "server-1")
