"""Signed records: what somebody with every right on the database changes is found, and named."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from django.utils import timezone

from audit import signing_keys, trail
from audit.entry import canonical
from audit.events import Event
from audit.manifest import Manifest, digest_of
from audit.models import AuditEvent, Entry, Record, Seal, Signature
from audit.records import NotARecord, create, verify_record
from audit.signing_keys import Person
from audit.verdicts import Problem, Verdict, is_complete
from tests.audit.signers import KIM, LEE, PARK, Site, content, forged, private_of, superuser
from tests.audit.signers import site as site
from tests.audit.signers import staffed as staffed

pytestmark = pytest.mark.requirement("SIG-02")


def verdicts(subject: str = "report/1") -> tuple[Verdict, ...]:
    return verify_record(subject, Record.objects.get(subject=subject).content)


def problems(subject: str = "report/1") -> list[set[Problem]]:
    return [set(verdict.problems) for verdict in verdicts(subject)]


@pytest.fixture
def signed(staffed: Site) -> Site:
    """The record "report/1", reviewed by Lee and approved by Park."""
    staffed.sign("report/1", LEE, "reviewed")
    staffed.sign("report/1", PARK, "approved")
    return staffed


def test_a_record_is_complete_once_every_signature_that_it_asks_for_counts(staffed: Site) -> None:
    staffed.sign("report/1", LEE, "reviewed")
    assert not is_complete(content(), verdicts())

    staffed.sign("report/1", PARK, "approved")

    assert [verdict.in_effect for verdict in verdicts()] == [True, True]
    assert is_complete(content(), verdicts())


@pytest.mark.parametrize(
    "said",
    [
        {"signatures": []},
        {"text": "nothing is asked"},
        {"signatures": [{"meaning": "admired", "role": "x"}]},
        {"signatures": [{"meaning": "reviewed"}]},
        {"signatures": ["reviewed"]},
        {"signatures": [{"meaning": "reviewed", "role": "a"}, {"meaning": "reviewed", "role": "b"}]},
        content(value=0.5),
        content(values=[{"deep": [1.0]}]),
    ],
)
def test_what_cannot_be_signed_is_not_kept(db: None, said: dict[str, Any]) -> None:
    with pytest.raises(NotARecord):
        create("report/1", said, now=timezone.now())

    assert not Record.objects.exists()


@pytest.mark.part11("11.10(a)", "11.70")
def test_a_record_that_is_not_the_one_that_was_signed_is_found(signed: Site) -> None:
    text = Record.objects.get(subject="report/1").content.replace("All is well", "All is not well")

    found = verify_record("report/1", text)

    assert [set(verdict.problems) for verdict in found] == [{Problem.CHANGED}, {Problem.CHANGED}]
    assert not is_complete(json.loads(text), found)


@pytest.mark.part11("11.10(a)", "11.70")
def test_a_record_that_was_changed_in_the_database_with_its_digest_is_found(signed: Site) -> None:
    text = canonical(content(text="All is not well."))

    with superuser():
        Record.objects.filter(subject="report/1").update(content=text, digest=digest_of(text))

    assert problems() == [{Problem.CHANGED}, {Problem.CHANGED}]


@pytest.mark.part11("11.10(a)", "11.70")
def test_a_record_that_no_longer_can_be_read_is_found(signed: Site) -> None:
    with superuser():
        Record.objects.filter(subject="report/1").update(content="{", digest=digest_of("{"))

    assert problems() == [{Problem.CHANGED}, {Problem.CHANGED}]


@pytest.mark.part11("11.70")
def test_a_signature_that_was_moved_to_another_record_counts_on_neither(signed: Site) -> None:
    signed.record("report/2")

    with superuser():
        other = Record.objects.get(subject="report/2")
        Signature.objects.filter(record__subject="report/1", meaning="reviewed").update(record=other)

    assert problems("report/2") == [{Problem.MOVED}]
    assert problems("report/1") == [set(), {Problem.REMOVED}]
    assert not is_complete(content(), verdicts("report/1"))


@pytest.mark.part11("11.70")
def test_a_signature_whose_manifest_was_made_to_fit_another_record_isforged(signed: Site) -> None:
    signed.record("report/2", content(text="Other."))
    row = Signature.objects.get(record__subject="report/1", meaning="reviewed")
    other = Record.objects.get(subject="report/2")
    manifest = Manifest(**{**json.loads(row.manifest), "subject": "report/2", "digest": other.digest})

    with superuser():
        Signature.objects.filter(pk=row.pk).update(record=other, manifest=manifest.text)

    assert {Problem.FORGED, Problem.NOT_RECORDED} <= problems("report/2")[0]


@pytest.mark.part11("11.70")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name", "Director Lee"),
        ("username", "director"),
        ("user_id", 99),
        ("meaning", "authored"),
        ("at", timezone.now()),
    ],
)
def test_a_signature_whose_columns_were_changed_is_found_and_the_signed_words_are_what_is_shown(
    signed: Site, column: str, value: object
) -> None:
    with superuser():
        Signature.objects.filter(record__subject="report/1", meaning="reviewed").update(**{column: value})

    assert problems()[0] == {Problem.ALTERED}
    shown = verdicts()[0].manifest
    assert shown is not None
    assert shown.name == "Lee Min-ji"


def test_a_signature_whose_manifest_cannot_be_read_is_found(signed: Site) -> None:
    with superuser():
        Signature.objects.filter(record__subject="report/1", meaning="reviewed").update(manifest="{}")

    assert {Problem.FORGED, Problem.ALTERED, Problem.NOT_RECORDED} == problems()[0]
    assert verdicts()[0].manifest is None


def test_a_signature_that_was_removed_is_missed(signed: Site) -> None:
    with superuser():
        Signature.objects.filter(record__subject="report/1", meaning="approved").delete()

    assert problems() == [set(), {Problem.REMOVED}]
    removed = verdicts()[1].manifest
    assert removed is not None
    assert removed.name == "Park Seo-jun"


def test_an_event_that_was_altered_after_it_was_sealed_covers_no_signature(signed: Site) -> None:
    row = Signature.objects.get(record__subject="report/1", meaning="reviewed")

    with superuser():
        AuditEvent.objects.filter(pk=row.event_id).update(
            canonical=row.event.canonical.replace('"reason":""', '"reason":"x"')
        )

    assert problems()[0] == {Problem.NOT_SEALED}


def test_a_signature_without_a_place_in_the_log_is_not_in_effect(signed: Site) -> None:
    with superuser():
        Seal.objects.all().delete()

    # Without checkpoints nobody's key is known either.
    assert all(Problem.NOT_SEALED in found for found in problems())

    with superuser():
        Entry.objects.all().delete()

    assert all(Problem.NOT_SEALED in found for found in problems())


@pytest.mark.part11("11.70", "11.200(a)(2)")
def test_a_signature_with_a_key_that_nobody_enrolled_does_not_count(staffed: Site) -> None:
    forged(LEE, "reviewed", Ed25519PrivateKey.generate())
    staffed.seal()

    assert problems() == [{Problem.UNKNOWN_KEY}]


@pytest.mark.part11("11.100(a)")
def test_a_signature_with_the_key_of_somebody_else_does_not_count(staffed: Site) -> None:
    forged(LEE, "reviewed", private_of(PARK))
    staffed.seal()

    assert problems() == [{Problem.UNKNOWN_KEY}]


@pytest.mark.part11("11.50(a)", "11.100(a)")
def test_a_signature_under_another_name_than_the_enrolled_one_does_not_count(staffed: Site) -> None:
    forged(LEE, "reviewed", private_of(LEE), name="Director Lee")
    staffed.seal()

    assert problems() == [{Problem.UNKNOWN_KEY}]


@pytest.mark.part11("11.300(c)")
def test_what_was_signed_before_a_key_was_retired_counts_and_what_came_after_does_not(staffed: Site) -> None:
    staffed.sign("report/1", LEE, "reviewed")
    private = private_of(PARK)
    with transaction.atomic():
        signing_keys.retire(LEE.id, reason="left the hospital")
        signing_keys.retire(PARK.id, reason="lost")
    staffed.seal()

    forged(PARK, "approved", private)
    staffed.seal()

    assert problems() == [set(), {Problem.RETIRED_KEY}]


@pytest.mark.part11("11.100(b)", "11.200(a)(3)")
def test_a_signature_with_a_key_that_nobody_had_confirmed_does_not_count(staffed: Site) -> None:
    staffed.enrol(KIM, confirmed_by="quality_officer")
    forged(KIM, "reviewed", private_of(KIM))
    staffed.seal()
    assert problems() == [{Problem.UNCONFIRMED_KEY}]

    staffed.confirm(KIM, by=LEE)

    assert problems() == [{Problem.UNCONFIRMED_KEY}]  # it was not when this was signed


@pytest.mark.part11("11.100(b)", "11.200(a)(3)")
def test_a_confirmation_that_was_forged_confirms_nothing(staffed: Site) -> None:
    # An owner of the database enrols a key as Kim's and confirms it with another key of their own.
    key = staffed.enrol(KIM, confirmed_by="quality_officer")
    assert key.confirmation is not None
    with transaction.atomic():
        trail.append(Event.RECORD_SIGNED, key.confirmation.subject, actor="lee", meaning="approved")
    forged(KIM, "reviewed", private_of(KIM))
    staffed.seal()

    assert problems() == [{Problem.UNCONFIRMED_KEY}]


@pytest.mark.part11("11.10(g)")
@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"signatures": [{"meaning": "approved", "role": "approver"}]}, Problem.NOT_ASKED),
        ({"signatures": [{"meaning": "reviewed", "role": "physician"}]}, Problem.NOT_ASKED),
        (
            {
                "signatures": [{"meaning": "approved", "role": "quality_officer"}],
                "author": {"signer": "user/1"},
            },
            Problem.BY_AUTHOR,
        ),
    ],
)
def test_what_the_record_does_not_ask_for_does_not_count(
    site: Site, said: dict[str, Any], problem: Problem
) -> None:
    site.enrol(LEE)
    site.record("report/1", content(**said))
    forged(LEE, "approved" if problem == Problem.BY_AUTHOR else "reviewed", private_of(LEE))
    site.seal()

    assert problems() == [{problem}]


@pytest.mark.part11("11.10(g)")
def test_a_second_signature_of_the_same_person_does_not_count(staffed: Site) -> None:
    staffed.sign("report/1", LEE, "reviewed")
    both = Person(LEE.id, LEE.username, LEE.name, PARK.roles)

    # The database lets a person be there once: so the row is of another account than what was signed.
    forged(both, "approved", private_of(LEE), account=99)
    staffed.seal()

    assert problems() == [set(), {Problem.ALTERED, Problem.TWICE}]


def test_a_clean_record_is_never_suspected(signed: Site) -> None:
    confirmation = Record.objects.exclude(subject="report/1").get().subject

    assert problems() == [set(), set()]
    assert problems(confirmation) == [set()]
