"""The stand-in PACS of demonstrations and tests."""

from collections.abc import Iterator

import pytest
from pynetdicom.dsutils import split_dataset

from samd.dicom.archive import StandInArchive
from tests.dicom.loopback import SOP, Sender, data_set, sending_to


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandInArchive]:
    """One archive for the whole module, since it takes half a second to stop one."""
    with StandInArchive(tmp_path_factory.mktemp("archive")) as archive:
        yield archive


@pytest.fixture
def archive(standing: StandInArchive) -> Iterator[StandInArchive]:
    yield standing
    standing.answer, standing.rejection = (0x0000, ""), None
    standing.receipts.clear()
    for file in standing.folder.iterdir():
        file.unlink()


@pytest.fixture
def sender(archive: StandInArchive) -> Iterator[Sender]:
    with sending_to(archive.port, called_ae="ARCHIVE") as sender:
        yield sender


@pytest.mark.requirement("NET-01")
def test_it_keeps_what_it_is_sent_and_counts_it(archive: StandInArchive, sender: Sender) -> None:
    statuses = [sender.store(data_set()).Status for _ in range(2)]

    file = archive.folder / f"{SOP}.dcm"
    _, offset = split_dataset(file)
    assert statuses == [0x0000, 0x0000]
    assert file.read_bytes()[offset:] == data_set()
    assert archive.receipts == {SOP: 2}
    assert list(archive.folder.iterdir()) == [file]


@pytest.mark.requirement("NET-01")
@pytest.mark.parametrize(("status", "is_kept"), [(0xB000, True), (0xA700, False), (0xC123, False)])
def test_it_answers_as_it_is_told(
    archive: StandInArchive, sender: Sender, status: int, is_kept: bool
) -> None:
    archive.answer = (status, "as I was told")

    response = sender.store(data_set())

    assert (response.Status, response.ErrorComment) == (status, "as I was told")
    assert (archive.folder / f"{SOP}.dcm").exists() is is_kept
    assert archive.receipts[SOP] == is_kept


@pytest.mark.requirement("NET-01")
def test_it_hangs_up_after_keeping_when_it_is_told_to(archive: StandInArchive, sender: Sender) -> None:
    archive.answer = None

    sender.begin_store(data_set())

    sender.association.join(10)
    assert sender.association.is_aborted
    assert (archive.folder / f"{SOP}.dcm").exists()


@pytest.mark.requirement("NET-01")
def test_it_rejects_associations_when_it_is_told_to(archive: StandInArchive) -> None:
    archive.rejection = (2, 3, 1)

    with sending_to(archive.port, called_ae="ARCHIVE") as sender:
        answer = sender.association.acceptor.primitive

    assert (answer.result, answer.result_source, answer.diagnostic) == (2, 3, 1)


@pytest.mark.requirement("NODE-04")
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # pydicom, reading the command of the request
def test_it_writes_nothing_outside_its_folder(archive: StandInArchive, sender: Sender) -> None:
    response = sender.store(data_set(), sop_instance_uid="../EVIL")

    assert response.Status == 0xA900
    assert list(archive.folder.iterdir()) == []
    assert not (archive.folder.parent / "EVIL.dcm").exists()
