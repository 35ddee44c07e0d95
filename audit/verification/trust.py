"""Whose checkpoints count: the keys that were given, and those that the trail itself hands over to.

A key is known by its 32 public bytes. It signs for the log under each of the names that the log has had
(audit.incarnation).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from audit.incarnation import base_of
from audit.note import VerifierKey
from audit.rotation import Rotation


class Standing(Enum):
    """What the signatures on a checkpoint are worth, by the best of its keys."""

    TRUSTED = "of a key that was given, or that a trusted one had introduced"
    NAMED = "of an earlier key, which a trusted one names as its predecessor"
    RETIRED = "of a key that had handed over before"
    EARLY = "of a key that no trusted one had introduced by then"


@dataclass(slots=True)
class Ring:
    """The keys that count, as checkpoint after checkpoint is passed from the smallest to the largest.

    A rotation that a trusted checkpoint covers makes the new key trusted for larger trees; from the first
    such checkpoint that the new key signed, the old one is valid no longer, and introduces nobody.
    """

    given: Sequence[VerifierKey]
    rotations: Sequence[Rotation]
    retired: dict[bytes, int] = field(default_factory=dict)  # since which size
    _trusted: set[bytes] = field(init=False)
    _named: set[bytes] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self._trusted = {key.public for key in self.given}
        for rotation in reversed(self.rotations):
            if rotation.new.public in self._trusted | self._named:
                self._named.add(rotation.old.public)

    def known(self, origin: str) -> frozenset[VerifierKey]:
        """Every key whose signature for the log `origin`, which may have had other names, can be checked."""
        keys = [*self.given, *(key for rotation in self.rotations for key in (rotation.old, rotation.new))]
        return frozenset(
            VerifierKey(origin, key.public) for key in keys if base_of(key.name) == base_of(origin)
        )

    def standing(self, signers: Iterable[VerifierKey]) -> Standing:
        """What the signatures of `signers` are worth on the next checkpoint."""
        valid = {key.public for key in signers} - self.retired.keys()
        if valid & self._trusted:
            return Standing.TRUSTED
        if valid & self._named:
            return Standing.NAMED
        return Standing.EARLY if valid else Standing.RETIRED

    def standing_outside(self, signers: Iterable[VerifierKey]) -> Standing:
        """The same for a checkpoint that somebody else kept: a key was trusted once, whatever came later."""
        public = {key.public for key in signers}
        if public & self._trusted:
            return Standing.TRUSTED
        return Standing.NAMED if public & self._named else Standing.EARLY

    def passed(self, size: int, signers: Iterable[VerifierKey]) -> None:
        """A trusted checkpoint of `size` events, signed by `signers`, holds."""
        public = {key.public for key in signers}
        for number, rotation in enumerate(self.rotations):
            if rotation.seq >= size:
                return
            new = rotation.new.public
            if rotation.old.public in self._trusted and not self._is_retired(rotation):
                self._trusted.add(new)
            if new in public & self._trusted:
                self.retired.pop(new, None)
                for done in self.rotations[: number + 1]:
                    if done.old.public != new:
                        self.retired.setdefault(done.old.public, size)

    def _is_retired(self, rotation: Rotation) -> bool:
        """Whether the old key of `rotation` had handed over before: who has it since may be anybody."""
        since = self.retired.get(rotation.old.public)
        return since is not None and since <= rotation.seq
