"""The lease of the sealing process."""

from datetime import UTC, datetime, timedelta

import pytest

from audit.models import Lease
from audit.tenure import LENGTH, Tenure

pytestmark = [pytest.mark.requirement("AUD-02"), pytest.mark.django_db]

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_one_holds_the_lease_and_the_other_waits() -> None:
    first, second = Tenure("first"), Tenure("second")

    assert first.take(NOW)
    assert not second.take(NOW)
    assert first.take(NOW)


def test_the_lease_of_one_who_died_ends() -> None:
    first, second = Tenure("first"), Tenure("second")
    first.take(NOW)

    assert not second.take(NOW + LENGTH - timedelta(seconds=1))
    assert second.take(NOW + LENGTH)
    assert second.token == first.token + 1


def test_one_who_was_given_up_is_followed_at_once() -> None:
    first, second = Tenure("first"), Tenure("second")
    first.take(NOW)

    first.give_up()

    assert second.take(NOW)


def test_a_clock_that_was_set_back_holds_nobody_up() -> None:
    clock = Clock()
    dead, waiting = Tenure("dead"), Tenure("waiting", clock)
    dead.take(NOW)
    earlier = NOW - timedelta(hours=3)

    assert not waiting.take(earlier)
    clock.seconds += LENGTH.total_seconds()

    assert waiting.take(earlier)


def test_a_holder_that_renews_is_not_taken_for_dead_by_a_clock_that_runs_ahead() -> None:
    ours, theirs = Clock(), Clock()
    living, waiting = Tenure("living", ours), Tenure("waiting", theirs)
    earlier = NOW - timedelta(hours=3)
    living.take(NOW)

    for _ in range(5):
        assert not waiting.take(earlier)
        ours.seconds += LENGTH.total_seconds() / 2
        theirs.seconds += LENGTH.total_seconds() / 2
        assert living.take(NOW + timedelta(seconds=ours.seconds - 1000))


def test_a_sleeper_finds_that_it_lost_the_lease() -> None:
    clock = Clock()
    sleeper, other = Tenure("sleeper", clock), Tenure("other")
    sleeper.take(NOW)
    other.take(NOW + LENGTH)

    assert not sleeper.lock()  # before its own clock says that a renewal is due
    assert not sleeper.take(NOW + LENGTH)


def test_only_one_of_two_who_saw_it_free_takes_it() -> None:
    Lease.objects.create(name="sequencer", holder="", until=NOW)
    first, second = Tenure("first"), Tenure("second")
    seen = Lease.objects.get()

    assert first._write(seen, NOW)
    assert not second._write(seen, NOW)


def test_a_renewal_costs_nothing_while_none_is_due(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    tenure = Tenure("first", Clock())
    tenure.take(NOW)

    with django_assert_num_queries(0):
        assert tenure.take(NOW)
