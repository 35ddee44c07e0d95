"""Builders of people who sign, of records for them, and of the sealing process beside them."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from django.utils import timezone

from audit import sealing, signing, signing_keys, trail
from audit.events import Event
from audit.locking import Cost
from audit.manifest import Manifest, digest_of
from audit.models import AuditEvent, Entry, Record, Signature, SigningKey
from audit.protection import protect, unprotect
from audit.records import create
from audit.sequencer import Sequencer
from audit.signing_keys import Person

PASSWORD = "correct horse battery staple"
CHEAP = Cost(n=2)

LEE = Person(1, "lee", "Lee Min-ji", frozenset({"quality_officer"}))
PARK = Person(2, "park", "Park Seo-jun", frozenset({"approver"}))
KIM = Person(3, "kim", "Kim Ha-eun", frozenset({"quality_officer", "approver"}))

REVIEWED_AND_APPROVED = [
    {"meaning": "reviewed", "role": "quality_officer"},
    {"meaning": "approved", "role": "approver"},
]


def content(**changes: Any) -> dict[str, Any]:
    """A record that asks for two signatures."""
    return {"kind": "report", "text": "All is well.", "signatures": REVIEWED_AND_APPROVED, **changes}


@dataclass
class Site:
    """People sign here, and `sequencer` seals whenever somebody waits for it."""

    sequencer: Sequencer

    def seal(self, event: AuditEvent | None = None) -> None:
        """Seal everything that there is; stands where product code waits for the sealing process."""
        while self.sequencer.step(timezone.now()):
            pass
        newest = sealing.newest()
        if Entry.objects.count() > (newest.size if newest else 0):
            self.sequencer.seal(timezone.now())
        assert event is None or sealing.is_sealed(event)

    def enrol(self, person: Person, *, confirmed_by: str = "", password: str = PASSWORD) -> SigningKey:
        return signing_keys.enrol(
            person, password, confirmed_by=confirmed_by, now=timezone.now(), cost=CHEAP, wait=self.seal
        )

    def confirm(self, person: Person, by: Person) -> Signature:
        """`by` signs that the key of `person` is that of `person`."""
        key = signing_keys.current(person.id)
        assert key is not None
        assert key.confirmation is not None
        return self.sign(key.confirmation.subject, by, "approved")

    def staff(self) -> None:
        """Lee's key is the first; Lee confirms Park's."""
        self.enrol(LEE)
        self.enrol(PARK, confirmed_by="quality_officer")
        self.confirm(PARK, by=LEE)

    def record(self, subject: str = "report/1", said: Mapping[str, Any] | None = None) -> Record:
        with transaction.atomic():
            return create(subject, said or content(), now=timezone.now())

    def sign(self, subject: str, person: Person, meaning: str, **changes: Any) -> Signature:
        """`person` signs what they were shown, which is the record as it is."""
        text = Record.objects.get(subject=subject).content
        asked: dict[str, Any] = {
            "content": text,
            "shown": digest_of(text),
            "password": PASSWORD,
            "accountability": "policy/1",
            "now": timezone.now(),
            "wait": self.seal,
        }
        return signing.sign(subject, meaning=meaning, person=person, **(asked | changes))


@contextmanager
def superuser() -> Iterator[None]:
    """Within the block the triggers are off, as somebody can switch them who owns the database."""
    unprotect(connection)
    try:
        yield
    finally:
        protect(connection)


def forged(
    person: Person,
    meaning: str,
    key: Ed25519PrivateKey,
    *,
    subject: str = "report/1",
    name: str = "",
    account: int | None = None,
) -> None:
    """What an owner of the database can write: a signature with a key of their own, and its event."""
    record = Record.objects.get(subject=subject)
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    manifest = Manifest(
        subject=subject,
        digest=record.digest,
        meaning=meaning,
        signer=person.signer,
        username=person.username,
        name=name or person.name,
        role=max(person.roles),
        at="2026-11-03T12:00:00.000000+00:00",
        accountability="policy/1",
    )
    signature = manifest.signed_by(key)
    with transaction.atomic():
        event = trail.append(
            Event.RECORD_SIGNED,
            subject,
            actor=person.username,
            meaning=meaning,
            name=manifest.name,
            digest=record.digest,
            manifest=manifest.text,
            signature=signature,
            key=public,
        )
        Signature.objects.create(
            record=record,
            meaning=meaning,
            user_id=account or person.id,
            username=person.username,
            name=manifest.name,
            at=datetime.fromisoformat(manifest.at),
            manifest=manifest.text,
            signature=signature,
            key=public,
            event=event,
        )


def private_of(person: Person) -> Ed25519PrivateKey:
    row = signing_keys.current(person.id)
    assert row is not None
    return signing_keys.opened(row, PASSWORD)


@pytest.fixture
def site(db: None, sequencer: Sequencer) -> Site:
    """A site where nobody signs yet."""
    return Site(sequencer)


@pytest.fixture
def staffed(site: Site) -> Site:
    """A site where the quality officer Lee and the approver Park sign, with the record "report/1"."""
    site.staff()
    site.record()
    return site
