"""Electronic signatures (21 CFR Part 11, subpart C): a person signs exactly what they were shown.

A signature is the Ed25519 signature of a manifest: which record, its SHA-256, the meaning, the printed name
and the time. It is kept as a row and as an event in one transaction, and counts once a checkpoint covers the
event. An attempt that is refused is an event too.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction

from audit import sealing, trail
from audit.events import Event
from audit.keyring import Keyring
from audit.locking import NotUnlocked
from audit.manifest import Manifest, digest_of, stamp
from audit.models import AuditEvent, Record, Signature, SigningKey
from audit.records import END, key_problem, keyring, verify_record
from audit.signing_keys import Person, current, opened
from audit.trail import Outcome
from audit.turn import Refusal, why_not
from audit.verdicts import asked, content_of


class SignatureRefused(Exception):
    """Nothing was signed, and the trail says that somebody tried; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"nothing was signed: {refusal}")
        self.refusal = refusal


def sign(
    subject: str,
    *,
    content: str,
    shown: str,
    meaning: str,
    person: Person,
    password: str,
    accountability: str,
    now: datetime,
    wait: Callable[[AuditEvent], None] = sealing.wait_until_sealed,
) -> Signature:
    """Sign the record `subject`, whose canonical text is `content` now, as `person`.

    `shown` is the SHA-256, in hex, of the text that the person was shown, `accountability` the edition of the
    words by which they accept to be held to it (21 CFR 11.10(j)). To be called once password and second
    factor are verified, outside of a transaction. Raises SignatureRefused, and NotSealed: then the
    signature is made, and counts when the sealing process has covered it.
    """
    try:
        role = _role(subject, content, shown, meaning, person)
        row = key_of(person)
        manifest = Manifest(
            subject=subject,
            digest=shown,
            meaning=meaning,
            signer=person.signer,
            username=person.username,
            name=person.name,
            role=role,
            at=stamp(now),
            accountability=accountability,
        )
        signature = _signature(row, manifest, password)
        made = _keep(manifest, signature, row.public_key, person)
    except SignatureRefused as problem:
        refuse(subject, meaning=meaning, person=person, refusal=problem.refusal)
        raise
    wait(made.event)
    return made


def key_of(person: Person) -> SigningKey:
    """The key that `person` signs with; raises SignatureRefused where they have none that counts."""
    row = current(person.id)
    if row is None:
        raise SignatureRefused(Refusal.NO_KEY)
    if (row.username, row.name) != (person.username, person.name):
        raise SignatureRefused(Refusal.OTHER_NAME)
    if not counts(row):
        raise SignatureRefused(Refusal.KEY_NOT_COUNTING)
    return row


def counts(row: SigningKey, ring: Keyring | None = None) -> bool:
    """Whether something that is signed now with the key of this row would count."""
    who = (f"user/{row.user_id}", row.username, row.name)
    return key_problem(keyring() if ring is None else ring, who, row.public_key, END) is None


def refuse(subject: str, *, meaning: str, person: Person, refusal: Refusal) -> None:
    """Record that `person` tried to sign, and why nothing was signed."""
    with transaction.atomic(durable=True):
        trail.append(
            Event.SIGNATURE_REFUSED,
            subject[:128],
            actor=person.username,
            outcome=Outcome.MINOR_FAILURE,
            reason=str(refusal),
            meaning=meaning[:16],
            signer=person.signer,
        )


def _role(subject: str, content: str, shown: str, meaning: str, person: Person) -> str:
    """The role in which `person` signs; raises SignatureRefused."""
    record = Record.objects.filter(subject=subject).first()
    if record is None:
        raise SignatureRefused(Refusal.NO_RECORD)
    if not digest_of(content) == shown == record.digest == digest_of(record.content):
        raise SignatureRefused(Refusal.NOT_SHOWN)
    said, verdicts = content_of(content), verify_record(subject, content)
    refusal = why_not(said, verdicts, meaning=meaning, signer=person.signer, roles=person.roles)
    if refusal is not None:
        raise SignatureRefused(refusal)
    return next(one.role for one in asked(said) if one.meaning == meaning)


def _signature(row: SigningKey, manifest: Manifest, password: str) -> str:
    try:
        return manifest.signed_by(opened(row, password))
    except NotUnlocked:
        raise SignatureRefused(Refusal.NOT_OPENED) from None


def _keep(manifest: Manifest, signature: str, key: str, person: Person) -> Signature:
    """The signature as a row and an event, both or neither."""
    try:
        with transaction.atomic(durable=True):
            if not SigningKey.objects.select_for_update().filter(public_key=key, retired_at=None).exists():
                raise SignatureRefused(Refusal.NO_KEY)
            event = trail.append(
                Event.RECORD_SIGNED,
                manifest.subject,
                actor=person.username,
                meaning=manifest.meaning,
                name=manifest.name,
                digest=manifest.digest,
                manifest=manifest.text,
                signature=signature,
                key=key,
            )
            return Signature.objects.create(
                record=Record.objects.get(subject=manifest.subject),
                meaning=manifest.meaning,
                user_id=person.id,
                username=person.username,
                name=person.name,
                at=datetime.fromisoformat(manifest.at),
                manifest=manifest.text,
                signature=signature,
                key=key,
                event=event,
            )
    except IntegrityError:
        # Somebody was faster: the database lets a meaning and a person be there once.
        raise SignatureRefused(Refusal.GIVEN) from None
