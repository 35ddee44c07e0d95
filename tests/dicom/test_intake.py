"""One object: checked, stored, recorded, or undone."""

import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samd.dicom.header import Header
from samd.dicom.intake import (
    CANNOT_UNDERSTAND,
    OUT_OF_RESOURCES,
    PROCESSING_FAILURE,
    Intake,
    NotStored,
)
from samd.dicom.storage import StoredFile
from samd.domain.identity import is_uid
from tests.dicom.loopback import CT, DEFLATED, EXPLICIT, SERIES, SOP, STUDY, data_set

# Without the characters that pad a UID.
PRINTABLE = st.characters(max_codepoint=127, exclude_characters="\0 ")


class Records(list[tuple[Header, StoredFile]]):
    """Remembers what it is given."""

    def __call__(self, header: Header, file: StoredFile) -> None:
        self.append((header, file))


def take_in(
    intake: Intake,
    content: bytes,
    record: object,
    *,
    sop_instance_uid: str = SOP,
    transfer_syntax_uid: str = EXPLICIT,
) -> None:
    intake.take_in(
        content,
        sop_class_uid=CT,
        sop_instance_uid=sop_instance_uid,
        transfer_syntax_uid=transfer_syntax_uid,
        record=record,  # type: ignore[arg-type]
    )


@pytest.mark.requirement("NODE-02")
def test_what_is_recorded_is_what_was_stored(tmp_path: Path) -> None:
    records = Records()

    take_in(Intake(tmp_path), data_set(), records)

    ((header, file),) = records
    assert header == Header(CT, SOP, STUDY, SERIES, "CT")
    assert (tmp_path / file.path).read_bytes().endswith(data_set())


@pytest.mark.requirement("NODE-05")
def test_the_same_data_set_in_another_transfer_syntax_is_another_object(tmp_path: Path) -> None:
    records, intake = Records(), Intake(tmp_path)

    take_in(intake, data_set(), records)
    take_in(intake, data_set(), records)
    take_in(intake, data_set(), records, transfer_syntax_uid="1.2.840.10008.1.2.5")

    digests = [file.sha256 for _, file in records]
    assert digests[0] == digests[1] != digests[2]
    assert [file.is_new for _, file in records] == [True, False, True]


@pytest.mark.requirement("NODE-04")
@settings(deadline=None)
@given(uid=st.from_regex(r"[0-9.]{1,66}", fullmatch=True) | st.text(PRINTABLE, max_size=70))
def test_no_uid_leads_out_of_the_store(tmp_path_factory: pytest.TempPathFactory, uid: str) -> None:
    root = tmp_path_factory.mktemp("outer") / "store"
    root.mkdir()
    content = data_set(study_instance_uid=uid, sop_instance_uid=uid)

    if is_uid(uid):
        take_in(Intake(root), content, Records(), sop_instance_uid=uid)
        assert [path.name for path in root.iterdir()] == [uid]
    else:
        with pytest.raises(NotStored, match=r"breaks the UID grammar|is missing"):
            take_in(Intake(root), content, Records(), sop_instance_uid=uid)
        assert list(root.iterdir()) == []
    assert [path.name for path in root.parent.iterdir()] == ["store"]


@pytest.mark.requirement("NODE-04")
def test_unreadable_bytes_are_not_understood(tmp_path: Path) -> None:
    with pytest.raises(NotStored) as refusal:
        take_in(Intake(tmp_path), b"no deflated stream", Records(), transfer_syntax_uid=DEFLATED)

    assert refusal.value.status == CANNOT_UNDERSTAND


@pytest.mark.requirement("NODE-06")
@pytest.mark.parametrize(
    ("number", "status"),
    [(errno.ENOSPC, OUT_OF_RESOURCES), (errno.EDQUOT, OUT_OF_RESOURCES), (errno.EIO, PROCESSING_FAILURE)],
)
def test_a_fault_of_the_disk_is_answered_and_nothing_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    records = Records()
    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(NotStored) as refusal:
        take_in(Intake(tmp_path), data_set(), records)

    assert refusal.value.status == status
    assert records == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.requirement("NODE-05")
def test_a_damaged_file_fails_the_resend_and_says_what_to_do(tmp_path: Path) -> None:
    records, intake = Records(), Intake(tmp_path)
    take_in(intake, data_set(), records)
    (tmp_path / records[0][1].path).write_bytes(b"rotten")

    with pytest.raises(NotStored, match="have the object sent again") as refusal:
        take_in(intake, data_set(), records)

    assert refusal.value.status == PROCESSING_FAILURE


@pytest.mark.requirement("NODE-02")
def test_what_a_failing_record_says_is_not_passed_on(tmp_path: Path) -> None:
    def fail(_header: Header, _file: StoredFile) -> None:
        raise ValueError("Key (patient_name)=(Hong^Gildong) already exists")

    with pytest.raises(NotStored) as refusal:
        take_in(Intake(tmp_path), data_set(), fail)

    assert str(refusal.value) == "nothing of it was kept, for ValueError"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.requirement("NODE-02")
def test_undoing_a_failed_record_never_takes_the_file_of_one_that_succeeds(tmp_path: Path) -> None:
    intake, first_stored, second_started = Intake(tmp_path), threading.Event(), threading.Event()
    records = Records()

    def fail(_header: Header, _file: StoredFile) -> None:
        first_stored.set()
        second_started.wait(10)
        raise RuntimeError("the database is down")

    def first() -> None:
        with pytest.raises(NotStored):
            take_in(intake, data_set(), fail)

    def second() -> None:
        first_stored.wait(10)
        second_started.set()
        take_in(intake, data_set(), records)

    threads = [threading.Thread(target=each) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    ((_, file),) = records
    assert (tmp_path / file.path).is_file()
