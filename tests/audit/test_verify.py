"""Verifying an export without the database: what is right passes, what is not is found, and where it is."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint, to_ascii
from audit.entry import canonical
from audit.events import Event
from audit.lines import line
from audit.note import Signer, VerifierKey
from audit.verification.findings import Kind, Problem, Verification
from audit.verification.words import report
from audit.verify import NotAnExport, main, read_keys, verify
from tests.audit import independent
from tests.audit.exported import (
    KEY,
    ORIGIN,
    START,
    Row,
    Trail,
    content,
    contents,
    rotated,
    rows_of,
    seal,
    signer,
    stored,
)

pytestmark = pytest.mark.requirement("AUD-05")

ROOT = Path(__file__).parents[2]
HONEST = Trail.honest(contents(24), [8, 16, 22])
NEXT, THIEF = signer("the next key"), signer("a thief's key")


def verified(
    trail: Trail,
    *,
    keys: Sequence[VerifierKey] = (KEY.key,),
    anchor: bytes | None = HONEST.notes,
) -> Verification:
    anchors = [] if anchor is None else [("anchor", anchor)]
    return verify(trail.lines(), keys=keys, anchors=anchors)


def kinds(result: Verification) -> list[Kind]:
    return [problem.kind for problem in result.problems]


def only(result: Verification) -> Problem:
    (problem,) = result.problems
    return problem


# What is right passes.


def test_an_honest_trail_is_intact() -> None:
    result = verified(HONEST)

    assert result.ok
    assert (result.origin, result.events, result.checkpoints) == (ORIGIN, 24, 3)
    assert (result.protected, result.unprotected, result.anchored) == (22, 2, 22)


def test_nothing_is_wrong_with_a_trail_of_nothing() -> None:
    assert verified(Trail([], []), anchor=None).ok


def test_it_does_not_matter_whether_the_newlines_are_there() -> None:
    lines = [line.rstrip("\n") for line in HONEST.lines()]

    assert verify(lines, keys=[KEY.key]).ok


def test_events_that_wait_for_a_number_are_counted() -> None:
    result = verified(replace(HONEST, pending=rows_of([content(99)])))

    assert result.ok
    assert result.pending == 1


def test_a_clock_that_goes_backwards_is_no_alarm() -> None:
    said = contents(24)
    for number in range(10, 24):
        said[number]["at"] = (START - timedelta(hours=number)).isoformat(timespec="microseconds")
    trail = Trail.honest(said, [8, 16, 22])

    assert verified(trail, anchor=trail.notes).ok


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.lists(st.text()), max_size=4))
def test_whatever_an_event_says_it_passes(facts: dict[str, object]) -> None:
    said = [content(0, facts=facts, actor="김하은", reason='a "b" \\ \n c', changes={"a": [None, "🩻"]})]

    assert verified(Trail.honest(said, [1]), anchor=None).ok


def test_progress_is_told() -> None:
    told: list[int] = []
    trail = Trail.honest(contents(25_000), [25_000])

    result = verify(trail.lines(), keys=[KEY.key], progress=told.append)

    assert result.ok
    assert told == [10_000, 20_000, 25_000]


# Altered, removed, inserted, moved: which one is said.


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2026-11-22T09:00:09.000001+00:00"),
        ("event", "study:viewed"),
        ("subject", "instance/8"),
        ("actor", "kim"),
        ("address", ""),
        ("study", "study/2"),
        ("patient", "p-0002"),
        ("model", "x"),
        ("outcome", 4),
        ("outcome", True),
        ("outcome", 0.0),
        ("actor", None),
    ],
)
def test_a_column_that_was_altered(column: str, value: object) -> None:
    row = HONEST.rows[9]
    altered = replace(row, columns={**row.columns, column: value})

    result = verified(HONEST.with_rows([*HONEST.rows[:9], altered, *HONEST.rows[10:]]))

    assert not result.ok
    assert (result.problems[0].first, result.problems[0].last) == (9, 9)


@pytest.mark.parametrize("number", range(24))
def test_a_content_that_was_altered(number: int) -> None:
    row = HONEST.rows[number]
    altered = replace(row, canonical=row.canonical.replace("modality", "attacker"))

    problem = only(verified(HONEST.with_rows([*HONEST.rows[:number], altered, *HONEST.rows[number + 1 :]])))

    assert (problem.kind, problem.first, problem.last) == (Kind.ALTERED, number, number)
    assert "what it says is not what was sealed" in problem.text


@pytest.mark.parametrize("number", range(24))
def test_a_stored_leaf_that_was_altered(number: int) -> None:
    altered = replace(HONEST.rows[number], leaf=HONEST.rows[number - 1].leaf)

    problem = only(verified(HONEST.with_rows([*HONEST.rows[:number], altered, *HONEST.rows[number + 1 :]])))

    assert (problem.kind, problem.first) == (Kind.ALTERED, number)
    assert "leaf" in problem.text


@pytest.mark.parametrize("number", range(23))
def test_a_stored_link_that_was_altered(number: int) -> None:
    altered = replace(HONEST.rows[number], chain=HONEST.rows[number - 2].chain)

    problem = only(verified(HONEST.with_rows([*HONEST.rows[:number], altered, *HONEST.rows[number + 1 :]])))

    assert (problem.kind, problem.first) == (Kind.ALTERED, number)
    assert "link" in problem.text


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "김", '{"v":1}', "\ud800"])
def test_a_text_that_is_none_of_an_event(text: str) -> None:
    altered = replace(HONEST.rows[9], canonical=text)

    result = verified(HONEST.with_rows([*HONEST.rows[:9], altered, *HONEST.rows[10:]]))

    assert {problem.first for problem in result.problems} == {9}
    assert result.protected == 22  # what was sealed under the number is still confirmed


@pytest.mark.parametrize(
    "members",
    [
        {"v": 2},
        {"v": True},
        {"outcome": "0"},
        {"outcome": 0.0},
        {"facts": []},
        {"changes": None},
        {"actor": None},
        {"extra": 1},
    ],
)
def test_sealed_content_that_no_device_writes(members: dict[str, object]) -> None:
    """Whoever may add events could have it sealed; it is an alarm all the same."""
    rows = rows_of([*contents(9), content(9) | members, *contents(3)])
    rows[9] = replace(rows[9], columns={**rows[9].columns, "actor": "device", "outcome": 0})
    trail = Trail(rows, [stored(seal(rows, 12))])

    result = verified(trail, anchor=None)

    assert [(problem.kind, problem.first) for problem in result.problems] == [(Kind.ALTERED, 9)]


def test_a_sealed_text_that_is_not_canonical() -> None:
    row = HONEST.rows[9]
    spaced = replace(row, canonical=row.canonical.replace(":", ": "))

    result = verified(HONEST.with_rows([*HONEST.rows[:9], spaced, *HONEST.rows[10:]]))

    assert any("canonical" in problem.text and problem.first == 9 for problem in result.problems)


def test_a_name_that_is_said_twice_is_found() -> None:
    text = HONEST.rows[9].canonical.replace('"v":1', '"v":1,"v":1')

    result = verified(
        HONEST.with_rows([*HONEST.rows[:9], replace(HONEST.rows[9], canonical=text), *HONEST.rows[10:]])
    )

    assert kinds(result)[0] is Kind.ALTERED


@pytest.mark.parametrize("number", range(23))
def test_an_event_that_was_removed_leaves_a_gap(number: int) -> None:
    lines = HONEST.lines()
    del lines[4 + number]

    result = verify(lines, keys=[KEY.key], anchors=[("anchor", HONEST.notes)])

    problem = result.problems[0]
    assert (problem.kind, problem.first, problem.last) == (Kind.REMOVED, number, number)


def test_an_event_whose_number_stayed_behind_is_removed() -> None:
    gone = replace(HONEST.rows[9], canonical="", columns={**HONEST.rows[9].columns, "actor": "<None>"})

    problem = only(verified(HONEST.with_rows([*HONEST.rows[:9], gone, *HONEST.rows[10:]])))

    assert (problem.kind, problem.first) == (Kind.REMOVED, 9)


@pytest.mark.parametrize("number", range(1, 22))
def test_an_event_that_was_removed_and_the_gap_closed(number: int) -> None:
    result = verified(HONEST.with_rows([*HONEST.rows[:number], *HONEST.rows[number + 1 :]]))

    assert (result.problems[0].kind, result.problems[0].first) == (Kind.BROKEN, number)


@pytest.mark.parametrize("number", range(24))
def test_an_event_that_was_inserted(number: int) -> None:
    before = bytes.fromhex(HONEST.rows[number - 1].chain) if number else bytes(32)
    for chained in (before, bytes(32), b"\x07" * 32):
        inserted = Row.of(content(99), chained)

        result = verified(HONEST.with_rows([*HONEST.rows[:number], inserted, *HONEST.rows[number:]]))

        problem = result.problems[0]
        assert (problem.kind, problem.first, problem.last) == (Kind.INSERTED, number, number)


@pytest.mark.parametrize("number", range(24))
def test_an_event_that_stands_there_twice(number: int) -> None:
    lines = HONEST.lines()
    lines.insert(4 + number, lines[4 + number])

    result = verify(lines, keys=[KEY.key], anchors=[("anchor", HONEST.notes)])

    assert (result.problems[0].kind, result.problems[0].first) == (Kind.DUPLICATED, number)


def test_an_event_that_was_moved_to_the_end() -> None:
    lines = HONEST.lines()
    moved = json.loads(lines.pop(4 + 9))
    lines.insert(-1, line(**moved | {"seq": 1_000_000}))

    result = verify(lines, keys=[KEY.key], anchors=[("anchor", HONEST.notes)])

    assert [(problem.kind, problem.first, problem.last) for problem in result.problems] == [
        (Kind.REORDERED, 9, 1_000_000)
    ]


def test_an_event_whose_number_was_altered() -> None:
    lines = HONEST.lines()
    lines[4 + 9] = lines[4 + 9].replace('"seq":9', '"seq":11')

    problem = only(verify(lines, keys=[KEY.key], anchors=[("anchor", HONEST.notes)]))

    assert (problem.kind, problem.first) == (Kind.ALTERED, 9)
    assert "number" in problem.text


def test_lines_that_stand_in_another_order() -> None:
    lines = HONEST.lines()
    lines[4 + 9], lines[4 + 13] = lines[4 + 13], lines[4 + 9]

    problem = only(verify(lines, keys=[KEY.key], anchors=[("anchor", HONEST.notes)]))

    assert (problem.kind, problem.first, problem.last) == (Kind.REORDERED, 9, 13)


def test_a_line_that_cannot_be_read_is_located() -> None:
    lines = HONEST.lines()
    lines[4 + 9] = lines[4 + 9].replace('"seq":', '"seq"')

    result = verify(lines, keys=[KEY.key], anchors=[("anchor", HONEST.notes)])

    assert any((problem.kind, problem.first) == (Kind.ALTERED, 9) for problem in result.problems)


def test_several_findings_are_all_told() -> None:
    rows = list(HONEST.rows)
    rows[3] = replace(rows[3], columns={**rows[3].columns, "actor": "lee"})
    rows[11] = replace(rows[11], canonical=rows[11].canonical.replace("modality", "attacker"))
    rows[20] = replace(rows[20], leaf="00" * 32)

    assert [problem.first for problem in verified(HONEST.with_rows(rows)).problems] == [3, 11, 20]


def test_thousands_of_findings_are_counted_and_some_are_told() -> None:
    trail = Trail.honest(contents(3000), [3000])
    altered = [replace(row, columns={**row.columns, "actor": "lee"}) for row in trail.rows]

    result = verified(trail.with_rows(altered), anchor=None)

    assert len(result.problems) + result.further == 3000
    assert "and 2000 more" in report(result)


def test_an_event_that_waits_for_its_number_and_was_altered() -> None:
    row = rows_of([content(99)])[0]

    result = verified(replace(HONEST, pending=[replace(row, columns={**row.columns, "actor": "lee"})]))

    assert kinds(result) == [Kind.ALTERED]


# Rewritten with every hash made anew: known to lie between two checkpoints.


@pytest.mark.parametrize("number", range(22))
def test_a_rewritten_event_lies_between_two_checkpoints(number: int) -> None:
    result = verified(HONEST.rehashed(contents(24, **{f"e{number}": {"actor": "lee"}})))

    first, last = next(pair for pair in ((0, 7), (8, 15), (16, 21)) if number <= pair[1])
    problem = only(result)
    assert (problem.kind, problem.first, problem.last) == (Kind.REWRITTEN, first, last)
    assert result.protected == first


def test_a_rewrite_that_removes_the_checkpoints_is_found_by_an_anchor() -> None:
    trail = HONEST.rehashed(contents(24, e9={"actor": "lee"})).without_seals_beyond(8)

    assert verified(trail, anchor=None).unprotected == 16  # without a witness there is but a long open end
    problem = only(verified(trail))
    assert (problem.kind, problem.first, problem.last) == (Kind.REWRITTEN, 8, 15)


def test_forged_checkpoints_are_told_from_signed_ones() -> None:
    rows = rows_of(contents(24, e9={"actor": "lee"}))
    forged = Trail(rows, [HONEST.seals[0], *(stored(seal(rows, size, THIEF)) for size in (16, 22))])

    assert kinds(verified(forged)) == [Kind.REWRITTEN, Kind.KEY]
    assert kinds(verified(forged, anchor=None)) == [Kind.KEY]


@pytest.mark.parametrize("length", range(22))
def test_an_older_copy_is_found_by_an_anchor(length: int) -> None:
    problem = only(verified(HONEST.rehashed(contents(length))))

    confirmed = length - length % 8
    assert (problem.kind, problem.first, problem.last, problem.size) == (Kind.TRUNCATED, confirmed, 21, 22)
    assert f"only {length} are here" in problem.text


def test_a_checkpoint_of_more_events_than_there_are() -> None:
    problem = only(verified(HONEST.with_rows(HONEST.rows[:20]), anchor=None))

    assert (problem.kind, problem.first, problem.last) == (Kind.TRUNCATED, 16, 21)


def test_the_open_end_is_said_and_is_no_alarm() -> None:
    result = verified(HONEST.rehashed([*contents(22), content(22, actor="lee")]))

    assert result.ok
    assert "from number 22 on, could still be changed unseen" in report(result)


def test_an_open_end_that_no_device_leaves_is_an_alarm() -> None:
    trail = Trail.honest(contents(700), [100, 200])

    assert kinds(verified(trail, anchor=None)) == []
    problem = only(verified(trail.without_seals_beyond(100), anchor=None))
    assert (problem.kind, problem.first, problem.last) == (Kind.UNSEALED, 100, 699)


def test_a_trail_without_any_checkpoint_is_not_intact() -> None:
    assert kinds(verified(HONEST.without_seals_beyond(0), anchor=None)) == [Kind.UNSEALED]


# Checkpoints.


def test_a_checkpoint_that_was_removed_is_found_by_an_anchor() -> None:
    result = verified(replace(HONEST, seals=[HONEST.seals[0], HONEST.seals[2]]))

    assert (only(result).kind, only(result).size) == (Kind.CHECKPOINT, 16)


def test_the_newest_checkpoint_may_stand_outside_alone() -> None:
    """The sealing process writes it there first, and may die in between."""
    result = verified(HONEST.without_seals_beyond(16))

    assert result.ok
    assert result.protected == 22


@pytest.mark.parametrize("what", ["root", "size", "note"])
def test_a_checkpoint_that_was_altered(what: str) -> None:
    size, root, note = HONEST.seals[1]
    altered = {
        "root": (size, HONEST.seals[0][1], note),
        "size": (size + 1, root, note),
        "note": (size, root, note.replace("\n16\n", "\n17\n")),
    }[what]

    result = verified(replace(HONEST, seals=[HONEST.seals[0], altered, HONEST.seals[2]]), anchor=None)

    assert kinds(result) == [Kind.CHECKPOINT]
    assert only(result).size in (16, 17)


def test_checkpoints_in_disorder_and_twice() -> None:
    result = verified(replace(HONEST, seals=[*reversed(HONEST.seals), HONEST.seals[1]]), anchor=None)

    assert kinds(result) == [Kind.CHECKPOINT, Kind.CHECKPOINT]


def test_a_checkpoint_of_another_log() -> None:
    elsewhere = signer("elsewhere", origin="elsewhere.example")
    note = seal(HONEST.rows, 16, elsewhere, origin="elsewhere.example")

    result = verified(
        replace(HONEST, seals=[HONEST.seals[0], stored(note), HONEST.seals[2]]),
        keys=[KEY.key, elsewhere.key],
        anchor=None,
    )

    assert kinds(result) == [Kind.KEY]


def test_a_key_of_another_log_verifies_nothing() -> None:
    other = signer("the key of the log", origin="elsewhere.example")

    result = verified(HONEST, keys=[other.key], anchor=None)

    assert set(kinds(result)) == {Kind.KEY, Kind.UNSEALED}
    assert "elsewhere.example" in result.problems[0].text


def test_the_wrong_key_verifies_nothing() -> None:
    assert set(kinds(verified(HONEST, keys=[THIEF.key], anchor=None))) == {Kind.KEY, Kind.UNSEALED}


def test_an_export_that_claims_another_origin() -> None:
    result = verified(replace(HONEST, origin="elsewhere.example"), anchor=None)

    assert Kind.KEY in kinds(result)


# Anchors.


def test_two_signed_histories_of_one_size_are_a_split_view() -> None:
    other = seal(rows_of(contents(24, e3={"actor": "lee"})), 16)

    result = verified(HONEST, anchor=HONEST.notes + other.encode())

    assert {problem.size for problem in result.problems if problem.kind is Kind.SPLIT_VIEW} == {16}


def test_a_smaller_checkpoint_than_the_newest_protects_no_more_than_it_covers() -> None:
    result = verified(HONEST.without_seals_beyond(8), anchor=seal(HONEST.rows, 8).encode())

    assert result.ok
    assert (result.protected, result.unprotected) == (8, 16)


def test_a_checkpoint_in_a_report_is_an_anchor() -> None:
    report_of_the_archive = b"\x00\x7a\x00" + to_ascii(seal(HONEST.rows, 22)).encode("latin-1") + b" \x00\x40"
    older_copy = HONEST.rehashed(contents(16))

    assert verified(HONEST, anchor=report_of_the_archive).anchored == 22
    assert kinds(verified(older_copy, anchor=report_of_the_archive)) == [Kind.TRUNCATED]


def test_an_anchor_that_holds_nothing_is_said() -> None:
    assert kinds(verified(HONEST, anchor=b"nothing")) == [Kind.ANCHOR]


def test_forged_and_foreign_checkpoints_among_the_anchors_are_said() -> None:
    damaged = seal(HONEST.rows, 22).replace("\n22\n", "\n23\n")
    foreign = Checkpoint("elsewhere.example", 9, bytes(32)).signed_by(signer("x", origin="elsewhere.example"))

    result = verified(HONEST, anchor=HONEST.notes + damaged.encode() + foreign.encode())

    assert result.ok
    assert any("1 of 5 checkpoints are damaged" in remark for remark in result.remarks)
    assert any("1 of 5 checkpoints are of other logs" in remark for remark in result.remarks)


def test_an_unsigned_anchor_alarms_nobody_but_helps_nobody() -> None:
    forged = Checkpoint(ORIGIN, 500, bytes(32)).signed_by(THIEF)

    result = verified(HONEST, anchor=HONEST.notes + forged.encode())

    assert result.ok


# Key rotation.


def handed_over(*, both: bool = True, **rotation: object) -> Trail:
    """KEY announces NEXT in event 12; the checkpoint of 16 events is signed by both, those after by NEXT."""
    rows = rows_of(contents(24, e12=rotated(KEY, NEXT) | rotation))
    handover: tuple[Signer, ...] = (KEY, NEXT) if both else (KEY,)
    signers: dict[int, tuple[Signer, ...]] = {8: (KEY,), 16: handover, 20: (NEXT,), 24: (NEXT,)}
    return Trail(rows, [stored(seal(rows, size, *keys)) for size, keys in signers.items()])


@pytest.mark.requirement("AUD-03")
@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("keys", [(KEY.key,), (NEXT.key, KEY.key), (KEY.key, NEXT.key)])
def test_the_old_key_leads_to_the_new_one(keys: tuple[VerifierKey, ...], both: bool) -> None:
    trail = handed_over(both=both)

    result = verified(trail, keys=keys, anchor=trail.notes)

    assert result.ok
    assert result.protected == 24
    assert result.remarks == ()


@pytest.mark.requirement("AUD-03")
def test_the_new_key_alone_covers_what_the_old_one_signed() -> None:
    trail = handed_over()

    result = verified(trail, keys=[NEXT.key], anchor=trail.notes)

    assert result.ok
    assert result.protected == 24
    assert any("Not verified with the given keys" in remark for remark in result.remarks)


@pytest.mark.requirement("AUD-03")
def test_an_altered_checkpoint_of_the_old_key_is_found_with_the_new_one_alone() -> None:
    trail = handed_over()
    size, root, note = trail.seals[0]
    altered = (size, root, note[:-10] + ("A" if note[-10] != "A" else "B") + note[-9:])

    result = verified(replace(trail, seals=[altered, *trail.seals[1:]]), keys=[NEXT.key], anchor=None)

    assert kinds(result) == [Kind.CHECKPOINT]


@pytest.mark.requirement("AUD-03")
def test_the_old_key_is_not_valid_beyond_the_handover() -> None:
    trail = handed_over()
    late = stored(seal(trail.rows, 22, KEY))

    result = verified(replace(trail, seals=[*trail.seals[:3], late, trail.seals[3]]), anchor=None)

    assert (only(result).kind, only(result).size) == (Kind.KEY, 22)
    assert "replaced at 16" in only(result).text


@pytest.mark.requirement("AUD-03")
def test_a_new_key_is_not_trusted_before_a_trusted_one_covers_its_announcement() -> None:
    rows = rows_of(contents(24, e12=rotated(KEY, NEXT)))
    trail = Trail(rows, [stored(seal(rows, 8)), stored(seal(rows, 16, NEXT)), stored(seal(rows, 24, NEXT))])

    result = verified(trail, anchor=None)

    assert kinds(result) == [Kind.KEY, Kind.KEY]
    assert result.protected == 8


@pytest.mark.requirement("AUD-03")
def test_whoever_may_add_events_cannot_announce_a_key_of_their_own() -> None:
    forged = {**rotated(THIEF, THIEF), "changes": {"key": [str(KEY.key), str(THIEF.key)]}}
    rows = rows_of(contents(24, e12=forged))
    trail = Trail(rows, [stored(seal(rows, 16)), stored(seal(rows, 24, THIEF))])

    result = verified(trail, anchor=None)

    assert (result.problems[0].kind, result.problems[0].first) == (Kind.KEY, 12)
    assert result.protected == 16


@pytest.mark.requirement("AUD-03")
@pytest.mark.parametrize(
    "members", [{"facts": {}}, {"changes": {}}, {"changes": {"key": ["a"]}}, {"facts": {"note": 7}}]
)
def test_an_announcement_without_proof_is_an_alarm(members: dict[str, object]) -> None:
    rows = rows_of(contents(24, e12=rotated(KEY, NEXT) | members))

    problem = only(verified(Trail(rows, [stored(seal(rows, 24))]), anchor=None))

    assert (problem.kind, problem.first) == (Kind.KEY, 12)


@pytest.mark.requirement("AUD-03")
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


@pytest.mark.requirement("AUD-03")
def test_old_checkpoints_that_nothing_covers_are_not_believed() -> None:
    trail = handed_over().without_seals_beyond(8)

    assert set(kinds(verified(trail, keys=[NEXT.key], anchor=None))) == {Kind.KEY}


# An older copy was restored, and somebody acknowledged it.

BEGUN_ANEW = f"{ORIGIN}~2"
ANEW = signer("the key of the log", origin=BEGUN_ANEW)


def recovered(**facts: object) -> Trail:
    """Of 22 sealed events 16 came back; event 18 says so, and what follows is sealed under the next name."""
    lost = {
        "event": Event.TRAIL_ALARMED,
        "subject": "trail",
        "actor": "os/kim",
        "reason": "the disk failed",
        "facts": {
            "origin": ORIGIN,
            "size": 22,
            "root": HONEST.seals[2][1],
            "kept": 16,
            "events": 17,
            "continued": BEGUN_ANEW,
        }
        | facts,
    }
    rows = rows_of([*contents(17), content(117), content(118) | lost, *contents(5)])
    seals = [*HONEST.seals[:2], *(stored(seal(rows, n, ANEW, origin=BEGUN_ANEW)) for n in (20, 24))]
    return Trail(rows, seals, origin=BEGUN_ANEW)


@pytest.mark.requirement("AUD-04")
@pytest.mark.parametrize("key", [KEY, ANEW])
def test_an_acknowledged_loss_is_told_and_is_no_alarm(key: Signer) -> None:
    trail = recovered()

    result = verified(trail, keys=[key.key], anchor=HONEST.notes + trail.notes)

    assert result.ok, result.problems
    assert result.protected == 24
    assert any(
        "LOST, as os/kim acknowledged in event 18 (the disk failed)" in said for said in result.remarks
    )


@pytest.mark.requirement("AUD-04")
@pytest.mark.parametrize("facts", [{"size": 20}, {"kept": 22}, {"root": "00" * 32}, {"origin": "other"}])
def test_a_loss_that_is_not_the_one_acknowledged_is_an_alarm(facts: dict[str, object]) -> None:
    trail = recovered(**facts)

    assert not verified(trail, anchor=HONEST.notes + trail.notes).ok


@pytest.mark.requirement("AUD-04")
def test_a_loss_is_not_acknowledged_by_whoever_may_add_events() -> None:
    """The next name must have been signed for."""
    rows = recovered().rows
    trail = Trail(rows, HONEST.seals[:2])

    assert Kind.REWRITTEN in kinds(verified(trail))


@pytest.mark.requirement("AUD-04")
def test_a_next_name_that_no_event_explains_is_an_alarm() -> None:
    rows = HONEST.rows
    seals = [*HONEST.seals[:2], stored(seal(rows, 22, ANEW, origin=BEGUN_ANEW))]

    assert kinds(verified(Trail(rows, seals, origin=BEGUN_ANEW), anchor=None)) == [Kind.KEY]


@pytest.mark.requirement("AUD-04")
def test_the_name_that_was_given_up_signs_no_more() -> None:
    trail = recovered()
    late = stored(seal(trail.rows, 22))

    result = verified(replace(trail, seals=[*trail.seals[:3], late, trail.seals[3]]), anchor=None)

    assert [problem.size for problem in result.problems] == [22]


# The export itself.


@pytest.mark.parametrize("cut", range(1, len(HONEST.lines())))
def test_an_export_that_was_cut_off(cut: int) -> None:
    result = verify(HONEST.lines()[:cut], keys=[KEY.key])

    assert any(problem.kind is Kind.EXPORT and "cut off" in problem.text for problem in result.problems)


def test_an_export_that_miscounts() -> None:
    lines = HONEST.lines()
    lines[-1] = line("end", events=24, checkpoints=3, pending=1, records=0)

    assert kinds(verify(lines, keys=[KEY.key])) == [Kind.EXPORT]


def test_lines_where_none_belong() -> None:
    lines = HONEST.lines()

    assert kinds(verify([*lines, lines[5]], keys=[KEY.key])) == [Kind.EXPORT]
    assert Kind.EXPORT in kinds(verify([*lines[:9], lines[1], *lines[9:]], keys=[KEY.key]))
    assert Kind.EXPORT in kinds(verify([lines[0], *lines], keys=[KEY.key]))


@pytest.mark.parametrize(
    "first", ["", "\n", "{}", "{", HONEST.lines()[1], HONEST.lines()[0].replace("/1", "/2")]
)
def test_what_is_no_export_is_refused(first: str) -> None:
    with pytest.raises(NotAnExport):
        verify([first, *HONEST.lines()[1:]], keys=[KEY.key])


@given(st.lists(st.sampled_from(HONEST.lines()[1:]) | st.text(), max_size=12))
def test_no_input_makes_it_fail(lines: list[str]) -> None:
    result = verify([HONEST.lines()[0], *lines], keys=[KEY.key])

    assert not result.ok


# A second implementation.


@given(
    st.integers(0, 23), st.integers(0, 12), st.sampled_from(["leaf", "chain", "canonical", "seq", "actor"])
)
def test_a_second_implementation_agrees(number: int, size: int, what: str) -> None:
    trail = Trail.honest(contents(24), sorted({size, 24}))
    lines = trail.lines()
    place = 1 + len(trail.seals) + number
    said = json.loads(lines[place])
    altered = [*lines[:place], line(**said | {what: _other(said[what])}), *lines[place + 1 :]]

    for export, intact in ((lines, True), (altered, False)):
        assert verify(export, keys=[KEY.key]).ok is intact
        assert independent.is_intact(export, ORIGIN, KEY.key.public) is intact


def _other(value: object) -> object:
    return value + 1 if isinstance(value, int) else f"{str(value)[:-1]}x"


@given(st.lists(st.text(), min_size=1, max_size=20), st.data())
def test_a_second_implementation_agrees_on_random_trails(reasons: list[str], data: st.DataObject) -> None:
    said = [content(number, reason=reason) for number, reason in enumerate(reasons)]
    sizes = data.draw(st.sets(st.integers(1, len(said)), min_size=1))
    trail = Trail.honest(said, sorted(sizes))
    anchors = [note for _size, _root, note in trail.seals]
    rewritten = data.draw(st.integers(0, len(said) - 1))
    other = [*said[:rewritten], content(rewritten, reason="x", actor="lee"), *said[rewritten + 1 :]]

    for export in (trail.lines(), trail.rehashed(other).lines(), trail.rehashed(said[:-1]).lines()):
        ours = verify(export, keys=[KEY.key], anchors=[("anchor", "".join(anchors).encode())])
        theirs = independent.is_intact(export, ORIGIN, KEY.key.public, anchors)

        assert ours.ok == theirs


# The command.


def written(folder: Path, trail: Trail = HONEST) -> tuple[Path, Path]:
    export, key = folder / "export.jsonl", folder / "key.pub"
    export.write_text("".join(trail.lines()))
    key.write_text(f"{KEY.key}\n")
    return export, key


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command in a process that cannot import Django."""
    blocked = (
        "import sys, runpy; sys.modules['django'] = None; "
        "runpy.run_module('audit.verify', run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", blocked, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"},
        check=False,
    )


