"""The life of a model version: the table holds every way to a patient, and no short one."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samd.domain.change import (
    IN_USE,
    MOVES,
    ROLL_BACK,
    Evidence,
    IllegalMove,
    VersionStage,
    check_evidence,
    check_people,
    move,
)

S = VersionStage

pytestmark = pytest.mark.requirement("CHG-01")


def ways(
    start: VersionStage, goal: VersionStage, seen: tuple[VersionStage, ...] = ()
) -> list[list[VersionStage]]:
    """Every way from `start` to `goal` that visits no stage twice."""
    if start == goal:
        return [[goal]]
    following = [after for before, after in MOVES if before == start and after not in seen]
    return [[start, *way] for after in following for way in ways(after, goal, (*seen, start))]


@pytest.mark.parametrize("goal", sorted(IN_USE))
def test_no_way_to_a_patient_leaves_out_verification_validation_and_approval(goal: VersionStage) -> None:
    found = ways(VersionStage.IMPORTED, goal)

    assert found
    for way in found:
        steps = [way.index(stage) for stage in (S.VERIFIED, S.VALIDATED, S.APPROVED)]
        assert steps == sorted(steps)
        assert steps[-1] < way.index(goal)


@pytest.mark.parametrize("goal", sorted(IN_USE))
def test_every_move_to_a_patient_is_signed_by_two_and_rests_on_an_acceptance(goal: VersionStage) -> None:
    for (_before, after), one in MOVES.items():
        if after == goal:
            assert [asked.role for asked in one.signatures] == ["quality_officer", "approver"]
            assert Evidence.ACCEPTANCE in one.evidence


def test_away_from_a_patient_nobody_is_asked_and_back_two_are() -> None:
    for stage in (*IN_USE, VersionStage.SHADOW):
        assert move(stage, VersionStage.SUSPENDED).signatures == ()
    assert len(move(VersionStage.SUSPENDED, VersionStage.APPROVED).signatures) == 2
    assert len(ROLL_BACK.signatures) == 1


def test_what_is_retired_stays_so() -> None:
    assert [after for before, after in MOVES if before == VersionStage.RETIRED] == []


@pytest.mark.parametrize(("before", "after"), sorted(set(product(VersionStage, VersionStage)) - set(MOVES)))
def test_every_other_move_is_refused_and_the_message_says_what_may_be_done(
    before: VersionStage, after: VersionStage
) -> None:
    with pytest.raises(
        IllegalMove, match=f"a version that is {before} cannot become {after}; it may become:"
    ):
        move(before, after)


@given(st.sampled_from(sorted(MOVES)), st.sets(st.sampled_from(sorted(Evidence))))
def test_evidence_is_enough_only_if_all_of_it_is_shown(
    stages: tuple[VersionStage, VersionStage], shown: set[Evidence]
) -> None:
    wanted = move(*stages)
    if wanted.evidence <= shown:
        check_evidence(wanted, shown)
        return
    with pytest.raises(IllegalMove) as refused:
        check_evidence(wanted, shown)
    for one in wanted.evidence - shown:
        assert one in str(refused.value)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=3))
def test_author_reviewer_and_approver_are_different_people(people: list[str]) -> None:
    author, *signers = people
    if len(set(people)) == len(people):
        check_people(author, signers)
        return
    with pytest.raises(IllegalMove, match="different people"):
        check_people(author, signers)
