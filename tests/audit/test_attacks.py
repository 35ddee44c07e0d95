"""Attacks on the trail, every one of its kind: each is found against an outside checkpoint, and located.

The exhaustive runs are `make attacks`; a sample of each runs with every test.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from itertools import combinations, islice
from random import Random
from typing import Any

import pytest

from audit import proof
from audit.entry import canonical
from audit.events import Event
from audit.manifest import Manifest, digest_of, stamp
from audit.note import Signer
from audit.verification.findings import Kind, Verification
from audit.verify import NotAnExport, verify
from tests.audit.exported import (
    KEY,
    ORIGIN,
    START,
    Row,
    Trail,
    content,
    contents,
    leaves_of,
    rotated,
    rows_of,
    seal,
    signer,
    stored,
)

pytestmark = pytest.mark.requirement("AUD-05")

exhaustive = pytest.mark.attack
SAMPLE = 397  # a prime, so that a sample meets every kind of byte and every bit of it

Attack = tuple[
    str, Iterable[str], Callable[[Verification], bool]
]  # what is done, what comes of it, is it located


def found(attack: Attack, anchors: bytes) -> str | None:
    """What is wrong with how an attack was met; None where it was found and located."""
    name, lines, is_located = attack
    try:
        result = verify(lines, keys=[KEY.key], anchors=[("anchor", anchors)])
    except NotAnExport:
        return None
    if result.ok:
        return f"{name}: not found"
    return None if is_located(result) else f"{name}: not located: {result.problems}"


def missed(attacks: Iterable[Attack], anchors: bytes) -> tuple[int, list[str]]:
    """How many attacks there were, and what is wrong with how they were met."""
    count, wrong = 0, []
    for attack in attacks:
        count += 1
        said = found(attack, anchors)
        if said is not None:
            wrong.append(said)
    return count, wrong


def at(number: int) -> Callable[[Verification], bool]:
    """Whether a finding is about the event `number`."""
    return lambda result: any(
        p.first is not None and p.last is not None and p.first <= number <= p.last for p in result.problems
    )


def every_bit(text: str) -> Iterator[tuple[int, str]]:
    """The text with each of its bits flipped, as a file would be read that has them."""
    raw = text.encode()
    for position in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[position // 8] ^= 1 << position % 8
        yield position, flipped.decode("ascii", "surrogateescape")


def as_read(lines: Sequence[str]) -> list[str]:
    """The lines of a file with these contents: a flipped bit may have made an end of line."""
    return list(StringIO("".join(lines), newline="\n"))


# Flipped bits.

SMALL = Trail.honest(
    contents(8, e3={"reason": "wegen Übergröße", "changes": {"stage": [None, "reported"]}}), [4, 8]
)


def flipped_lines() -> Iterator[Attack]:
    """Every bit of every line of an export but those of the time of the export, which nothing vouches for."""
    lines = SMALL.lines()
    when = lines[0].index('"at":"')
    for place, line in enumerate(lines):
        for position, flipped in every_bit(line[:-1]):
            if place == 0 and position // 8 >= when:
                continue
            export = as_read([*lines[:place], flipped + "\n", *lines[place + 1 :]])
            yield f"line {place}, bit {position}", export, _where(place)


def _where(place: int) -> Callable[[Verification], bool]:
    event = place - 1 - len(SMALL.seals)
    if 0 <= event < len(SMALL.rows):
        return at(event)
    if place == 0:
        return lambda result: result.problems[0].kind in (Kind.KEY, Kind.EXPORT)
    if event < 0:
        size = SMALL.seals[place - 1][0]
        return lambda result: any(
            p.size == size or p.kind in (Kind.CHECKPOINT, Kind.EXPORT) for p in result.problems
        )
    return lambda result: any(p.kind is Kind.EXPORT for p in result.problems)


def test_a_sample_of_flipped_bits_is_found() -> None:
    count, wrong = missed(islice(flipped_lines(), 0, None, SAMPLE), SMALL.notes)

    assert count > 100
    assert wrong == []


@exhaustive
def test_every_flipped_bit_is_found_and_located() -> None:
    count, wrong = missed(flipped_lines(), SMALL.notes)

    print(f"\n{count:,} single-bit flips of an export, {len(wrong)} missed")  # noqa: T201
    assert count >= 50_000
    assert wrong == []


def test_every_flipped_bit_of_the_only_anchor_is_noticed() -> None:
    note = seal(SMALL.rows, 8)

    for position in range(0, len(note.encode()) * 8, 7):
        flipped = bytearray(note.encode())
        flipped[position // 8] ^= 1 << position % 8
        result = verify(SMALL.lines(), keys=[KEY.key], anchors=[("anchor", bytes(flipped))])

        if position // 8 < len(note.encode()) - 1:  # the last newline may be missing
            assert [p.kind for p in result.problems] == [Kind.ANCHOR], position


# Electronic signatures, under hashes and a checkpoint that are right: only the signature itself can tell.

LEE = signer("Lee's signing key", origin="user")
RECORD = canonical(
    {
        "text": "All is well.",
        "signatures": [{"meaning": "reviewed", "role": "quality_officer"}],
        "kind": "review",
    }
)


def signed_content(**facts: str) -> list[dict[str, Any]]:
    """What the events say of a record that Lee signed."""
    key = base64.b64encode(LEE.key.public).decode()
    manifest = Manifest(
        subject="review/1",
        digest=digest_of(RECORD),
        meaning="reviewed",
        signer="user/1",
        username="lee",
        name="Lee Min-ji",
        role="quality_officer",
        at=stamp(datetime(2026, 11, 22, tzinfo=UTC)),
        accountability="policy/1",
    )
    signed = {
        "meaning": manifest.meaning,
        "name": manifest.name,
        "digest": manifest.digest,
        "manifest": manifest.text,
        "signature": manifest.signed_by(LEE.private),
        "key": key,
    }
    enrolled = {"key": key, "name": "Lee Min-ji", "confirmation": ""}
    return [
        content(0, event=Event.SIGNING_KEY_ENROLLED, subject="user/1", actor="lee", facts=enrolled),
        content(1, event=Event.RECORD_SIGNED, subject="review/1", actor="lee", facts=signed | facts),
    ]


def flipped_signatures() -> Iterator[Attack]:
    """Every bit of manifest, signature, key, and of whatever else the event says; and of the record."""
    honest = signed_content()[1]["facts"]
    for name, value in honest.items():
        for position, flipped in every_bit(value):
            trail = Trail.honest(signed_content(**{name: flipped}), [2], records=[("review/1", RECORD)])
            yield f"{name}, bit {position}", trail.lines(), at(1)
    trail = Trail.honest(signed_content(), [2])
    for position, flipped in every_bit(RECORD):
        lines = replace(trail, records=[("review/1", flipped)]).lines()
        yield f"record, bit {position}", lines, at(1)


def signatures_missed(step: int) -> tuple[int, list[str]]:
    anchors = Trail.honest(signed_content(), [2]).notes
    result = verify(
        Trail.honest(signed_content(), [2], records=[("review/1", RECORD)]).lines(),
        keys=[KEY.key],
        anchors=[("anchor", anchors)],
    )
    assert (result.ok, result.signatures) == (True, 1)
    count, wrong = 0, []
    for name, lines, is_located in islice(flipped_signatures(), 0, None, step):
        count += 1
        result = verify(lines, keys=[KEY.key])  # the key of the log itself has sealed it so
        if (
            result.signatures
            or not is_located(result)
            or Kind.SIGNATURE not in {p.kind for p in result.problems}
        ):
            wrong.append(f"{name}: {result.problems}")
    return count, wrong


@pytest.mark.requirement("SIG-02")
def test_a_sample_of_flipped_bits_of_an_electronic_signature_is_found() -> None:
    count, wrong = signatures_missed(SAMPLE // 10)

    assert count > 100
    assert wrong == []


@exhaustive
@pytest.mark.requirement("SIG-02")
def test_every_flipped_bit_of_an_electronic_signature_is_found() -> None:
    count, wrong = signatures_missed(1)

    print(f"\n{count:,} single-bit flips of an electronic signature and its record, {len(wrong)} missed")  # noqa: T201
    assert wrong == []


# Proofs.


def proofs() -> Iterator[tuple[str, Callable[[str], object]]]:
    leaves = leaves_of(SMALL.rows)
    inclusion = proof.inclusion(
        seq=3, canonical=SMALL.rows[3].canonical, leaves=leaves, note=SMALL.seals[1][2]
    )
    yield inclusion, lambda text: proof.verify_inclusion(text, [KEY.key])
    growth = proof.consistency(first=SMALL.seals[0][2], second=SMALL.seals[1][2], leaves=leaves, size=4)
    yield growth, lambda text: proof.verify_consistency(text, [KEY.key])


def proofs_missed(step: int) -> tuple[int, list[int]]:
    count, wrong = 0, []
    for text, check in proofs():
        check(text)
        for position, flipped in islice(every_bit(text), 0, None, step):
            count += 1
            try:
                check(flipped)
            except proof.Refused:
                continue
            wrong.append(position)
    return count, wrong


def test_a_sample_of_flipped_bits_of_proofs_is_refused() -> None:
    count, wrong = proofs_missed(SAMPLE // 10)

    assert count > 100
    assert wrong == []


@exhaustive
def test_every_flipped_bit_of_a_proof_is_refused() -> None:
    count, wrong = proofs_missed(1)

    print(f"\n{count:,} single-bit flips of proofs, {len(wrong)} missed")  # noqa: T201
    assert wrong == []


# Rows removed, repeated, exchanged; the end cut off. With and without the numbers made good.

EVENTS = 60
LARGE = Trail.honest(contents(EVENTS), range(10, EVENTS + 1, 10))
HEAD = 1 + len(LARGE.seals)


def moved_lines() -> Iterator[Attack]:
    lines = LARGE.lines()
    for n in range(EVENTS):
        yield f"line {n} removed", [*lines[: HEAD + n], *lines[HEAD + n + 1 :]], at(n)
        yield f"line {n} repeated", [*lines[: HEAD + n], lines[HEAD + n], *lines[HEAD + n :]], at(n)
        yield f"cut off at {n}", [*lines[: HEAD + n], lines[-1]], at(n)
    for i, j in combinations(range(EVENTS), 2):
        swapped = list(lines)
        swapped[HEAD + i], swapped[HEAD + j] = swapped[HEAD + j], swapped[HEAD + i]
        yield f"lines {i} and {j} exchanged", swapped, _both(i, j)


def moved_rows() -> Iterator[Attack]:
    rows = list(LARGE.rows)
    for n in range(EVENTS):
        yield f"row {n} removed", LARGE.with_rows([*rows[:n], *rows[n + 1 :]]).lines(), at(n)
        yield f"row {n} repeated", LARGE.with_rows([*rows[: n + 1], *rows[n:]]).lines(), at(n)
        yield f"rows cut off at {n}", LARGE.with_rows(rows[:n]).lines(), at(n)
        inserted = Row.of(content(99), bytes.fromhex(rows[n - 1].chain) if n else bytes(32))
        yield f"row inserted at {n}", LARGE.with_rows([*rows[:n], inserted, *rows[n:]]).lines(), at(n)
    for i, j in combinations(range(EVENTS), 2):
        swapped = list(rows)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        yield f"rows {i} and {j} exchanged", LARGE.with_rows(swapped).lines(), _both(i, j)


def _both(i: int, j: int) -> Callable[[Verification], bool]:
    return lambda result: at(i)(result) and at(j)(result)


# Rewritten by somebody with every right on the database: all leaves and links made anew.


def rewritten() -> Iterator[tuple[str, list[dict[str, Any]], int]]:
    """What is done, what the events say then, and the first number at which that differs."""
    said = contents(EVENTS)
    for n in range(EVENTS):
        yield f"event {n} edited", [*said[:n], content(n, actor="lee"), *said[n + 1 :]], n
        yield f"event {n} removed", [*said[:n], *said[n + 1 :]], n
        yield f"event {n} repeated", [*said[: n + 1], *said[n:]], n + 1
        yield f"event inserted at {n}", [*said[:n], content(99), *said[n:]], n
        yield f"rewritten from {n} on", [*said[:n], *(content(k, actor="lee") for k in range(n, EVENTS))], n
        yield f"cut off at {n}", said[:n], n
    for i, j in combinations(range(EVENTS), 2):
        swapped = list(said)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        yield f"events {i} and {j} exchanged", swapped, i


def rehashed() -> Iterator[Attack]:
    thief = signer("a thief's key")
    for number, (name, said, first) in enumerate(rewritten()):
        if first >= EVENTS:
            continue  # behind the last checkpoint: the open end, which the report speaks of
        trail = LARGE.rehashed(said)
        good = first - first % 10
        strategies = {
            "checkpoints left": trail,
            "checkpoints removed": trail.without_seals_beyond(good),
            "checkpoints forged": None,
        }
        # Each of them for single rows; they take turns for the many pairs.
        for turn, (strategy, altered) in enumerate(strategies.items()):
            if "exchanged" in name and turn != number % len(strategies):
                continue
            if altered is None:
                seals = [
                    one if one[0] <= good else stored(seal(trail.rows, one[0], thief)) for one in trail.seals
                ]
                altered = replace(trail, seals=seals)
            yield f"{name}, {strategy}", altered.lines(), _between(good)


def _between(good: int) -> Callable[[Verification], bool]:
    """Whether the change is said to lie between the checkpoint of `good` events and the next one."""

    def is_located(result: Verification) -> bool:
        return (
            any(
                (p.kind is Kind.REWRITTEN and (p.first, p.last) == (good, good + 9))
                or (p.kind is Kind.TRUNCATED and p.first == good)
                for p in result.problems
            )
            and result.protected <= good
        )

    return is_located


@pytest.mark.parametrize("attacks", [moved_lines, moved_rows, rehashed])
def test_a_sample_of_rows_moved_and_rewritten_is_found(attacks: Callable[[], Iterator[Attack]]) -> None:
    count, wrong = missed(islice(attacks(), 0, None, 41), LARGE.notes)

    assert count > 40
    assert wrong == []


@exhaustive
@pytest.mark.parametrize("attacks", [moved_lines, moved_rows, rehashed])
def test_every_row_moved_or_rewritten_is_found_and_located(attacks: Callable[[], Iterator[Attack]]) -> None:
    count, wrong = missed(attacks(), LARGE.notes)

    print(f"\n{attacks.__name__}: {count:,} attacks, {len(wrong)} missed")  # noqa: T201
    assert wrong == []


# No false alarm.


def clean(random: Random) -> tuple[list[str], list[Any], bytes]:
    """An honest trail of any kind: the lines of its export, the keys and the anchors for it."""
    count = random.randint(1, 30)
    said = [content(n, **_anything(random)) for n in range(count)]
    for one in said[random.randint(0, count) :]:  # the clock is set back
        one["at"] = START.replace(year=random.randint(1990, 2026)).isoformat(timespec="microseconds")
    following, handover = signer(f"next {random.random()}"), random.randint(0, 2 * count)
    if handover < count:
        said[handover] |= rotated(KEY, following)
    rows = rows_of(said)
    sizes = sorted({*random.sample(range(1, count + 1), random.randint(0, min(count, 4))), count})
    seals, rotating = [], True
    for size in sizes:
        signers: tuple[Signer, ...] = (KEY,)
        if size > handover:
            signers = (KEY, following) if rotating else (following,)
            rotating = False
        seals.append(stored(seal(rows, size, *signers)))
    records = [(f"report/{n}", canonical({"text": str(n)})) for n in range(random.randint(0, 2))]
    trail = Trail(rows, seals, pending=rows_of(contents(random.randint(0, 3))), records=records)
    keys = [KEY.key, *([following.key] if random.random() < 0.5 else [])]
    kept = b"".join(f"{note}\n".encode() for _size, _root, note in seals if random.random() < 0.7)
    return trail.lines(), random.sample(keys, len(keys)), kept


def _anything(random: Random) -> dict[str, Any]:
    texts = ["", "kim", "김하은", 'a "quoted" \\ text', "line\nbreak", "🩻", "\x7f\x00", "=1+1", "é" * 40]
    return {
        "actor": random.choice(texts),
        "reason": random.choice(texts),
        "outcome": random.choice([0, 4, 8, 12]),
        "facts": {
            random.choice(texts): random.choice([*texts, None, True, -1, 2**70, texts]) for _ in range(3)
        },
        "changes": {} if random.random() < 0.5 else {"stage": [None, random.choice(texts)]},
    }


def false_alarms(runs: int) -> list[Any]:
    random, alarms = Random(20261122), []
    for _ in range(runs):
        lines, keys, kept = clean(random)
        result = verify(lines, keys=keys, anchors=[("anchor", kept)] if kept else [])
        if not result.ok:
            alarms.append(result.problems)
    return alarms


def test_a_sample_of_clean_trails_alarms_nobody() -> None:
    assert false_alarms(200) == []


@exhaustive
def test_ten_thousand_clean_trails_alarm_nobody() -> None:
    alarms = false_alarms(10_000)

    print(f"\n10,000 clean trails, {len(alarms)} false alarms")  # noqa: T201
    assert alarms == []


def test_the_trail_under_attack_is_itself_intact() -> None:
    for trail in (SMALL, LARGE):
        assert verify(trail.lines(), keys=[KEY.key], anchors=[("anchor", trail.notes)]).ok
    assert json.loads(SMALL.lines()[0])["origin"] == ORIGIN
