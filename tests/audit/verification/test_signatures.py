"""Electronic signatures, verified from an export: under hashes and a checkpoint that are all right.

So nothing but the signature itself, and what the trail says of keys and people, can tell.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest

from audit.entry import COLUMNS, EMPTY_CHAIN, canonical, chain_hash, leaf_hash
from audit.events import Event
from audit.manifest import Manifest, digest_of, stamp
from audit.signer import FileSigner
from audit.verification.findings import Kind, Verification
from audit.verify import verify
from tests.audit.exported import KEY, Row, Trail, content, seal, signer, stored

pytestmark = pytest.mark.requirement("SIG-02", "AUD-05")

LEE, PARK = signer("Lee", origin="user"), signer("Park", origin="user")
PEOPLE = {
    "lee": ("user/1", "Lee Min-ji", LEE, "quality_officer"),
    "park": ("user/2", "Park Seo-jun", PARK, "approver"),
}
ASKED = [{"meaning": "reviewed", "role": "quality_officer"}, {"meaning": "approved", "role": "approver"}]
RECORD = canonical({"text": "All is well.", "signatures": ASKED})


def public(key: FileSigner) -> str:
    return base64.b64encode(key.key.public).decode()


def enrolled(who: str, *, confirmation: str = "") -> dict[str, Any]:
    signer_id, name, key, _role = PEOPLE[who]
    facts = {"key": public(key), "name": name, "confirmation": confirmation}
    return {"event": Event.SIGNING_KEY_ENROLLED, "subject": signer_id, "actor": who, "facts": facts}


def retired(who: str) -> dict[str, Any]:
    signer_id, _name, key, _role = PEOPLE[who]
    facts = {"key": public(key), "username": who}
    return {"event": Event.SIGNING_KEY_RETIRED, "subject": signer_id, "actor": who, "facts": facts}


def signed(
    who: str,
    meaning: str,
    *,
    subject: str = "report/1",
    record: str = RECORD,
    key: FileSigner | None = None,
    manifest: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """What an event says when `who` signs `record`, with `key` for theirs and other words in the manifest."""
    signer_id, name, own, role = PEOPLE[who]
    said = {
        "subject": subject,
        "digest": digest_of(record),
        "meaning": meaning,
        "signer": signer_id,
        "username": who,
        "name": name,
        "role": role,
        "at": stamp(datetime(2026, 11, 22, tzinfo=UTC)),
        "accountability": "policy/1",
    }
    whole = Manifest(**{**said, **manifest})
    facts = {
        "meaning": meaning,
        "name": name,
        "digest": digest_of(record),
        "manifest": whole.text,
        "signature": whole.signed_by((key or own).private),
        "key": public(key or own),
    }
    return {"event": Event.RECORD_SIGNED, "subject": subject, "actor": who, "facts": facts}


CONFIRMATION = "signing-key/0123456789abcdef"
CONFIRMED = canonical(
    {
        "author": {"signer": "user/2"},
        "key": public(PARK),
        "signatures": [{"meaning": "approved", "role": "quality_officer"}],
    }
)
STAFF = [
    enrolled("lee"),
    enrolled("park", confirmation=CONFIRMATION),
    signed("lee", "approved", subject=CONFIRMATION, record=CONFIRMED),
]
RECORDS = [(CONFIRMATION, CONFIRMED), ("report/1", RECORD)]


def verified(
    events: Sequence[Mapping[str, Any]], records: Sequence[tuple[str, str]] = tuple(RECORDS)
) -> Verification:
    """The verification of a trail of these events that the log's own key has sealed."""
    said = [content(number, **members) for number, members in enumerate(events)]
    return verify(Trail.honest(said, [len(said)], records=records).lines(), keys=[KEY.key])


def told(result: Verification) -> str:
    """What was found about signatures, which is all that was found."""
    assert {problem.kind for problem in result.problems} == {Kind.SIGNATURE}
    return " ".join(problem.text for problem in result.problems)


def test_two_people_signed_and_it_holds() -> None:
    result = verified([*STAFF, signed("lee", "reviewed"), signed("park", "approved")])

    assert result.ok, result.problems
    assert (result.signatures, result.records) == (3, 2)
    assert result.remarks == ()


