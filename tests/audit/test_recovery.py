"""The log goes on after the database was restored from an older copy."""

import json
import sqlite3
import time
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from audit import anchor, keys, trail
from audit.checkpoint import verified
from audit.continuity import TrailRolledBack
from audit.entry import EMPTY_CHAIN, chain_hash
from audit.events import Event
from audit.models import AuditEvent, Entry, Heading, Seal
from audit.protection import protect, unprotect
from audit.recovery import NotRecoverable, recover
from audit.sealing import newest
from audit.sequencer import Sequencer
from audit.signer import make_key
from audit.tree import root_of

pytestmark = [pytest.mark.requirement("AUD-03", "AUD-04"), pytest.mark.django_db(transaction=True)]

ORIGIN = "hospital.example/samd"


def append(count: int) -> None:
    with transaction.atomic():
        for number in range(count):
            trail.append(Event.STUDY_VIEWED, f"study/{number}")


def seal(sequencer: Sequencer) -> None:
    while sequencer.step(timezone.now()):
        pass
    sequencer.seal(timezone.now())


def forget(first: int, *, seals: bool = True) -> None:
    """What restoring an older copy does: the entries from `first` on were never there."""
    unprotect(connection)
    gone = list(Entry.objects.filter(seq__gte=first).values_list("event_id", flat=True))
    Entry.objects.filter(seq__gte=first).delete()
    Heading.objects.filter(pk__in=gone).delete()
    AuditEvent.objects.filter(pk__in=gone).delete()
    if seals:
        Seal.objects.filter(size__gt=first).delete()
    protect(connection)


@pytest.fixture
def restored(sequencer: Sequencer) -> Sequencer:
    """A trail of 60 sealed events that became one of 25, of which 20 were sealed."""
    append(20)
    seal(sequencer)
    append(40)
    seal(sequencer)
    forget(25)
    sequencer.tenure.give_up()
    return keys.configured_sequencer("after the restore")


def test_nothing_is_signed_that_does_not_continue_what_was(restored: Sequencer) -> None:
    append(50)
    anchored = anchor.newest(restored.anchor_file)

    with pytest.raises(TrailRolledBack, match="60 events were signed, but the database holds 25"):
        restored.step(timezone.now())

    assert anchor.newest(restored.anchor_file) == anchored
    assert Entry.objects.count() == 25


def test_a_running_process_notices_that_the_database_was_exchanged(sequencer: Sequencer) -> None:
    append(60)
    seal(sequencer)
    forget(25)
    append(1)

    with pytest.raises(TrailRolledBack):
        sequencer.step(timezone.now())

    assert Entry.objects.count() == 25


def test_the_log_goes_on_under_its_next_name_and_says_what_was_lost(restored: Sequencer) -> None:
    lost = verified(anchor.newest(restored.anchor_file)[-1], keys.known())[0]

    recover(restored, reason="  the disk failed  ", actor="os/park", now=timezone.now())

    event = AuditEvent.objects.get(event=Event.TRAIL_ALARMED)
    content = json.loads(event.canonical)
    assert (event.actor, content["reason"], event.outcome) == ("os/park", "the disk failed", 12)
    assert content["facts"] == {
        "origin": ORIGIN,
        "size": 60,
        "root": lost.root.hex(),
        "kept": 20,
        "events": 25,
        "continued": f"{ORIGIN}~2",
    }
    seal = newest()
    assert seal is not None
    checkpoint, signers = verified(seal.note, keys.known())
    assert (checkpoint.origin, checkpoint.size) == (f"{ORIGIN}~2", 26)
    assert {key.public for key in signers} == {key.public for key in keys.retired()}


def test_no_two_trees_are_ever_signed_under_one_name(restored: Sequencer) -> None:
    recover(restored, reason="restored", actor="os/park", now=timezone.now())
    for _ in range(3):
        append(20)
        seal(restored)

    roots: dict[tuple[str, int], bytes] = {}
    for note in anchor.newest(restored.anchor_file):
        checkpoint, _ = verified(note, keys.known())
        assert roots.setdefault((checkpoint.origin, checkpoint.size), checkpoint.root) == checkpoint.root
    leaves = [bytes.fromhex(leaf) for leaf in Entry.objects.order_by("seq").values_list("leaf", flat=True)]
    kept = {(ORIGIN, 20)} | {(name, size) for name, size in roots if name != ORIGIN}
    assert all(root_of(leaves[:size]) == roots[name, size] for name, size in kept)
    assert (f"{ORIGIN}~2", 86) in kept


