"""Making, replacing and renaming the signing key."""

import json
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from audit import keys, trail
from audit.checkpoint import verified
from audit.events import Event
from audit.incarnation import following
from audit.models import AuditEvent, Entry, Seal
from audit.note import VerifierKey
from audit.sealing import newest
from audit.sequencer import Sequencer
from audit.signer import KeyRefused, read_key

pytestmark = [pytest.mark.requirement("AUD-03"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Path:
    """Where the key of a new installation will be."""
    settings.AUDIT_KEY = tmp_path / "seal" / "key"
    settings.AUDIT_ANCHOR_FILE = tmp_path / "anchor" / "checkpoints"
    return tmp_path / "seal"


def seal_everything(sequencer: Sequencer) -> None:
    following = keys.successor()
    if following is not None and sequencer.rotate(following, timezone.now()):
        keys.take_over()
    while sequencer.step(timezone.now()):
        pass
    sequencer.seal(timezone.now())


def test_the_first_start_makes_a_key_and_opens_the_trail_with_it(place: Path) -> None:
    made = keys.prepare("hospital.example/samd")

    assert made == keys.verifier_key() == read_key(place / "key").key
    event = AuditEvent.objects.get()
    assert (event.event, event.subject) == (Event.TRAIL_OPENED, "trail")
    assert json.loads(event.canonical)["facts"] == {"origin": "hospital.example/samd", "key": str(made)}


def test_a_log_without_a_name_gets_one_that_no_other_has(place: Path) -> None:
    made = keys.prepare()

    assert made is not None
    assert made.name.startswith("samd-")
    assert len(made.name) == len("samd-") + 8


def test_a_second_start_changes_nothing(place: Path) -> None:
    keys.prepare()
    before = {path.name: path.read_text() for path in place.iterdir()}

    assert keys.prepare() is None

    assert {path.name: path.read_text() for path in place.iterdir()} == before
    assert AuditEvent.objects.count() == 1


def test_a_start_that_died_between_key_and_event_is_made_good(place: Path) -> None:
    keys.prepare()
    (place / "key.pub").unlink()

    assert keys.prepare() is None

    assert keys.verifier_key() == read_key(place / "key").key


def test_a_key_that_was_lost_is_not_replaced_in_silence(place: Path) -> None:
    keys.prepare()
    seal_everything(keys.configured_sequencer("test"))
    for path in place.iterdir():
        path.unlink()

    with pytest.raises(KeyRefused, match="Put back the copy"):
        keys.prepare()


def test_a_new_log_cannot_look_like_one_that_began_anew(place: Path) -> None:
    with pytest.raises(KeyRefused, match="began anew"):
        keys.prepare("hospital.example/samd~2")


def test_where_a_program_signs_only_the_public_key_is_kept(
    place: Path, settings: Settings, tmp_path: Path
) -> None:
    private = Ed25519PrivateKey.generate()
    program = tmp_path / "token.py"
    program.write_text(
        "import sys\n"
        "from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey as Key\n"
        f"key = Key.from_private_bytes(bytes.fromhex('{private.private_bytes_raw().hex()}'))\n"
        "sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read()))\n"
    )
    settings.AUDIT_KEY_COMMAND = [sys.executable, str(program)]
    public = private.public_key().public_bytes_raw()

    with pytest.raises(KeyRefused, match="say the public key"):
        keys.prepare("hospital.example/samd")
    keys.prepare("hospital.example/samd", public=public)
    seal_everything(keys.configured_sequencer("test"))

    assert [path.name for path in place.iterdir()] == ["key.pub"]
    assert not keys.is_exposed()
    seal = newest()
    assert seal is not None
    verified(seal.note, [keys.verifier_key()])


def test_a_key_that_this_process_could_read_is_exposed(place: Path) -> None:
    keys.prepare()

    assert keys.is_exposed()
    (place / "key").unlink()
    assert not keys.is_exposed()


def test_a_successor_is_announced_then_sealed_by_both_then_signs_alone(sequencer: Sequencer) -> None:
    before = keys.verifier_key()
    keys.prepare()
    seal_everything(sequencer)
    after = keys.make_successor()

    seal_everything(sequencer)

    event = AuditEvent.objects.get(event=Event.TRAIL_KEY_ROTATED)
    assert json.loads(event.canonical)["changes"] == {"key": [str(before), str(after)]}
    notes = list(Seal.objects.order_by("size").values_list("note", flat=True))
    signers = [verified(note, [before, after])[1] for note in notes]
    assert signers == [{before}, {before, after}]
    assert keys.known() == (before, after)
    assert keys.successor() is None


def test_a_successor_that_waits_follows_the_log_to_its_next_name(sequencer: Sequencer) -> None:
    keys.prepare()
    after = keys.make_successor()
    name = following(after.name)

    keys.rename(name)
    keys.rename(name)

    waiting = keys.successor()
    assert waiting is not None
    assert waiting.key == VerifierKey(name, after.public)
    assert keys.verifier_key().name == name


def test_after_the_change_only_the_new_key_signs(sequencer: Sequencer) -> None:
    keys.prepare()
    before, after = keys.verifier_key(), keys.make_successor()
    seal_everything(sequencer)

    another = keys.configured_sequencer("another process")
    append_something()
    sequencer.tenure.give_up()
    seal_everything(another)

    seal = newest()
    assert seal is not None
    assert verified(seal.note, [before, after])[1] == {after}
    assert Entry.objects.count() == AuditEvent.objects.count() == seal.size


def append_something() -> None:
    with transaction.atomic():
        trail.append(Event.STUDY_VIEWED, "study/1")


def test_a_process_that_waited_signs_with_the_key_of_the_day_that_it_takes_over(sequencer: Sequencer) -> None:
    waiting = keys.configured_sequencer("waiting")  # it has the key of today in its memory
    keys.prepare()
    seal_everything(sequencer)
    before, after = keys.verifier_key(), keys.make_successor()
    seal_everything(sequencer)
    sequencer.tenure.give_up()
    append_something()

    seal_everything(waiting)

    seal = newest()
    assert seal is not None
    assert verified(seal.note, [before, after])[1] == {after}


def test_whoever_waits_for_the_lease_does_not_change_the_key(sequencer: Sequencer) -> None:
    keys.prepare()
    waiting = keys.configured_sequencer("waiting")
    seal_everything(sequencer)
    keys.make_successor()
    following = keys.successor()
    assert following is not None

    assert not waiting.rotate(following, timezone.now())

    assert not AuditEvent.objects.filter(event=Event.TRAIL_KEY_ROTATED).exists()


def test_keys_change_again_and_again_and_all_are_known_in_their_order(sequencer: Sequencer) -> None:
    keys.prepare()
    order = [keys.verifier_key()]
    for _ in range(3):
        order.append(keys.make_successor())
        seal_everything(sequencer)

    assert list(keys.known()) == order
    for note in Seal.objects.values_list("note", flat=True):
        verified(note, order)


def test_there_is_one_successor_at_a_time(sequencer: Sequencer) -> None:
    keys.make_successor()

    with pytest.raises(KeyRefused, match="waits already"):
        keys.make_successor()
