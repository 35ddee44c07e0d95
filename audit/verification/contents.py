"""Everything in an export but the events: waiting events, records, the end; and what some events mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from audit.events import Event
from audit.lines import Unreadable, read
from audit.note import NoteRefused
from audit.rotation import Rotation, read_rotation
from audit.verification.findings import Findings, Kind
from audit.verification.log import Log
from audit.verification.losses import Acknowledged, acknowledged
from audit.verification.rows import inspected
from audit.verification.signatures import Signatures

_ORDER: Final = ("checkpoint", "event", "pending", "record", "end")


@dataclass(slots=True)
class Contents:
    """Takes every line that is not the expected event, and every event that matters beyond itself."""

    findings: Findings
    signatures: Signatures
    rotations: list[Rotation] = field(default_factory=list)
    losses: list[Acknowledged] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_ORDER, 0))
    _last: int = 1  # the kind of the line before, as its place in _ORDER; all checkpoints are behind
    _end: Mapping[str, Any] | None = None

    def noted(self, seq: int, content: Mapping[str, Any]) -> None:
        """Take an event of a key, of a loss, or of a signature."""
        match content["event"]:
            case Event.TRAIL_KEY_ROTATED:
                self._rotation(seq, content)
            case Event.TRAIL_ALARMED:
                loss = acknowledged(seq, content)
                self.losses += [] if loss is None else [loss]
            case _:
                self.signatures.noted(seq, content)

    def _rotation(self, seq: int, content: Mapping[str, Any]) -> None:
        try:
            old, new = content["changes"]["key"]
            self.rotations.append(read_rotation(seq, str(old), str(new), str(content["facts"]["note"])))
        except (KeyError, TypeError, ValueError, RecursionError, NoteRefused) as problem:
            self.findings.problem(
                Kind.KEY, f"event {seq} announces a new key, but does not prove it: {problem}", first=seq
            )

    def other(self, line: str, log: Log) -> None:
        """Take a line that is not the event that was expected next."""
        try:
            said = read(line)
        except Unreadable as problem:
            self.findings.problem(
                Kind.EXPORT, f"a line behind {log.size} events is not readable: {problem}", first=log.size
            )
            log.unreadable()
            return
        kind = said["kind"]
        if kind not in _ORDER or _ORDER.index(kind) < self._last or self._end is not None:
            self.findings.problem(Kind.EXPORT, f"a line of the kind {kind!r} stands where none belongs")
            return
        self._last = _ORDER.index(kind)
        self.counts[kind] += 1
        if kind == "event":
            log.examine(said)
        elif kind == "pending":
            self._pending(said)
        elif kind == "record":
            self.signatures.record(said["subject"], said["content"])
        elif kind == "end":
            self._end = said

    def _pending(self, said: Mapping[str, Any]) -> None:
        _content, _leaf, faults = inspected(said)
        for fault in faults:
            which = f"the event on {said['subject']!r} that waits for its number"
            self.findings.problem(Kind.ALTERED, f"{which} was altered: {fault}")

    def finish(self, log: Log, checkpoints: int) -> None:
        """Hold what came against what the last line says."""
        end = self._end
        log.finish(None if end is None else end["events"])
        self.signatures.finish()
        if end is None:
            self.findings.problem(
                Kind.EXPORT, f"the export is cut off behind {log.size} events: its last line is missing"
            )
            return
        came = (log.taken, checkpoints, self.counts["pending"], self.counts["record"])
        said = tuple(end[name] for name in ("events", "checkpoints", "pending", "records"))
        if came != said:
            self.findings.problem(
                Kind.EXPORT,
                f"the export says that it holds {said[0]} events, {said[1]} checkpoints, {said[2]} waiting "
                f"events and {said[3]} records; there are {came[0]}, {came[1]}, {came[2]} and {came[3]}",
            )
