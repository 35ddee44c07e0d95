"""Verifying an export without the database: what is right passes, what is no export is told."""

import json
import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import proof
from audit.checkpoint import Checkpoint
from audit.entry import canonical
from audit.events import Event
from audit.lines import line
from audit.tree import Frontier
from audit.verification.findings import Kind
from audit.verification.words import report
from audit.verify import NotAnExport, main, read_keys, verify
from tests.audit import independent
from tests.audit.exported import (
    KEY,
    ORIGIN,
    START,
    Trail,
    content,
    contents,
    leaves_of,
    rows_of,
    stored,
)
from tests.audit.verification.verifying import HONEST, NEXT, kinds, verified

pytestmark = pytest.mark.requirement("AUD-05")

ROOT = Path(__file__).parents[2]


# What is right passes.


def test_an_honest_trail_is_intact() -> None:
    result = verified(HONEST)

    assert result.ok
    assert (result.origin, result.events, result.checkpoints) == (ORIGIN, 24, 3)
    assert (result.protected, result.unprotected, result.anchored) == (22, 2, 22)


def test_nothing_is_wrong_with_a_trail_of_nothing() -> None:
    assert verified(Trail([], []), anchor=None).ok


def test_it_does_not_matter_whether_the_newlines_are_there() -> None:
    lines = [line.rstrip("\n") for line in HONEST.lines()]

    assert verify(lines, keys=[KEY.key]).ok


def test_events_that_wait_for_a_number_are_counted() -> None:
    result = verified(replace(HONEST, pending=rows_of([content(99)])))

    assert result.ok
    assert result.pending == 1


def test_a_clock_that_goes_backwards_is_no_alarm() -> None:
    said = contents(24)
    for number in range(10, 24):
        said[number]["at"] = (START - timedelta(hours=number)).isoformat(timespec="microseconds")
    trail = Trail.honest(said, [8, 16, 22])

    assert verified(trail, anchor=trail.notes).ok


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.lists(st.text()), max_size=4))
def test_whatever_an_event_says_it_passes(facts: dict[str, object]) -> None:
    said = [content(0, facts=facts, actor="김하은", reason='a "b" \\ \n c', changes={"a": [None, "🩻"]})]

    assert verified(Trail.honest(said, [1]), anchor=None).ok


def test_progress_is_told() -> None:
    told: list[int] = []
    trail = Trail.honest(contents(25_000), [25_000])

    result = verify(trail.lines(), keys=[KEY.key], progress=told.append)

    assert result.ok
    assert told == [10_000, 20_000, 25_000]


# The export itself.


@pytest.mark.parametrize("cut", range(1, len(HONEST.lines())))
def test_an_export_that_was_cut_off(cut: int) -> None:
    result = verify(HONEST.lines()[:cut], keys=[KEY.key])

    assert any(problem.kind is Kind.EXPORT and "cut off" in problem.text for problem in result.problems)


def test_an_export_that_miscounts() -> None:
    lines = HONEST.lines()
    lines[-1] = line("end", events=24, checkpoints=3, pending=1, records=0)

    assert kinds(verify(lines, keys=[KEY.key])) == [Kind.EXPORT]


def test_lines_where_none_belong() -> None:
    lines = HONEST.lines()

    assert kinds(verify([*lines, lines[5]], keys=[KEY.key])) == [Kind.EXPORT]
    assert Kind.EXPORT in kinds(verify([*lines[:9], lines[1], *lines[9:]], keys=[KEY.key]))
    assert Kind.EXPORT in kinds(verify([lines[0], *lines], keys=[KEY.key]))


@pytest.mark.parametrize(
    "first", ["", "\n", "{}", "{", HONEST.lines()[1], HONEST.lines()[0].replace("/1", "/2")]
)
def test_what_is_no_export_is_refused(first: str) -> None:
    with pytest.raises(NotAnExport):
        verify([first, *HONEST.lines()[1:]], keys=[KEY.key])


@given(st.lists(st.sampled_from(HONEST.lines()[1:]) | st.text(), max_size=12))
def test_no_input_makes_it_fail(lines: list[str]) -> None:
    result = verify([HONEST.lines()[0], *lines], keys=[KEY.key])

    assert not result.ok


def test_a_number_that_is_far_away_is_not_counted_up_to() -> None:
    lines = HONEST.lines()
    lines[4 + 9] = lines[4 + 9].replace('"seq":9', '"seq":900000000000000000')
    lines[4 + 10] = line(**json.loads(lines[4 + 10]) | {"seq": 9 * 10**18, "chain": "00" * 32})

    result = verify(lines, keys=[KEY.key])

    assert (result.problems[0].kind, result.problems[0].first) == (Kind.ALTERED, 9)


