"""What an administrator does with accounts: each act has a reason, and an event in the same transaction.

Who does it is whom audit.actors names: at the command line the user of the operating system.
"""

from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from audit import signing_keys, trail
from audit.actors import RESERVED, current
from audit.events import Event
from audit.models import AuditEvent
from audit.trail import Outcome
from samd.accounts import lockout, passwords
from samd.accounts.granting import Refused, demand, grant, train, withdraw
from samd.accounts.models import Grant, Lock
from samd.accounts.roles import Role


def find(username: str) -> User:
    """The person of this name; raises Refused."""
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise Refused(f"nobody is called {username}; see: manage.py user list")
    return user


def add(username: str, *, printed_name: str, identified: str, reason: str) -> tuple[User, str]:
    """Make an account, and give it with its password for one login; it has no role yet.

    `identified` says how it was made sure who this person is, without a number of any paper (21 CFR
    11.100(b)). A name that anybody ever had is refused (11.100(a), 11.300(a)).
    """
    username = User.normalize_username(username).strip()
    User.username_validator(username)
    if username.casefold() in RESERVED:
        raise Refused(f"the trail calls no person {username}; choose another name")
    if User.objects.filter(username__iexact=username).exists():
        raise Refused(f"the name {username} belongs, or belonged, to somebody; choose another")
    if not printed_name.strip():
        raise Refused("the printed name is missing: signatures show it")
    if not identified.strip():
        raise Refused("say how it was made sure who this person is: --identified")
    password = passwords.one_time_password()
    with transaction.atomic():
        user = User.objects.create(username=username, first_name=printed_name.strip())
        trail.append(
            Event.USER_CREATED,
            f"user/{user.pk}",
            reason=reason,
            username=username,
            name=user.get_full_name(),
            identified=identified,
        )
        passwords.change(user, password, is_for_one_login=True, reason="new account")
    return user, password


def lock(user: User, *, reason: str) -> None:
    """Shut the account until somebody opens it again; its sessions end."""
    demand(reason)
    if lockout.is_shut(user):
        raise Refused(f"the account of {user} is locked already")
    with transaction.atomic():
        event = trail.append(
            Event.USER_LOCKED,
            f"user/{user.pk}",
            reason=reason,
            outcome=Outcome.SERIOUS_FAILURE,
            until_opened=True,
        )
        Lock.objects.create(user=user, at=timezone.now(), by=current().name, reason=reason, event=event)


def unlock(user: User, *, reason: str) -> AuditEvent:
    """Open the account again and forget the failures that were counted; give the event that a checkpoint
    must cover first."""
    demand(reason)
    with transaction.atomic():
        Lock.objects.filter(user=user, lifted_at=None).update(
            lifted_at=timezone.now(), lifted_by=current().name, lifted_because=reason
        )
        lockout.forget_failures(user)
        return trail.append(Event.USER_UNLOCKED, f"user/{user.pk}", reason=reason)


def deactivate(user: User, *, reason: str, now: datetime) -> None:
    """Close the account for good. Its row stays: what was done under this name keeps its person."""
    demand(reason)
    if not user.is_active:
        raise Refused(f"{user} was deactivated before")
    with transaction.atomic():
        for role in sorted(
            set(Grant.objects.filter(user=user, withdrawn_at=None).values_list("role", flat=True))
        ):
            withdraw(user, Role(role), reason=reason, now=now)
        user.is_active = False
        user.save(update_fields=["is_active"])
        signing_keys.retire(user.pk, reason="the account was deactivated")
        trail.append(
            Event.USER_DEACTIVATED, f"user/{user.pk}", reason=reason, changes={"active": (True, False)}
        )


def new_password(user: User, *, reason: str) -> str:
    """Give `user` a password for one login, for who lost theirs; every session of theirs ends."""
    demand(reason)
    password = passwords.one_time_password()
    passwords.change(user, password, is_for_one_login=True, reason=reason)
    return password


def reset_factor(user: User, *, reason: str) -> str:
    """Take away every second factor of `user`, who sets up another; with a password for one login.

    A lost telephone is a lost credential (21 CFR 11.300(c)): whoever has it shall not come in with it.
    """
    with transaction.atomic():
        password = new_password(user, reason=reason)
        for factor in Authenticator.objects.filter(user=user):
            factor.delete()
    return password


def add_first(username: str, *, printed_name: str, now: datetime) -> tuple[User, str, AuditEvent]:
    """Make the first account, an administrator whose training is their own word; raises Refused where one is.

    Somebody must be the first: the trail shows that nobody else vouched for them.
    """
    if Grant.objects.filter(role=Role.ADMINISTRATOR).exists():
        raise Refused("there was an administrator before; an account is added without --first")
    with transaction.atomic():
        user, password = add(
            username, printed_name=printed_name, identified="self-declared", reason="the first account"
        )
        train(
            user,
            Role.ADMINISTRATOR,
            completed_on=now.date(),
            valid_until=now.date() + timedelta(days=365),
            evidence="self-declared by the first administrator",
        )
        event = grant(
            user, Role.ADMINISTRATOR, until=None, reason="the first administrator", now=now, is_first=True
        )
    return user, password, event
