"""Signing: who may, what is bound, and that every refusal is an event."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from audit import signing, signing_keys
from audit.events import Event
from audit.manifest import Manifest, digest_of, verifies
from audit.models import AuditEvent, Record, Signature, SigningKey
from audit.records import verify_record
from audit.sealing import NotSealed
from audit.signing import SignatureRefused
from audit.signing_keys import Person
from audit.turn import Refusal
from tests.audit.signers import KIM, LEE, PARK, PASSWORD, Site, content
from tests.audit.signers import site as site
from tests.audit.signers import staffed as staffed

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


def refusals() -> list[tuple[str, str, str, str, int]]:
    """(subject, actor, reason, meaning, outcome) of what the trail says of refused attempts."""
    rows = AuditEvent.objects.filter(event=Event.SIGNATURE_REFUSED).order_by("pk")
    said = [(row, json.loads(row.canonical)) for row in rows]
    return [(r.subject, r.actor, s["reason"], s["facts"]["meaning"], r.outcome) for r, s in said]


@pytest.mark.requirement("SIG-01", "SIG-02")
@pytest.mark.part11("11.50(a)", "11.70")
def test_a_signature_is_bound_to_person_meaning_time_and_exactly_what_was_shown(staffed: Site) -> None:
    made = staffed.sign("report/1", LEE, "reviewed", now=NOON)

    record = Record.objects.get(subject="report/1")
    manifest = Manifest.parse(made.manifest)
    assert manifest == Manifest(
        subject="report/1",
        digest=hashlib.sha256(record.content.encode()).hexdigest(),
        meaning="reviewed",
        signer="user/1",
        username="lee",
        name="Lee Min-ji",
        role="quality_officer",
        at="2026-11-03T12:00:00.000000+00:00",
        accountability="policy/1",
    )
    assert (made.name, made.meaning, made.at) == ("Lee Min-ji", "reviewed", NOON)
    assert verifies(made.signature, made.manifest, made.key)


@pytest.mark.requirement("SIG-01")
@pytest.mark.part11("11.10(e)")
def test_the_trail_holds_everything_that_is_needed_to_verify_a_signature(staffed: Site) -> None:
    made = staffed.sign("report/1", LEE, "reviewed")

    event = AuditEvent.objects.get(event=Event.RECORD_SIGNED, subject="report/1")
    assert event.actor == "lee"
    assert json.loads(event.canonical)["facts"] == {
        "meaning": "reviewed",
        "name": "Lee Min-ji",
        "digest": made.record.digest,
        "manifest": made.manifest,
        "signature": made.signature,
        "key": made.key,
    }


@pytest.mark.requirement("SIG-01")
def test_a_signature_counts_once_a_checkpoint_covers_it(staffed: Site) -> None:
    def never(event: AuditEvent) -> None:
        raise NotSealed

    with pytest.raises(NotSealed):
        staffed.sign("report/1", LEE, "reviewed", wait=never)
    (waiting,) = verify_record("report/1", Record.objects.get(subject="report/1").content)
    assert (waiting.in_effect, waiting.is_waiting) == (False, True)

    staffed.seal()

    (verdict,) = verify_record("report/1", Record.objects.get(subject="report/1").content)
    assert verdict.in_effect


@pytest.mark.requirement("SIG-01")
def test_what_waits_for_its_checkpoint_is_not_signed_again(staffed: Site) -> None:
    def never(event: AuditEvent) -> None:
        raise NotSealed

    with pytest.raises(NotSealed):
        staffed.sign("report/1", LEE, "reviewed", wait=never)

    with pytest.raises(SignatureRefused):
        staffed.sign("report/1", LEE, "reviewed", wait=never)
    assert Signature.objects.filter(record__subject="report/1").count() == 1


@pytest.mark.requirement("SIG-02")
@pytest.mark.part11("11.10(f)")
def test_two_people_sign_in_the_order_in_which_the_record_asks(staffed: Site) -> None:
    staffed.sign("report/1", LEE, "reviewed")
    staffed.sign("report/1", PARK, "approved")

    given = Signature.objects.filter(record__subject="report/1").values_list("meaning", "name")
    assert list(given) == [("reviewed", "Lee Min-ji"), ("approved", "Park Seo-jun")]


CASES = {
    "out of turn": (PARK, "approved", {}, Refusal.OUT_OF_TURN),
    "a meaning that is not asked for": (LEE, "responsible", {}, Refusal.NOT_ASKED),
    "no meaning at all": (LEE, "", {}, Refusal.NOT_ASKED),
    "another role": (PARK, "reviewed", {}, Refusal.NO_ROLE),
    "a role that is no longer held": (replace(LEE, roles=frozenset()), "reviewed", {}, Refusal.NO_ROLE),
    "no key": (KIM, "reviewed", {}, Refusal.NO_KEY),
    "another printed name": (replace(LEE, name="Director Lee"), "reviewed", {}, Refusal.OTHER_NAME),
    "another user name": (replace(LEE, username="lee2"), "reviewed", {}, Refusal.OTHER_NAME),
    "another password": (LEE, "reviewed", {"password": "guessed"}, Refusal.NOT_OPENED),
    "something else was shown": (LEE, "reviewed", {"shown": digest_of("{}")}, Refusal.NOT_SHOWN),
    "nothing was shown": (LEE, "reviewed", {"shown": ""}, Refusal.NOT_SHOWN),
    "another content": (LEE, "reviewed", {"content": "{}", "shown": digest_of("{}")}, Refusal.NOT_SHOWN),
}


@pytest.mark.parametrize(("person", "meaning", "changes", "refusal"), CASES.values(), ids=CASES)
@pytest.mark.requirement("SIG-01", "SIG-02")
@pytest.mark.part11("11.10(g)", "11.300(d)")
def test_whoever_may_not_sign_does_not_and_the_attempt_is_an_event(
    staffed: Site, person: Person, meaning: str, changes: dict[str, str], refusal: Refusal
) -> None:
    with pytest.raises(SignatureRefused) as refused:
        staffed.sign("report/1", person, meaning, **changes)

    assert refused.value.refusal == refusal
    assert not Signature.objects.filter(record__subject="report/1").exists()
    assert refusals() == [("report/1", person.username, str(refusal), meaning, 4)]


@pytest.mark.requirement("SIG-01")
def test_what_is_no_record_cannot_be_signed(staffed: Site) -> None:
    with pytest.raises(SignatureRefused) as refused:
        signing.sign(
            "report/9",
            content="{}",
            shown=digest_of("{}"),
            meaning="reviewed",
            person=LEE,
            password=PASSWORD,
            accountability="policy/1",
            now=NOON,
            wait=staffed.seal,
        )

    assert refused.value.refusal == Refusal.NO_RECORD
    assert refusals() == [("report/9", "lee", str(Refusal.NO_RECORD), "reviewed", 4)]


@pytest.mark.requirement("SIG-02")
@pytest.mark.part11("11.10(g)", "11.200(a)(3)")
def test_one_person_does_not_sign_twice_whatever_roles_they_hold(staffed: Site) -> None:
    both = replace(LEE, roles=LEE.roles | PARK.roles)
    staffed.sign("report/1", both, "reviewed")

    with pytest.raises(SignatureRefused) as refused:
        staffed.sign("report/1", both, "approved")

    assert refused.value.refusal == Refusal.TWICE
    assert refusals() == [("report/1", "lee", str(Refusal.TWICE), "approved", 4)]


@pytest.mark.requirement("SIG-02")
def test_the_database_keeps_a_person_and_a_meaning_from_coming_twice(staffed: Site) -> None:
    made = staffed.sign("report/1", LEE, "reviewed")
    text = Manifest.parse(made.manifest)

    # As if both had been allowed at the same moment.
    for twice in (
        replace(text, signer="user/2", username="park", name="Park Seo-jun"),
        replace(text, meaning="approved"),
    ):
        person = PARK if twice.signer == "user/2" else LEE
        key = SigningKey.objects.get(user_id=person.id).public_key
        with pytest.raises(SignatureRefused) as refused:
            signing._keep(twice, "", key, person)
        assert refused.value.refusal == Refusal.GIVEN

    assert Signature.objects.filter(record__subject="report/1").count() == 1
    assert AuditEvent.objects.filter(event=Event.RECORD_SIGNED, subject="report/1").count() == 1


@pytest.mark.requirement("SIG-02")
def test_a_meaning_is_given_once(staffed: Site) -> None:
    staffed.enrol(KIM, confirmed_by="quality_officer")
    staffed.confirm(KIM, by=LEE)
    staffed.sign("report/1", LEE, "reviewed")

    with pytest.raises(SignatureRefused) as refused:
        staffed.sign("report/1", KIM, "reviewed")

    assert refused.value.refusal == Refusal.GIVEN


@pytest.mark.requirement("SIG-02", "ACC-03")
@pytest.mark.part11("11.10(g)")
def test_who_made_a_record_does_not_approve_it(staffed: Site) -> None:
    staffed.record("report/2", content(author={"signer": PARK.signer}))
    staffed.sign("report/2", LEE, "reviewed")

    with pytest.raises(SignatureRefused) as refused:
        staffed.sign("report/2", PARK, "approved")

    assert refused.value.refusal == Refusal.BY_AUTHOR


@pytest.mark.requirement("SIG-01")
@pytest.mark.part11("11.300(c)")
def test_a_retired_key_signs_nothing(staffed: Site) -> None:
    with transaction.atomic():
        signing_keys.retire(LEE.id, reason="the password was reset")

    with pytest.raises(SignatureRefused) as refused:
        staffed.sign("report/1", LEE, "reviewed")

    assert refused.value.refusal == Refusal.NO_KEY


@pytest.mark.requirement("SIG-01")
def test_a_key_that_is_retired_while_somebody_signs_signs_nothing(staffed: Site) -> None:
    key = SigningKey.objects.get(user_id=LEE.id).public_key
    allowed = Manifest("report/1", "", "reviewed", LEE.signer, LEE.username, LEE.name, "", "", "")
    with transaction.atomic():
        signing_keys.retire(LEE.id, reason="lost")

    with pytest.raises(SignatureRefused):
        signing._keep(allowed, "", key, LEE)

    assert not Signature.objects.filter(record__subject="report/1").exists()


@pytest.mark.requirement("SIG-01")
def test_a_wrong_second_factor_is_recorded_as_a_refused_signature(staffed: Site) -> None:
    signing.refuse("report/1", meaning="reviewed", person=LEE, refusal=Refusal.NOT_CONFIRMED)

    assert refusals() == [("report/1", "lee", str(Refusal.NOT_CONFIRMED), "reviewed", 4)]


@pytest.mark.requirement("SIG-01")
@pytest.mark.django_db(transaction=True)
def test_signing_inside_a_transaction_that_could_be_rolled_back_is_a_fault(staffed: Site) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        staffed.sign("report/1", LEE, "reviewed")


@pytest.mark.requirement("AUD-06", "SIG-02")
@pytest.mark.part11("11.10(c)")
@pytest.mark.parametrize("table", [Record, Signature])
def test_the_database_refuses_to_change_or_remove_what_was_signed(
    staffed: Site, table: type[Record] | type[Signature]
) -> None:
    staffed.sign("report/1", LEE, "reviewed")
    name = table._meta.db_table
    last = f"id = (SELECT max(id) FROM {name})"  # noqa: S608

    for statement in (f"UPDATE {name} SET id = id WHERE {last}", f"DELETE FROM {name} WHERE {last}"):  # noqa: S608
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            connection.cursor().execute(statement)