@pytest.mark.parametrize("origin", ["\ud800", "\ud800~2", f"{ORIGIN}\n  INTACT", ""])
def test_an_export_of_a_log_without_a_name_is_told(origin: str) -> None:
    result = verified(replace(HONEST, origin=origin), anchor=None)

    assert Kind.KEY in kinds(result)
    assert report(result).isascii()
    assert not any(one.startswith("  INTACT") for one in report(result).splitlines())


def test_what_events_say_is_shown_and_does_not_reach_the_terminal() -> None:
    """A word that moves the cursor, a line that says INTACT, half of a character."""
    strange = "\x1b[2J\n  INTACT: all is well\u202e\ud800"
    said = contents(
        24,
        e9={
            "event": Event.TRAIL_ALARMED,
            "subject": "trail",
            "actor": strange,
            "reason": strange,
            "facts": {
                "origin": strange,
                "size": 1,
                "root": strange,
                "kept": 0,
                "events": 0,
                "continued": strange,
            },
        },
        e10={"event": Event.RECORD_SIGNED, "subject": strange},
    )
    records = [(strange, canonical({"signatures": [{"meaning": "approved", "role": strange}]}))]

    told = report(verified(Trail.honest(said, [24], records=records), anchor=None))

    assert told.replace("\n", "").isprintable()
    assert not any(one.startswith("  INTACT") for one in told.splitlines())
    assert "\\x1b[2J\\n  INTACT: all is well" in told


def test_the_memory_for_a_checkpoint_is_what_the_docstring_says() -> None:
    def peak(count: int) -> int:
        rows, tree, notes = rows_of(contents(count)), Frontier(), []
        for size, leaf in enumerate(leaves_of(rows), start=1):
            tree.append(leaf)
            notes.append(Checkpoint(ORIGIN, size, tree.root()).signed_by(KEY))
        trail = Trail(rows, [stored(note) for note in notes])
        export, anchor = trail.lines(), trail.notes
        tracemalloc.start()
        assert verify(iter(export), keys=[KEY.key], anchors=[("anchor", anchor)]).ok
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert (peak(3000) - peak(1000)) / 2000 < 600


# A second implementation.


@given(
    st.integers(0, 23), st.integers(0, 12), st.sampled_from(["leaf", "chain", "canonical", "seq", "actor"])
)
def test_a_second_implementation_agrees(number: int, size: int, what: str) -> None:
    trail = Trail.honest(contents(24), sorted({size, 24}))
    lines = trail.lines()
    place = 1 + len(trail.seals) + number
    said = json.loads(lines[place])
    altered = [*lines[:place], line(**said | {what: _other(said[what])}), *lines[place + 1 :]]

    for export, intact in ((lines, True), (altered, False)):
        assert verify(export, keys=[KEY.key]).ok is intact
        assert independent.is_intact(export, ORIGIN, KEY.key.public) is intact


def _other(value: object) -> object:
    return value + 1 if isinstance(value, int) else f"{str(value)[:-1]}x"


@given(st.lists(st.text(), min_size=1, max_size=20), st.data())
def test_a_second_implementation_agrees_on_random_trails(reasons: list[str], data: st.DataObject) -> None:
    said = [content(number, reason=reason) for number, reason in enumerate(reasons)]
    sizes = data.draw(st.sets(st.integers(1, len(said)), min_size=1))
    trail = Trail.honest(said, sorted(sizes))
    anchors = [note for _size, _root, note in trail.seals]
    rewritten = data.draw(st.integers(0, len(said) - 1))
    other = [*said[:rewritten], content(rewritten, reason="x", actor="lee"), *said[rewritten + 1 :]]

    for export in (trail.lines(), trail.rehashed(other).lines(), trail.rehashed(said[:-1]).lines()):
        ours = verify(export, keys=[KEY.key], anchors=[("anchor", "".join(anchors).encode())])
        theirs = independent.is_intact(export, ORIGIN, KEY.key.public, anchors)

        assert ours.ok == theirs


# The command.


