"""How a key of the trail hands over to the next: both sign one statement, which an event then carries.

Whoever may add events could otherwise announce a key of their own.
"""

from dataclasses import dataclass

from audit.note import NoteRefused, Signer, VerifierKey, opened, signed


@dataclass(frozen=True, slots=True)
class Rotation:
    """The event `seq` says that `new` signs in the place of `old`; both have signed that statement."""

    seq: int
    old: VerifierKey
    new: VerifierKey


def statement(old: VerifierKey, new: VerifierKey) -> str:
    """What both keys sign. Its second line is no number, so that it is never taken for a checkpoint."""
    return f"{old.name}\nkey rotation\n{old}\n{new}\n"


def endorsed(old: Signer, new: Signer) -> str:
    """The note of the statement, to be carried by the event."""
    return signed(statement(old.key, new.key), (old, new))


def read_rotation(seq: int, old: str, new: str, note: str) -> Rotation:
    """The rotation of the event `seq`; raises NoteRefused where not both keys have signed it."""
    rotation = Rotation(seq, VerifierKey.parse(old), VerifierKey.parse(new))
    text, signers = opened(note, (rotation.old, rotation.new))
    if text != statement(rotation.old, rotation.new) or signers != {rotation.old, rotation.new}:
        raise NoteRefused("the two keys have not both signed that one follows the other")
    return rotation
