"""Training people for roles, giving roles and taking them away: for a reason, and sealed in the trail.

Who does it is whom audit.actors names: at the command line the user of the operating system.
"""

from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction

from audit import signing_keys, trail
from audit.actors import current
from audit.events import Event
from audit.models import AuditEvent
from samd.accounts.models import Grant, Training
from samd.accounts.roles import INCOMPATIBLE, Role

# Whoever has none of these any more keeps no signing key, which somebody would have to confirm others with.
SIGNING = frozenset({Role.QUALITY_OFFICER, Role.APPROVER})


class Refused(Exception):
    """It may not be done; nothing was changed. The message says why, and what to do."""


def train(user: User, role: Role, *, completed_on: date, valid_until: date, evidence: str) -> Training:
    """Record that `user` was trained for `role`; `evidence` says where that can be seen."""
    if not evidence.strip():
        raise Refused("the evidence is missing: say which course, and where its record is kept")
    if valid_until < completed_on:
        raise Refused(f"the training would end on {valid_until}, before it was completed")
    with transaction.atomic():
        event = trail.append(
            Event.USER_TRAINED,
            f"user/{user.pk}",
            role=role,
            completed_on=completed_on.isoformat(),
            valid_until=valid_until.isoformat(),
            evidence=evidence,
        )
        return Training.objects.create(
            user=user,
            role=role,
            completed_on=completed_on,
            valid_until=valid_until,
            evidence=evidence,
            recorded_by=current().name,
            event=event,
        )


def grant(
    user: User, role: Role, *, until: datetime | None, reason: str, now: datetime, is_first: bool = False
) -> AuditEvent:
    """Give `user` a role until a time, or for good; give the event that a checkpoint must cover first.

    Raises Refused: without a reason or current training, without an end for an auditor, to oneself (unless
    there is nobody else yet), or where another role of theirs excludes it.
    """
    held = frozenset(
        Role(g.role)
        for g in Grant.objects.filter(user=user, withdrawn_at=None)
        if g.until is None or now < g.until
    )
    if not is_first and current().name in {user.get_username(), f"os:{user.get_username()}"}:
        raise Refused("nobody gives a role to themselves; let somebody else do it")
    if problem := _why_not(user, role, held=held, until=until, reason=reason, now=now):
        raise Refused(problem)
    with transaction.atomic():
        event = trail.append(
            Event.ROLE_GRANTED,
            f"user/{user.pk}",
            reason=reason,
            changes={"roles": (sorted(held), sorted(held | {role}))},
            role=role,
            until=until.isoformat() if until else None,
        )
        Grant.objects.create(
            user=user,
            role=role,
            granted_by=current().name,
            reason=reason,
            granted_at=now,
            until=until,
            event=event,
        )
    return event


def _why_not(
    user: User, role: Role, *, held: frozenset[Role], until: datetime | None, reason: str, now: datetime
) -> str:
    today = now.date()
    trained = Training.objects.filter(user=user, role=role, completed_on__lte=today, valid_until__gte=today)
    excluded = sorted(held & INCOMPATIBLE[role])
    problems = {
        "the reason is missing": not reason.strip(),
        f"{user} was deactivated": not user.is_active,
        f"{user} has this role already": role in held,
        "the end is not in the future": until is not None and until <= now,
        "an auditor's role must end: give --until": role is Role.AUDITOR and until is None,
        f"{user} has no current training as {role}; record it: manage.py user train": not trained.exists(),
        f"one person is not both {role} and {', '.join(excluded)}": bool(excluded),
    }
    return next((words for words, applies in problems.items() if applies), "")


def withdraw(user: User, role: Role, *, reason: str, now: datetime) -> None:
    """Take a role away. It ends at once: what only shuts a door waits for no checkpoint."""
    demand(reason)
    held = Grant.objects.filter(user=user, withdrawn_at=None)
    with transaction.atomic():
        before = sorted(set(held.values_list("role", flat=True)))
        changed = held.filter(role=role).update(
            withdrawn_at=now, withdrawn_by=current().name, withdrawn_because=reason
        )
        if not changed:
            raise Refused(f"{user} does not have the role {role}")
        kept = [one for one in before if one != role]
        trail.append(
            Event.ROLE_WITHDRAWN,
            f"user/{user.pk}",
            reason=reason,
            changes={"roles": (before, kept)},
            role=role,
        )
        if not SIGNING.intersection(kept):
            signing_keys.retire(user.pk, reason="no role of this person signs any more")


def demand(reason: str) -> None:
    """Raise Refused where no reason is given."""
    if not reason.strip():
        raise Refused("the reason is missing: give --reason")
