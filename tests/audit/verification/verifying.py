"""A trail to be verified, and what comes of it."""

from collections.abc import Sequence

from audit.note import VerifierKey
from audit.verification.findings import Kind, Problem, Verification
from audit.verify import verify
from tests.audit.exported import KEY, Trail, contents, signer

HONEST = Trail.honest(contents(24), [8, 16, 22])
NEXT, THIEF = signer("the next key"), signer("a thief's key")


def verified(
    trail: Trail,
    *,
    keys: Sequence[VerifierKey] = (KEY.key,),
    anchor: bytes | None = HONEST.notes,
) -> Verification:
    anchors = [] if anchor is None else [("anchor", anchor)]
    return verify(trail.lines(), keys=keys, anchors=anchors)


def kinds(result: Verification) -> list[Kind]:
    return [problem.kind for problem in result.problems]


def only(result: Verification) -> Problem:
    """The one finding that there is."""
    (problem,) = result.problems
    return problem