def test_the_command_needs_no_django_and_says_intact(tmp_path: Path) -> None:
    export, key = written(tmp_path)
    (tmp_path / "checkpoints").write_bytes(HONEST.notes)

    done = run(export, "--key", key, "--anchor", tmp_path / "checkpoints")

    assert (done.returncode, done.stderr) == (0, "")
    assert "INTACT" in done.stdout
    assert "24 events, 3 checkpoints" in done.stdout


def test_python_dash_m_runs_it(tmp_path: Path) -> None:
    export, key = written(tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "audit.verify", export, "--key", key],
        capture_output=True,
        cwd=ROOT,
        check=False,
    )

    assert done.returncode == 0


def test_the_command_names_the_event_and_gives_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = HONEST.rows[9]
    altered = replace(row, canonical=row.canonical.replace("modality", "attacker"))
    export, key = written(tmp_path, HONEST.with_rows([*HONEST.rows[:9], altered, *HONEST.rows[10:]]))

    assert main([str(export), "--key", str(key)]) == 1
    said = capsys.readouterr().out
    assert "NOT INTACT" in said
    assert "event 9 was altered" in said


def test_bytes_that_are_no_ascii_are_an_alteration(tmp_path: Path) -> None:
    export, key = written(tmp_path)
    export.write_bytes(export.read_bytes().replace(b"modality", b"m\xffdality", 1))

    assert main([str(export), "--key", str(key)]) == 1


