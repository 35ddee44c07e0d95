"""The numbered events of an export: content, columns, hashes, chain, tree; each line against the one before.

Nearly every line of nearly every export is exactly what an honest device writes next. So the line that it
would write is made anew from the content and compared as a whole; only one that differs is looked at closely.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json import JSONDecoder
from typing import Any, Final

from audit.entry import EMPTY_CHAIN, chain_hash, leaf_hash
from audit.lines import BEFORE_TEXT, begun, rendered
from audit.tree import EMPTY_ROOT, Frontier
from audit.verification.findings import LIMIT, Findings, Kind
from audit.verification.order import Gap, Link, explain, gap_at
from audit.verification.rows import GONE, Row, row_of

_decode = JSONDecoder().raw_decode

_STEP: Final = 10_000  # events between two signs of life

# What a strange line may raise on the way that honest lines take.
_STRANGE: Final = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)


@dataclass(slots=True)
class Log:
    """What the lines of events add up to. `wanted` are the sizes at which the root is wanted, ascending.

    `reached` is called at each of them and at every _STEP, `noted` with number and content of the events
    named in `notable`.
    """

    wanted: Sequence[int]
    reached: Callable[[int], None]
    notable: frozenset[str]
    noted: Callable[[int, Mapping[str, Any]], None]
    findings: Findings
    size: int = 0
    taken: int = 0  # lines of events
    roots: dict[int, bytes] = field(default_factory=lambda: {0: EMPTY_ROOT})
    _tree: Frontier | None = field(default_factory=Frontier)  # None once a leaf is missing
    _chain: bytes | None = EMPTY_CHAIN  # None where it is not known
    _before: bytes | None = None  # the link before that
    _doubt: Link | None = None  # the last event, where its link did not fit
    _stop: int = field(init=False)
    _unreadable: int = 0  # lines since the last event
    _gaps: list[Gap] = field(default_factory=list)
    _links: list[Link] = field(default_factory=list)
    _late: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._stop = self._following()

    def _following(self) -> int:
        """The next size at which to stop."""
        step = (self.size // _STEP + 1) * _STEP
        place = bisect_right(self.wanted, self.size)
        return min([step, *self.wanted[place : place + 1]])

    def _reached(self) -> None:
        """Note the root at this size if it is wanted, and find the next size to stop at."""
        if self.size == self._stop:
            self.reached(self.size)
            if self._tree is not None:
                self.roots[self.size] = self._tree.root()
        if self.size >= self._stop:
            self._stop = self._following()

    def follow(self, lines: Iterator[str]) -> str | None:
        """Take lines as long as each is what an honest device writes next; give the first that is not."""
        if self._chain is None or self._doubt is not None:
            return next(lines, None)
        seq, chain, before, stop = self.size, self._chain, self._before, self._stop
        append, notable = self._tree.append if self._tree else self._append, self.notable
        strange = None
        for line in lines:
            try:
                text, end = _decode(line, BEFORE_TEXT + len(str(seq)))
                content, _ = _decode(text)
                honest_text, honest_columns = rendered(content)
                leaf = leaf_hash(text)
                link = chain_hash(chain, leaf)
                honest = (
                    text == honest_text
                    and line.startswith(begun(seq, leaf, link))
                    and line[end:] == honest_columns
                )
            except _STRANGE:
                honest = False
            if not honest:
                strange = line
                break
            append(leaf)
            before, chain = chain, link
            if content["event"] in notable:
                self.noted(seq, content)
            seq += 1
            if seq == stop:
                self.taken += seq - self.size
                self.size = seq
                self._reached()
                stop = self._stop
        self.taken += seq - self.size
        self.size, self._chain, self._before = seq, chain, before
        return strange

    def _append(self, leaf: bytes) -> None:
        if self._tree is not None:
            self._tree.append(leaf)

    def unreadable(self) -> None:
        """A line that may have been the next event cannot be read."""
        self._unreadable += 1

    def examine(self, said: Mapping[str, Any]) -> None:
        """Take the line of an event that is not what was expected, and say what is wrong with it."""
        self.taken += 1
        row = row_of(said)
        seq = row.seq
        if seq != self.size and self._follows(row):
            self._altered(self.size, f"its number says {seq}")
            seq = self.size
        for fault in row.faults:
            if fault == GONE:
                self.findings.problem(Kind.REMOVED, f"event {seq} was removed: {fault}", first=seq)
            else:
                self._altered(seq, fault)
        if seq < self.size:
            self._repeated(row)
            return
        if seq > self.size:
            self._gap(seq)
        self._unreadable = 0
        self._linked(row, seq)
        if row.content and row.content["event"] in self.notable:
            self.noted(seq, row.content)
        self.size = seq + 1
        self._reached()

    def _altered(self, seq: int, how: str) -> None:
        self.findings.problem(Kind.ALTERED, f"event {seq} was altered: {how}", first=seq)

    def _follows(self, row: Row) -> bool:
        """Whether the link of `row` continues the chain as it stands."""
        before = self._chain
        return before is not None and any(chain_hash(before, leaf) == row.chain for leaf in row.leaves)

    def _repeated(self, row: Row) -> None:
        if gap_at(row.seq, self._gaps) and row.seq not in self._late:
            self._late.add(row.seq)
        else:
            self.findings.problem(Kind.DUPLICATED, f"there are two events {row.seq}", first=row.seq)
        if row.leaf and row.chain:
            self._suspect(Link(row.seq, row.leaf, row.chain, None))

    def _suspect(self, link: Link) -> None:
        if len(self._links) < LIMIT:
            self._links.append(link)
        else:
            self.findings.further += 1

    def _gap(self, seq: int) -> None:
        self._gaps.append(Gap(self.size, seq - 1, self._chain, readable=not self._unreadable))
        self._tree, self._chain, self._before, self._doubt = None, None, None, None

    def _linked(self, row: Row, seq: int) -> None:
        """Hold the hashes of `row` against each other and against the chain, then continue from it."""
        before, leaf, doubt = self._chain, row.computed or row.leaf, None
        fitting = next((leaf for leaf in row.leaves if self._fits(row.chain, leaf)), None)
        if fitting is not None:
            before, leaf = self._chain, fitting
        elif row.chain is not None and leaf is not None:
            doubt = Link(seq, leaf, row.chain, before, self._before)
            self._suspect(doubt)
        if len(row.leaves) == 2:
            self._altered(
                seq,
                "what it says is not what was sealed under this number"
                if fitting == row.leaf
                else "its stored leaf hash is not that of what it says",
            )
        if leaf is None:
            self._tree = None
        else:
            self._append(leaf)
        self._before, self._chain = before, row.chain
        if row.chain is None and before is not None and leaf is not None:
            self._chain = chain_hash(before, leaf)
        self._doubt = doubt if before is not None else None

    def _fits(self, chain: bytes | None, leaf: bytes) -> bool:
        """Whether `chain` is the link of an event with `leaf` at this place."""
        if self._chain is None:
            return False
        doubt = self._doubt
        if doubt is not None and doubt.before is not None:
            right = chain_hash(doubt.before, doubt.leaf)
            if chain_hash(right, leaf) == chain:
                # So nothing was wrong with the event before but its stored link.
                if doubt in self._links:
                    self._links.remove(doubt)
                self._altered(doubt.seq, "its stored link of the chain is wrong")
                self._chain, self._doubt = right, None
                return True
        return chain_hash(self._chain, leaf) == chain

    def finish(self, announced: int | None) -> None:
        """Say what was missing, repeated or out of order, now that all lines are known.

        `announced` is the number of events that the last line of the export speaks of.
        """
        missing = 0 if announced is None else announced - self.taken
        if missing > 0:
            last = self.size + missing - 1
            self._gaps.append(Gap(self.size, last, self._chain, readable=not self._unreadable))
        explain(self._gaps, self._links, self._late, self.findings)