def test_it_goes_on_after_a_second_loss_too(restored: Sequencer) -> None:
    recover(restored, reason="restored", actor="os/park", now=timezone.now())
    append(30)
    seal(restored)
    forget(30)
    restored.begin_anew()

    recover(restored, reason="and again", actor="os/park", now=timezone.now())

    assert keys.verifier_key().name == f"{ORIGIN}~3"
    assert [key.name for key in keys.retired()] == [ORIGIN, f"{ORIGIN}~2"]


def test_the_key_can_be_replaced_after_a_loss(restored: Sequencer) -> None:
    recover(restored, reason="restored", actor="os/park", now=timezone.now())
    successor = keys.make_successor()
    following = keys.successor()
    assert following is not None

    assert restored.rotate(following, timezone.now())
    keys.take_over()

    assert successor.name == f"{ORIGIN}~2"
    assert [key.name for key in keys.known()] == [ORIGIN, f"{ORIGIN}~2", f"{ORIGIN}~2"]


def test_where_nothing_is_lost_nothing_is_acknowledged(sequencer: Sequencer) -> None:
    append(20)
    seal(sequencer)

    with pytest.raises(NotRecoverable, match="nothing is lost"):
        recover(sequencer, reason="to be sure", actor="os/park", now=timezone.now())

    assert keys.verifier_key().name == ORIGIN
    assert not AuditEvent.objects.filter(event=Event.TRAIL_ALARMED).exists()


def test_a_loss_without_a_reason_is_not_acknowledged(restored: Sequencer) -> None:
    with pytest.raises(NotRecoverable, match="say why"):
        recover(restored, reason=" ", actor="os/park", now=timezone.now())


def test_a_database_from_which_events_were_taken_is_no_copy_to_go_on_from(sequencer: Sequencer) -> None:
    append(60)
    seal(sequencer)
    forget(25, seals=False)
    sequencer.begin_anew()

    with pytest.raises(NotRecoverable, match="somebody removed events from it"):
        recover(sequencer, reason="restored", actor="os/park", now=timezone.now())

    assert keys.verifier_key().name == ORIGIN


def test_an_event_that_was_altered_stops_the_sealing(sequencer: Sequencer) -> None:
    append(60)
    seal(sequencer)
    unprotect(connection)
    Entry.objects.filter(seq=30).update(leaf="00" * 32)
    protect(connection)
    sequencer.begin_anew()

    with pytest.raises(TrailRolledBack, match="event 30 does not continue the chain"):
        sequencer.step(timezone.now())


def test_an_alteration_with_new_hashes_is_no_loss_that_can_be_acknowledged(sequencer: Sequencer) -> None:
    append(60)
    seal(sequencer)
    unprotect(connection)
    chain = EMPTY_CHAIN
    for entry in Entry.objects.order_by("seq"):
        leaf = bytes(32) if entry.seq == 3 else bytes.fromhex(entry.leaf)
        chain = chain_hash(chain, leaf)
        Entry.objects.filter(pk=entry.pk).update(leaf=leaf.hex(), chain=chain.hex())
    protect(connection)
    sequencer.begin_anew()

    with pytest.raises(NotRecoverable, match="the database was altered"):
        recover(sequencer, reason="the disk broke", actor="os/kim", now=timezone.now())

    assert not AuditEvent.objects.filter(event=Event.TRAIL_ALARMED).exists()


def test_the_database_of_another_trail_is_refused(sequencer: Sequencer, settings: Settings) -> None:
    append(5)
    seal(sequencer)
    for path in settings.AUDIT_KEY.parent.iterdir():
        path.unlink()
    make_key(settings.AUDIT_KEY, origin="other.example/log")

    with pytest.raises(TrailRolledBack, match="another trail"):
        keys.configured_sequencer("test").step(timezone.now())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="an older SQLite file is restored")
def test_an_older_file_that_is_put_back_is_noticed(sequencer: Sequencer, tmp_path: Path) -> None:
    append(20)
    seal(sequencer)
    older = sqlite3.connect(tmp_path / "older")
    connection.connection.backup(older)
    append(40)
    seal(sequencer)
    older.backup(connection.connection)
    older.close()

    append(3)  # under ids that the process has seen
    sequencer.tenure.clock = lambda: time.monotonic() + 60
    with pytest.raises(TrailRolledBack, match="60 events were signed, but the database holds 20"):
        sequencer.step(timezone.now())
