"""`python -m audit.verify EXPORT --key PUB`: whether an exported trail is what was recorded, all of it.

For whoever has an export, a public key and, best, a checkpoint that was kept elsewhere: no Django, no
database, no trust in the device. The code needs `audit` and the package cryptography, nothing else.
"""

import argparse
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from audit import proof
from audit.events import Event
from audit.incarnation import base_of
from audit.lines import FORMAT, Unreadable, read
from audit.note import NoteRefused, VerifierKey
from audit.verification.conclusions import conclude
from audit.verification.contents import Contents
from audit.verification.findings import Findings, Kind, Verification, plain
from audit.verification.heads import Heads
from audit.verification.log import Log
from audit.verification.signatures import NOTABLE, Signatures
from audit.verification.stored import Stored
from audit.verification.trust import Ring
from audit.verification.witness import Witness
from audit.verification.words import report, tell

_PATIENCE: Final = 100  # lines that cannot be read, among the checkpoints


class NotAnExport(Exception):
    """What was given is no export of a trail in a format that is known here."""


def verify(
    lines: Iterable[str],
    *,
    keys: Sequence[VerifierKey],
    anchors: Sequence[tuple[str, bytes]] = (),
    progress: Callable[[int], None] | None = None,
) -> Verification:
    """Check an export: content, columns, hashes, chain, tree, checkpoints, anchors, electronic signatures.

    `lines` are those of the export, each with its newline. `keys` are the keys that are trusted, the newest
    first. `anchors` are names and contents of files with checkpoints from outside: an anchor file, an SR.
    `progress` is called with the number of events so far. The memory needed does not grow with the events,
    but by some 530 bytes with each checkpoint, beside the contents of `anchors`: 280 MB for a year in which
    one was signed every minute. Raises NotAnExport, and whatever `lines` raises.
    """
    iterator = iter(lines)
    head = _head(next(iterator, ""))
    findings = Findings()
    _check_head(head, keys, findings)
    stored, rest = _stored(iterator, findings)
    seen = Contents(findings, Signatures(findings))
    outside = [Witness(name, content) for name, content in anchors]
    log = Log(
        wanted=sorted({one.size for one in stored}.union(*(witness.sizes() for witness in outside))),
        reached=progress or (lambda _size: None),
        notable=NOTABLE | {Event.TRAIL_KEY_ROTATED, Event.TRAIL_ALARMED},
        noted=seen.noted,
        findings=findings,
    )
    while (line := log.follow(rest)) is not None:
        seen.other(line, log)
    seen.finish(log, len(stored))
    ring = Ring(keys, seen.rotations)
    heads = Heads(head["origin"], log.size, log.taken, log.roots, ring, seen.losses, findings, stored)
    heads.judge_stored()
    for witness in outside:
        heads.judge_witness(witness)
    conclude(heads)
    return Verification(
        origin=plain(head["origin"]),
        events=log.taken,
        pending=seen.counts["pending"],
        checkpoints=len(stored),
        records=seen.counts["record"],
        signatures=seen.signatures.holding,
        checkpoint=heads.newest,
        anchored=heads.anchored,
        witnessed=heads.witnessed,
        problems=tuple(findings.problems),
        further=findings.further,
        remarks=tuple(findings.remarks),
    )


def _head(line: str) -> Mapping[str, Any]:
    head = _said(line)
    if head.get("kind") != "export":
        raise NotAnExport("this is not an export of an audit trail: its first line is not that of one")
    if head["format"] != FORMAT:
        raise NotAnExport(f"the format of this export is {head['format']!r}; {FORMAT!r} is known here")
    return head


def _check_head(head: Mapping[str, Any], keys: Sequence[VerifierKey], findings: Findings) -> None:
    if all(base_of(key.name) != base_of(head["origin"]) for key in keys):
        names = ", ".join(sorted({key.name for key in keys})) or "none"
        findings.problem(
            Kind.KEY, f"the export says that it is of {head['origin']}, but the given keys are of: {names}"
        )
    try:
        for text in head["keys"]:
            VerifierKey.parse(str(text))
    except NoteRefused as problem:
        findings.problem(Kind.EXPORT, f"the first line names a key that is none: {problem}")


def _stored(lines: Iterator[str], findings: Findings) -> tuple[list[Stored], Iterator[str]]:
    """The lines of checkpoints, with which an export begins, and an iterator over all that follows."""
    stored: list[Stored] = []
    strange: list[str] = []  # lines that cannot be read: among the checkpoints, if one follows
    for line in lines:
        said = _said(line)
        if not said and len(strange) < _PATIENCE:
            strange.append(line)
        elif said.get("kind") == "checkpoint":
            for _ in strange:
                findings.problem(Kind.EXPORT, f"a line behind {len(stored)} checkpoints is not readable")
            strange.clear()
            stored.append(Stored.of(said))
        else:
            return stored, itertools.chain(strange, [line], lines)
    return stored, iter(strange)


def _said(line: str) -> Mapping[str, Any]:
    """What a line says; nothing where it cannot be read."""
    try:
        return read(line)
    except Unreadable:
        return {}


def read_keys(paths: Iterable[Path]) -> list[VerifierKey]:
    """The verifier keys in files, one a line; raises OSError, NoteRefused."""
    return [
        VerifierKey.parse(line) for path in paths for line in path.read_text().splitlines() if line.strip()
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; gives its exit code: 0 intact, 1 not intact, 2 not readable."""
    parser = argparse.ArgumentParser(
        prog="python -m audit.verify",
        description="Verify an export of an audit trail, or a proof of one event. Exit code 0: intact; "
        "1: not intact; 2: the input could not be read.",
    )
    parser.add_argument("export", type=Path, help="the export, or the proof")
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        required=True,
        metavar="PUB",
        help="a file with the public key of the log; the newest first, earlier ones after it",
    )
    parser.add_argument(
        "--anchor",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a file from outside the device that holds checkpoints: an anchor file, a structured report",
    )
    options = parser.parse_args(arguments)
    try:
        keys = read_keys(options.key)
        anchors = [(str(path), path.read_bytes()) for path in options.anchor]
        # Bytes that are no ASCII are an alteration, to be found as one.
        with options.export.open(encoding="ascii", errors="surrogateescape", newline="\n") as lines:
            if proof.is_proof(lines.readline()):
                lines.seek(0)
                tell(proof.checked(lines.read(), keys), sys.stdout)
                return 0
            lines.seek(0)
            verification = verify(lines, keys=keys, anchors=anchors)
    except proof.Refused as refused:
        tell(f"NOT PROVEN: {plain(str(refused))}\n", sys.stdout)
        return 1
    except (OSError, UnicodeError, NoteRefused, NotAnExport) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    tell(report(verification), sys.stdout)
    return 0 if verification.ok else 1


if __name__ == "__main__":
    sys.exit(main())
