"""Whose turn it is to sign."""

from dataclasses import replace

import pytest

from audit.manifest import Manifest
from audit.turn import Refusal, next_asked, why_not
from audit.verdicts import Problem, Verdict
from tests.audit.signers import content
from tests.audit.test_manifest import MANIFEST

RECORD = content()
BOTH = frozenset({"quality_officer", "approver"})

pytestmark = [pytest.mark.requirement("SIG-02"), pytest.mark.part11("11.10(f)")]


def signed(meaning: str, signer: str, *problems: Problem) -> Verdict:
    manifest: Manifest = replace(MANIFEST, meaning=meaning, signer=signer)
    return Verdict(manifest, problems)


def asked_next(*verdicts: Verdict) -> str | None:
    following = next_asked(RECORD, verdicts)
    return following.meaning if following else None


def test_signatures_are_asked_for_in_their_order() -> None:
    reviewed, approved = signed("reviewed", "user/1"), signed("approved", "user/2")

    assert [asked_next(), asked_next(reviewed), asked_next(reviewed, approved)] == [
        "reviewed",
        "approved",
        None,
    ]


def test_what_waits_for_its_checkpoint_is_not_asked_for_again() -> None:
    assert asked_next(signed("reviewed", "user/1", Problem.NOT_SEALED)) == "approved"


def test_a_signature_that_does_not_count_is_asked_for_still() -> None:
    assert asked_next(signed("reviewed", "user/1", Problem.FORGED)) == "reviewed"


def refusal(meaning: str, *verdicts: Verdict, signer: str = "user/2", **said: object) -> Refusal | None:
    return why_not(content(**said), verdicts, meaning=meaning, signer=signer, roles=BOTH)


def test_whoever_holds_the_role_signs_in_turn() -> None:
    assert refusal("reviewed") is None
    assert refusal("approved", signed("reviewed", "user/1")) is None


def test_everything_else_is_refused_for_a_reason() -> None:
    reviewed = signed("reviewed", "user/1")

    assert refusal("authored") == Refusal.NOT_ASKED
    assert refusal("reviewed", reviewed) == Refusal.GIVEN
    assert refusal("approved") == Refusal.OUT_OF_TURN
    assert refusal("approved", signed("reviewed", "user/1", Problem.NOT_SEALED)) == Refusal.OUT_OF_TURN
    assert refusal("approved", signed("reviewed", "user/1", Problem.CHANGED)) == Refusal.OUT_OF_TURN
    assert refusal("approved", reviewed, signer="user/1") == Refusal.TWICE
    assert refusal("approved", reviewed, author={"signer": "user/2"}) == Refusal.BY_AUTHOR
    assert refusal("reviewed", author={"signer": "user/2"}) is None
    assert why_not(RECORD, (), meaning="reviewed", signer="user/2", roles=frozenset()) == Refusal.NO_ROLE


def test_a_record_that_cannot_be_read_is_signed_by_nobody() -> None:
    assert next_asked({}, ()) is None
    assert why_not({}, (), meaning="reviewed", signer="user/2", roles=BOTH) == Refusal.NOT_ASKED
