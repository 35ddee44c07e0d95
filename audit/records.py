"""Signed records: what was shown and signed, kept word for word, and whether each signature still holds.

Nothing of a record changes once it is kept; a correction is a new record. What is verified here is the
signature, its record and what the trail says of both; that the trail is whole, and found under its headings,
is for audit.inspection and audit.verify.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from audit.entry import canonical, leaf_hash
from audit.events import Event
from audit.keyring import CONFIRMATION, EVENTS, Keyring
from audit.manifest import Manifest, NotAManifest, digest_of, stamp, verifies
from audit.models import Entry, Heading, Record, Seal, Signature
from audit.verdicts import (
    Problem,
    Verdict,
    against_record,
    asked,
    author_of,
    content_of,
    is_complete,
)

END = 1 << 62  # a place after every event that there is


class NotARecord(Exception):
    """The content cannot be kept as a record; nothing was kept."""


class _Placed(NamedTuple):
    """A numbered event; `sound` where a checkpoint covers it and its leaf is that of its text."""

    event: int
    seq: int
    text: str
    sound: bool


def create(subject: str, content: Mapping[str, Any], *, now: datetime) -> Record:
    """Keep `content` as the record `subject` ("review/2026-10"), for good; to be called in a transaction.

    Raises NotARecord where it asks for no signature, or holds what canonical text has no single form for.
    """
    if not asked(content):
        raise NotARecord(f"{subject} asks for no signature, or twice for the same")
    if _has_fraction(content):
        raise NotARecord(f"{subject} holds a fraction; records hold whole numbers and texts")
    text = canonical(content)
    return Record.objects.create(subject=subject, content=text, digest=digest_of(text), created_at=now)


def keyring() -> Keyring:
    """Who enrolled which key, from the sealed part of the trail."""
    on_keys = Q(event__in=EVENTS) | Q(event=Event.RECORD_SIGNED, subject__startswith=CONFIRMATION)
    placed = _placed(Entry.objects.filter(event__in=_numbered(on_keys)))
    return Keyring.of(sorted((one.seq, one.text) for one in placed if one.sound))


def verify_record(subject: str, content: str, ring: Keyring | None = None) -> tuple[Verdict, ...]:
    """The verdict on every signature of the record `subject`, whose canonical text is `content` now.

    In the order of signing; those that the trail remembers and the table does not come last.
    """
    ring = keyring() if ring is None else ring
    rows = list(Signature.objects.filter(record__subject=subject).select_related("event").order_by("pk"))
    signed = _placed(Entry.objects.filter(event__in=_numbered(Q(event=Event.RECORD_SIGNED, subject=subject))))
    own = _placed(Entry.objects.filter(event__in=[row.event_id for row in rows]))
    places = {one.event: one.seq for one in own if one.sound}
    verdicts: list[Verdict] = []
    for row in rows:
        manifest = _manifest(row.manifest)
        problems = (*_by_itself(row, manifest), *_in_trail(row, manifest, places, ring))
        if manifest is not None:
            problems += (*against_record(manifest, subject, content),)
            problems += (Problem.TWICE,) if _signed_before(manifest, verdicts) else ()
        verdicts.append(Verdict(manifest, problems))
    return (*verdicts, *_removed(rows, signed))


def key_problem(ring: Keyring, who: tuple[str, str, str], key: str, place: int) -> Problem | None:
    """What is wrong with signing with `key` at `place` of the log; None where it counts.

    `who` is ("user/7", user name, printed name).
    """
    enrolment = ring.enrolments.get(key)
    if enrolment is None or enrolment.seq >= place:
        return Problem.UNKNOWN_KEY
    if (enrolment.signer, enrolment.username, enrolment.name) != who:
        return Problem.UNKNOWN_KEY
    if not enrolment.is_open(place):
        return Problem.RETIRED_KEY
    if enrolment.confirmation:
        confirmed = _is_confirmed(ring, key, place)
    else:
        confirmed = ring.may_be_first(enrolment.signer, enrolment.seq)
    return None if confirmed else Problem.UNCONFIRMED_KEY


def _is_confirmed(ring: Keyring, key: str, place: int) -> bool:
    """Whether somebody else's signature on the record about the key counts, and lies before `place`."""
    enrolment = ring.enrolments[key]
    record = Record.objects.filter(subject=enrolment.confirmation).first()
    if record is None or not enrolment.stands(place):
        return False
    content = content_of(record.content)
    if (content.get("key"), author_of(content)) != (key, enrolment.signer):
        return False
    # Without this key nothing is signed with it, so that every step leads to fewer keys.
    others = Keyring({name: one for name, one in ring.enrolments.items() if name != key})
    return is_complete(content, verify_record(record.subject, record.content, others))


