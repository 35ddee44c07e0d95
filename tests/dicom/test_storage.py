"""Files of received objects: durable, content-addressed, never overwritten."""

import errno
import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samd.dicom.storage import (
    DiskFull,
    StoredFileDiffers,
    UnsafeIdentifier,
    clear_unfinished,
    discard,
    keep,
    part10,
    store,
)
from samd.domain.identity import is_uid

STUDY, SOP = "1.2.3", "1.2.3.4.5"


def files_under(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def no_room(*_arguments: Any) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.requirement("NODE-05")
def test_a_file_is_named_by_study_instance_and_content(tmp_path: Path) -> None:
    content = b"the bytes of an object"

    kept = store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=content)

    digest = hashlib.sha256(content).hexdigest()
    assert str(kept.path) == f"{STUDY}/{SOP}.{digest[:16]}.dcm"
    assert (kept.sha256, kept.size, kept.is_new) == (digest, len(content), True)
    assert (tmp_path / kept.path).read_bytes() == content


@pytest.mark.requirement("NODE-05")
def test_the_same_bytes_again_are_stored_once(tmp_path: Path) -> None:
    first = store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"same")

    again = store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"same")

    assert not again.is_new
    assert (again.path, again.sha256) == (first.path, first.sha256)
    assert files_under(tmp_path) == [STUDY, str(first.path)]


@pytest.mark.requirement("NODE-05")
def test_other_bytes_under_the_same_uid_lie_beside_the_first(tmp_path: Path) -> None:
    first = store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"first")

    second = store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"other")

    assert second.is_new
    assert (tmp_path / first.path).read_bytes() == b"first"
    assert (tmp_path / second.path).read_bytes() == b"other"


@pytest.mark.requirement("NODE-05")
def test_a_damaged_file_is_reported_and_left_as_it_is(tmp_path: Path) -> None:
    kept = store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"sound")
    (tmp_path / kept.path).write_bytes(b"rotten")

    with pytest.raises(StoredFileDiffers, match="have the object sent again"):
        store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"sound")

    assert (tmp_path / kept.path).read_bytes() == b"rotten"


@pytest.mark.requirement("NODE-02")
def test_the_file_is_synced_before_its_name_and_its_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, rename = os.fsync, os.rename

    def recording_fsync(descriptor: int) -> None:
        calls.append(f"fsync {path_of(descriptor).relative_to(tmp_path)}")
        fsync(descriptor)

    def recording_rename(source: Path, target: Path) -> None:
        calls.append(f"rename to {Path(target).relative_to(tmp_path)}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(os, "rename", recording_rename)

    kept = store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"bytes")

    written, *rest = calls
    assert written.startswith(f"fsync {STUDY}/.{SOP}")
    assert rest == [f"rename to {kept.path}", f"fsync {STUDY}", "fsync ."]


@pytest.mark.requirement("NODE-02")
def test_a_file_found_on_disk_is_made_durable_before_it_counts_as_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"bytes")
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(path_of(descriptor)))

    store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"bytes")

    assert synced == [tmp_path / STUDY, tmp_path]


