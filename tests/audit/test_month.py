"""Calendar months of a site."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from audit.month import Month

SEOUL = ZoneInfo("Asia/Seoul")
OCTOBER = Month(2026, 10)

pytestmark = pytest.mark.requirement("SIG-03")


def test_months_follow_one_another_and_are_those_of_the_site() -> None:
    assert str(OCTOBER) == "2026-10"
    assert Month.parse("2026-10") == OCTOBER
    assert Month(2026, 12).next == Month(2027, 1)
    assert OCTOBER.next == Month(2026, 11)
    assert Month.of(datetime(2026, 9, 30, 15, 0, tzinfo=UTC), SEOUL) == OCTOBER
    assert Month.of(datetime(2026, 9, 30, 14, 59, tzinfo=UTC), SEOUL) == Month(2026, 9)
    assert OCTOBER.ends(SEOUL) == Month(2026, 11).begins(SEOUL)


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-10-01", "../10"])
def test_what_is_no_month_is_not_read_as_one(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Month.parse(text)
