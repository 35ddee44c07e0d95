"""What somebody with every right on the database does to signatures is found by who has only the export."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection, transaction

from audit import keys, signing_keys, trail
from audit.entry import canonical
from audit.events import Event
from audit.export import lines
from audit.manifest import digest_of
from audit.models import AuditEvent, Record, Signature
from audit.protection import protect, unprotect
from audit.signer import public_part
from audit.verdicts import Problem
from audit.verification.findings import Kind, Verification
from audit.verify import verify
from tests.audit.signers import KIM, LEE, PARK, Site, content, forged, private_of, superuser
from tests.audit.signers import site as site
from tests.audit.signers import staffed as staffed

pytestmark = pytest.mark.requirement("SIG-02", "AUD-05")


@pytest.fixture
def signed(staffed: Site) -> Site:
    """The records "report/1", signed by Lee and Park, and "report/2", signed by nobody."""
    staffed.sign("report/1", LEE, "reviewed")
    staffed.sign("report/1", PARK, "approved")
    staffed.record("report/2", content(text="Other."))
    return staffed


def found() -> Verification:
    """What the verifier finds in an export of the database as it is."""
    return verify(lines(), keys=(keys.verifier_key(),))


def problems() -> list[tuple[Kind, str]]:
    return [(one.kind, one.text) for one in found().problems]


def test_signatures_and_confirmed_keys_of_an_honest_site_hold(signed: Site) -> None:
    result = found()

    assert result.ok, result.problems
    assert result.signatures == 3  # Lee on Park's key, Lee and Park on the report


def _changed_record() -> None:
    text = canonical(content(text="All is not well."))
    Record.objects.filter(subject="report/1").update(content=text, digest=digest_of(text))


def _removed_record() -> None:
    Signature.objects.filter(record__subject="report/1").delete()
    Record.objects.filter(subject="report/1").delete()


def _signature_copied_to_another_record() -> None:
    said = AuditEvent.objects.filter(event=Event.RECORD_SIGNED, subject="report/1").first()
    assert said is not None
    row = Signature.objects.get(event=said)
    with transaction.atomic():
        trail.append(
            Event.RECORD_SIGNED,
            "report/2",
            actor="lee",
            meaning=row.meaning,
            name=row.name,
            digest=Record.objects.get(subject="report/2").digest,
            manifest=row.manifest,
            signature=row.signature,
            key=row.key,
        )


def _key_of_ones_own() -> None:
    """Enrolled as Kim's, on nobody's word, and used: the sealing process seals all of it."""
    private = Ed25519PrivateKey.generate()
    public = signing_keys._text(private.public_key().public_bytes_raw())
    with transaction.atomic():
        trail.append(
            Event.SIGNING_KEY_ENROLLED, KIM.signer, actor="kim", key=public, name=KIM.name, confirmation=""
        )
    forged(KIM, "reviewed", private, subject="report/2")


def _one_person_twice() -> None:
    forged(LEE, "reviewed", private_of(LEE), subject="report/2")
    twice = signing_keys.Person(LEE.id, LEE.username, LEE.name, PARK.roles)
    forged(twice, "approved", private_of(LEE), subject="report/2", account=99)


@pytest.mark.part11("11.10(a)", "11.70", "11.200(a)(3)")
@pytest.mark.parametrize(
    ("attack", "problem"),
    [
        (_changed_record, Problem.CHANGED),
        (_removed_record, "the record is not there any more"),
        (_signature_copied_to_another_record, Problem.MOVED),
        (_key_of_ones_own, Problem.UNCONFIRMED_KEY),
        (_one_person_twice, Problem.TWICE),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_an_attack_by_the_owner_of_the_database_is_found(
    signed: Site, attack: Callable[[], None], problem: str
) -> None:
    with superuser():
        attack()
    signed.seal()

    assert any(kind is Kind.SIGNATURE and problem in text for kind, text in problems()), problems()


@pytest.mark.part11("11.10(a)", "11.70")
def test_an_altered_event_of_a_signature_is_found(signed: Site) -> None:
    event = AuditEvent.objects.filter(event=Event.RECORD_SIGNED, subject="report/1").first()
    assert event is not None

    with superuser():
        AuditEvent.objects.filter(pk=event.pk).update(
            canonical=event.canonical.replace("Lee Min-ji", "Lee Min-jo")
        )

    assert any(kind is Kind.ALTERED for kind, _ in problems())


@pytest.mark.part11("11.10(a)", "11.10(b)", "11.70")
def test_the_command_that_an_inspector_runs_says_so_too(signed: Site, tmp_path: Path) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        export = tmp_path / "trail.jsonl"
        export.write_text("".join(lines()))
        command = [
            sys.executable,
            "-m",
            "audit.verify",
            str(export),
            "--key",
            str(public_part(settings.AUDIT_KEY)),
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    honest = run()
    unprotect(connection)
    _changed_record()
    protect(connection)
    changed = run()

    assert honest.returncode == 0, honest.stdout
    assert "3 electronic signatures" in honest.stdout
    assert changed.returncode == 1
    assert "report/1" in changed.stdout
    assert str(Problem.CHANGED) in changed.stdout


@pytest.mark.part11("11.300(c)")
def test_what_was_signed_with_a_key_after_it_was_retired_is_found(signed: Site) -> None:
    private = private_of(PARK)
    with transaction.atomic():
        signing_keys.retire(PARK.id, reason="lost")
    signed.seal()

    forged(PARK, "approved", private, subject="report/2")
    signed.seal()

    assert any(Problem.RETIRED_KEY in text for _, text in problems())
