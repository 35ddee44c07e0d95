"""Where a reader study did not go as planned. What deviates is listed, never dropped."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise

from validation.case_order import Assignment
from validation.reader_scores import Reading


class Rule(StrEnum):
    """The rules of a reader study that a reading can break."""

    WASHOUT = "wash-out"
    SESSION = "session"
    ORDER = "case order"


@dataclass(frozen=True, slots=True)
class Deviation:
    """A reading of `case` by `reader` against a `rule`, and `what` happened."""

    rule: Rule
    reader: str
    case: str
    what: str


def shared_roles(roles: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Who has more than one of `roles` (role -> names), one sentence each.

    Who set the reference standard, who labelled training data and who reads in the study are
    different people. Names are compared without regard to case and blanks.
    """
    held: dict[str, list[str]] = defaultdict(list)
    for role, names in roles.items():
        for name in sorted({" ".join(name.split()).casefold() for name in names}):
            held[name].append(role)
    return tuple(f"{name} is {' and '.join(of)}" for name, of in held.items() if len(of) > 1)


def washout_deviations(readings: Iterable[Reading], *, washout: timedelta) -> Iterator[Deviation]:
    """Each case that the same reader read again, in whatever arm, before `washout` had passed."""
    together: dict[tuple[str, str], list[Reading]] = defaultdict(list)
    for one in readings:
        together[one.reader, one.case].append(one)
    for (reader, case), same in together.items():
        for before, after in pairwise(sorted(same, key=lambda one: one.read_at)):
            if after.read_at - before.read_at < washout:
                what = (
                    f"read in {before.arm} at {before.read_at.isoformat()} and in {after.arm} at "
                    f"{after.read_at.isoformat()}, less than {washout / timedelta(days=1):g} days apart"
                )
                yield Deviation(Rule.WASHOUT, reader, case, what)


def order_deviations(readings: Iterable[Reading], order: Iterable[Assignment]) -> Iterator[Deviation]:
    """Each planned reading that took place in another session, or out of its turn in the session.

    Out of turn are the fewest cases that would have to move for the rest to be in order. Two readings
    at the same time count as read in the planned order.
    """
    planned = {(one.reader, one.case, one.arm): one for one in order}
    sessions: dict[tuple[str, int], list[tuple[Reading, int]]] = defaultdict(list)
    for one in readings:
        plan = planned.get((one.reader, one.case, one.arm))
        if plan is None:
            continue  # no part of the design: the analysis refuses it by name
        if plan.session != one.session:
            what = f"read in session {one.session}, arm {one.arm}; planned for session {plan.session}"
            yield Deviation(Rule.SESSION, one.reader, one.case, what)
        else:
            sessions[one.reader, one.session].append((one, plan.position))
    for (reader, session), read in sessions.items():
        read.sort(key=lambda pair: (pair[0].read_at, pair[1]))
        in_turn = _longest_rise([position for _one, position in read])
        for one, position in read:
            if position not in in_turn:
                what = (
                    f"planned at position {position} of session {session}, read at {one.read_at.isoformat()}"
                )
                yield Deviation(Rule.ORDER, reader, one.case, what)


def _longest_rise(positions: Sequence[int]) -> set[int]:
    """The longest rising part of a list of different numbers."""
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for position in positions:
        length = bisect_left(ends, position)
        before[position] = ends[length - 1] if length else None
        ends[length : length + 1] = [position]
    rise, last = set[int](), ends[-1] if ends else None
    while last is not None:
        rise.add(last)
        last = before[last]
    return rise
