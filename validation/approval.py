"""A protocol as a record that is signed before the data are seen, and what was signed of it."""

import typing
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from audit import records, trail
from audit.events import Event
from audit.manifest import Manifest, Meaning
from audit.models import Record
from audit.records import verify_record
from audit.signing_keys import Person
from audit.verdicts import content_of, in_effect
from validation.document import Signed
from validation.protocol import Protocol

# Who signs a protocol, and later its report: two people, neither of whom made it alone.
SIGNATURES = ((Meaning.REVIEWED, "quality_officer"), (Meaning.APPROVED, "approver"))


def subject_of(protocol: Protocol) -> str:
    """The name of the record of `protocol`: another content is another record."""
    return f"protocol/{protocol.digest[:16]}"


class Written(typing.Protocol):
    """What people write and sign before it holds: a protocol, or a plan of monitoring."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def digest(self) -> str: ...


def register(protocol: Protocol, content: bytes, *, author: Person, now: datetime) -> Record:
    """Keep the protocol, whose file has the bytes `content`, as a record that waits for its signatures.

    The record that is there already, where it was registered before.
    """
    return keep(
        subject_of(protocol),
        protocol,
        content,
        kind="validation protocol",
        event=Event.PROTOCOL_REGISTERED,
        author=author,
        now=now,
    )


def keep(
    subject: str,
    document: Written,
    content: bytes,
    *,
    kind: str,
    event: Event,
    author: Person,
    now: datetime,
) -> Record:
    """The same for any document: the record `subject` of this `kind`, and the `event` that it was kept."""
    with transaction.atomic():
        earlier = Record.objects.filter(subject=subject).first()
        if earlier is not None:
            return earlier
        said = {
            "kind": kind,
            "name": document.name,
            "version": document.version,
            "digest": document.digest,
            "text": content.decode(),
            "author": {"signer": author.signer, "username": author.username, "name": author.name},
            "signatures": [{"meaning": meaning, "role": role} for meaning, role in SIGNATURES],
        }
        record = records.create(subject, said, now=now)
        trail.append(
            event,
            subject,
            actor=author.username,
            name=document.name,
            version=document.version,
            digest=record.digest,
            protocol=document.digest,
        )
        return record


def signatures_of(subject: str) -> tuple[Signed, ...]:
    """The signatures below the record `subject` that count, in the order of their times."""
    record = Record.objects.filter(subject=subject).first()
    if record is None:
        return ()
    holding: Sequence[Manifest] = list(in_effect(verify_record(subject, record.content)).values())
    signed = (Signed(one.name, one.meaning, one.at, one.digest) for one in holding)
    return tuple(sorted(signed, key=lambda one: one.at))


def protocol_signatures(protocol: Protocol) -> tuple[Signed, ...]:
    """The signatures below just this protocol, whose name says only a part of its digest."""
    record = Record.objects.filter(subject=subject_of(protocol)).first()
    if record is None or content_of(record.content).get("digest") != protocol.digest:
        return ()
    return signatures_of(record.subject)


def is_signed_before(signatures: Sequence[Signed], moment: datetime) -> bool:
    """Whether all signatures that are asked for stood at `moment`."""
    stood = {one.meaning for one in signatures if datetime.fromisoformat(one.at) <= moment}
    return {meaning for meaning, _role in SIGNATURES} <= stood
