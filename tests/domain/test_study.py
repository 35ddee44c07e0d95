"""When a study is complete."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samd.domain.study import Reception, is_complete

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
QUIET = timedelta(seconds=60)


@pytest.mark.requirement("FLOW-01")
@given(silence=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30)), still=st.integers(1, 5))
def test_a_study_that_an_open_association_sends_is_never_complete(silence: timedelta, still: int) -> None:
    reception = Reception(last_arrival=NOON, associations_open=still)

    assert not is_complete(reception, now=NOON + silence, quiet_period=QUIET)


@pytest.mark.requirement("FLOW-01")
@pytest.mark.parametrize(("seconds", "complete"), [(0, False), (59.9, False), (60, True), (3600, True)])
def test_a_study_is_complete_after_the_quiet_period(seconds: float, complete: bool) -> None:
    reception = Reception(last_arrival=NOON, associations_open=0)

    now = NOON + timedelta(seconds=seconds)

    assert is_complete(reception, now=now, quiet_period=QUIET) is complete
