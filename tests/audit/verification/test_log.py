"""What was altered, removed, inserted or moved: which event it is."""

import json
from dataclasses import replace

import pytest

from audit.lines import line
from audit.verification.findings import Kind
from audit.verification.words import report
from audit.verify import verify
from tests.audit.exported import (
    KEY,
    Row,
    Trail,
    content,
    contents,
    rows_of,
    seal,
    stored,
)
from tests.audit.verification.verifying import HONEST, kinds, only, verified

pytestmark = pytest.mark.requirement("AUD-05")


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
