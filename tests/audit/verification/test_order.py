"""What is told of numbers that are missing, and of events that stand further down."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.verification.findings import Kind
from audit.verification.order import Gap, gap_at
from audit.verify import verify
from tests.audit.exported import KEY, Trail, contents

pytestmark = pytest.mark.requirement("AUD-05")


@given(st.sets(st.integers(0, 60)).map(sorted), st.integers(-1, 61))
def test_the_gap_that_a_number_lies_in(bounds: list[int], seq: int) -> None:
    gaps = [Gap(first, last - 1, None, readable=True) for first, last in list(pairwise(bounds))[::2]]

    within = [gap for gap in gaps if seq in range(gap.first, gap.last + 1)]

    assert gap_at(seq, gaps) == (within[0] if within else None)


def test_events_that_all_stand_further_down_are_told_gap_by_gap() -> None:
    lines = Trail.honest(contents(200), [200]).lines()
    events = lines[2:-1]

    result = verify([*lines[:2], *events[::2], *events[1::2], lines[-1]], keys=[KEY.key])

    assert {problem.kind for problem in result.problems} == {Kind.REORDERED}
    assert [problem.first for problem in result.problems] == list(range(1, 198, 2))