@pytest.mark.requirement("NODE-02")
def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * 4
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, rest: write(descriptor, rest[:100]))

    kept = store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=content)

    assert (tmp_path / kept.path).read_bytes() == content


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB, where this machine lets us mount one."""
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.requirement("NODE-06")
def test_a_disk_that_is_really_full_keeps_nothing_and_works_again_when_there_is_room(
    small_disk: Path,
) -> None:
    room = store(small_disk, study_instance_uid="1.2", sop_instance_uid="1.2.1", content=bytes(40_000))

    with pytest.raises(DiskFull):
        store(small_disk, study_instance_uid=STUDY, sop_instance_uid=SOP, content=bytes(40_000))

    assert files_under(small_disk) == ["1.2", str(room.path)]
    discard(small_disk, room)
    assert store(small_disk, study_instance_uid=STUDY, sop_instance_uid=SOP, content=bytes(40_000)).is_new


@pytest.mark.requirement("NODE-06")
@pytest.mark.parametrize("step", ["mkdir", "open", "write", "fsync", "rename"])
def test_no_room_at_any_step_leaves_no_debris(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(os, step, no_room)

    with pytest.raises(DiskFull, match="nothing was kept"):
        store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"bytes")

    monkeypatch.undo()
    assert files_under(tmp_path) == []


@pytest.mark.requirement("NODE-06")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_disk_and_quota_are_the_same_to_the_sender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_arguments: Any) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", refuse)

    with pytest.raises(DiskFull):
        store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"bytes")


@pytest.mark.requirement("NODE-06")
def test_another_fault_of_the_disk_is_not_called_full_and_leaves_no_debris(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)

    with pytest.raises(OSError, match="Input/output error"):
        store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"bytes")

    assert files_under(tmp_path) == []


@pytest.mark.requirement("NODE-06")
def test_a_failure_leaves_the_earlier_objects_of_the_study_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = store(tmp_path, study_instance_uid=STUDY, sop_instance_uid="1.2.3.4.4", content=b"earlier")
    monkeypatch.setattr(os, "write", no_room)

    with pytest.raises(DiskFull):
        store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"later")

    assert files_under(tmp_path) == [STUDY, str(earlier.path)]


@pytest.mark.requirement("NODE-06")
def test_a_discarded_file_takes_its_empty_folder_with_it(tmp_path: Path) -> None:
    kept = store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"bytes")

    discard(tmp_path, kept)

    assert files_under(tmp_path) == []


@pytest.mark.requirement("NODE-06")
def test_what_a_crash_left_half_written_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    kept = store(tmp_path, study_instance_uid=STUDY, sop_instance_uid=SOP, content=b"bytes")
    half, under_way = (tmp_path / STUDY / name for name in (".1.2.dcm.0.part", ".1.3.dcm.1.part"))
    half.write_bytes(b"half")
    under_way.write_bytes(b"under way")
    os.utime(half, (1_000, 1_000))
    os.utime(under_way, (3_000, 3_000))

    cleared = clear_unfinished(tmp_path, before=2_000)

    assert cleared == 1
    assert files_under(tmp_path) == sorted([STUDY, f"{STUDY}/{under_way.name}", str(kept.path)])


@pytest.mark.requirement("NODE-04")
@settings(deadline=None)
@given(text=st.text(max_size=80) | st.from_regex(r"[0-9./\\\0~]{1,70}", fullmatch=True))
def test_only_a_uid_ever_becomes_part_of_a_path(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    root = tmp_path_factory.mktemp("store")

    if is_uid(text):
        kept = store(root, study_instance_uid=text, sop_instance_uid=text, content=b"bytes")
        assert (root / kept.path).resolve().parent.parent == root.resolve()
        assert len(kept.path.parts) == 2
    else:
        for study, sop in ((text, SOP), (STUDY, text)):
            with pytest.raises(UnsafeIdentifier):
                store(root, study_instance_uid=study, sop_instance_uid=sop, content=b"bytes")
        assert files_under(root) == []


@pytest.mark.requirement("NODE-04")
@pytest.mark.parametrize(
    "evil", ["", ".", "..", "../../EVIL", "/etc", "1.2;$(id)", "1..2", "01.2", "1.2\n", "1" * 65]
)
def test_a_text_that_is_no_uid_is_refused_before_any_path_is_touched(tmp_path: Path, evil: str) -> None:
    with pytest.raises(UnsafeIdentifier):
        store(tmp_path / "no such root", study_instance_uid=evil, sop_instance_uid=SOP, content=b"bytes")


@pytest.mark.requirement("NODE-01")
def test_file_meta_information_is_the_same_for_ever_so_that_equal_files_mean_equal_data_sets() -> None:
    file = part10(
        b"data set",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        sop_instance_uid="1.2.3",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
    )

    # Golden bytes: files are compared by them across versions of libraries.
    golden = (
        b"DICM"
        b"\x02\x00\x00\x00UL\x04\x00\x9a\x00\x00\x00"  # group length
        b"\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00\x00\x01"  # version
        b"\x02\x00\x02\x00UI\x1a\x001.2.840.10008.5.1.4.1.1.2\x00"  # SOP class
        b"\x02\x00\x03\x00UI\x06\x001.2.3\x00"  # SOP instance
        b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\x00"  # transfer syntax
        b"\x02\x00\x12\x00UI\x2c\x002.25.77407015929135811668181264290016346844\x00"  # implementation
        b"\x02\x00\x13\x00SH\x04\x00SAMD"  # implementation version
    )
    assert file == bytes(128) + golden + b"data set"


@pytest.mark.requirement("NODE-02")
def test_a_result_file_can_be_kept_durably_under_a_name_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "7" / "report.dcm"

    assert keep(file, b"report")
    assert not keep(file, b"report")

    with pytest.raises(StoredFileDiffers):
        keep(file, b"another report")
    assert file.read_bytes() == b"report"
