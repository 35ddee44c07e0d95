"""Roles, which of them exclude each other, and which a person has now."""

from datetime import UTC, datetime
from enum import StrEnum

from django.contrib.auth.models import AnonymousUser, User

from samd.accounts.entitlement import Entitlement, entitlement_of


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


def roles_of(user: User | AnonymousUser, *, now: datetime) -> frozenset[Role]:
    """The roles that `user` has at `now`; none for who is not logged in or was deactivated."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    return roles_in(entitlement_of(user), now=now)


def roles_in(entitlement: Entitlement, *, now: datetime) -> frozenset[Role]:
    """The roles that `entitlement` gives at `now`, of those that there are."""
    given = entitlement.roles(now=now, today=now.astimezone(UTC).date())
    return frozenset(role for role in Role if role in given)
