"""The keys that people sign with: enrolled, confirmed, locked anew, retired."""

import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import signing, signing_keys, trail
from audit.events import Event
from audit.locking import NotUnlocked, lock
from audit.models import AuditEvent, Record, SigningKey
from audit.sealing import NotSealed
from audit.signing import SignatureRefused
from audit.signing_keys import NotEnrolled, Person
from audit.turn import Refusal
from tests.audit.signers import CHEAP, KIM, LEE, PARK, PASSWORD, Site
from tests.audit.signers import site as site
from tests.audit.signers import staffed as staffed

pytestmark = pytest.mark.requirement("SIG-01")


def never(event: AuditEvent) -> None:
    """A sealing process that does not run."""
    raise NotSealed


def facts(event: Event) -> list[dict[str, object]]:
    rows = AuditEvent.objects.filter(event=event).order_by("pk")
    return [
        {"subject": row.subject, "actor": row.actor, **json.loads(row.canonical)["facts"]} for row in rows
    ]


@pytest.mark.part11("11.100(a)")
def test_the_enrolment_of_a_key_says_in_the_trail_whose_it_is(site: Site) -> None:
    key = site.enrol(LEE)

    assert facts(Event.SIGNING_KEY_ENROLLED) == [
        {
            "subject": "user/1",
            "actor": "lee",
            "key": key.public_key,
            "name": "Lee Min-ji",
            "confirmation": "",
        }
    ]
    assert signing_keys.holders() == {1}


def test_a_key_counts_only_once_its_enrolment_is_sealed(site: Site) -> None:
    with pytest.raises(NotSealed):
        signing_keys.enrol(LEE, PASSWORD, confirmed_by="", now=timezone.now(), cost=CHEAP, wait=never)
    key = SigningKey.objects.get()

    assert not signing.counts(key)
    site.seal()
    assert signing.counts(key)


@pytest.mark.part11("11.200(a)(2)", "11.300(d)")
def test_the_password_alone_opens_the_key_and_neither_it_nor_the_key_is_stored(site: Site) -> None:
    key = site.enrol(LEE)

    private = signing_keys.opened(key, PASSWORD)
    with pytest.raises(NotUnlocked):
        signing_keys.opened(key, "another password")

    stored = json.dumps([list(SigningKey.objects.values()), list(AuditEvent.objects.values())], default=str)
    assert PASSWORD not in stored
    assert signing_keys._text(private.private_bytes_raw()) not in stored


@pytest.mark.part11("11.100(b)", "11.200(a)(3)")
def test_a_second_key_needs_the_signed_word_of_somebody_else(site: Site) -> None:
    site.enrol(LEE)
    key = site.enrol(PARK, confirmed_by="quality_officer")
    assert not signing.counts(key)

    site.confirm(PARK, by=LEE)

    assert signing.counts(key)
    assert signing_keys.holders() == {1, 2}


@pytest.mark.part11("11.200(a)(3)")
def test_nobody_confirms_their_own_key(site: Site) -> None:
    site.enrol(LEE)
    before = site.enrol(KIM, confirmed_by="quality_officer")
    site.confirm(KIM, by=LEE)

    site.enrol(KIM, confirmed_by="quality_officer")

    with pytest.raises(SignatureRefused) as refused:
        site.confirm(KIM, by=KIM)
    assert refused.value.refusal == Refusal.BY_AUTHOR
    before.refresh_from_db()
    assert before.retired_at is not None


@pytest.mark.part11("11.100(b)")
def test_without_that_word_nobody_but_the_first_is_enrolled(site: Site) -> None:
    site.enrol(LEE)

    with pytest.raises(NotEnrolled, match="must confirm"):
        site.enrol(PARK)

    assert not SigningKey.objects.filter(user_id=PARK.id).exists()


def test_where_nobody_is_left_who_signs_a_key_is_a_first_one_again(site: Site) -> None:
    site.enrol(LEE)
    with transaction.atomic():
        signing_keys.retire(LEE.id, reason="left the hospital")
    site.seal()

    assert signing.counts(site.enrol(PARK))


