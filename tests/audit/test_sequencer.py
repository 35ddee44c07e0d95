"""Numbering and sealing."""

import logging
import random
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from audit import anchor, keys, sealing, trail
from audit import sequencer as sequencer_module
from audit.anchor import CannotAnchor
from audit.checkpoint import verified
from audit.events import CRITICAL, Event
from audit.models import AuditEvent, Entry, Heading, Seal
from audit.sequencer import BATCH, INTERVAL, Sequencer
from audit.tenure import LENGTH
from audit.tree import root_of
from tests.audit.wholeness import Trail, faults

pytestmark = [pytest.mark.requirement("AUD-02", "AUD-03"), pytest.mark.django_db(transaction=True)]


def append(count: int, event: Event = Event.STUDY_VIEWED) -> None:
    with transaction.atomic():
        for number in range(count):
            trail.append(event, f"study/{number}")


def number_all(sequencer: Sequencer) -> None:
    while sequencer.step(timezone.now()):
        pass


def held(sequencer: Sequencer) -> Trail:
    return Trail(
        dict(AuditEvent.objects.values_list("pk", "canonical")),
        list(Entry.objects.order_by("seq").values_list("event_id", "leaf", "chain")),
        dict(Seal.objects.values_list("size", "note")),
        list(Heading.objects.values_list("pk", flat=True)),
        [str(key) for key in keys.known()],
        sequencer.anchor_file,
    )


def sizes() -> list[int]:
    return list(Seal.objects.order_by("size").values_list("size", flat=True))


def test_every_event_gets_its_number_its_leaf_its_link_and_its_heading(sequencer: Sequencer) -> None:
    append(250)

    number_all(sequencer)
    sequencer.seal(timezone.now())

    assert faults(held(sequencer)) == []
    heading = Heading.objects.order_by("pk").last()
    event = AuditEvent.objects.order_by("pk").last()
    assert heading is not None
    assert event is not None
    columns = ("pk", "at", "event", "subject", "actor", "address", "study", "patient", "model", "outcome")
    assert [getattr(heading, name) for name in columns] == [getattr(event, name) for name in columns]


def test_what_comes_first_after_a_start_is_sealed_at_once(sequencer: Sequencer) -> None:
    append(1)

    number_all(sequencer)

    assert sizes() == [1]


def test_a_checkpoint_follows_every_hundred_events(sequencer: Sequencer) -> None:
    append(1)
    number_all(sequencer)
    append(BATCH - 1)
    number_all(sequencer)
    assert sizes() == [1]

    append(2 * BATCH)
    number_all(sequencer)

    assert sizes() == [1, 1 + BATCH, 1 + 2 * BATCH]


def test_what_a_death_left_without_its_checkpoint_gets_it_before_anything_else(sequencer: Sequencer) -> None:
    append(BATCH + 30)
    sequencer.hold(timezone.now())
    sequencer._number(timezone.now(), BATCH)

    sequencer.begin_anew()

    assert sequencer.step(timezone.now()) == 30
    assert sizes()[0] == BATCH


def test_no_event_waits_longer_than_a_minute(sequencer: Sequencer) -> None:
    start = timezone.now()
    append(1)
    sequencer.step(start)
    append(1)

    sequencer.step(start + INTERVAL - timedelta(seconds=1))
    assert sizes() == [1]
    sequencer.step(start + INTERVAL)

    assert sizes() == [1, 2]


def test_a_minute_passes_even_where_the_clock_on_the_wall_was_set_back(sequencer: Sequencer) -> None:
    seconds = [0.0]
    sequencer.clock = lambda: seconds[0]
    start = timezone.now()
    append(1)
    sequencer.step(start)
    append(1)

    seconds[0] += INTERVAL.total_seconds()
    sequencer.step(start - timedelta(days=1))

    assert sizes() == [1, 2]


