"""The result of a verification in plain words."""

from collections.abc import Iterator
from typing import Protocol

from audit.verification.findings import Verification


class Stream(Protocol):
    """Where words go: a terminal, a file, the output of a command."""

    def write(self, text: str, /) -> object: ...


def tell(text: str, stream: Stream) -> None:
    """Write `text`, whatever the alphabet of `stream`; what that does not have is written as an escape."""
    alphabet = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(alphabet, "backslashreplace").decode(alphabet))


def report(verification: Verification) -> str:
    """The whole result, for people who read it on a terminal or on paper."""
    return "\n".join(_lines(verification)) + "\n"


def _lines(said: Verification) -> Iterator[str]:
    yield f"Audit trail of {said.origin}"
    counts = [_count(said.events, "event"), _count(said.checkpoints, "checkpoint")]
    if said.pending:
        counts.append(f"{_count(said.pending, 'event')} waiting for a number")
    if said.records or said.signatures:
        counts.append(
            f"{_count(said.signatures, 'electronic signature')} on {_count(said.records, 'record')}"
        )
    yield f"  {', '.join(counts)}"
    if said.ok:
        yield "  INTACT: content, columns, hashes, chain, tree, checkpoints and signatures agree."
    else:
        more = f" (and {said.further} more)" if said.further else ""
        yield f"  NOT INTACT: {_count(len(said.problems), 'finding')}{more}."
        for problem in said.problems:
            yield f"  - {problem.kind}: {problem.text}."
    yield f"  {_protection(said)}"
    yield f"  {_outside(said)}"
    for remark in said.remarks:
        yield f"  {remark}"


def _protection(said: Verification) -> str:
    if said.checkpoint is None:
        return "No checkpoint protects any event."
    newest = f"The newest checkpoint that holds covers the first {_count(said.protected, 'event')}"
    if not said.unprotected:
        return f"{newest}: all."
    if not said.ok:
        return f"{newest}. From number {said.protected} on, nothing is confirmed."
    return (
        f"{newest}. The last {_count(said.unprotected, 'event')}, from number {said.protected} on, "
        f"could still be changed unseen until the next one is signed."
    )


def _outside(said: Verification) -> str:
    if said.anchored:
        return f"Checkpoints kept outside the database confirm the first {_count(said.anchored, 'event')}."
    if said.witnessed:
        return "The checkpoints kept outside the database confirm none of these events."
    return (
        "Nothing kept outside the database was compared: whether the end was cut off together with its "
        "checkpoints is not known. Name an anchor file or a report from the archive with --anchor."
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
