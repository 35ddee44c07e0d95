"""The table of stages."""

from itertools import product

import pytest

from samd.domain.lifecycle import TRANSITIONS, IllegalTransition, Stage, check_transition


@pytest.mark.requirement("FLOW-05")
def test_every_stage_has_its_row() -> None:
    assert set(TRANSITIONS) == set(Stage)


@pytest.mark.requirement("FLOW-05")
@pytest.mark.parametrize(("before", "after"), list(product(Stage, Stage)))
@pytest.mark.part11("11.10(f)")
def test_only_the_moves_of_the_table_are_possible(before: Stage, after: Stage) -> None:
    if after in TRANSITIONS[before]:
        check_transition(before, after)
    else:
        with pytest.raises(IllegalTransition, match=f"that is {before} cannot become {after}"):
            check_transition(before, after)


@pytest.mark.requirement("FLOW-05")
def test_every_stage_leads_to_delivery() -> None:
    reaches = {Stage.DELIVERED}
    for _ in Stage:
        reaches |= {stage for stage in Stage if TRANSITIONS[stage] & reaches}

    assert reaches == set(Stage)
