"""A second log as witness (C2SP tlog-witness), played by one that the tests wrote from the specification."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from audit import anchor, keys, trail
from audit.asking import NotReached
from audit.checkpoint import Checkpoint, verified
from audit.events import Event
from audit.models import Entry
from audit.note import NoteRefused
from audit.outside import Outside
from audit.protection import protect, unprotect
from audit.sequencer import Sequencer
from audit.witness import NotWitnessed, Witness, WitnessKey, cosigned_at
from tests.audit.witnessing import TIME, WitnessServer

pytestmark = [pytest.mark.requirement("AUD-04"), pytest.mark.django_db(transaction=True)]

ORIGIN = "hospital.example/samd"


@pytest.fixture
def server(sequencer: Sequencer) -> Iterator[WitnessServer]:
    running = WitnessServer("witness.example/w1", {ORIGIN: keys.verifier_key().public})
    yield running
    running.stop()


@pytest.fixture
def witness(server: WitnessServer, tmp_path: Path) -> Witness:
    return Witness(server.url, WitnessKey.parse(server.key), tmp_path / "cosigned")


def grow(sequencer: Sequencer, count: int) -> str:
    """`count` more events, sealed; the newest checkpoint."""
    with transaction.atomic():
        for number in range(count):
            trail.append(Event.STUDY_VIEWED, f"study/{number}")
    while sequencer.step(timezone.now()):
        pass
    sequencer.seal(timezone.now())
    return anchor.newest(sequencer.anchor_file)[-1]


def test_it_signs_what_has_grown_and_the_cosigned_note_is_an_anchor(
    sequencer: Sequencer, server: WitnessServer, witness: Witness
) -> None:
    notes = []
    for count in (1, 2, 5, 8, 1, 17, 30, 1):
        notes.append(grow(sequencer, count))
        witness.cosign(notes[-1])

    kept = anchor.newest(witness.kept)
    assert [verified(note, keys.known())[0] for note in kept] == [
        verified(note, keys.known())[0] for note in notes
    ]
    key = WitnessKey.parse(server.key)
    assert {cosigned_at(note, key) for note in kept} == {datetime.fromtimestamp(TIME, UTC)}
    assert server.seen[ORIGIN][0] == 65
    assert len(server.requests) == len(notes)


def test_a_process_that_begins_learns_from_the_witness_where_it_stood(
    sequencer: Sequencer, server: WitnessServer, witness: Witness
) -> None:
    witness.cosign(grow(sequencer, 13))
    fresh = Witness(witness.url, witness.key, witness.kept)

    fresh.cosign(grow(sequencer, 21))

    assert [request.split("\n")[0] for request in server.requests] == ["old 0", "old 0", "old 13"]
    assert server.seen[ORIGIN][0] == 34


def test_the_same_checkpoint_is_signed_again(
    sequencer: Sequencer, server: WitnessServer, witness: Witness
) -> None:
    note = grow(sequencer, 5)
    witness.cosign(note)

    witness.cosign(note)

    assert len(anchor.newest(witness.kept)) == 2


def test_it_refuses_a_smaller_tree(sequencer: Sequencer, server: WitnessServer, witness: Witness) -> None:
    smaller = grow(sequencer, 5)
    witness.cosign(grow(sequencer, 5))
    kept = anchor.newest(witness.kept)

    with pytest.raises(NotWitnessed, match="events were lost, or somebody else signs with our key"):
        Witness(witness.url, witness.key, witness.kept).cosign(smaller)

    assert anchor.newest(witness.kept) == kept


def test_it_refuses_another_tree_of_the_same_size(
    sequencer: Sequencer, server: WitnessServer, witness: Witness
) -> None:
    witness.cosign(grow(sequencer, 5))
    forged = Checkpoint(ORIGIN, 5, b"f" * 32).signed_by(sequencer.keys.signer)

    with pytest.raises(NotWitnessed, match="two histories"):
        witness.cosign(forged)


def test_it_refuses_a_tree_that_does_not_continue_the_last(
    sequencer: Sequencer, server: WitnessServer, witness: Witness
) -> None:
    witness.cosign(grow(sequencer, 5))
    seen = server.seen[ORIGIN]
    unprotect(connection)
    Entry.objects.filter(seq=2).update(leaf="00" * 32)
    protect(connection)
    grow(sequencer, 4)
    forged = Checkpoint(ORIGIN, 9, b"f" * 32).signed_by(sequencer.keys.signer)

    with pytest.raises(NotWitnessed, match="does not continue"):
        Witness(witness.url, witness.key, witness.kept).cosign(forged)

    assert server.seen[ORIGIN] == seen


def test_a_log_or_a_key_that_it_does_not_know_is_told(
    sequencer: Sequencer, server: WitnessServer, witness: Witness
) -> None:
    note = grow(sequencer, 5)
    server.logs = {ORIGIN: bytes(32)}
    with pytest.raises(NotWitnessed, match="it does not trust our key"):
        witness.cosign(note)

    server.logs = {}
    with pytest.raises(NotWitnessed, match=r"it does not know hospital\.example/samd"):
        witness.cosign(note)


def test_lines_of_strangers_are_passed_over(
    sequencer: Sequencer, server: WitnessServer, witness: Witness
) -> None:
    server.strangers = "— witness.example/other AAAA\nnonsense\n"

    witness.cosign(grow(sequencer, 5))

    assert "other" not in witness.kept.read_text()


def test_a_signature_of_another_key_under_its_name_is_refused(
    sequencer: Sequencer, server: WitnessServer, witness: Witness
) -> None:
    other = WitnessServer(server.name, server.logs)
    impostor = Witness(other.url, witness.key, witness.kept)

    with pytest.raises(NotWitnessed, match="did not sign this note"):
        impostor.cosign(grow(sequencer, 5))

    other.stop()
    assert not witness.kept.exists()


def test_a_cosignature_does_not_fit_another_checkpoint(
    sequencer: Sequencer, server: WitnessServer, witness: Witness
) -> None:
    witness.cosign(grow(sequencer, 5))
    note = anchor.newest(witness.kept)[-1]
    text, _, lines = note.partition("\n\n")

    with pytest.raises(NoteRefused, match="does not belong to this text"):
        cosigned_at(text.replace("\n5\n", "\n6\n") + "\n\n" + lines, witness.key)
    with pytest.raises(NoteRefused, match="did not sign"):
        cosigned_at(note, WitnessKey("witness.example/w1", bytes(32)))


@pytest.mark.parametrize(
    "text", ["", "name", "name+00000000+AAAA", "witness.example/w1+00000000+" + "A" * 44, "a+b+c+d"]
)
def test_a_line_that_is_no_key_of_a_witness_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        WitnessKey.parse(text)


def test_a_key_is_written_as_it_is_read(server: WitnessServer) -> None:
    assert str(WitnessKey.parse(server.key)) == server.key


def test_a_witness_that_is_not_reached_holds_up_nobody_and_is_asked_again(
    sequencer: Sequencer, server: WitnessServer, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.AUDIT_WITNESS_URL, settings.AUDIT_WITNESS_KEY = "http://127.0.0.1:9", server.key
    grow(sequencer, 5)

    assert not Outside.configured(sequencer.anchor_file).show_newest()
    assert "is not reached" in caplog.text
    settings.AUDIT_WITNESS_URL = server.url
    outside = Outside.configured(sequencer.anchor_file)
    assert outside.show_newest()
    assert len(anchor.newest(sequencer.anchor_file.parent / "cosigned")) == 1


def test_without_a_witness_nobody_is_asked(sequencer: Sequencer) -> None:
    grow(sequencer, 5)

    outside = Outside.configured(sequencer.anchor_file)

    assert outside.shown_to == []
    assert outside.show_newest()
    with outside.in_background():
        pass


def test_a_thread_shows_every_new_checkpoint(
    sequencer: Sequencer, server: WitnessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.outside.PAUSE", 0.01)
    shown: list[str] = []
    answers = iter([NotReached("busy"), None, None])

    def show(note: str) -> None:
        problem = next(answers)
        if problem is not None:
            raise problem
        shown.append(note)

    notes = [grow(sequencer, 5)]
    with Outside(sequencer.anchor_file, [show]).in_background():
        _until(lambda: shown == notes)
        notes.append(grow(sequencer, 5))
        _until(lambda: shown == notes)


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)
