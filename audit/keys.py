"""The signing key that the settings name, and its successor where one has been made."""

import secrets
from pathlib import Path

from django.conf import settings
from django.db import transaction

from audit import trail
from audit.events import Event
from audit.note import NoteRefused, VerifierKey
from audit.sequencer import Sequencer
from audit.signer import CommandSigner, FileSigner, KeyRefused, make_key, public_part, read_key


def verifier_key() -> VerifierKey:
    """The public key that verifies the newest checkpoints; raises KeyRefused."""
    path = public_part(settings.AUDIT_KEY)
    try:
        return VerifierKey.parse(path.read_text())
    except OSError as problem:
        raise KeyRefused(f"there is no public key of the trail at {path}: {problem.strerror}") from problem
    except NoteRefused as problem:
        raise KeyRefused(f"{path}: {problem}") from problem


def prepare(origin: str | None = None) -> VerifierKey | None:
    """Open a new trail, with a key of its own, where there is none yet; give its key."""
    if public_part(settings.AUDIT_KEY).exists():
        return None
    key = make_key(settings.AUDIT_KEY, origin=origin or f"samd-{secrets.token_hex(4)}")
    with transaction.atomic():
        trail.append(Event.TRAIL_OPENED, "trail", key=str(key))
    return key


def configured_sequencer(holder: str) -> Sequencer:
    """The sequencer of this installation; raises KeyRefused."""
    signer: FileSigner | CommandSigner
    if settings.AUDIT_KEY_COMMAND:
        signer = CommandSigner(verifier_key(), settings.AUDIT_KEY_COMMAND)
    else:
        signer = read_key(settings.AUDIT_KEY)
    return Sequencer((signer,), settings.AUDIT_ANCHOR_FILE, holder)


def is_exposed() -> bool:
    """Whether this process could read the signing key, which only the sealing process should."""
    path = Path(settings.AUDIT_KEY)
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True


def _next() -> Path:
    return Path(settings.AUDIT_KEY).with_name("next")


def make_successor() -> VerifierKey:
    """Make the key that will take over; the sealing process announces it and lets it sign."""
    return make_key(_next(), origin=verifier_key().name)


def successor() -> FileSigner | None:
    """The key that waits to take over, if there is one."""
    return read_key(_next()) if _next().exists() else None


def take_over() -> None:
    """Put the successor in the place of the key that signed until now; the public part of that is kept.

    To be called again if it was interrupted.
    """
    key, retired, following = Path(settings.AUDIT_KEY), read_key(settings.AUDIT_KEY).key, read_key(_next())
    key.with_name(f"retired-{retired.id.hex()}.pub").write_text(f"{retired}\n")
    public_part(key).write_text(f"{following.key}\n")
    _next().replace(key)
    public_part(_next()).unlink(missing_ok=True)