@pytest.mark.part11("11.200(a)(3)")
def test_a_key_that_the_database_says_is_a_first_one_beside_others_does_not_count(staffed: Site) -> None:
    # What somebody with every right on the database can do, and the sealing process will seal.
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    with transaction.atomic():
        event = trail.append(
            Event.SIGNING_KEY_ENROLLED,
            KIM.signer,
            actor=KIM.username,
            key=signing_keys._text(public),
            name=KIM.name,
            confirmation="",
        )
        key = SigningKey.objects.create(
            user_id=KIM.id,
            username=KIM.username,
            name=KIM.name,
            public_key=signing_keys._text(public),
            **signing_keys._columns(lock(private, PASSWORD, owner=KIM.signer, cost=CHEAP)),
            enrolled_at=timezone.now(),
            event=event,
        )
    staffed.seal()

    assert not signing.counts(key)
    with pytest.raises(SignatureRefused):
        staffed.sign("report/1", KIM, "reviewed")


@pytest.mark.part11("11.100(b)")
def test_what_a_colleague_is_shown_names_the_person_and_the_key(site: Site) -> None:
    site.enrol(LEE)
    key = site.enrol(PARK, confirmed_by="quality_officer")

    said = json.loads(Record.objects.get().content)

    assert said["author"] == {"signer": "user/2", "username": "park", "name": "Park Seo-jun"}
    assert said["key"] == key.public_key
    assert len(said["fingerprint"].split()) == 8
    assert said["signatures"] == [{"meaning": "approved", "role": "quality_officer"}]


@pytest.mark.parametrize("name", ["", "   "])
@pytest.mark.part11("11.50(a)", "11.100(b)")
def test_who_has_no_printed_name_gets_no_key(site: Site, name: str) -> None:
    with pytest.raises(NotEnrolled, match="printed name"):
        site.enrol(replace(LEE, name=name))


@pytest.mark.parametrize(
    "other", [Person(9, "lee", "Lee Other", LEE.roles), Person(1, "someone", "Lee Min-ji", LEE.roles)]
)
@pytest.mark.part11("11.100(a)")
def test_a_user_name_that_signed_is_never_passed_on(site: Site, other: Person) -> None:
    site.enrol(LEE)
    with transaction.atomic():
        signing_keys.retire(LEE.id, reason="left the hospital")
    site.seal()

    with pytest.raises(NotEnrolled, match="names are not reused"):
        site.enrol(other)


def test_a_person_has_one_key_at_a_time(site: Site) -> None:
    first = site.enrol(LEE)
    second = site.enrol(LEE)

    first.refresh_from_db()
    assert first.retired_at is not None
    assert signing_keys.current(LEE.id) == second
    assert [one["key"] for one in facts(Event.SIGNING_KEY_RETIRED)] == [first.public_key]
    with pytest.raises(IntegrityError), transaction.atomic():
        SigningKey.objects.filter(pk=first.pk).update(retired_at=None)


@pytest.mark.part11("11.300(b)")
def test_a_changed_password_opens_the_same_key_and_the_old_one_no_longer(site: Site) -> None:
    key = site.enrol(LEE)

    with transaction.atomic():
        assert signing_keys.rewrap(LEE.id, PASSWORD, "a new password entirely", cost=CHEAP)

    key.refresh_from_db()
    assert signing_keys.opened(key, "a new password entirely")
    with pytest.raises(NotUnlocked):
        signing_keys.opened(key, PASSWORD)
    assert signing.counts(key)


@pytest.mark.part11("11.200(a)(3)", "11.300(c)")
def test_a_password_that_was_changed_without_the_old_one_retires_the_key(site: Site) -> None:
    key = site.enrol(LEE)

    with transaction.atomic():
        assert not signing_keys.rewrap(LEE.id, "guessed", "a new password entirely", cost=CHEAP)

    key.refresh_from_db()
    assert key.retired_at is not None
    assert [one["key"] for one in facts(Event.SIGNING_KEY_RETIRED)] == [key.public_key]


def test_who_has_no_key_has_none_to_lock_anew_or_to_retire(site: Site) -> None:
    with transaction.atomic():
        assert not signing_keys.rewrap(LEE.id, PASSWORD, "a new password entirely")
        assert not signing_keys.retire(LEE.id, reason="left the hospital")

    assert not AuditEvent.objects.exists()


def test_two_keys_that_are_made_for_a_person_at_once_are_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = site.enrol(LEE)
    monkeypatch.setattr(signing_keys, "current", lambda _user_id: None)  # as the other one saw it

    with pytest.raises(NotEnrolled, match="at this moment"):
        site.enrol(LEE)

    assert SigningKey.objects.get() == key
    assert len(facts(Event.SIGNING_KEY_ENROLLED)) == 1