@pytest.mark.parametrize("broken", ["export", "key", "anchor"])
def test_what_cannot_be_read_gives_2(broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export, key = written(tmp_path)
    arguments = {"export": str(export), "key": str(key), "anchor": str(export)}
    arguments[broken] = str(tmp_path / "nowhere")

    assert main([arguments["export"], "--key", arguments["key"], "--anchor", arguments["anchor"]]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("broken", ["export", "key"])
def test_what_is_something_else_gives_2(broken: str, tmp_path: Path) -> None:
    export, key = written(tmp_path)
    {"export": export, "key": key}[broken].write_text("something else")

    assert main([str(export), "--key", str(key)]) == 2


def test_usage_gives_2() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export.jsonl"])
    assert ended.value.code == 2


def test_keys_may_stand_in_several_files_or_one(tmp_path: Path) -> None:
    (tmp_path / "both").write_text(f"{NEXT.key}\n\n{KEY.key}\n")

    assert read_keys([tmp_path / "both"]) == [NEXT.key, KEY.key]


def test_a_report_says_what_is_protected_and_what_is_not() -> None:
    said = report(verified(HONEST))

    assert "covers the first 22 events" in said
    assert "The last 2 events, from number 22 on" in said
    assert "Checkpoints kept outside the database confirm the first 22 events" in said
    assert "is not known" in report(verified(HONEST, anchor=None))


def test_records_and_their_signatures_are_counted() -> None:
    open_record = ("report/1", canonical({"signatures": [{"meaning": "approved", "role": "approver"}]}))

    result = verified(replace(HONEST, records=[open_record]))

    assert result.ok
    assert "report/1 is not signed as approved." in result.remarks
    assert "0 electronic signatures on 1 record" in report(result)