@pytest.mark.parametrize("event", sorted(CRITICAL))
def test_what_takes_effect_only_once_sealed_is_sealed_at_once(sequencer: Sequencer, event: Event) -> None:
    append(1)
    number_all(sequencer)
    append(1)
    append(1, event)

    number_all(sequencer)

    assert sizes() == [1, 3]


def test_where_nothing_happens_nothing_is_signed(sequencer: Sequencer) -> None:
    append(3)
    number_all(sequencer)
    before = sequencer.anchor_file.read_bytes()

    sequencer.step(timezone.now() + INTERVAL)
    sequencer.seal(timezone.now())

    assert sequencer.anchor_file.read_bytes() == before


def test_an_empty_trail_is_not_sealed(sequencer: Sequencer) -> None:
    number_all(sequencer)
    sequencer.seal(timezone.now())

    assert sizes() == []


def test_a_checkpoint_is_the_root_over_the_leaves_signed_by_the_key(sequencer: Sequencer) -> None:
    append(7)
    number_all(sequencer)

    seal = sealing.newest()

    assert seal is not None
    checkpoint, signers = verified(seal.note, [keys.verifier_key()])
    leaves = [bytes.fromhex(leaf) for leaf in Entry.objects.values_list("leaf", flat=True)]
    assert checkpoint.root == root_of(leaves) == bytes.fromhex(seal.root)
    assert signers == {keys.verifier_key()}
    assert anchor.newest(sequencer.anchor_file) == [seal.note]


def test_while_one_seals_another_waits(sequencer: Sequencer) -> None:
    other = keys.configured_sequencer("other")
    append(5)

    sequencer.step(timezone.now())
    append(5)

    assert other.step(timezone.now()) == 0
    assert Entry.objects.count() == 5


def test_after_a_death_another_takes_over_and_continues(sequencer: Sequencer) -> None:
    other = keys.configured_sequencer("other")
    append(5)
    number_all(sequencer)
    append(5)

    assert other.step(timezone.now() + LENGTH) == 5

    assert faults(held(other)) == []


def test_a_sleeper_that_wakes_at_any_point_does_no_harm(sequencer: Sequencer) -> None:
    other = keys.configured_sequencer("other")
    append(5)
    number_all(sequencer)
    append(3)
    assert sequencer.hold(timezone.now())  # here it falls asleep
    other.step(timezone.now() + LENGTH)
    append(4)
    other.step(timezone.now() + LENGTH)

    assert sequencer._number(timezone.now(), BATCH) == 0
    sequencer.seal(timezone.now())
    assert sequencer.step(timezone.now()) == 0

    number_all(other)
    other.seal(timezone.now())
    assert faults(held(other)) == []


def test_a_sleeper_numbers_nothing_even_where_nobody_else_did_meanwhile(sequencer: Sequencer) -> None:
    other = keys.configured_sequencer("other")
    append(5)
    number_all(sequencer)
    assert sequencer.hold(timezone.now())  # here it falls asleep
    other.hold(timezone.now() + LENGTH)
    append(3)

    assert sequencer._number(timezone.now(), BATCH) == 0


