"""What was removed, inserted or moved: read from numbers that are missing and from links that do not fit.

Every event's link was made from the link before it. Where the two do not fit, the link that it was made from
is looked for among the other suspects, which tells where the event stood when it was sealed. Whoever makes
all links anew leaves no such trace; that is what checkpoints are for (audit.verification.heads).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from audit.entry import EMPTY_CHAIN, chain_hash
from audit.verification.findings import Findings, Kind

_SUSPECTS = 300  # links that do not fit, and gaps: each of these is held against each other


@dataclass(frozen=True, slots=True)
class Gap:
    """The numbers `first` to `last` are not there. The one before has the link `before`, if known."""

    first: int
    last: int
    before: bytes | None
    readable: bool  # False where there were lines, but none that could be read


@dataclass(frozen=True, slots=True)
class Link:
    """An event whose link does not follow from `before`; None where it was not known what stood before.

    `earlier` is the link before that.
    """

    seq: int
    leaf: bytes
    chain: bytes
    before: bytes | None
    earlier: bytes | None = None


def gap_at(seq: int, gaps: Sequence[Gap]) -> Gap | None:
    """The one of `gaps`, which stand in the order of their numbers, that `seq` lies in."""
    place = bisect_left(gaps, seq, key=lambda gap: gap.last)
    return gaps[place] if place < len(gaps) and gaps[place].first <= seq else None


def explain(gaps: Sequence[Gap], links: Sequence[Link], late: Collection[int], findings: Findings) -> None:
    """Say what became of the events of `gaps` and why `links` do not fit.

    `late` are numbers out of the gaps that stood further down.
    """
    origins = _origins(gaps[:_SUSPECTS], links[:_SUSPECTS])
    moved = {
        origin + 1: seq
        for seq, origin in origins.items()
        if gap_at(origin + 1, gaps) and origin + 1 not in late and seq not in late
    }
    ordered = sorted(late)
    for gap in gaps:
        within = ordered[bisect_left(ordered, gap.first) : bisect_right(ordered, gap.last)]
        _explain_gap(gap, within, moved, findings)
    suspects = {link.seq for link in links}
    disordered, told = [], set()
    for link in links:
        seq, origin = link.seq, origins.get(link.seq)
        if link.before is None or seq in told:
            continue  # it stands behind a gap, or was told as one that is late
        if origin is None:
            _explain_lone(link, origins, findings)
        elif origin + 1 in moved:
            continue
        elif origin > seq or (origin + 1 in suspects and origin + 1 in origins):
            disordered.append(seq)
        elif origins.get(seq + 1) == seq - 1:
            _inserted(seq, seq, findings)  # a copy of the event at origin + 1, which is in its place
            told.add(seq + 1)
        else:
            _inserted(origin + 1, seq - 1, findings)
    if disordered:
        findings.problem(
            Kind.REORDERED,
            f"events stand in another order than they were sealed in, at the numbers {first_of(disordered)}",
            first=disordered[0],
            last=disordered[-1],
        )


def first_of(numbers: Sequence[int]) -> str:
    """The first of many numbers, in words."""
    return ", ".join(map(str, numbers[:20])) + (" …" if len(numbers) > 20 else "")


def _origins(gaps: Sequence[Gap], links: Sequence[Link]) -> dict[int, int]:
    """For each of `links` whose predecessor is found: the number at which that stands now, -1 for none."""
    known = {EMPTY_CHAIN: -1}
    for gap in gaps:
        if gap.before is not None:
            known.setdefault(gap.before, gap.first - 1)
    for link in links:
        if link.before is not None:
            known.setdefault(link.before, link.seq - 1)
        if link.earlier is not None:
            known.setdefault(link.earlier, link.seq - 2)
        known.setdefault(link.chain, link.seq)
    found = {}
    for link in links:
        for chain, seq in known.items():
            if seq != link.seq and chain_hash(chain, link.leaf) == link.chain:
                found[link.seq] = seq
                break
    return found


def _explain_gap(gap: Gap, late: Sequence[int], moved: dict[int, int], findings: Findings) -> None:
    """What became of the events that should stand at the numbers of `gap`; `late` stand further down."""
    if gap.last + 1 in moved.values():
        return  # whoever stands behind it does not belong there, so that nothing is missing before it
    here = list(late)
    for seq, place in moved.items():
        if gap.first <= seq <= gap.last:
            here.append(seq)
            findings.problem(
                Kind.REORDERED, f"event {seq} stands at the number {place} now", first=seq, last=place
            )
    if late:
        findings.problem(
            Kind.REORDERED,
            f"the events {gap.first} to {gap.last + 1} do not stand in the order of their numbers",
            first=gap.first,
            last=gap.last + 1,
        )
    if len(set(here)) > gap.last - gap.first:
        return
    which = f"event {gap.first} is" if gap.first == gap.last else f"the events {gap.first} to {gap.last} are"
    if gap.readable:
        findings.problem(Kind.REMOVED, f"{which} missing", first=gap.first, last=gap.last)
    else:
        findings.problem(Kind.ALTERED, f"{which} not readable or missing", first=gap.first, last=gap.last)


def _explain_lone(link: Link, origins: dict[int, int], findings: Findings) -> None:
    """What it may mean that nothing is found that `link` could have followed."""
    after = origins.get(link.seq + 1)
    if after is not None and after < link.seq:
        return  # told as inserted, by the one that stands behind it
    if link.chain == link.before:
        findings.problem(Kind.DUPLICATED, f"event {link.seq} repeats the event before it", first=link.seq)
        return
    findings.problem(
        Kind.BROKEN,
        f"event {link.seq} does not follow from the one before it: it was altered, or others were removed or "
        f"inserted there",
        first=link.seq,
    )


def _inserted(first: int, last: int, findings: Findings) -> None:
    which = f"event {first} was" if first == last else f"the events {first} to {last} were"
    findings.problem(Kind.INSERTED, f"{which} not there when the trail was sealed", first=first, last=last)
