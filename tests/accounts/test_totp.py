"""Codes of an authenticator app."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from samd.accounts.totp import code_at, matching_step, step_at

pytestmark = pytest.mark.requirement("ACC-02")

# The secret and the times of RFC 6238, appendix B; the published codes have eight digits, ours the last six.
SECRET = base64.b32encode(b"12345678901234567890").decode()
PUBLISHED = {
    59: "94287082",
    1_111_111_109: "07081804",
    1_111_111_111: "14050471",
    1_234_567_890: "89005924",
    2_000_000_000: "69279037",
    20_000_000_000: "65353130",
}
NOW = datetime(2026, 3, 4, 10, 0, 7, tzinfo=UTC)


def code(shift: int = 0) -> str:
    return code_at(SECRET, step_at(NOW) + shift)


@pytest.mark.parametrize(("seconds", "published"), PUBLISHED.items())
def test_the_published_codes(seconds: int, published: str) -> None:
    assert code_at(SECRET, step_at(datetime.fromtimestamp(seconds, UTC))) == published[-6:]


@pytest.mark.parametrize(("shift", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_off_by_one_step(shift: int, accepted: bool) -> None:
    assert (matching_step(SECRET, code(shift), now=NOW, after=0) is not None) is accepted


def test_a_code_that_was_used_is_refused_and_so_is_every_older_one() -> None:
    used = matching_step(SECRET, code(), now=NOW, after=0)
    assert used is not None

    assert matching_step(SECRET, code(), now=NOW, after=used) is None
    assert matching_step(SECRET, code(-1), now=NOW, after=used) is None
    later = NOW + timedelta(seconds=30)
    assert matching_step(SECRET, code(1), now=later, after=used) == used + 1


@pytest.mark.parametrize("typed", ["", "abcdef", "12345", "١٢٣٤٥٦", code() + "0"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert matching_step(SECRET, typed, now=NOW, after=0) is None