def test_a_record_that_waits_for_its_second_signature_is_told() -> None:
    result = verified([*STAFF, signed("lee", "reviewed")])

    assert result.ok
    assert result.remarks == ("report/1 is not signed as approved.",)


def test_a_signature_that_was_moved_to_another_record() -> None:
    moved = signed("lee", "reviewed") | {"subject": "report/2"}

    result = verified([*STAFF, moved], [*RECORDS, ("report/2", RECORD)])

    assert "belongs to another record" in told(result)
    assert result.problems[0].first == 3


def test_a_record_that_was_changed_after_it_was_signed() -> None:
    changed = RECORD.replace("well", "ill")

    result = verified([*STAFF, signed("lee", "reviewed")], [RECORDS[0], ("report/1", changed)])

    assert "the record is not the one that was signed" in told(result)


def test_a_signed_record_that_is_gone() -> None:
    result = verified([*STAFF, signed("lee", "reviewed")], RECORDS[:1])

    assert "the record is not there any more" in told(result)


def test_a_record_that_is_there_twice() -> None:
    assert "two records report/1" in told(verified(STAFF, [*RECORDS, RECORDS[1]]))


@pytest.mark.parametrize("text", ["", "{", "김", "[" * 100_000])
def test_a_signed_record_that_cannot_be_read(text: str) -> None:
    result = verified([*STAFF, signed("lee", "reviewed")], [RECORDS[0], ("report/1", text)])

    assert "the record is not the one that was signed" in told(result)


def test_one_person_for_two() -> None:
    both = canonical({"signatures": [ASKED[0], {"meaning": "approved", "role": "quality_officer"}]})

    result = verified(
        [*STAFF, signed("lee", "reviewed", record=both), signed("lee", "approved", record=both)],
        [RECORDS[0], ("report/1", both)],
    )

    assert "this person has signed the record already" in told(result)
    assert result.problems[0].first == 4


def test_a_signature_that_was_repeated() -> None:
    again = signed("lee", "reviewed")

    assert "signed the record already" in told(verified([*STAFF, again, again]))


def test_a_signature_in_a_role_that_was_not_asked_for() -> None:
    assert "asks for no such signature" in told(verified([*STAFF, signed("park", "reviewed")]))


def test_whoever_made_a_record_does_not_approve_it() -> None:
    own = canonical({"author": {"signer": "user/2"}, "signatures": [ASKED[1]]})

    result = verified([*STAFF, signed("park", "approved", record=own)], [RECORDS[0], ("report/1", own)])

    assert "who made the record may not approve it" in told(result)


def test_a_key_that_nobody_enrolled() -> None:
    thief = signer("a thief", origin="user")

    assert "nobody of this name enrolled this key" in told(
        verified([*STAFF, signed("lee", "reviewed", key=thief)])
    )


def test_a_key_of_somebody_else() -> None:
    assert "nobody of this name enrolled this key" in told(
        verified([*STAFF, signed("lee", "reviewed", key=PARK)])
    )


def test_a_manifest_that_names_somebody_else_as_the_signer() -> None:
    event = signed("lee", "reviewed", manifest={"signer": "user/2"})

    assert "nobody of this name enrolled this key" in told(verified([*STAFF, event]))


def test_a_key_that_was_enrolled_afterwards() -> None:
    result = verified([signed("lee", "reviewed"), enrolled("lee")], RECORDS[1:])

    assert "nobody of this name enrolled this key before" in told(result)


def test_a_key_that_was_retired_before() -> None:
    assert "the key was retired before" in told(verified([*STAFF, retired("lee"), signed("lee", "reviewed")]))


def test_what_was_signed_before_its_key_was_retired_holds() -> None:
    assert verified([*STAFF, signed("lee", "reviewed"), retired("lee")]).ok


@pytest.mark.parametrize("confirmation", ["", CONFIRMATION])
def test_a_key_that_nobody_confirmed(confirmation: str) -> None:
    events = [enrolled("lee"), enrolled("park", confirmation=confirmation), signed("park", "approved")]

    assert "nobody had confirmed whose key this is" in told(verified(events))


