"""The keys that people sign with: enrolled, confirmed by somebody else, locked anew, retired.

A key is made for one person and never passed on (21 CFR 11.100(a)). It is locked under the person's password,
and rests on the signed word of another signer who has verified who the person is (11.100(b)): an
administrator who resets a password, or whoever edits the database, gets a key that nothing counts for. Only
where nobody else has a key that counts, as on a new device, is a key accepted on nobody's word.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import sealing, trail
from audit.events import Event
from audit.keyring import CONFIRMATION
from audit.locking import Cost, LockedKey, NotUnlocked, fingerprint, lock, unlock
from audit.manifest import Meaning, stamp
from audit.models import AuditEvent, Record, SigningKey
from audit.records import END, create, keyring


@dataclass(frozen=True, slots=True)
class Person:
    """Who signs: the number of the account, the user name, the printed name, and the roles held now."""

    id: int
    username: str
    name: str
    roles: frozenset[str] = frozenset()

    @property
    def signer(self) -> str:
        return f"user/{self.id}"


class Obstacle(StrEnum):
    """Why no key was made."""

    NO_NAME = "a signature shows a printed name, and this account has none"
    REUSED = "the user name signed for another account; names are not reused"
    UNCONFIRMED = "somebody else who signs here must confirm this key"
    TWICE = "another key is being made for this person at this moment"


class NotEnrolled(Exception):
    """No key was made; `obstacle` says why."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(str(obstacle))
        self.obstacle = obstacle


def current(user_id: int) -> SigningKey | None:
    """The key of a person that is not retired."""
    return SigningKey.objects.filter(user_id=user_id, retired_at=None).select_related("confirmation").first()


def needs_confirmation(person: Person) -> bool:
    """Whether somebody else has a key that counts, so that a new key of `person` needs their word."""
    return not keyring().may_be_first(person.signer, END)


def holders() -> frozenset[int]:
    """The accounts whose key counts now."""
    ring = keyring()
    standing = {one.key for one in ring.enrolments.values() if one.stands(END)}
    rows = SigningKey.objects.filter(retired_at=None, public_key__in=standing)
    return frozenset(rows.values_list("user_id", flat=True))


def enrol(
    person: Person,
    password: str,
    *,
    confirmed_by: str,
    now: datetime,
    cost: Cost | None = None,
    wait: Callable[[AuditEvent], None] = sealing.wait_until_sealed,
) -> SigningKey:
    """Make a key for `person`, in the place of one that they have; the record that confirms it comes with it.

    `confirmed_by` is the role in which somebody else must confirm it, empty for a first key. To be called
    once password and second factor are verified, outside of a transaction. Raises NotEnrolled, and NotSealed:
    then the key waits for its checkpoint.
    """
    _may_enrol(person, confirmed_by)
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    locked = lock(private, password, owner=person.signer, cost=cost)
    try:
        key = _kept(person, public, locked, confirmed_by, now)
    except IntegrityError:
        raise NotEnrolled(Obstacle.TWICE) from None
    wait(key.event)
    return key


def _kept(person: Person, public: bytes, locked: LockedKey, confirmed_by: str, now: datetime) -> SigningKey:
    """The key as a row and an event, in the place of an earlier one; all of it or nothing."""
    with transaction.atomic(durable=True):
        retire(person.id, reason="a new key takes its place", actor=person.username)
        confirmation = _confirmation(person, public, confirmed_by, now) if confirmed_by else None
        event = trail.append(
            Event.SIGNING_KEY_ENROLLED,
            person.signer,
            actor=person.username,
            key=_text(public),
            name=person.name,
            confirmation=confirmation.subject if confirmation else "",
        )
        return SigningKey.objects.create(
            user_id=person.id,
            username=person.username,
            name=person.name,
            public_key=_text(public),
            **_columns(locked),
            enrolled_at=now,
            event=event,
            confirmation=confirmation,
        )


def _may_enrol(person: Person, confirmed_by: str) -> None:
    if not person.name.strip():
        raise NotEnrolled(Obstacle.NO_NAME)
    others = SigningKey.objects.filter(username=person.username).exclude(user_id=person.id)
    earlier = SigningKey.objects.filter(user_id=person.id).exclude(username=person.username)
    if others.exists() or earlier.exists():
        raise NotEnrolled(Obstacle.REUSED)
    if not confirmed_by and needs_confirmation(person):
        raise NotEnrolled(Obstacle.UNCONFIRMED)


def _confirmation(person: Person, public: bytes, role: str, now: datetime) -> Record:
    """What another signer is shown, and signs once they have verified who the person is."""
    who = {"signer": person.signer, "username": person.username, "name": person.name}
    content = {
        "kind": "signing key",
        "author": who,
        "key": _text(public),
        "fingerprint": fingerprint(public),
        "enrolled": stamp(now),
        "signatures": [{"meaning": str(Meaning.APPROVED), "role": role}],
    }
    return create(f"{CONFIRMATION}{hashlib.sha256(public).hexdigest()[:16]}", content, now=now)


def rewrap(user_id: int, old: str, new: str, *, cost: Cost | None = None) -> bool:
    """Lock the person's key under the new password; to be called in the transaction of the change.

    False where there is no key, or the old password does not open it: then it is retired.
    """
    row = current(user_id)
    if row is None:
        return False
    try:
        private = opened(row, old)
    except NotUnlocked:
        retire(user_id, reason="the old password does not open it")
        return False
    locked = lock(private, new, owner=f"user/{user_id}", cost=cost)
    SigningKey.objects.filter(pk=row.pk, retired_at=None).update(**_columns(locked))
    return True


def retire(user_id: int, *, reason: str, actor: str = "") -> bool:
    """Nothing is signed any more with the person's key; to be called in a transaction.

    For a password that was reset, a device that was lost, a person who has left. What was signed stays
    signed. False where there was no key.
    """
    row = current(user_id)
    if row is None:
        return False
    row.retired_at = timezone.now()
    row.save(update_fields=["retired_at"])
    trail.append(
        Event.SIGNING_KEY_RETIRED,
        f"user/{user_id}",
        actor=actor,
        reason=reason,
        key=row.public_key,
        username=row.username,
    )
    return True


def opened(row: SigningKey, password: str) -> Ed25519PrivateKey:
    """The private key of a row; raises NotUnlocked."""
    locked = LockedKey(base64.b64decode(row.wrapped), base64.b64decode(row.salt), Cost.parse(row.cost))
    return unlock(locked, password, owner=f"user/{row.user_id}", public=base64.b64decode(row.public_key))


def _columns(locked: LockedKey) -> dict[str, str]:
    return {"wrapped": _text(locked.wrapped), "salt": _text(locked.salt), "cost": locked.cost.text}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
