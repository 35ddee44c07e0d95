"""Verifying a step at a time: how far it is, what came out, and an end whatever happens."""

import threading
from collections.abc import Callable

import pytest
from django.db import DatabaseError

from audit.lines import FORMAT, line
from audit.note import VerifierKey
from audit.signer import KeyRefused
from audit.verification.findings import Verification
from audit.verify import NotAnExport, verify
from samd.console.trail_verification import CannotVerify, verified

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("AUD-09")]

KEY = VerifierKey("hospital.example/samd", bytes(32))
WHOLE = verify(
    [
        line(
            "export", format=FORMAT, origin=KEY.name, keys=[str(KEY)], at="2025-03-14T12:00:00.000000+00:00"
        ),
        line("end", events=0, checkpoints=0, pending=0, records=0),
    ],
    keys=[KEY],
)

Progress = Callable[[int], None]


def test_it_says_how_far_it_is_and_at_last_what_came_out() -> None:
    def run(progress: Progress) -> Verification:
        for events in (10_000, 20_000, 30_000):
            progress(events)
        return WHOLE

    assert list(verified(run)) == [10_000, 20_000, 30_000, WHOLE]


def test_a_sign_of_life_comes_though_nothing_moves() -> None:
    go_on = threading.Event()

    def run(progress: Progress) -> Verification:
        progress(10_000)
        go_on.wait(30)
        return WHOLE

    steps = verified(run, patience=0.01)
    assert [next(steps) for _ in range(3)] == [10_000, 10_000, 10_000]
    go_on.set()

    assert list(steps)[-1] == WHOLE


def test_it_ends_when_nobody_waits_for_it_any_more() -> None:
    read_on, ended = threading.Event(), threading.Event()

    def run(progress: Progress) -> Verification:
        try:
            progress(1)
            read_on.wait(30)
            progress(2)
            return WHOLE
        finally:
            ended.set()

    steps = verified(run)
    next(steps)
    threading.Timer(0.05, read_on.set).start()
    steps.close()  # type: ignore[attr-defined]

    assert ended.is_set()


@pytest.mark.parametrize(
    "problem",
    [
        KeyRefused("there is no public key of the trail at seal/key.pub"),
        NotAnExport("this is no export"),
        DatabaseError("disk I/O error: SELECT secret"),
    ],
)
def test_what_stands_in_the_way_is_said_and_is_no_result(problem: Exception) -> None:
    def run(_progress: Progress) -> Verification:
        raise problem

    with pytest.raises(CannotVerify) as refused:
        list(verified(run))

    assert "secret" not in str(refused.value)
