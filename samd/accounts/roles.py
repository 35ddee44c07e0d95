"""Roles, and which of them a person has now: granted, in time, trained for, and sealed in the trail."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import OuterRef, Subquery

from audit.entry import leaf_hash
from audit.events import Event
from audit.models import Entry, Seal
from samd.accounts.models import Grant, Training


class Role(StrEnum):
    """What a person is here for. Whoever has none may see nothing but their own account."""

    PHYSICIAN = "physician"
    QUALITY_OFFICER = "quality_officer"
    APPROVER = "approver"
    INTEGRATOR = "integrator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


# Duties that one person may not unite: who reads the trail from outside works nowhere in it, and who gives
# roles signs nothing that a role is needed for.
INCOMPATIBLE: dict[Role, frozenset[Role]] = {
    Role.AUDITOR: frozenset(Role) - {Role.AUDITOR},
    Role.ADMINISTRATOR: frozenset({Role.QUALITY_OFFICER, Role.APPROVER, Role.AUDITOR}),
    Role.QUALITY_OFFICER: frozenset({Role.ADMINISTRATOR, Role.AUDITOR}),
    Role.APPROVER: frozenset({Role.ADMINISTRATOR, Role.AUDITOR}),
    Role.PHYSICIAN: frozenset({Role.AUDITOR}),
    Role.INTEGRATOR: frozenset({Role.AUDITOR}),
}


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant that nobody withdrew; `sealed` says that a signed checkpoint covers its event."""

    role: Role
    until: datetime | None
    sealed: bool


@dataclass(frozen=True, slots=True)
class Trained:
    """A training record; both days count."""

    role: Role
    completed_on: date
    valid_until: date


def in_force(granted: Iterable[Granted], trained: Iterable[Trained], *, now: datetime) -> frozenset[Role]:
    """The roles that count at `now`: sealed, not expired, and trained for (21 CFR 11.10(d), (g), (i))."""
    today = now.astimezone(UTC).date()
    current = {t.role for t in trained if t.completed_on <= today <= t.valid_until}
    return frozenset(
        g.role for g in granted if g.sealed and (g.until is None or now < g.until) and g.role in current
    )


def roles_of(user: User | AnonymousUser, *, now: datetime) -> frozenset[Role]:
    """The roles that `user` has at `now`; none for who is not logged in or was deactivated."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    return in_force(_granted(user), _trained(user), now=now)


def _granted(user: User) -> list[Granted]:
    size = Seal.objects.order_by("-size").values("size")[:1]
    leaf = Entry.objects.filter(event=OuterRef("event"), seq__lt=Subquery(size)).values("leaf")
    grants = Grant.objects.filter(user=user, withdrawn_at=None).annotate(leaf=Subquery(leaf))
    return [
        Granted(Role(grant.role), grant.until, is_announced(grant, grant.event.canonical, grant.leaf))
        for grant in grants.select_related("event")
    ]


def is_announced(grant: Grant, sealed_text: str, leaf: str | None) -> bool:
    """Whether the trail says of just this grant what the row says.

    `leaf` is the hash in the sealed tree, None where no checkpoint covers the event yet. A row that somebody
    wrote into the database, or changed there, has no such text: it gives nothing.
    """
    if leaf is None or leaf_hash(sealed_text).hex() != leaf:
        return False
    said = json.loads(sealed_text)
    return (said["event"], said["subject"], said["facts"]) == (
        Event.ROLE_GRANTED,
        f"user/{grant.user_id}",
        {"role": grant.role, "until": grant.until.isoformat() if grant.until else None},
    )


def _trained(user: User) -> list[Trained]:
    trainings = Training.objects.filter(user=user)
    return [Trained(Role(t.role), t.completed_on, t.valid_until) for t in trainings]