def _by_itself(row: Signature, manifest: Manifest | None) -> Iterator[Problem]:
    if not verifies(row.signature, row.manifest, row.key):
        yield Problem.FORGED
    columns = (row.meaning, stamp(row.at), f"user/{row.user_id}", row.username, row.name)
    if manifest is None or columns != (manifest.meaning, manifest.at, *_who(manifest)):
        yield Problem.ALTERED


def _in_trail(
    row: Signature, manifest: Manifest | None, places: Mapping[int, int], ring: Keyring
) -> Iterator[Problem]:
    """What the trail says against it: it never happened, is not sealed, or the key did not count then."""
    if manifest is None or not _is_recorded(row, manifest):
        yield Problem.NOT_RECORDED
        return
    place = places.get(row.event_id)
    if place is None:
        yield Problem.NOT_SEALED
    problem = key_problem(ring, _who(manifest), row.key, END if place is None else place)
    if problem is not None:
        yield problem


def _is_recorded(row: Signature, manifest: Manifest) -> bool:
    said = content_of(row.event.canonical)
    facts = {
        "meaning": manifest.meaning,
        "name": manifest.name,
        "digest": manifest.digest,
        "manifest": row.manifest,
        "signature": row.signature,
        "key": row.key,
    }
    recorded = (said.get("event"), said.get("subject"), said.get("actor"), said.get("facts"))
    return recorded == (Event.RECORD_SIGNED, manifest.subject, manifest.username, facts)


def _signed_before(manifest: Manifest, verdicts: Iterable[Verdict]) -> bool:
    """Whether the same person's signature counts already, or will once it is sealed."""
    counting = (one for one in verdicts if one.in_effect or one.is_waiting)
    return any(one.manifest is not None and one.manifest.signer == manifest.signer for one in counting)


def _removed(rows: Iterable[Signature], signed: Iterable[_Placed]) -> list[Verdict]:
    kept = {row.event_id for row in rows}
    return [
        Verdict(_manifest(str(content_of(one.text).get("facts", {}).get("manifest"))), (Problem.REMOVED,))
        for one in signed
        if one.event not in kept
    ]


def _numbered(conditions: Q) -> QuerySet[Heading, int]:
    """The keys of the events that have a number and pass `conditions`."""
    return Heading.objects.filter(conditions).order_by().values_list("pk", flat=True)


def _placed(entries: QuerySet[Entry]) -> list[_Placed]:
    sealed = Seal.objects.order_by("size").values_list("size", flat=True).last() or 0
    return [
        _Placed(
            event=entry.event_id,
            seq=entry.seq,
            text=entry.event.canonical,
            sound=entry.seq < sealed and entry.leaf == leaf_hash(entry.event.canonical).hex(),
        )
        for entry in entries.select_related("event").order_by("seq")
    ]


def _who(manifest: Manifest) -> tuple[str, str, str]:
    return manifest.signer, manifest.username, manifest.name


def _manifest(text: str) -> Manifest | None:
    try:
        return Manifest.parse(text)
    except NotAManifest:
        return None


def _has_fraction(value: object) -> bool:
    match value:
        case float():
            return True
        case Mapping():
            return any(_has_fraction(one) for one in value.values())
        case list() | tuple():
            return any(_has_fraction(one) for one in value)
    return False
