"""An older copy was restored, and somebody acknowledged it."""

from dataclasses import replace

import pytest

from audit.events import Event
from audit.note import Signer
from audit.verification.findings import Kind
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
from tests.audit.verification.verifying import HONEST, kinds, verified

pytestmark = pytest.mark.requirement("AUD-04")


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


@pytest.mark.parametrize("key", [KEY, ANEW])
def test_an_acknowledged_loss_is_told_and_is_no_alarm(key: Signer) -> None:
    trail = recovered()

    result = verified(trail, keys=[key.key], anchor=HONEST.notes + trail.notes)

    assert result.ok, result.problems
    assert result.protected == 24
    assert any(
        "LOST, as os/kim acknowledged in event 18 (the disk failed)" in said for said in result.remarks
    )


@pytest.mark.parametrize(
    "facts",
    [
        {"size": 20},
        {"kept": 22},
        {"root": "00" * 32},
        {"origin": "other"},
        {"origin": "\ud800"},
        {"continued": ORIGIN},
        {"continued": f"{ORIGIN}~3"},
        {"continued": "other~2"},
        {"kept": 17, "events": 16},  # more than there were
        {"events": 19},  # more than stand before the event
        {"kept": -1},
        {"events": None},
    ],
)
def test_a_loss_that_is_not_the_one_acknowledged_is_an_alarm(facts: dict[str, object]) -> None:
    trail = recovered(**facts)

    assert not verified(trail, anchor=HONEST.notes + trail.notes).ok


def test_a_loss_is_not_acknowledged_by_whoever_may_add_events() -> None:
    """The next name must have been signed for."""
    rows = recovered().rows
    trail = Trail(rows, HONEST.seals[:2])

    assert Kind.REWRITTEN in kinds(verified(trail))


def planted(**facts: object) -> dict[str, object]:
    """What whoever may add events can have sealed: a loss that never was."""
    loss = {"origin": ORIGIN, "size": 10**9, "root": "", "kept": 8, "events": 8, "continued": BEGUN_ANEW}
    return {"event": Event.TRAIL_ALARMED, "subject": "trail", "outcome": 12, "facts": loss | facts}


@pytest.mark.parametrize("facts", [{}, {"continued": ORIGIN}, {"continued": ORIGIN, "kept": 0, "events": 0}])
@pytest.mark.parametrize("last", [9, 15])
def test_a_loss_that_was_planted_excuses_nothing(last: int, facts: dict[str, object]) -> None:
    said = contents(24, e8=planted(**facts))
    honest = Trail.honest(said, [8, 16, 22])

    cut_off = Trail.honest(said[:last], [8])
    rewritten = Trail.honest([*said[:last], *contents(24, **{f"e{last}": {"actor": "lee"}})[last:]], [8])

    assert kinds(verified(cut_off, anchor=honest.notes)) == [Kind.TRUNCATED]
    assert Kind.REWRITTEN in kinds(verified(rewritten, anchor=honest.notes))
    result = verified(honest, anchor=honest.notes)
    assert result.ok
    assert any("excusing nothing: the losses in the events 8." in said for said in result.remarks)


@pytest.mark.parametrize("number", [3, 12, 20])
def test_a_loss_that_was_planted_does_not_count_beside_one_that_was_acknowledged(number: int) -> None:
    """It stands before a checkpoint of the old name, or behind one of the new."""
    trail = recovered(size=21)  # so that the loss of 22 is nobody's
    said = [row.said for row in trail.rows]
    said[number] |= planted(kept=0, events=0)
    rows = rows_of(said)
    old = [stored(seal(rows, n)) for n in (8, 16)]
    new = [stored(seal(rows, n, ANEW, origin=BEGUN_ANEW)) for n in (20, 24)]
    lost = seal(HONEST.rows, 22)

    result = verified(Trail(rows, [*old, *new], origin=BEGUN_ANEW), anchor=lost.encode() + b"\n")

    assert kinds(result) == [Kind.SPLIT_VIEW]


def test_no_loss_excuses_a_checkpoint_of_what_is_here() -> None:
    """Whatever the device knew that it kept: a larger checkpoint of the old name holds."""
    trail = recovered(kept=8)
    other = seal(rows_of(contents(24, e9={"actor": "lee"})), 12)

    result = verified(trail, anchor=HONEST.notes + trail.notes + other.encode())

    assert [(problem.kind, problem.size) for problem in result.problems] == [(Kind.SPLIT_VIEW, 12)]


def test_a_copy_from_between_numbering_and_sealing_was_whole() -> None:
    """Its newest checkpoint was signed after the copy was made, over events that are in it."""
    trail = recovered()
    stored_in_copy = [one for one in trail.seals if one[0] != 16]

    result = verified(replace(trail, seals=stored_in_copy), anchor=HONEST.notes + trail.notes)

    assert result.ok, result.problems
    assert result.anchored == 24


def test_an_older_checkpoint_of_the_lost_name_was_removed_all_the_same() -> None:
    trail = recovered()

    result = verified(replace(trail, seals=trail.seals[1:]), anchor=HONEST.notes + trail.notes)

    assert [(problem.kind, problem.size) for problem in result.problems] == [(Kind.CHECKPOINT, 8)]


@pytest.mark.parametrize("key", [KEY, ANEW])
def test_the_database_that_was_given_up_is_told_from_the_one_that_goes_on(key: Signer) -> None:
    """Whatever name the key bears that the inspector has, checkpoints of every name of the log count."""
    given_up = HONEST.with_rows(HONEST.rows[:22])
    trail = recovered()

    result = verified(given_up, keys=[key.key], anchor=HONEST.notes + trail.notes)

    assert Kind.TRUNCATED in kinds(result)


def test_two_losses_of_which_the_first_was_lost_itself() -> None:
    """The same copy was restored twice: an event for each name, and checkpoints of the third alone."""
    third = f"{ORIGIN}~3"
    anew = signer("the key of the log", origin=third)
    first, once = recovered(), recovered().rows
    losses = [
        once[18].said["facts"],
        {
            "origin": BEGUN_ANEW,
            "size": 24,
            "root": first.seals[3][1],
            "kept": 0,
            "events": 17,
            "continued": third,
        },
    ]
    alarms = [
        content(200 + n) | {"event": Event.TRAIL_ALARMED, "subject": "trail", "facts": loss}
        for n, loss in enumerate(losses)
    ]
    rows = rows_of([*contents(17), content(117), *alarms, *contents(5)])
    seals = [*HONEST.seals[:2], *(stored(seal(rows, n, anew, origin=third)) for n in (21, 25))]

    result = verified(Trail(rows, seals, origin=third), anchor=HONEST.notes + first.notes)

    assert result.ok, result.problems
    assert sum("LOST" in said for said in result.remarks) == 2


def test_a_next_name_that_no_event_explains_is_an_alarm() -> None:
    rows = HONEST.rows
    seals = [*HONEST.seals[:2], stored(seal(rows, 22, ANEW, origin=BEGUN_ANEW))]

    assert kinds(verified(Trail(rows, seals, origin=BEGUN_ANEW), anchor=None)) == [Kind.KEY]


def test_the_name_that_was_given_up_signs_no_more() -> None:
    trail = recovered()
    late = stored(seal(trail.rows, 22))

    result = verified(replace(trail, seals=[*trail.seals[:3], late, trail.seals[3]]), anchor=None)

    assert result.problems[0].size == 22
