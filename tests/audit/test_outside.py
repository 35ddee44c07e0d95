"""The thread that shows checkpoints to the outside lives, whatever goes wrong there."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError

from audit import anchor
from audit.anchor import CannotAnchor
from audit.asking import NotReached, post
from audit.note import NoteRefused
from audit.outside import Outside
from audit.timestamp import NotStamped
from audit.witness import NotWitnessed
from tests.audit.verification.verifying import HONEST

pytestmark = pytest.mark.requirement("AUD-04")

NOTES = [note for _size, _root, note in HONEST.seals]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.outside.PAUSE", 0.01)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    anchor.append(tmp_path / "anchor", NOTES[0])
    return tmp_path / "anchor"


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def failing(problems: Iterator[Exception | None], shown: list[str]) -> Callable[[str], None]:
    def show(note: str) -> None:
        problem = next(problems, None)
        if problem is not None:
            raise problem
        shown.append(note)

    return show


def unreachable(_note: str) -> None:
    post("http://127.0.0.1:80x/tsa", b"", kind="a/b")


@pytest.mark.parametrize(
    "problem",
    [
        NotReached("busy"),
        NotStamped("refused"),
        NotWitnessed("refused"),
        NoteRefused("no checkpoint"),
        CannotAnchor("no room"),
        InterfaceError("connection already closed"),
        OperationalError("gone"),
        PermissionError("not for you"),
        ValueError("a stored leaf is no hash"),
    ],
)
def test_whatever_goes_wrong_is_told_and_tried_again(
    file: Path, problem: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    shown: list[str] = []

    with Outside(file, [failing(iter([problem]), shown)]).in_background():
        until(lambda: shown == NOTES[:1])
        anchor.append(file, NOTES[1])
        until(lambda: shown == NOTES[:2])

    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "problem", [InterfaceError("user 김"), OperationalError("user 김"), ValueError("김")]
)
def test_what_a_problem_says_that_is_not_ours_is_not_logged(
    file: Path, problem: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """A message of the database may hold values of rows."""
    assert not Outside(file, [failing(iter([problem]), [])]).show_newest()

    assert type(problem).__name__ in caplog.text
    assert "김" not in caplog.text


def test_an_address_that_is_none_holds_up_nobody(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    shown: list[str] = []
    outside = Outside(file, [unreachable, failing(iter([]), shown)])

    with outside.in_background():
        until(lambda: len(shown) > 1)  # both are asked again, as long as one of them does not answer

    assert "80x" in caplog.text


def test_an_anchor_file_that_cannot_be_read_for_a_moment(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shown: list[str] = []
    problems: Iterator[Exception | None] = iter([CannotAnchor("the anchor file cannot be read")])
    newest = anchor.newest

    def sometimes(path: Path) -> list[str]:
        problem = next(problems, None)
        if problem is not None:
            raise problem
        return newest(path)

    monkeypatch.setattr(anchor, "newest", sometimes)
    with Outside(file, [failing(iter([]), shown)]).in_background():
        until(lambda: shown == NOTES[:1])

    assert "the anchor file cannot be read" in caplog.text


def test_an_anchor_file_that_comes_later_is_shown(file: Path) -> None:
    shown: list[str] = []
    content = file.read_bytes()
    file.unlink()

    with Outside(file, [failing(iter([]), shown)]).in_background():
        time.sleep(0.05)
        file.write_bytes(content)
        until(lambda: shown == NOTES[:1])
