"""Finished objects go to a peer, and its answer becomes a decision about retry."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pynetdicom.dsutils import split_dataset

from samd.dicom.archive import StandInArchive
from samd.dicom.contexts import SOP_CLASSES
from samd.dicom.deliver import NotSendable, Peer, PeerRefused, Receipt, Verdict, echo, send, verdict
from samd.dicom.storage import part10
from tests.dicom.loopback import CT, EXPLICIT, data_set

MR = "1.2.840.10008.5.1.4.1.1.4"


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


def peer_at(port: int) -> Peer:
    return Peer("PACS", "ARCHIVE", "127.0.0.1", port)


def made(folder: Path, number: int, *, sop_class_uid: str = CT) -> Path:
    uid = f"1.2.3.{number}"
    path = folder / f"{number}.dcm"
    path.write_bytes(
        part10(
            data_set(sop_instance_uid=uid, sop_class_uid=sop_class_uid),
            sop_class_uid=sop_class_uid,
            sop_instance_uid=uid,
            transfer_syntax_uid=EXPLICIT,
        )
    )
    return path


def sent(files: list[Path], port: int, *, response_timeout: float = 3) -> Receipt:
    return send(
        files,
        peer=peer_at(port),
        calling_ae="SAMD",
        connection_timeout=3,
        response_timeout=response_timeout,
    )


def refusal(files: list[Path], port: int, *, response_timeout: float = 3) -> PeerRefused:
    with pytest.raises(PeerRefused) as refused:
        sent(files, port, response_timeout=response_timeout)
    return refused.value


@pytest.mark.requirement("NET-01")
def test_all_objects_arrive_once_and_the_receipt_names_them(archive: StandInArchive, tmp_path: Path) -> None:
    files = [made(tmp_path, 1), made(tmp_path, 2, sop_class_uid=MR), made(tmp_path, 3)]

    receipt = sent(files, archive.port)

    assert receipt == Receipt("PACS", (("1.2.3.1", 0), ("1.2.3.2", 0), ("1.2.3.3", 0)))
    assert archive.receipts == {"1.2.3.1": 1, "1.2.3.2": 1, "1.2.3.3": 1}


@pytest.mark.requirement("NET-01", "OUT-03")
def test_every_real_file_arrives_byte_for_byte_in_its_own_transfer_syntax(
    archive: StandInArchive, shared_data: Path
) -> None:
    files = sorted((shared_data / "dicom_ts_cornerstone_ct").glob("*.dcm"))

    receipt = sent(files, archive.port)

    assert len(receipt.statuses) == 16
    for source, (uid, _) in zip(files, receipt.statuses, strict=True):
        kept = archive.folder / f"{uid}.dcm"
        meta, offset = split_dataset(source)
        kept_meta, kept_offset = split_dataset(kept)
        assert kept_meta.TransferSyntaxUID == meta.TransferSyntaxUID
        assert kept.read_bytes()[kept_offset:] == source.read_bytes()[offset:]


@pytest.mark.requirement("NET-01")
@pytest.mark.parametrize("status", [0xB000, 0xB006, 0xB007, 0x0107, 0x0111])
def test_a_remark_of_the_peer_is_kept_in_its_own_words(
    archive: StandInArchive, tmp_path: Path, status: int
) -> None:
    archive.answer = (status, "patient ID was coerced")

    receipt = sent([made(tmp_path, 1)], archive.port)

    assert receipt.statuses == (("1.2.3.1", status),)
    (remark,) = receipt.warnings
    assert remark.startswith(f"CT Image Storage in Explicit VR Little Endian: status 0x{status:04X}, ")
    assert remark.endswith("patient ID was coerced")


@pytest.mark.requirement("NET-01")
@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (0x0110, False),
        (0x0122, True),
        (0x0124, True),
        (0x0213, False),
        (0xA700, False),
        (0xA702, False),
        (0xA900, True),
        (0xC000, True),
        (0xCFFF, True),
        (0x0FFF, False),
    ],
)
def test_a_refused_object_is_tried_again_only_where_that_can_help(
    archive: StandInArchive, tmp_path: Path, status: int, permanent: bool
) -> None:
    archive.answer = (status, "the peer's own words")

    refused = refusal([made(tmp_path, 1)], archive.port)

    assert refused.permanent is permanent
    assert f"status 0x{status:04X}" in str(refused)
    assert "the peer's own words" in str(refused)


@pytest.mark.requirement("NET-01")
def test_every_status_has_one_verdict() -> None:
    verdicts = [verdict(status) for status in range(0x10000)]

    assert verdicts.count(Verdict.ACCEPTED) == 1
    assert set(verdicts) == set(Verdict)


@pytest.mark.requirement("NET-01")
@pytest.mark.parametrize(
    ("answer", "permanent", "words"),
    [
        ((1, 1, 3), True, "Rejected Permanent, Service User, Calling AE title not recognised"),
        ((1, 1, 7), True, "Rejected Permanent, Service User, Called AE title not recognised"),
        ((2, 3, 1), False, "Rejected Transient, Service Provider (Presentation), Temporary congestion"),
        ((2, 3, 2), False, "Rejected Transient, Service Provider (Presentation), Local limit exceeded"),
    ],
)
def test_a_rejected_association_says_itself_whether_to_try_again(
    archive: StandInArchive, tmp_path: Path, answer: tuple[int, int, int], permanent: bool, words: str
) -> None:
    archive.rejection = answer

    refused = refusal([made(tmp_path, 1)], archive.port)

    assert refused.permanent is permanent
    assert str(refused) == f"PACS rejected the association: {words}"


@pytest.mark.requirement("NET-01")
def test_what_the_peer_does_not_accept_is_refused_for_good_and_the_rest_is_sent(tmp_path: Path) -> None:
    files = [made(tmp_path, 1, sop_class_uid=MR), made(tmp_path, 2)]

    with StandInArchive(tmp_path / "archive", sop_classes=[CT]) as archive:
        refused = refusal(files, archive.port)

    assert refused.permanent
    assert str(refused) == (
        "PACS refused MR Image Storage in Explicit VR Little Endian: "
        "no presentation context was accepted (1 of 2 objects were accepted)"
    )
    assert archive.receipts == {"1.2.3.2": 1}


@pytest.mark.requirement("NET-01")
def test_a_peer_that_accepts_no_context_at_all_refuses_for_good(tmp_path: Path) -> None:
    others = SOP_CLASSES - {CT}

    with StandInArchive(tmp_path / "archive", sop_classes=others) as archive:
        refused = refusal([made(tmp_path, 1)], archive.port)

    assert refused.permanent
    assert str(refused) == "PACS accepted no presentation context"


@pytest.mark.requirement("NET-01")
def test_an_answer_that_was_lost_is_asked_for_again_without_harm(
    archive: StandInArchive, tmp_path: Path
) -> None:
    files = [made(tmp_path, 1)]
    archive.answer = None

    refused = refusal(files, archive.port)
    archive.answer = (0x0000, "")
    receipt = sent(files, archive.port)

    assert not refused.permanent
    assert receipt.statuses == (("1.2.3.1", 0),)
    assert archive.receipts == {"1.2.3.1": 2}
    assert [path.name for path in archive.folder.iterdir()] == ["1.2.3.1.dcm"]


@pytest.mark.requirement("NET-01")
def test_a_peer_that_is_down_is_tried_again(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        refused = refusal([made(tmp_path, 1)], port)

    assert not refused.permanent
    assert str(refused) == f"PACS cannot be reached at 127.0.0.1, port {port}"


@pytest.mark.requirement("NET-01")
def test_a_peer_that_says_nothing_is_tried_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        refused = refusal([made(tmp_path, 1)], silent.getsockname()[1], response_timeout=0.5)

    assert not refused.permanent
    assert str(refused) == "PACS ended the association or did not answer"


@pytest.mark.requirement("NET-01")
def test_a_peer_that_hangs_up_at_once_is_tried_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        hanging_up = threading.Thread(target=lambda: server.accept()[0].close())
        hanging_up.start()

        refused = refusal([made(tmp_path, 1)], server.getsockname()[1])
        hanging_up.join()

    assert not refused.permanent


@pytest.mark.requirement("NET-01")
def test_a_host_that_nobody_knows_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(PeerRefused, match=r"the host pacs\.invalid is not known") as refused:
        send([made(tmp_path, 1)], peer=Peer("PACS", "ARCHIVE", "pacs.invalid", 104), calling_ae="SAMD")

    assert not refused.value.permanent


@pytest.mark.requirement("NET-01")
@pytest.mark.parametrize("content", [b"", b"not DICOM at all", bytes(128) + b"DICM"])
def test_a_file_that_cannot_be_sent_is_found_before_anything_is(
    archive: StandInArchive, tmp_path: Path, content: bytes
) -> None:
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(content)

    with pytest.raises(NotSendable, match=r"bad\.dcm is not a DICOM file"):
        sent([made(tmp_path, 1), bad], archive.port)

    assert archive.receipts == {}


@pytest.mark.requirement("NET-01")
def test_words_of_the_peer_cannot_forge_a_line_of_the_log(archive: StandInArchive, tmp_path: Path) -> None:
    archive.answer = (0xC000, "no\nroom")

    refused = refusal([made(tmp_path, 1)], archive.port)

    assert "noroom" in str(refused)


@pytest.mark.requirement("NET-01")
def test_an_echo_says_whether_a_peer_answers(archive: StandInArchive) -> None:
    echo(peer_at(archive.port), calling_ae="SAMD")

    archive.rejection = (1, 1, 3)
    with pytest.raises(PeerRefused, match="Calling AE title not recognised") as refused:
        echo(peer_at(archive.port), calling_ae="SAMD")
    assert refused.value.permanent
