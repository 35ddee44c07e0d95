"""The anchor file."""

import os
import stat
from pathlib import Path

import pytest

from audit import anchor
from audit.checkpoint import Checkpoint
from audit.signer import make_key, read_key

pytestmark = pytest.mark.requirement("AUD-04")


@pytest.fixture(params=["hospital.example/samd", "trail"])
def notes(tmp_path: Path, request: pytest.FixtureRequest) -> list[str]:
    make_key(tmp_path / "key", origin=request.param)
    signer = read_key(tmp_path / "key")
    return [
        Checkpoint(request.param, size, bytes([size % 256]) * 32).signed_by(signer) for size in range(1, 1000)
    ]


def test_what_is_added_is_found_again_in_its_order(tmp_path: Path, notes: list[str]) -> None:
    for note in notes[:20]:
        anchor.append(tmp_path / "anchor" / "checkpoints", note)

    assert anchor.newest(tmp_path / "anchor" / "checkpoints") == notes[:20]


def test_where_there_is_no_file_nothing_was_signed(tmp_path: Path) -> None:
    assert anchor.newest(tmp_path / "none") == []


def test_a_note_torn_at_any_byte_harms_no_other(tmp_path: Path, notes: list[str]) -> None:
    torn = notes[1].encode()
    for length in range(len(torn)):
        path = tmp_path / f"torn{length}"
        anchor.append(path, notes[0])
        with path.open("ab") as file:
            file.write(torn[:length])

        anchor.append(path, notes[2])

        found = anchor.newest(path)
        assert [note for note in found if note in notes[:3]] in ([notes[0], notes[2]], notes[:3])


def test_zeros_that_a_power_cut_left_harm_no_other(tmp_path: Path, notes: list[str]) -> None:
    anchor.append(tmp_path / "a", notes[0])
    with (tmp_path / "a").open("ab") as file:
        file.write(bytes(4096))

    anchor.append(tmp_path / "a", notes[1])

    assert anchor.newest(tmp_path / "a") == notes[:2]


def test_only_the_end_of_a_long_file_is_read(tmp_path: Path, notes: list[str]) -> None:
    (tmp_path / "long").write_text("\n".join(notes) + "\n")

    found = anchor.newest(tmp_path / "long")

    assert 100 < len(found) < len(notes)
    assert found == notes[-len(found) :]


def test_a_file_that_takes_nothing_says_what_to_do(tmp_path: Path, notes: list[str]) -> None:
    (tmp_path / "anchor").write_text("a file where the folder should be")

    with pytest.raises(anchor.CannotAnchor, match="No event is lost and none is sealed"):
        anchor.append(tmp_path / "anchor" / "checkpoints", notes[0])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_told(notes: list[str]) -> None:
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)  # noqa: PTH116

    with pytest.raises(anchor.CannotAnchor, match="No space left"):
        anchor.append(Path("/dev/full"), notes[0])


def test_a_file_that_cannot_be_read_lets_nothing_be_signed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(anchor.CannotAnchor, match="signs nothing"):
        anchor.newest(tmp_path / "folder")
