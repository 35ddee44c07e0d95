"""The life of a model version: every stage it may be in, every move, who signs it and what it rests on.

IEC 62304 8.2 (change control), 21 CFR 820 (QMSR, ISO 13485 7.3.9). Decisions only: rows and signatures are
elsewhere.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class VersionStage(StrEnum):
    """Where a model version stands."""

    IMPORTED = "imported"
    VERIFIED = "verified"  # the bundle is whole, and its reference case gives what it should
    VALIDATED = "validated"  # a signed validation report says that every primary endpoint is met
    APPROVED = "approved"
    SHADOW = "shadow"  # runs beside the clinical one; nothing of it leaves
    LIMITED = "limited"  # for named peers
    CLINICAL = "clinical"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class Evidence(StrEnum):
    """What a move rests on."""

    BUNDLE = "a bundle whose signature and every digest were verified"
    SELF_TEST = "the reference case of the bundle, run here within its tolerance"
    VALIDATION = "a signed validation report of this version, with every primary endpoint met"
    PLAN = "a decision that the change is inside a signed change plan, or a signed reason why none is needed"
    ACCEPTANCE = "a site acceptance, met and signed by the hospital"
    PEERS = "the peers that it is for"
    PROBLEM = "the problem that it is for"
    EARLIER = "that it was clinical before"


@dataclass(frozen=True, slots=True)
class Asked:
    """A signature: its meaning, and the role of whoever gives it."""

    meaning: str
    role: str


@dataclass(frozen=True, slots=True)
class Move:
    """A move that is allowed: the `signatures` in their order, what it rests on, and what it does, in words.

    Without signatures the device makes it by itself.
    """

    signatures: tuple[Asked, ...]
    evidence: frozenset[Evidence]
    effect: str


_REVIEWED = Asked("reviewed", "quality_officer")
_APPROVED = Asked("approved", "approver")
_BOTH = (_REVIEWED, _APPROVED)
_S = VersionStage


def _move(effect: str, *evidence: Evidence, by: tuple[Asked, ...] = _BOTH) -> Move:
    return Move(by, frozenset(evidence), effect)


_NO_MORE = "no further study is given to it; what it has begun it ends"
_RETIRE = _move("it is never used again, and stays to be traced and replayed")

MOVES: Final[Mapping[tuple[VersionStage, VersionStage], Move]] = {
    (_S.IMPORTED, _S.VERIFIED): _move("it may be validated", Evidence.BUNDLE, Evidence.SELF_TEST, by=()),
    (_S.VERIFIED, _S.VALIDATED): _move("it may be approved", Evidence.VALIDATION, by=(_REVIEWED,)),
    (_S.VALIDATED, _S.APPROVED): _move("it may be put to use", Evidence.VALIDATION, Evidence.PLAN),
    (_S.APPROVED, _S.SHADOW): _move("it runs beside the clinical version; its results never leave"),
    (_S.APPROVED, _S.LIMITED): _move(
        "studies of the named peers are given to it", Evidence.PEERS, Evidence.ACCEPTANCE
    ),
    (_S.APPROVED, _S.CLINICAL): _move("every study that it takes is given to it", Evidence.ACCEPTANCE),
    (_S.SHADOW, _S.APPROVED): _move("it no longer runs beside the clinical version", by=(_REVIEWED,)),
    (_S.SHADOW, _S.LIMITED): _move(
        "studies of the named peers are given to it", Evidence.PEERS, Evidence.ACCEPTANCE
    ),
    (_S.SHADOW, _S.CLINICAL): _move("every study that it takes is given to it", Evidence.ACCEPTANCE),
    (_S.LIMITED, _S.CLINICAL): _move("every study that it takes is given to it", Evidence.ACCEPTANCE),
    (_S.LIMITED, _S.APPROVED): _move(_NO_MORE, by=(_APPROVED,)),
    (_S.CLINICAL, _S.APPROVED): _move(_NO_MORE, by=(_APPROVED,)),
    # Away from the patient is one step; a breach of monitoring or a failed self-test needs nobody.
    (_S.SHADOW, _S.SUSPENDED): _move(_NO_MORE, Evidence.PROBLEM, by=()),
    (_S.LIMITED, _S.SUSPENDED): _move(_NO_MORE, Evidence.PROBLEM, by=()),
    (_S.CLINICAL, _S.SUSPENDED): _move(_NO_MORE, Evidence.PROBLEM, by=()),
    # Back to it is a decision of two people on the problem that it was for.
    (_S.SUSPENDED, _S.APPROVED): _move("it may be put to use again", Evidence.PROBLEM, Evidence.SELF_TEST),
    (_S.SUSPENDED, _S.RETIRED): _RETIRE,
    (_S.IMPORTED, _S.RETIRED): _RETIRE,
    (_S.VERIFIED, _S.RETIRED): _RETIRE,
    (_S.VALIDATED, _S.RETIRED): _RETIRE,
    (_S.APPROVED, _S.RETIRED): _RETIRE,
    (_S.SHADOW, _S.RETIRED): _RETIRE,
}

# The stages in which studies are given to a version and its results leave.
IN_USE: Final = frozenset({VersionStage.LIMITED, VersionStage.CLINICAL})
# One signature: the version that was clinical before takes the place of the one that is.
ROLL_BACK: Final = Move(
    (_APPROVED,),
    frozenset({Evidence.EARLIER, Evidence.SELF_TEST}),
    "the next study is given to the earlier version; running ones end on what they began with",
)


class IllegalMove(Exception):
    """The table does not hold the move, or what it needs is missing; the message says which."""


def move(before: VersionStage, after: VersionStage) -> Move:
    """The move from `before` to `after`. Raises IllegalMove."""
    found = MOVES.get((before, after))
    if found is None:
        ways = ", ".join(one for one in VersionStage if (before, one) in MOVES) or "nothing"
        raise IllegalMove(f"a version that is {before} cannot become {after}; it may become: {ways}")
    return found


def check_evidence(wanted: Move, shown: Collection[Evidence]) -> None:
    """Raise IllegalMove, naming it, where evidence is missing."""
    missing = [one for one in Evidence if one in wanted.evidence and one not in shown]
    if missing:
        raise IllegalMove(f"this needs: {'; '.join(missing)}")


def check_people(author: str, signers: Sequence[str]) -> None:
    """Raise IllegalMove unless whoever asked for the change and all who sign it are different people."""
    people = [author, *signers]
    twice = sorted({one for one in people if people.count(one) > 1})
    if twice:
        raise IllegalMove(
            f"author, reviewer and approver are different people: {', '.join(twice)} is two of them"
        )
