"""Proofs for those who are not to see the whole trail."""

import json
from pathlib import Path

import pytest

from audit import proof
from audit.proof import Refused
from audit.verify import main
from tests.audit.exported import (
    KEY,
    ORIGIN,
    Trail,
    content,
    contents,
    leaves_of,
    rows_of,
    seal,
    signer,
    stored,
)

pytestmark = pytest.mark.requirement("AUD-05")

TRAIL = Trail.honest(contents(24), [8, 16, 24])
LEAVES = leaves_of(TRAIL.rows)
THIEF = signer("a thief's key")


def inclusion(of: int = 9, **changes: object) -> str:
    """The proof of an event, with whatever a forger says instead."""
    note = TRAIL.seals[2][2]
    text = proof.inclusion(seq=of, canonical=TRAIL.rows[of].canonical, leaves=LEAVES, note=note)
    return json.dumps(json.loads(text) | changes, separators=(",", ":")) + "\n"


def growth(**changes: object) -> str:
    text = proof.consistency(first=TRAIL.seals[0][2], second=TRAIL.seals[2][2], leaves=LEAVES, size=8)
    return json.dumps(json.loads(text) | changes, separators=(",", ":")) + "\n"


@pytest.mark.parametrize("seq", range(24))
def test_an_event_is_proven(seq: int) -> None:
    content, checkpoint = proof.verify_inclusion(inclusion(seq), [KEY.key])

    assert content == TRAIL.rows[seq].said
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, 24)


def test_growth_is_proven() -> None:
    first, second = proof.verify_consistency(growth(), [KEY.key])

    assert (first.size, second.size) == (8, 24)


@pytest.mark.parametrize("first", [1, 7, 8, 15, 16, 23, 24])
def test_growth_is_proven_between_any_two(first: int) -> None:
    text = proof.consistency(
        first=seal(TRAIL.rows, first), second=TRAIL.seals[2][2], leaves=LEAVES, size=first
    )

    assert proof.verify_consistency(text, [KEY.key])[0].size == first


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": 8},
        {"seq": 10},
        {"seq": 24},
        {"seq": -1},
        {"seq": True},
        {"seq": 9.0},
        {"canonical": TRAIL.rows[8].canonical},
        {"canonical": "{}"},
        {"canonical": ""},
        {"proof": []},
        {"proof": ["00" * 32] * 5},
        {"proof": ["00"]},
        {"proof": ["zz" * 32]},
        {"proof": [1]},
        {"proof": "00"},
        {"checkpoint": TRAIL.seals[1][2]},
        {"checkpoint": seal(TRAIL.rows, 24, THIEF)},
        {"checkpoint": "nothing"},
        {"kind": "consistency"},
        {"kind": ["inclusion"]},
        {"format": "audit-proof/2"},
        {"more": 1},
    ],
)
def test_a_forged_inclusion_proves_nothing(changes: dict[str, object]) -> None:
    with pytest.raises(Refused):
        proof.verify_inclusion(inclusion(**changes), [KEY.key])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"first": TRAIL.seals[1][2]},
        {"first": TRAIL.seals[2][2], "second": TRAIL.seals[0][2]},
        {"second": TRAIL.seals[1][2]},
        {"second": seal(rows_of(contents(24, e3={"actor": "lee"})), 24)},
        {"second": seal(TRAIL.rows, 24, THIEF)},
        {"proof": []},
        {"proof": ["00" * 32] * 4},
    ],
)
def test_a_forged_growth_proves_nothing(changes: dict[str, object]) -> None:
    with pytest.raises(Refused):
        proof.verify_consistency(growth(**changes), [KEY.key])


def test_two_logs_do_not_continue_one_another() -> None:
    other = signer("other", origin="elsewhere.example")
    second = seal(TRAIL.rows, 24, other, origin="elsewhere.example")

    with pytest.raises(Refused, match="two logs"):
        proof.verify_consistency(growth(second=second), [KEY.key, other.key])


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000])
def test_what_is_no_proof_proves_nothing(text: str) -> None:
    with pytest.raises(Refused):
        proof.checked(text, [KEY.key])


def test_the_wrong_key_proves_nothing() -> None:
    with pytest.raises(Refused, match="does not count"):
        proof.verify_inclusion(inclusion(), [THIEF.key])


def test_a_proof_says_what_it_proves() -> None:
    said = proof.checked(inclusion(), [KEY.key])

    assert "PROVEN: this event is among the first 24 of the log hospital.example/samd" in said
    assert "subject: instance/9" in said
    assert "begins with the 8 events" in proof.checked(growth(), [KEY.key])


def test_the_command_of_the_verifier_takes_proofs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key.pub").write_text(str(KEY.key))
    (tmp_path / "proof.json").write_text(inclusion())
    (tmp_path / "forged.json").write_text(inclusion(seq=8))

    assert main([str(tmp_path / "proof.json"), "--key", str(tmp_path / "key.pub")]) == 0
    assert main([str(tmp_path / "forged.json"), "--key", str(tmp_path / "key.pub")]) == 1
    assert "NOT PROVEN" in capsys.readouterr().out


def test_an_event_that_was_sealed_in_another_trail_is_not_proven_here() -> None:
    rows = rows_of([*contents(9), content(9, actor="lee")])
    other = Trail(rows, [stored(seal(rows, 10, THIEF))])
    text = proof.inclusion(seq=9, canonical=rows[9].canonical, leaves=leaves_of(rows), note=other.seals[0][2])

    with pytest.raises(Refused):
        proof.verify_inclusion(text, [KEY.key])
