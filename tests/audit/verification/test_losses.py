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


@pytest.mark.parametrize("facts", [{"size": 20}, {"kept": 22}, {"root": "00" * 32}, {"origin": "other"}])
def test_a_loss_that_is_not_the_one_acknowledged_is_an_alarm(facts: dict[str, object]) -> None:
    trail = recovered(**facts)

    assert not verified(trail, anchor=HONEST.notes + trail.notes).ok


def test_a_loss_is_not_acknowledged_by_whoever_may_add_events() -> None:
    """The next name must have been signed for."""
    rows = recovered().rows
    trail = Trail(rows, HONEST.seals[:2])

    assert Kind.REWRITTEN in kinds(verified(trail))


def test_a_next_name_that_no_event_explains_is_an_alarm() -> None:
    rows = HONEST.rows
    seals = [*HONEST.seals[:2], stored(seal(rows, 22, ANEW, origin=BEGUN_ANEW))]

    assert kinds(verified(Trail(rows, seals, origin=BEGUN_ANEW), anchor=None)) == [Kind.KEY]


def test_the_name_that_was_given_up_signs_no_more() -> None:
    trail = recovered()
    late = stored(seal(trail.rows, 22))

    result = verified(replace(trail, seals=[*trail.seals[:3], late, trail.seals[3]]), anchor=None)

    assert [problem.size for problem in result.problems] == [22]