def test_a_key_that_rests_on_nobodys_word_where_others_signed_before_is_told() -> None:
    """What whoever owns the database can plant: every key retired, and one of their own as Park's first."""
    thief = signer("a thief", origin="user")
    stolen = enrolled("park")
    stolen["facts"]["key"] = public(thief)
    events = [*STAFF, retired("lee"), retired("park"), stolen, signed("park", "approved", key=thief)]

    result = verified(events)

    assert any("signing key of park" in said and "event 5" in said for said in result.remarks)
    assert not any("event 0" in said for said in result.remarks)


def test_somebody_who_signs_alone_and_makes_a_new_key_is_asked_about_it() -> None:
    again = enrolled("lee")
    again["facts"]["key"] = public(signer("Lee again", origin="user"))

    result = verified([enrolled("lee"), retired("lee"), again], [])

    assert result.ok
    assert [said for said in result.remarks if "rests on nobody's word" in said] == list(result.remarks)
    assert len(result.remarks) == 1


DEEP = "[" * 100_000
# As deep as a text can be that is read at one place and, a few calls further down, no more.
NESTED = [f"{'[' * depth}{']' * depth}" for depth in range(300, 1000, 20)]


@pytest.mark.parametrize("manifest", [DEEP, *NESTED])
def test_a_manifest_that_is_too_deep_to_read(manifest: str) -> None:
    event = signed("lee", "reviewed")
    event["facts"]["manifest"] = manifest

    assert "what was signed cannot be read" in told(verified([*STAFF, event]))


@pytest.mark.parametrize("kind", [Event.SIGNING_KEY_ENROLLED, Event.SIGNING_KEY_RETIRED, Event.RECORD_SIGNED])
def test_an_event_about_keys_that_is_deep_makes_nothing_fail(kind: Event) -> None:
    facts = dict.fromkeys(("key", "name", "confirmation", "signature", "manifest"), "deep")
    said = content(0, event=kind, subject="user/1", facts=facts)
    for nested in NESTED:
        text = canonical(said).replace('"deep"', nested)
        leaf = leaf_hash(text)
        row = Row(leaf.hex(), chain_hash(EMPTY_CHAIN, leaf).hex(), text, {one: said[one] for one in COLUMNS})

        assert verify(Trail([row], [stored(seal([row], 1))]).lines(), keys=[KEY.key]).protected == 1


@pytest.mark.parametrize("nested", NESTED)
def test_a_record_that_is_deep_makes_nothing_fail(nested: str) -> None:
    asks = f'{{"author":{{"signer":{nested}}},"signatures":[{{"meaning":{nested},"role":{nested}}}]}}'
    role = f'{{"author":{{"signer":{nested}}},"signatures":[{{"meaning":"reviewed","role":{nested}}}]}}'

    for record in (asks, role):
        verified([*STAFF, signed("lee", "reviewed", record=record)], [RECORDS[0], ("report/1", record)])


def test_a_key_that_was_confirmed_for_somebody_else() -> None:
    other = CONFIRMED.replace("user/2", "user/1")
    staff = [*STAFF[:2], signed("lee", "approved", subject=CONFIRMATION, record=other)]

    result = verified([*staff, signed("park", "approved")], [(CONFIRMATION, other), RECORDS[1]])

    assert "nobody had confirmed whose key this is" in told(result)


@pytest.mark.parametrize(
    "manifest",
    [
        {"name": "Kim Ha-eun"},
        {"username": "kim"},
        {"digest": "00" * 32},
        {"meaning": "approved"},
        {"subject": "report/2"},
    ],
)
def test_an_event_that_does_not_say_what_was_signed(manifest: dict[str, str]) -> None:
    event = signed("lee", "reviewed", manifest=manifest)

    assert "does not say what was signed" in told(verified([*STAFF, event]))


@pytest.mark.parametrize("name", ["manifest", "signature", "key", "digest", "meaning", "name"])
@pytest.mark.parametrize("value", [None, 7, "", "nothing", "\ud800"])
def test_an_event_that_lacks_what_a_signature_has(name: str, value: object) -> None:
    event = signed("lee", "reviewed")
    event["facts"][name] = value

    result = verified([*STAFF, event])

    assert told(result)
    assert result.problems[0].first == 3


def test_more_facts_than_a_signature_has() -> None:
    event = signed("lee", "reviewed")
    event["facts"]["also"] = "as responsible"

    assert "does not say what was signed" in told(verified([*STAFF, event]))
