"""The signing key that the settings name: making it, replacing it, and the public keys of those before it.

Beside the private key lie `key.pub`, the successor that waits as `next` and `next.pub`, and the public parts
of all earlier keys as `retired-0001-….pub`. Where a program signs, there are public parts alone.
"""

import secrets
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from audit import trail
from audit.events import Event
from audit.faults import Step, reached
from audit.incarnation import base_of
from audit.memory import Keys
from audit.models import AuditEvent, Seal
from audit.note import VerifierKey
from audit.sequencer import Sequencer
from audit.signer import (
    CommandSigner,
    FileSigner,
    KeyRefused,
    make_key,
    public_part,
    read_key,
    read_public,
    write_key,
    write_public,
)

_RETIRED: Final = "retired-*.pub"


def _key() -> Path:
    return Path(settings.AUDIT_KEY)


def _next() -> Path:
    return _key().with_name("next")


def verifier_key() -> VerifierKey:
    """The public key that verifies the newest checkpoints; raises KeyRefused."""
    return read_public(public_part(_key()))


def retired() -> tuple[VerifierKey, ...]:
    """The public keys that verify earlier checkpoints, oldest first; raises KeyRefused."""
    return tuple(read_public(path) for path in sorted(_key().parent.glob(_RETIRED)))


def known() -> tuple[VerifierKey, ...]:
    """Every public key of the trail, oldest first; raises KeyRefused."""
    return (*retired(), verifier_key())


def is_exposed() -> bool:
    """Whether this process could read the signing key, which only the sealing process should."""
    return any(_is_readable(path) for path in (_key(), _next()))


def _is_readable(path: Path) -> bool:
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True


def prepare(origin: str | None = None, *, public: bytes | None = None) -> VerifierKey | None:
    """Make the key of the trail where there is none, and open the trail with an event that names it.

    Gives the key that was made; None where everything was there. The log is called `origin`, or "samd-" and
    8 random hex digits. Where a program signs, `public` is the public key (32 bytes) on its token. Raises
    KeyRefused; also where a trail was sealed and its key is gone.
    """
    made = None if _is_there() else _first(origin or f"samd-{secrets.token_hex(4)}", public)
    if not public_part(_key()).exists():  # whoever made the key died before the end
        write_public(public_part(_key()), read_key(_key()).key)
    with transaction.atomic():
        if not AuditEvent.objects.filter(event=Event.TRAIL_OPENED).exists():
            key = verifier_key()
            trail.append(Event.TRAIL_OPENED, "trail", origin=key.name, key=str(key))
    return made


def _is_there() -> bool:
    return public_part(_key()).exists() or _key().exists()


def _first(origin: str, public: bytes | None) -> VerifierKey:
    if Seal.objects.exists():
        raise KeyRefused(
            f"the trail was sealed before, but its key is not at {_key()}. Put back the copy of the key; a "
            f"new one would make every checkpoint until now look like somebody else's"
        )
    if base_of(origin) != origin:
        raise KeyRefused(f"a new log cannot be called {origin!r}: ~ and a number mark one that began anew")
    if not settings.AUDIT_KEY_COMMAND:
        return make_key(_key(), origin=origin)
    key = _on_token(origin, public)
    _key().parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_public(public_part(_key()), key)
    return key


def _on_token(origin: str, public: bytes | None) -> VerifierKey:
    if public is None or len(public) != 32:
        raise KeyRefused("a program signs: say the public key, 32 bytes in hex, of the key on its token")
    return VerifierKey(origin, public)


def configured_sequencer(holder: str) -> Sequencer:
    """The sequencer of this installation; raises KeyRefused."""
    return Sequencer.of(current, Path(settings.AUDIT_ANCHOR_FILE), holder)


def current() -> Keys:
    """Who signs now, and the keys that signed before; raises KeyRefused."""
    return Keys(_signer(_key()), retired())


def _signer(path: Path) -> FileSigner | CommandSigner:
    if settings.AUDIT_KEY_COMMAND:
        return CommandSigner(read_public(public_part(path)), settings.AUDIT_KEY_COMMAND)
    return read_key(path)


def make_successor(public: bytes | None = None) -> VerifierKey:
    """Make the key that will take over; the sealing process announces it and lets it sign.

    Where a program signs, `public` is the public key (32 bytes) that was made on its token. Raises
    KeyRefused.
    """
    path, origin = _next(), verifier_key().name
    if _is_waiting():
        raise KeyRefused(f"a successor waits already; the sealing process lets it take over ({path})")
    if settings.AUDIT_KEY_COMMAND:
        key = _on_token(origin, public)
        write_public(public_part(path), key)
    else:
        key = make_key(path, origin=origin)
    reached(Step.MADE)
    return key


def _is_waiting() -> bool:
    return (public_part(_next()) if settings.AUDIT_KEY_COMMAND else _next()).exists()


def successor() -> FileSigner | CommandSigner | None:
    """The key that waits to take over, if there is one; raises KeyRefused."""
    return _signer(_next()) if _is_waiting() else None


def take_over() -> None:
    """Put the successor in the place of the key that signed until now; the public part of that is kept.

    To be called again if it was interrupted: `next` is the last to go.
    """
    following = _signer(_next())
    _replace(following.key, private=following if isinstance(following, FileSigner) else None)
    reached(Step.REPLACED)
    _next().unlink(missing_ok=True)
    public_part(_next()).unlink(missing_ok=True)


def rename(origin: str) -> None:
    """Let the key sign for the log `origin`, which continues the one it signed for until now; and so the
    successor, where one waits.

    To be called again if it was interrupted.
    """
    if _is_waiting():
        following, private = _renamed(_next(), origin)
        write_public(public_part(_next()), following)
        if private is not None:
            write_key(_next(), private)
    key, private = _renamed(_key(), origin)
    _replace(key, private=private)


def _renamed(path: Path, origin: str) -> tuple[VerifierKey, FileSigner | None]:
    """The key at `path` under the name `origin`, with its private part unless a program signs."""
    signer = _signer(path)
    key = VerifierKey(origin, signer.key.public)
    return key, FileSigner(key, signer.private) if isinstance(signer, FileSigner) else None


def _replace(key: VerifierKey, *, private: FileSigner | None) -> None:
    before = _signer(_key()).key
    if before not in retired() and before != key:
        number = len(list(_key().parent.glob(_RETIRED))) + 1
        write_public(_key().with_name(f"retired-{number:04d}-{before.id.hex()}.pub"), before)
    reached(Step.RETIRED)
    write_public(public_part(_key()), key)
    reached(Step.PUBLISHED)
    if private is not None:
        write_key(_key(), private)
