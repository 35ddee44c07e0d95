"""What a patient is called in our tables and in the trail: a random surrogate that nobody can compute.

Which patient has it is found by a keyed index (HMAC-SHA-256) of issuer and Patient ID. The key lies in a
file outside the database. Forgetting a patient removes the index: events keep their surrogate and the
trail stays whole, but nothing leads from it to a person any more.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import transaction

from audit import sealing, trail
from audit.events import Event
from audit.models import AuditEvent, Heading
from samd.records.models import PatientSurrogate, Study


class UnknownSurrogate(Exception):
    """No patient has this surrogate, or not any more."""


def surrogate_of(patient: bytes) -> str:
    """The surrogate of the patient, made at the first meeting; empty where the patient has no ID.

    `patient` is samd.dicom.header.Header.patient. To be called in a transaction.
    """
    if not patient:
        return ""
    # The lock lets nobody forget the patient until the caller has used the surrogate.
    row, _ = PatientSurrogate.objects.select_for_update().get_or_create(
        index=_index(patient), defaults={"surrogate": f"patient/{secrets.token_hex(8)}"}
    )
    return row.surrogate


def known_surrogate(patient: bytes) -> str:
    """The surrogate of the patient, or nothing."""
    row = PatientSurrogate.objects.filter(index=_index(patient)).first()
    return row.surrogate if row else ""


def forget(
    surrogate: str, *, reason: str, wait: Callable[[AuditEvent], None] = sealing.wait_until_sealed
) -> None:
    """Remove what leads from this surrogate to a person, once the event that says so is sealed.

    Raises UnknownSurrogate: then nothing has changed; and NotSealed: then `finish_forgetting` does it later.
    """
    if not PatientSurrogate.objects.filter(surrogate=surrogate).exists():
        raise UnknownSurrogate(f"{surrogate} is not the surrogate of a patient that is known here")
    with transaction.atomic():
        event = trail.append(Event.PATIENT_UNLINKED, surrogate, patient=surrogate, reason=reason)
    wait(event)
    _unlink(surrogate)


def finish_forgetting() -> None:
    """Remove what sealed events say is removed, where it still stands: who began it did not wait, or died."""
    known = PatientSurrogate.objects.values("surrogate")
    said = Heading.objects.filter(event=Event.PATIENT_UNLINKED, patient__in=known)
    for event in AuditEvent.objects.filter(pk__in=said.values("pk")):
        if sealing.is_sealed(event):
            _unlink(event.patient)


def _unlink(surrogate: str) -> None:
    with transaction.atomic():
        # In this order: who receives a study of the patient at this moment holds the first of these rows.
        PatientSurrogate.objects.filter(surrogate=surrogate).delete()
        Study.objects.filter(patient=surrogate).update(patient="")


def _index(patient: bytes) -> str:
    return hmac.new(_key(), patient, hashlib.sha256).hexdigest()


def _key() -> bytes:
    path = Path(settings.SAMD_SURROGATE_KEY)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return bytes.fromhex(path.read_text())