def written(folder: Path, trail: Trail = HONEST) -> tuple[Path, Path]:
    export, key = folder / "export.jsonl", folder / "key.pub"
    export.write_text("".join(trail.lines()))
    key.write_text(f"{KEY.key}\n")
    return export, key


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command in a process that cannot import Django."""
    blocked = (
        "import sys, runpy; sys.modules['django'] = None; "
        "runpy.run_module('audit.verify', run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", blocked, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"},
        check=False,
    )


def test_the_command_needs_no_django_and_says_intact(tmp_path: Path) -> None:
    export, key = written(tmp_path)
    (tmp_path / "checkpoints").write_bytes(HONEST.notes)

    done = run(export, "--key", key, "--anchor", tmp_path / "checkpoints")

    assert (done.returncode, done.stderr) == (0, "")
    assert "INTACT" in done.stdout
    assert "24 events, 3 checkpoints" in done.stdout


def test_python_dash_m_runs_it(tmp_path: Path) -> None:
    export, key = written(tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "audit.verify", export, "--key", key],
        capture_output=True,
        cwd=ROOT,
        check=False,
    )

    assert done.returncode == 0


def test_the_command_names_the_event_and_gives_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = HONEST.rows[9]
    altered = replace(row, canonical=row.canonical.replace("modality", "attacker"))
    export, key = written(tmp_path, HONEST.with_rows([*HONEST.rows[:9], altered, *HONEST.rows[10:]]))

    assert main([str(export), "--key", str(key)]) == 1
    said = capsys.readouterr().out
    assert "NOT INTACT" in said
    assert "event 9 was altered" in said


@pytest.mark.parametrize("alphabet", ["ascii", "cp1252", "utf-8"])
def test_the_command_speaks_whatever_alphabet_the_terminal_has(tmp_path: Path, alphabet: str) -> None:
    said = contents(24, e9={"event": Event.RECORD_SIGNED, "subject": "review/김\ud800"})
    export, key = written(tmp_path, Trail.honest(said, [24]))

    done = subprocess.run(
        [sys.executable, "-m", "audit.verify", export, "--key", key],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": alphabet},
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, b"")
    assert b"review/" in done.stdout


def test_a_proof_shows_what_an_event_says_on_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trail = Trail.honest(contents(8, e3={"reason": "\x1b[2J\nPROVEN: \ud800"}), [8])
    proven = proof.inclusion(
        seq=3, canonical=trail.rows[3].canonical, leaves=leaves_of(trail.rows), note=trail.seals[0][2]
    )
    (tmp_path / "proof").write_text(proven)
    (tmp_path / "key").write_text(f"{KEY.key}\n")

    assert main([str(tmp_path / "proof"), "--key", str(tmp_path / "key")]) == 0
    told = capsys.readouterr().out
    assert told.count("\nPROVEN") == 0
    assert "\\x1b[2J\\nPROVEN: \\ud800" in told


def test_bytes_that_are_no_ascii_are_an_alteration(tmp_path: Path) -> None:
    export, key = written(tmp_path)
    export.write_bytes(export.read_bytes().replace(b"modality", b"m\xffdality", 1))

    assert main([str(export), "--key", str(key)]) == 1


@pytest.mark.parametrize("broken", ["export", "key", "anchor"])
def test_what_cannot_be_read_gives_2(broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export, key = written(tmp_path)
    arguments = {"export": str(export), "key": str(key), "anchor": str(export)}
    arguments[broken] = str(tmp_path / "nowhere")

    assert main([arguments["export"], "--key", arguments["key"], "--anchor", arguments["anchor"]]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("broken", ["export", "key"])
def test_what_is_something_else_gives_2(broken: str, tmp_path: Path) -> None:
    export, key = written(tmp_path)
    {"export": export, "key": key}[broken].write_text("something else")

    assert main([str(export), "--key", str(key)]) == 2


def test_usage_gives_2() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export.jsonl"])
    assert ended.value.code == 2


def test_keys_may_stand_in_several_files_or_one(tmp_path: Path) -> None:
    (tmp_path / "both").write_text(f"{NEXT.key}\n\n{KEY.key}\n")

    assert read_keys([tmp_path / "both"]) == [NEXT.key, KEY.key]


def test_a_report_says_what_is_protected_and_what_is_not() -> None:
    said = report(verified(HONEST))

    assert "covers the first 22 events" in said
    assert "The last 2 events, from number 22 on" in said
    assert "Checkpoints kept outside the database confirm the first 22 events" in said
    assert "is not known" in report(verified(HONEST, anchor=None))


def test_records_and_their_signatures_are_counted() -> None:
    open_record = ("report/1", canonical({"signatures": [{"meaning": "approved", "role": "approver"}]}))

    result = verified(replace(HONEST, records=[open_record]))

    assert result.ok
    assert "report/1 is not signed as approved." in result.remarks
    assert "0 electronic signatures on 1 record" in report(result)