def test_a_sleeper_that_wakes_before_it_signs_signs_the_beginning_of_the_other_tree(
    sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(5)
    number_all(sequencer)
    append(3)
    sequencer._number(timezone.now(), BATCH)  # here it falls asleep, with a tree of 8 that is not sealed
    other = keys.configured_sequencer("other")
    append(4)
    other.step(timezone.now() + LENGTH)

    sequencer.seal(timezone.now())

    other.seal(timezone.now())
    found = held(other)
    assert faults(found) == []
    assert sorted(verified(note, keys.known())[0].size for note in found.anchored()) == [5, 8, 12]


def test_taking_turns_at_random_two_processes_make_one_trail(sequencer: Sequencer) -> None:
    chance, now = random.Random(3), timezone.now()
    processes = [sequencer, keys.configured_sequencer("other"), keys.configured_sequencer("third")]
    for process in processes:
        process.tenure.clock = lambda: (now - start).total_seconds()
    start = now
    for _ in range(80):
        now += timedelta(seconds=chance.choice([0.1, 0.5, 3, 6]))
        append(chance.randrange(4))
        process = chance.choice(processes)
        chance.choice([process.step, process.seal, lambda _: None])(now)

    now += timedelta(seconds=60)
    while processes[1].step(now):
        pass
    processes[1].seal(now)

    assert faults(held(sequencer)) == []


def test_a_commit_whose_answer_was_lost_is_neither_lost_nor_done_twice(
    sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(5)
    number_all(sequencer)
    append(5)
    before = (sequencer._tree.size, list(sequencer._tree.peaks), sequencer._chain)
    number_all(sequencer)
    sequencer._tree.size, sequencer._tree.peaks, sequencer._chain = before  # it never heard of the commit
    append(5)

    number_all(sequencer)
    number_all(sequencer)
    sequencer.seal(timezone.now())

    assert faults(held(sequencer)) == []
    assert Entry.objects.count() == 15


def test_an_anchor_file_that_takes_nothing_lets_nothing_be_sealed(sequencer: Sequencer) -> None:
    append(3, Event.ROLE_GRANTED)
    sequencer.anchor_file.parent.mkdir()
    sequencer.anchor_file.mkdir()

    with pytest.raises(CannotAnchor):
        sequencer.step(timezone.now())

    assert sizes() == []
    event = AuditEvent.objects.order_by("pk")[0]
    with pytest.raises(sealing.NotSealed):
        sealing.wait_until_sealed(event, patience=timedelta(0))
    sequencer.anchor_file.rmdir()
    number_all(sequencer)
    assert sealing.is_sealed(event)


def test_an_anchor_file_that_was_taken_away_gets_the_newest_checkpoint_again_and_a_warning(
    sequencer: Sequencer, caplog: pytest.LogCaptureFixture
) -> None:
    append(3)
    number_all(sequencer)
    sequencer.anchor_file.unlink()
    sequencer.begin_anew()

    with caplog.at_level(logging.WARNING):
        number_all(sequencer)

    assert "was it taken away" in caplog.text
    seal = sealing.newest()
    assert seal is not None
    assert anchor.newest(sequencer.anchor_file) == [seal.note]


def test_a_torn_checkpoint_in_the_anchor_file_confuses_nobody(sequencer: Sequencer) -> None:
    append(3)
    number_all(sequencer)
    with sequencer.anchor_file.open("a") as file:
        file.write("hospital.example/samd\n7\nAAAA")
    append(3)
    sequencer.begin_anew()

    number_all(sequencer)
    sequencer.seal(timezone.now())

    assert faults(held(sequencer)) == []


def test_idle_it_asks_the_database_little(sequencer: Sequencer, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    append(3)
    number_all(sequencer)

    with django_assert_max_num_queries(1):
        sequencer.step(timezone.now())


def test_a_long_trail_is_continued_in_pages(sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.sequencer._PAGE", 7)
    append(50)
    number_all(sequencer)
    sequencer.begin_anew()
    append(5)

    number_all(sequencer)
    sequencer.seal(timezone.now())

    assert faults(held(sequencer)) == []


def test_whoever_reads_for_long_renews_the_lease_by_the_time_that_has_passed(
    sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.sequencer._PAGE", 7)
    append(50)
    number_all(sequencer)
    sequencer.begin_anew()
    start, seconds = timezone.now(), [0.0]
    other = keys.configured_sequencer("other")

    def clock() -> float:
        return seconds[0]

    sequencer.clock = sequencer.tenure.clock = other.tenure.clock = clock
    read, taken = sequencer_module._entries, []

    def slowly(first: int) -> list[tuple[str, str]]:
        seconds[0] += LENGTH.total_seconds() / 2
        taken.append(other.tenure.take(start + timedelta(seconds=seconds[0])))
        return read(first)

    monkeypatch.setattr("audit.sequencer._entries", slowly)
    sequencer.tenure.renewed = -1e9  # due

    assert sequencer.hold(start)

    assert len(taken) > 5
    assert not any(taken)
