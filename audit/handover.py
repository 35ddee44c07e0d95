"""How one key follows another: an event announces the successor, a checkpoint that both sign covers it."""

from django.db import transaction

from audit import trail
from audit.checkpoint import verified
from audit.events import Event
from audit.models import AuditEvent
from audit.note import NoteRefused, Signer, VerifierKey
from audit.rotation import endorsed
from audit.sealing import is_sealed, newest


def announce(signer: Signer, successor: Signer) -> None:
    """Add the event that names the successor, unless one waits for its seal or is sealed by both keys."""
    before, after = str(signer.key), str(successor.key)
    events = AuditEvent.objects.filter(event=Event.TRAIL_KEY_ROTATED, canonical__contains=after)
    last = events.order_by("pk").last()
    if last is not None and (not is_sealed(last) or is_endorsed(signer.key, successor.key)):
        return
    note = endorsed(signer, successor)
    with transaction.atomic():
        trail.append(Event.TRAIL_KEY_ROTATED, "trail", changes={"key": (before, after)}, note=note)


def is_endorsed(key: VerifierKey, successor: VerifierKey) -> bool:
    """Whether both keys signed the newest checkpoint."""
    seal = newest()
    if seal is None:
        return False
    try:
        return verified(seal.note, [key, successor])[1] == {key, successor}
    except NoteRefused:
        return False
