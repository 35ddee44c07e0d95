"""Which events wait for their number: none is passed over, whatever the order in which they commit."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone

from audit import arrivals, trail
from audit.arrivals import Arrivals, Gap, gaps_between, joined
from audit.events import Event
from audit.models import AuditEvent, Entry
from audit.sequencer import Sequencer

pytestmark = pytest.mark.requirement("AUD-02")

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)


def append(subject: str) -> AuditEvent:
    with transaction.atomic():
        return trail.append(Event.STUDY_VIEWED, subject)


def number_all(sequencer: Sequencer) -> list[str]:
    """Number what waits; the subjects in the order of their numbers, now."""
    while sequencer.step(timezone.now()):
        pass
    return list(Entry.objects.order_by("seq").values_list("event__subject", flat=True))


class OpenTransaction:
    """Another connection, in a transaction that has appended and not committed."""

    def __init__(self, subject: str) -> None:
        self._appended, self._end = threading.Event(), threading.Event()
        self._commits = True
        self._thread = threading.Thread(target=self._run, args=(subject,))
        self._thread.start()
        assert self._appended.wait(20)

    def _run(self, subject: str) -> None:
        try:
            with transaction.atomic():
                trail.append(Event.STUDY_VIEWED, subject)
                self._appended.set()
                self._end.wait(60)
                transaction.set_rollback(not self._commits)
        finally:
            connection.close()

    def end(self, *, commit: bool) -> None:
        self._commits = commit
        self._end.set()
        self._thread.join()


@contextmanager
def open_transaction(subject: str) -> Iterator[OpenTransaction]:
    opened = OpenTransaction(subject)
    try:
        yield opened
    finally:
        opened.end(commit=False)


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_after_later_ones_is_numbered_after_them(sequencer: Sequencer) -> None:
    append("first")
    with open_transaction("late") as late:
        append("second")
        assert number_all(sequencer) == ["first", "second"]
        append("third")
        assert number_all(sequencer) == ["first", "second", "third"]

        late.end(commit=True)

    assert number_all(sequencer) == ["first", "second", "third", "late"]


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_transaction_may_stay_open_while_a_thousand_others_commit(sequencer: Sequencer) -> None:
    with open_transaction("late") as late:
        with transaction.atomic():
            trail.append_all([trail.happening(Event.STUDY_VIEWED, f"s/{n}") for n in range(1000)])
        assert len(number_all(sequencer)) == 1000

        late.end(commit=True)

    assert number_all(sequencer)[-1] == "late"


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_an_id_that_was_rolled_back_holds_nothing_up_and_leaves_no_gap(sequencer: Sequencer) -> None:
    append("first")
    with open_transaction("never") as never:
        append("second")
        never.end(commit=False)
    append("third")

    assert number_all(sequencer) == ["first", "second", "third"]
    assert list(Entry.objects.values_list("seq", flat=True)) == [0, 1, 2]


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_process_that_begins_while_a_transaction_is_open_finds_its_event(sequencer: Sequencer) -> None:
    append("first")
    with open_transaction("late") as late:
        append("second")
        number_all(sequencer)
        sequencer.begin_anew()
        assert number_all(sequencer) == ["first", "second"]

        late.end(commit=True)

    assert number_all(sequencer) == ["first", "second", "late"]


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_gap_is_forgotten_once_nobody_can_fill_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]
    waiting = Arrivals(clock=lambda: seconds[0])
    waiting.begin()
    waiting.newest = append("first").pk
    with open_transaction("never") as never:
        second = append("second")
        waiting.numbered([second])
        seconds[0] += arrivals.GRACE
        waiting.tidy()
        assert [(gap.first, gap.last) for gap in waiting.gaps] == [(second.pk - 1, second.pk - 1)]

        never.end(commit=False)

    append("third")
    deadline = time.monotonic() + 60
    while waiting.gaps and time.monotonic() < deadline:  # somebody else may have a transaction open
        time.sleep(0.1)
        waiting.tidy()
    assert waiting.gaps == []


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_the_search_through_everything_finds_what_was_forgotten(sequencer: Sequencer) -> None:
    with open_transaction("late") as late:
        append("first")
        number_all(sequencer)
        sequencer._arrivals.gaps.clear()
        late.end(commit=True)
        assert number_all(sequencer) == ["first"]

    seconds = arrivals.SEARCH + 1 + (sequencer._arrivals._searched or 0)
    sequencer._arrivals.clock = lambda: seconds
    sequencer._arrivals.tidy()

    assert number_all(sequencer) == ["first", "late"]


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_with_rollbacks_are_numbered_without_gap_or_double(sequencer: Sequencer) -> None:
    class Regretted(Exception):
        pass

    def write(number: int) -> None:
        try:
            for turn in range(25):
                try:
                    with transaction.atomic():
                        trail.append(Event.STUDY_VIEWED, f"{number}/{turn}")
                        if turn % 3 == 0:
                            raise Regretted
                except Regretted:
                    continue
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        sequencer.step(timezone.now())

    subjects = number_all(sequencer)

    kept = {f"{number}/{turn}" for number in range(6) for turn in range(25) if turn % 3}
    assert sorted(subjects) == sorted(kept)
    assert list(Entry.objects.values_list("seq", flat=True)) == list(range(len(kept)))


@pytest.mark.django_db(transaction=True)
def test_events_of_one_transaction_keep_their_order(sequencer: Sequencer) -> None:
    with transaction.atomic():
        for number in range(250):
            trail.append(Event.STUDY_VIEWED, str(number))

    assert number_all(sequencer) == [str(number) for number in range(250)]


def test_what_is_missing_between_ids_is_a_gap() -> None:
    found = gaps_between(3, [4, 7, 8, 12], horizon=9, since=1.0)

    assert [(gap.first, gap.last) for gap in found] == [(5, 6), (9, 11)]
    assert gaps_between(3, [4, 5], horizon=9, since=1.0) == []


def test_too_many_gaps_become_one_that_is_watched_as_long_as_the_last_of_them() -> None:
    gaps = [Gap(10 * n, 10 * n + 1, horizon=n, since=float(n)) for n in range(10)]

    found = joined(gaps, most=4)

    assert found == [Gap(0, 61, horizon=6, since=6.0), *gaps[7:]]
    assert joined(gaps, most=10) == gaps
