"""How fast a trail is verified, beside reading and parsing the same lines. By hand: `make bench`."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import pytest

from audit.checkpoint import Checkpoint
from audit.entry import EMPTY_CHAIN
from audit.lines import FORMAT, line
from audit.tree import Frontier
from audit.verify import verify
from tests.audit.exported import KEY, ORIGIN, START, Row, content

pytestmark = [pytest.mark.bench, pytest.mark.requirement("AUD-05")]

ROUNDS, EVENTS, INTERVAL = 5, 1_000_000, 100


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An export of EVENTS events with a checkpoint every INTERVAL, as an honest device writes it."""
    path = tmp_path / "export.jsonl"
    with path.open("w") as file:
        file.write(line("export", format=FORMAT, origin=ORIGIN, keys=[str(KEY.key)], at=START.isoformat()))
        file.writelines(checkpoints())
        file.writelines(one for one, _leaf in events())
        file.write(line("end", events=EVENTS, checkpoints=EVENTS // INTERVAL, pending=0, records=0))
    return path


def events() -> Iterator[tuple[str, bytes]]:
    """The line and the leaf of each event."""
    chain = EMPTY_CHAIN
    for seq in range(EVENTS):
        row = Row.of(content(seq), chain)
        chain = bytes.fromhex(row.chain)
        yield (
            line("event", seq=seq, leaf=row.leaf, chain=row.chain, canonical=row.canonical, **row.columns),
            bytes.fromhex(row.leaf),
        )


def checkpoints() -> Iterator[str]:
    tree = Frontier()
    for _line, leaf in events():
        tree.append(leaf)
        if tree.size % INTERVAL == 0:
            checkpoint = Checkpoint(ORIGIN, tree.size, tree.root())
            yield line(
                "checkpoint",
                size=checkpoint.size,
                root=checkpoint.root.hex(),
                note=checkpoint.signed_by(KEY),
            )


def parse(export: Path) -> None:
    with export.open(encoding="ascii", newline="\n") as file:
        for one in file:
            json.loads(one)


def verified(export: Path) -> None:
    with export.open(encoding="ascii", errors="surrogateescape", newline="\n") as file:
        assert verify(file, keys=[KEY.key]).protected == EVENTS


def test_verifying_beside_parsing(export: Path) -> None:
    ratios, times = [], []
    for _ in range(ROUNDS):
        bare = seconds(lambda: parse(export))
        ours = seconds(lambda: verified(export))
        ratios.append(ours / bare)
        times.append(ours)
    print(
        f"\n{EVENTS:,} events, a signed checkpoint every {INTERVAL}, {ROUNDS} rounds: verified in "
        f"{median(times):.1f} s (median; {min(times):.1f} to {max(times):.1f}; goal 15), "
        f"{median(ratios):.2f} times the time to read and parse the same lines "
        f"({min(ratios):.2f} to {max(ratios):.2f}; goal 3)"
    )


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
