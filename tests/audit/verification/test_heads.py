"""Checkpoints, in the export and from outside: what they confirm, and what they show."""

from dataclasses import replace

import pytest

from audit.checkpoint import Checkpoint, to_ascii
from audit.verification.findings import Kind
from audit.verification.words import report
from audit.verify import verify
from tests.audit.exported import (
    KEY,
    ORIGIN,
    Trail,
    content,
    contents,
    rows_of,
    seal,
    signer,
    stored,
)
from tests.audit.verification.verifying import HONEST, THIEF, kinds, only, verified

pytestmark = pytest.mark.requirement("AUD-05")


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


@pytest.mark.parametrize("seals", [[], [stored(seal(HONEST.rows, 0))]])
def test_a_trail_without_any_checkpoint_is_not_intact(seals: list[tuple[int, str, str]]) -> None:
    assert kinds(verified(replace(HONEST, seals=seals), anchor=None)) == [Kind.UNSEALED]


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


def test_two_signed_histories_of_one_size_are_a_split_view() -> None:
    other = seal(rows_of(contents(24, e3={"actor": "lee"})), 16)

    result = verified(HONEST, anchor=HONEST.notes + other.encode())

    assert {problem.size for problem in result.problems if problem.kind is Kind.SPLIT_VIEW} == {16}


@pytest.mark.parametrize("size", [8, 22, 30])
def test_two_signed_histories_are_a_split_view_wherever_they_part(size: int) -> None:
    """Under the newest checkpoint, within it, and beyond all events that are here."""
    one, other = (seal(rows_of(contents(30, e3={"actor": who})), size).encode() for who in ("lee", "kim"))

    result = verified(HONEST, anchor=HONEST.notes + one + b"\n" + other)

    assert size in {problem.size for problem in result.problems if problem.kind is Kind.SPLIT_VIEW}


def test_two_signed_histories_are_a_split_view_where_events_are_missing_too() -> None:
    lines = HONEST.lines()
    del lines[4 + 3]
    other = seal(rows_of(contents(24, e3={"actor": "lee"})), 16)

    result = verify(lines, keys=[KEY.key], anchors=[("anchor", HONEST.notes + other.encode())])

    assert {problem.size for problem in result.problems if problem.kind is Kind.SPLIT_VIEW} == {16}


def test_a_checkpoint_that_was_removed_is_told_once_however_often_it_stands_outside() -> None:
    removed = replace(HONEST, seals=[HONEST.seals[0], HONEST.seals[2]])

    result = verify(
        removed.lines(), keys=[KEY.key], anchors=[("one", HONEST.notes * 2), ("other", HONEST.notes)]
    )

    assert (only(result).kind, only(result).size) == (Kind.CHECKPOINT, 16)


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
