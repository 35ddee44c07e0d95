"""Whose checkpoints count while one key follows another."""

from dataclasses import replace

import pytest

from audit.note import Signer, VerifierKey
from audit.verification.findings import Kind
from tests.audit.exported import (
    KEY,
    Trail,
    contents,
    rotated,
    rows_of,
    seal,
    signer,
    stored,
)
from tests.audit.verification.verifying import NEXT, THIEF, kinds, only, verified

pytestmark = pytest.mark.requirement("AUD-03")


def handed_over(*, both: bool = True, **rotation: object) -> Trail:
    """KEY announces NEXT in event 12; the checkpoint of 16 events is signed by both, those after by NEXT."""
    rows = rows_of(contents(24, e12=rotated(KEY, NEXT) | rotation))
    handover: tuple[Signer, ...] = (KEY, NEXT) if both else (KEY,)
    signers: dict[int, tuple[Signer, ...]] = {8: (KEY,), 16: handover, 20: (NEXT,), 24: (NEXT,)}
    return Trail(rows, [stored(seal(rows, size, *keys)) for size, keys in signers.items()])


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("keys", [(KEY.key,), (NEXT.key, KEY.key), (KEY.key, NEXT.key)])
def test_the_old_key_leads_to_the_new_one(keys: tuple[VerifierKey, ...], both: bool) -> None:
    trail = handed_over(both=both)

    result = verified(trail, keys=keys, anchor=trail.notes)

    assert result.ok
    assert result.protected == 24
    assert result.remarks == ()


def test_the_new_key_alone_covers_what_the_old_one_signed() -> None:
    trail = handed_over()

    result = verified(trail, keys=[NEXT.key], anchor=trail.notes)

    assert result.ok
    assert result.protected == 24
    assert any("Not verified with the given keys" in remark for remark in result.remarks)


def test_an_altered_checkpoint_of_the_old_key_is_found_with_the_new_one_alone() -> None:
    trail = handed_over()
    size, root, note = trail.seals[0]
    altered = (size, root, note[:-10] + ("A" if note[-10] != "A" else "B") + note[-9:])

    result = verified(replace(trail, seals=[altered, *trail.seals[1:]]), keys=[NEXT.key], anchor=None)

    assert kinds(result) == [Kind.CHECKPOINT]


def test_the_old_key_is_not_valid_beyond_the_handover() -> None:
    trail = handed_over()
    late = stored(seal(trail.rows, 22, KEY))

    result = verified(replace(trail, seals=[*trail.seals[:3], late, trail.seals[3]]), anchor=None)

    assert (only(result).kind, only(result).size) == (Kind.KEY, 22)
    assert "replaced at 16" in only(result).text


def test_a_new_key_is_not_trusted_before_a_trusted_one_covers_its_announcement() -> None:
    rows = rows_of(contents(24, e12=rotated(KEY, NEXT)))
    trail = Trail(rows, [stored(seal(rows, 8)), stored(seal(rows, 16, NEXT)), stored(seal(rows, 24, NEXT))])

    result = verified(trail, anchor=None)

    assert kinds(result) == [Kind.KEY, Kind.KEY]
    assert result.protected == 8


@pytest.mark.parametrize("keys", [(KEY.key,), (NEXT.key, KEY.key), (NEXT.key,)])
def test_a_key_that_was_replaced_introduces_no_other(keys: tuple[VerifierKey, ...]) -> None:
    """Whoever stole it later can sign an announcement, and plant it."""
    rows = rows_of(contents(30, e12=rotated(KEY, NEXT), e22=rotated(KEY, THIEF)))
    signers: dict[int, tuple[Signer, ...]] = {8: (KEY,), 16: (KEY, NEXT), 24: (NEXT,), 30: (THIEF,)}
    trail = Trail(rows, [stored(seal(rows, size, *by)) for size, by in signers.items()])

    result = verified(trail, keys=keys, anchor=None)

    assert (only(result).kind, only(result).size) == (Kind.KEY, 30)
    assert result.protected == 24


def test_a_key_that_comes_back_introduces_another_again() -> None:
    rows = rows_of(
        contents(40, e8=rotated(KEY, NEXT), e18=rotated(NEXT, KEY), e28=rotated(KEY, signer("the third")))
    )
    signers = {10: (KEY, NEXT), 20: (NEXT, KEY), 30: (KEY, signer("the third")), 40: (signer("the third"),)}
    trail = Trail(rows, [stored(seal(rows, size, *by)) for size, by in signers.items()])

    result = verified(trail, anchor=trail.notes)

    assert result.ok, result.problems
    assert result.protected == 40


def test_a_history_in_which_the_newest_key_never_signed_is_told() -> None:
    """Whoever has a key that was replaced can make one; so can an inspector who reads an older export."""
    without_rotation = Trail.honest(contents(24), [8, 16, 24])

    result = verified(without_rotation, keys=[NEXT.key, KEY.key], anchor=None)

    assert result.ok
    assert any("signed none of the checkpoints" in said for said in result.remarks)
    assert verified(without_rotation, keys=[KEY.key, NEXT.key], anchor=None).remarks == ()


def test_whoever_may_add_events_cannot_announce_a_key_of_their_own() -> None:
    forged = {**rotated(THIEF, THIEF), "changes": {"key": [str(KEY.key), str(THIEF.key)]}}
    rows = rows_of(contents(24, e12=forged))
    trail = Trail(rows, [stored(seal(rows, 16)), stored(seal(rows, 24, THIEF))])

    result = verified(trail, anchor=None)

    assert (result.problems[0].kind, result.problems[0].first) == (Kind.KEY, 12)
    assert result.protected == 16


@pytest.mark.parametrize(
    "members", [{"facts": {}}, {"changes": {}}, {"changes": {"key": ["a"]}}, {"facts": {"note": 7}}]
)
def test_an_announcement_without_proof_is_an_alarm(members: dict[str, object]) -> None:
    rows = rows_of(contents(24, e12=rotated(KEY, NEXT) | members))

    problem = only(verified(Trail(rows, [stored(seal(rows, 24))]), anchor=None))

    assert (problem.kind, problem.first) == (Kind.KEY, 12)


def test_keys_follow_one_another_more_than_once() -> None:
    third = signer("the third key")
    rows = rows_of(contents(30, e8=rotated(KEY, NEXT), e18=rotated(NEXT, third)))
    signers: dict[int, tuple[Signer, ...]] = {
        5: (KEY,),
        10: (KEY, NEXT),
        15: (NEXT,),
        20: (NEXT, third),
        30: (third,),
    }
    trail = Trail(rows, [stored(seal(rows, size, *keys)) for size, keys in signers.items()])

    for key in (KEY, NEXT, third):
        result = verified(trail, keys=[key.key], anchor=trail.notes)

        assert result.ok, (key, result.problems)
        assert result.protected == 30


def test_old_checkpoints_that_nothing_covers_are_not_believed() -> None:
    trail = handed_over().without_seals_beyond(8)

    assert set(kinds(verified(trail, keys=[NEXT.key], anchor=None))) == {Kind.KEY}
