"""Many small transactions of one process, made durable together."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from audit import trail
from audit.actors import acting
from audit.events import Event
from audit.group import Closed, CommitLost, GroupWriter
from audit.models import AuditEvent, Forwarding

pytestmark = [pytest.mark.requirement("AUD-01"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def writer() -> Iterator[GroupWriter]:
    made = GroupWriter()
    yield made
    made.close()


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """What each of `works` gave or raised, all begun at the same time."""
    answers: list[object] = [None] * len(works)
    together = threading.Barrier(len(works))

    def work(number: int) -> None:
        together.wait()
        try:
            answers[number] = works[number]()
        except Exception as problem:  # noqa: BLE001
            answers[number] = problem

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def change(name: str) -> str:
    Forwarding.objects.create(name=name)
    trail.append(Event.PEER_CHANGED, name)
    return name


def test_everybody_gets_the_answer_to_their_own_work(writer: GroupWriter) -> None:
    works = [lambda name=f"peer {n}": writer.run(lambda: change(name)) for n in range(40)]

    answers = at_once(list(works))

    assert answers == [f"peer {n}" for n in range(40)]
    subjects = set(AuditEvent.objects.values_list("subject", flat=True))
    assert subjects == set(Forwarding.objects.values_list("name", flat=True)) == set(answers)


def test_the_failure_of_one_is_its_own(writer: GroupWriter) -> None:
    def fail(name: str) -> str:
        change(name)
        raise ZeroDivisionError(name)

    def work(number: int) -> Callable[[], object]:
        function = fail if number % 5 == 0 else change
        return lambda: writer.run(lambda: function(f"peer {number}"))

    answers = at_once([work(number) for number in range(30)])

    assert [n for n, answer in enumerate(answers) if isinstance(answer, ZeroDivisionError)] == [
        *range(0, 30, 5)
    ]
    kept = {f"peer {n}" for n in range(30) if n % 5}
    assert set(Forwarding.objects.values_list("name", flat=True)) == kept
    assert sorted(AuditEvent.objects.values_list("subject", flat=True)) == sorted(kept)


def test_a_commit_whose_answer_was_lost_is_not_done_again(
    writer: GroupWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = transaction.atomic

    @contextmanager
    def answer_lost() -> Iterator[None]:
        monkeypatch.setattr("audit.group.transaction.atomic", real)
        with real():
            yield
        raise OperationalError("server closed the connection")

    monkeypatch.setattr("audit.group.transaction.atomic", answer_lost)

    with pytest.raises(CommitLost):
        writer.run(lambda: change("peer"))

    assert AuditEvent.objects.count() == Forwarding.objects.count() == 1


def test_work_with_transactions_of_its_own_may_fail_inside_and_go_on(writer: GroupWriter) -> None:
    with transaction.atomic():
        change("known")

    def careful() -> str:
        try:
            with transaction.atomic():
                change("known")
        except IntegrityError:
            return change("another")
        return "?"

    answers = at_once([lambda: writer.run(careful), lambda: writer.run(lambda: change("third"))])

    assert set(answers) == {"another", "third"}
    assert sorted(AuditEvent.objects.values_list("subject", flat=True)) == ["another", "known", "third"]


def test_an_event_by_itself_is_recorded_as_append_would(writer: GroupWriter) -> None:
    def record(number: int) -> AuditEvent:
        with acting("kim", address="10.0.0.7"):
            return writer.record(Event.STUDY_VIEWED, f"study/{number}", study=f"study/{number}", pages=3)

    events = at_once([lambda number=n: record(number) for n in range(40)])  # type: ignore[misc]

    for number, event in enumerate(events):
        assert isinstance(event, AuditEvent)
        kept = AuditEvent.objects.get(pk=event.pk)
        assert (kept.subject, kept.actor, kept.address) == (f"study/{number}", "kim", "10.0.0.7")
        assert kept.canonical == event.canonical
        assert kept.at == event.at


def test_work_is_done_in_the_context_of_whoever_asks(writer: GroupWriter) -> None:
    with acting("lee"):
        writer.run(lambda: change("peer"))

    assert AuditEvent.objects.get().actor == "lee"


def test_what_returned_is_durable_for_every_other_connection(writer: GroupWriter) -> None:
    writer.run(lambda: change("peer"))

    assert Forwarding.objects.filter(name="peer").exists()
    assert not connection.in_atomic_block


def test_a_closed_writer_takes_no_work(writer: GroupWriter) -> None:
    writer.run(lambda: change("peer"))
    writer.close()

    with pytest.raises(Closed):
        writer.run(lambda: change("late"))
