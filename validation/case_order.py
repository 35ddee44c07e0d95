"""In which order each reader of a study sees which case in which arm, drawn before the first reading.

The order is random but drawn from hashes of a seed: the same seed gives the same order on every machine
and in every year, and a reader's order does not change when another joins.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Assignment:
    """The `position` (from 1) at which `reader` reads `case` in `arm` in a `session` (from 1)."""

    reader: str
    session: int
    position: int
    case: str
    arm: str


def case_order(
    strata: Mapping[str, str], *, readers: Sequence[str], arms: Sequence[str], seed: str
) -> tuple[Assignment, ...]:
    """A crossed order: every reader reads every case once in every arm, each time in another session.

    `strata` gives each case its stratum (such as diseased, healthy). There are as many sessions as
    arms, and as many groups of cases, each a like sample of all strata. In a session each group is
    read in another arm, one block after the other, so that both arms share a session equally; in the
    next session the arms move on by a group. Which arm a group is first read in, and which arm opens
    a session, is balanced between readers (fully where their number is a multiple of arms squared).
    Within a block the order is random. Raises ValueError for a name listed twice, for fewer than two
    arms, and for fewer cases than arms.
    """
    for what, names in (("reader", readers), ("arm", arms)):
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise ValueError(f"{what} {twice[0]} is listed twice")
    if len(arms) < 2 or len(strata) < len(arms):
        raise ValueError("a crossed reading needs two arms or more, and a case for each")
    groups = _groups(strata, number=len(arms), seed=seed)
    drawn = sorted(readers, key=lambda reader: _draw(seed, "reader", reader))
    return tuple(
        assignment
        for place, reader in enumerate(drawn)
        for session in range(len(arms))
        for assignment in _session(groups, reader, place, session, arms, seed)
    )


def _groups(strata: Mapping[str, str], *, number: int, seed: str) -> list[list[str]]:
    """The cases dealt out in turn, one stratum after the other."""
    drawn = sorted(strata, key=lambda case: (strata[case], _draw(seed, "group", case)))
    return [drawn[first::number] for first in range(number)]


def _session(
    groups: Sequence[Sequence[str]], reader: str, place: int, session: int, arms: Sequence[str], seed: str
) -> list[Assignment]:
    number = len(arms)
    shift, opening = place % number, (place // number + place) % number
    blocks: list[tuple[str, str]] = []
    for turn in range(number):
        arm = (opening + session + turn) % number
        group = groups[(arm - session - shift) % number]
        drawn = sorted(group, key=lambda case: _draw(seed, "order", reader, str(session + 1), case))
        blocks += [(case, arms[arm]) for case in drawn]
    return [
        Assignment(reader, session + 1, position, case, arm)
        for position, (case, arm) in enumerate(blocks, start=1)
    ]


def _draw(seed: str, *what: str) -> bytes:
    return sha256(json.dumps([seed, *what]).encode()).digest()
