"""`manage.py audit`."""

import json
import sqlite3
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from audit import keys
from audit.events import Event
from audit.models import AuditEvent
from audit.proof import verify_consistency, verify_inclusion
from audit.sequencer import Sequencer
from audit.verify import main
from tests.audit.grown import event_id, grow, seal, sql, triggers_dropped

committing = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("audit", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def last_event() -> dict[str, object]:
    row = AuditEvent.objects.order_by("pk").last()
    assert row is not None
    return dict(json.loads(row.canonical))


@pytest.mark.requirement("AUD-05")
@committing
def test_verify_says_intact_and_the_trail_says_that_it_was_verified(sequencer: Sequencer) -> None:
    grow(sequencer, 5)

    said = run("verify")

    assert "INTACT" in said
    assert "confirm the first 5 events" in said
    event = last_event()
    assert (event["event"], event["outcome"]) == (Event.TRAIL_VERIFIED, 0)


@pytest.mark.requirement("AUD-05")
@committing
def test_verify_names_what_was_altered_and_fails_with_1(sequencer: Sequencer) -> None:
    grow(sequencer, 5)
    with triggers_dropped():
        sql("UPDATE audit_auditevent SET actor = 'lee' WHERE id = %s", event_id(3))
    out = StringIO()

    with pytest.raises(CommandError) as refused:
        call_command("audit", "verify", stdout=out)

    assert refused.value.returncode == 1
    assert "event 3 was altered" in out.getvalue()
    event = last_event()
    assert (event["event"], event["outcome"]) == (Event.TRAIL_VERIFIED, 12)


@pytest.mark.requirement("AUD-05")
@committing
def test_verify_takes_checkpoints_from_elsewhere(sequencer: Sequencer, tmp_path: Path) -> None:
    grow(sequencer, 5)
    (tmp_path / "report.dcm").write_bytes(b"\x00nothing\x00")

    with pytest.raises(CommandError):
        run("verify", "--anchor", str(tmp_path / "report.dcm"))


@pytest.mark.requirement("AUD-05")
@committing
def test_verify_without_keys_says_so(settings: Settings, tmp_path: Path) -> None:
    settings.AUDIT_KEY = tmp_path / "nowhere" / "key"

    with pytest.raises(CommandError, match="public key"):
        run("verify")


@pytest.mark.requirement("AUD-05", "AUD-09")
@committing
def test_an_export_is_verified_by_the_stand_alone_verifier(sequencer: Sequencer, tmp_path: Path) -> None:
    grow(sequencer, 5)

    said = run("export", str(tmp_path / "trail.jsonl"), "--reason", "the inspector asked")

    assert "SHA-256" in said
    public = Path(str(keys._key()) + ".pub")
    assert main([str(tmp_path / "trail.jsonl"), "--key", str(public)]) == 0
    assert (last_event()["event"], last_event()["reason"]) == (Event.TRAIL_EXPORTED, "the inspector asked")


@pytest.mark.requirement("AUD-09")
@committing
def test_an_export_needs_a_reason(sequencer: Sequencer, tmp_path: Path) -> None:
    grow(sequencer, 1)

    for reason in ([], ["--reason", " "]):
        with pytest.raises(CommandError):
            run("export", str(tmp_path / "trail.jsonl"), *reason)

    assert not (tmp_path / "trail.jsonl").exists()
    assert not AuditEvent.objects.filter(event=Event.TRAIL_EXPORTED).exists()


@pytest.mark.requirement("AUD-05")
@committing
def test_a_proof_of_one_event(sequencer: Sequencer, tmp_path: Path) -> None:
    grow(sequencer, 5)
    grow(sequencer, 5)

    said = run("proof", "3", str(tmp_path / "proof.json"))

    assert "PROVEN" in said
    content, checkpoint = verify_inclusion((tmp_path / "proof.json").read_text(), [keys.verifier_key()])
    assert (content["subject"], checkpoint.size) == ("study/3", 5)


@pytest.mark.requirement("AUD-05")
@committing
def test_a_proof_that_the_trail_only_grew(sequencer: Sequencer, tmp_path: Path) -> None:
    grow(sequencer, 5)
    grow(sequencer, 5)

    run("consistency", "5", "10", str(tmp_path / "proof.json"))

    first, second = verify_consistency((tmp_path / "proof.json").read_text(), [keys.verifier_key()])
    assert (first.size, second.size) == (5, 10)


@pytest.mark.requirement("AUD-05")
@committing
@pytest.mark.parametrize(
    "arguments", [("proof", "7"), ("proof", "-1"), ("consistency", "3", "5"), ("consistency", "5", "4")]
)
def test_what_is_not_sealed_is_not_proven(
    sequencer: Sequencer, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    grow(sequencer, 5)

    with pytest.raises(CommandError):
        run(*arguments, str(tmp_path / "proof.json"))

    assert not (tmp_path / "proof.json").exists()


@pytest.mark.requirement("AUD-05")
@committing
def test_a_trail_that_was_altered_proves_nothing(sequencer: Sequencer, tmp_path: Path) -> None:
    grow(sequencer, 5)
    with triggers_dropped():
        sql(
            "UPDATE audit_auditevent SET canonical = replace(canonical, 'kim', 'lee') WHERE id = %s",
            event_id(3),
        )

    with pytest.raises(CommandError, match="nothing is proven") as refused:
        run("proof", "3", str(tmp_path / "proof.json"))

    assert refused.value.returncode == 1


@pytest.mark.requirement("AUD-03")
@committing
def test_a_new_device_gets_a_key_and_a_trail_that_begins_with_it() -> None:
    said = run("key", "new", "--origin", "hospital.example/samd")

    assert said.startswith(str(keys.verifier_key()))
    assert last_event()["event"] == Event.TRAIL_OPENED
    with pytest.raises(CommandError, match="has a key"):
        run("key", "new")


@pytest.mark.requirement("AUD-03")
@committing
def test_the_next_key_waits_for_the_sealing_process(sequencer: Sequencer) -> None:
    grow(sequencer, 1)

    said = run("key", "rotate")

    successor = keys.successor()
    assert successor is not None
    assert said.startswith(str(successor.key))
    with pytest.raises(CommandError, match="waits already"):
        run("key", "rotate")


@pytest.mark.requirement("AUD-03")
@committing
def test_a_public_key_that_is_no_hex_is_refused(sequencer: Sequencer) -> None:
    with pytest.raises(CommandError, match="32 bytes in hex"):
        run("key", "rotate", "--public", "ZZ")

    assert keys.successor() is None


@pytest.mark.requirement("AUD-03")
@committing
def test_a_trail_whose_key_was_replaced_verifies(sequencer: Sequencer) -> None:
    grow(sequencer, 3)
    run("key", "rotate")
    following = keys.successor()
    assert following is not None
    assert sequencer.rotate(following, timezone.now())
    keys.take_over()
    grow(sequencer, 3)

    assert "INTACT" in run("verify")


@pytest.mark.requirement("AUD-06")
@committing
def test_the_restricted_role_is_printed() -> None:
    said = run("role", "samd")

    assert 'ALTER TABLE audit_auditevent OWNER TO "samd_trail_owner";' in said
    assert 'FROM "samd";' in said


@pytest.mark.requirement("AUD-10")
@committing
def test_legal_holds_are_placed_listed_and_lifted(sequencer: Sequencer) -> None:
    assert "study/17 is held" in run("hold", "place", "study/17", "--reason", "a claim was announced")
    assert "study/17 by os/" in run("hold", "list")
    assert "a claim was announced" in run("hold", "list")
    with pytest.raises(CommandError, match="held already"):
        run("hold", "place", "study/17", "--reason", "again")
    assert "held no longer" in run("hold", "lift", "study/17", "--reason", "it was withdrawn")
    assert run("hold", "list") == ""
    seal(sequencer)
    assert "INTACT" in run("verify")


@pytest.mark.requirement("AUD-07")
@committing
def test_who_ran_a_command_is_in_the_trail() -> None:
    run("hold", "place", "study/17", "--reason", "a claim was announced")

    assert str(last_event()["actor"]).startswith("os/")


@pytest.mark.requirement("AUD-05")
def test_this_python_can_compare_what_may_be_null() -> None:
    """audit.inspection uses IS DISTINCT FROM."""
    assert sqlite3.sqlite_version_info >= (3, 39)
