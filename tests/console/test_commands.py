"""The command line of the operator."""

import json
from io import StringIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from audit.models import AuditEvent
from audit.sealing import NotSealed
from samd.dicom.archive import StandInArchive
from samd.records import jobs, surrogates
from samd.records.models import Job, ModelVersion, Peer, Study
from tests.inference.builders import signed_bundle
from tests.records.arriving import arrive, sending

pytestmark = pytest.mark.django_db


def manage(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def trust(settings: Settings, folder: Path, key: Ed25519PublicKey) -> None:
    settings.SAMD_TRUST, settings.SAMD_MODELS = folder / "keys", folder / "imported"
    settings.SAMD_TRUST.mkdir()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (settings.SAMD_TRUST / "key.pub").write_bytes(pem)


@pytest.mark.requirement("NODE-03", "NET-01")
def test_a_peer_is_added_listed_changed_and_asked(tmp_path: Path) -> None:
    with StandInArchive(tmp_path) as archive:
        here = ["--ae", "ARCHIVE", "--host", "127.0.0.1", "--port", str(archive.port)]
        manage("peer", "add", "pacs", *here)
        manage("peer", "add", "pacs", *here, "--results", "--quiet", "5")

        assert "pacs answers" in manage("peer", "echo", "pacs")

    assert (Peer.objects.get().gets_results, Peer.objects.get().quiet_seconds) == (True, 5)
    assert "gets results, quiet 5 s" in manage("peer", "list")
    assert AuditEvent.objects.filter(event="peer:changed").count() == 2


@pytest.mark.requirement("NET-01")
def test_a_peer_that_does_not_answer_is_said_in_plain_words() -> None:
    manage("peer", "add", "gone", "--ae", "GONE", "--host", "127.0.0.1", "--port", "1")

    with pytest.raises(CommandError, match="gone"):
        manage("peer", "echo", "gone")
    with pytest.raises(CommandError, match="no peer is called nobody"):
        manage("peer", "echo", "nobody")


@pytest.mark.requirement("NODE-03")
@pytest.mark.parametrize(("ae", "port"), [("A" * 17, "104"), ("PACS", "0"), ("PACS", "70000")])
def test_an_impossible_peer_is_refused(ae: str, port: str) -> None:
    with pytest.raises(CommandError):
        manage("peer", "add", "pacs", "--ae", ae, "--host", "127.0.0.1", "--port", port)

    assert not Peer.objects.exists()


@pytest.mark.requirement("MOD-01")
def test_a_bundle_is_imported_shown_and_verified(settings: Settings, tmp_path: Path) -> None:
    folder, key = signed_bundle(tmp_path / "bundle", name="chest", version="2.0.0")
    trust(settings, tmp_path, key)

    manage("model", "import", str(folder))

    model = ModelVersion.objects.get()
    assert model.digest in manage("model", "show", "chest")
    assert "every hash are right" in manage("model", "verify", "chest")
    assert "* chest" in manage("model", "list")


@pytest.mark.requirement("MOD-01")
def test_an_imported_bundle_that_was_altered_is_not_verified(settings: Settings, tmp_path: Path) -> None:
    folder, key = signed_bundle(tmp_path / "bundle", name="chest")
    trust(settings, tmp_path, key)
    manage("model", "import", str(folder))
    weights = settings.SAMD_MODELS / ModelVersion.objects.get().digest / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))

    with pytest.raises(CommandError):
        manage("model", "verify", "chest")


@pytest.mark.requirement("MOD-01")
def test_a_bundle_signed_by_nobody_we_trust_is_not_imported(settings: Settings, tmp_path: Path) -> None:
    _, trusted = signed_bundle(tmp_path / "ours", name="ours")
    folder, _ = signed_bundle(tmp_path / "theirs", name="theirs")
    trust(settings, tmp_path, trusted)

    with pytest.raises(CommandError):
        manage("model", "import", str(folder))

    assert not ModelVersion.objects.exists()
    assert not settings.SAMD_MODELS.exists()


@pytest.mark.requirement("FLOW-03")
def test_the_operator_sees_dead_letters_and_tries_them_again() -> None:
    jobs.enqueue(Job.Kind.COMPLETE, 7, not_before=timezone.now())
    Job.objects.update(state=Job.State.DEAD, error="SOP class not supported")
    letter = str(Job.objects.get().pk)

    assert "SOP class not supported" in manage("job", "list")
    manage("job", "retry", letter)

    assert Job.objects.get().state == Job.State.READY
    with pytest.raises(CommandError, match="not a dead letter"):
        manage("job", "retry", letter)


@pytest.mark.requirement("AUD-01", "AUD-07")
def test_a_surrogate_is_found_for_a_reason_and_the_reason_is_recorded() -> None:
    arrive(sending(), patient=b"Hospital\\4711")

    why = ("--reason", "access request")
    surrogate = manage("patient", "find", "4711", "--issuer", "Hospital", *why).strip()

    assert surrogate == Study.objects.get().patient
    event = AuditEvent.objects.get(event="patient:looked up")
    assert event.patient == surrogate
    assert "access request" in event.canonical
    with pytest.raises(CommandError, match="no study of a patient"):
        manage("patient", "find", "4712", *why)
    with pytest.raises(CommandError, match="not the surrogate"):
        manage("patient", "forget", "patient/0", "--reason", "erasure request")


@pytest.mark.requirement("AUD-03")
def test_a_forgetting_that_waits_for_the_seal_is_said_to_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    def impatient(_surrogate: str, *, reason: str) -> None:
        raise NotSealed(reason)

    monkeypatch.setattr(surrogates, "forget", impatient)

    with pytest.raises(CommandError, match="removed as soon as the trail is sealed"):
        manage("patient", "forget", "patient/0", "--reason", "erasure request")


@pytest.mark.requirement("AUD-07")
def test_a_changed_peer_leaves_its_old_and_its_new_values(tmp_path: Path) -> None:
    manage("peer", "add", "pacs", "--ae", "PACS", "--host", "10.0.0.5", "--port", "104")
    manage("peer", "add", "pacs", "--ae", "PACS", "--host", "10.0.0.5", "--port", "11112")

    changes = json.loads(AuditEvent.objects.latest("pk").canonical)["changes"]
    assert changes == {"port": [104, 11112]}
