"""The node, over real associations on the loopback network."""

import errno
import logging
import os
import shutil
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pynetdicom.dsutils import split_dataset

from samd.dicom.deliver import Peer, echo, send
from samd.dicom.receive import Arrival, CannotListen, Node, NodeLimits, Refused, serve
from samd.dicom.storage import DiskFull
from tests.dicom.loopback import (
    CT,
    DEFLATED,
    EXPLICIT,
    SERIES,
    SOP,
    STUDY,
    RememberingJournal,
    data_set,
    element,
    failing,
    known_peer,
    sending_to,
    start_node,
)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, RememberingJournal, Path]]:
    """One node for the whole module, since it takes half a second to stop one."""
    journal, root = RememberingJournal(), tmp_path_factory.mktemp("node") / "store"
    with start_node(root, journal) as node:
        yield node, journal, root


@pytest.fixture
def node(standing: tuple[Node, RememberingJournal, Path]) -> Iterator[Node]:
    node, journal, root = standing
    yield node
    journal.wait_for("closed", journal.kinds.count("opened"))
    journal.forget()
    for study in root.iterdir():
        shutil.rmtree(study)


@pytest.fixture
def journal(
    standing: tuple[Node, RememberingJournal, Path], request: pytest.FixtureRequest
) -> RememberingJournal:
    """The journal of the node of this test, or of the one that it starts."""
    return standing[1] if "node" in request.fixturenames else RememberingJournal()


@pytest.fixture
def root(
    standing: tuple[Node, RememberingJournal, Path], request: pytest.FixtureRequest, tmp_path: Path
) -> Path:
    """The root of the node of this test, or of the one that it starts."""
    return standing[2] if "node" in request.fixturenames else tmp_path / "store"


def files_under(root: Path) -> list[Path]:
    return sorted(root.rglob("*"))


# What is served


@pytest.mark.requirement("NODE-01")
def test_an_echo_of_a_known_peer_is_answered(node: Node) -> None:
    echo(Peer("the node", "SAMD", "127.0.0.1", node.port), calling_ae="SCANNER")


@pytest.mark.requirement("NODE-01", "NODE-02")
def test_an_object_is_stored_and_written_down_before_it_is_acknowledged(
    node: Node, journal: RememberingJournal, root: Path
) -> None:
    at_commit: list[list[Path]] = []
    journal.on_stored = lambda _arrival: at_commit.append(list(root.glob("*/*")))

    with sending_to(node.port) as sender:
        response = sender.store(data_set())

        assert response.Status == 0x0000
        (arrival,) = journal.arrivals
        assert at_commit == [[root / arrival.file.path]]
        assert (root / arrival.file.path).read_bytes().endswith(data_set())

    journal.wait_for("closed")
    association = arrival.association
    assert journal.happened == [("opened", association), ("stored", association), ("closed", association)]
    assert arrival == Arrival(
        association, "the scanner", STUDY, SERIES, SOP, CT, EXPLICIT, "CT", b"", arrival.file
    )


@pytest.mark.requirement("NODE-02")
def test_file_name_folder_and_row_are_durable_in_this_order_before_success(
    node: Node, journal: RememberingJournal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    fsync, rename = os.fsync, os.rename

    def recording_fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        happened.append("fsync folder" if path.is_dir() else "fsync file")
        fsync(descriptor)

    def recording_rename(source: Path, target: Path) -> None:
        happened.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(os, "rename", recording_rename)
    journal.on_stored = lambda _arrival: happened.append("row")

    with sending_to(node.port) as sender:
        sender.store(data_set())
        happened.append("response")

    assert happened == ["fsync file", "rename", "fsync folder", "fsync folder", "row", "response"]


@pytest.mark.requirement("NODE-01")
def test_every_real_file_is_stored_byte_for_byte_in_its_own_transfer_syntax(
    node: Node, journal: RememberingJournal, root: Path, shared_data: Path
) -> None:
    files = sorted((shared_data / "dicom_ts_cornerstone_ct").glob("*.dcm"))
    peer = Peer("the node", "SAMD", "127.0.0.1", node.port)

    receipt = send(files, peer=peer, calling_ae="SCANNER")

    assert [status for _, status in receipt.statuses] == [0x0000] * 16
    assert len({arrival.transfer_syntax_uid for arrival in journal.arrivals}) == 15
    for source, arrival in zip(files, journal.arrivals, strict=True):
        sent, offset = split_dataset(source)
        kept, kept_offset = split_dataset(root / arrival.file.path)
        assert kept.TransferSyntaxUID == sent.TransferSyntaxUID == arrival.transfer_syntax_uid
        assert (root / arrival.file.path).read_bytes()[kept_offset:] == source.read_bytes()[offset:]


@pytest.mark.requirement("NODE-05")
def test_a_study_sent_twice_is_stored_once(
    node: Node, journal: RememberingJournal, root: Path, shared_data: Path
) -> None:
    files = sorted((shared_data / "dicom_ct_head_ge").glob("*.dcm"))[:5]
    peer = Peer("the node", "SAMD", "127.0.0.1", node.port)

    send(files, peer=peer, calling_ae="SCANNER")
    send(files, peer=peer, calling_ae="SCANNER")

    assert [arrival.file.is_new for arrival in journal.arrivals] == [True] * 5 + [False] * 5
    assert len(list(root.glob("*/*.dcm"))) == 5


@pytest.mark.requirement("NODE-01")
def test_where_syntaxes_are_offered_together_a_reversible_one_is_chosen(node: Node) -> None:
    jpeg_baseline, jpeg_lossless = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70"

    with sending_to(node.port, contexts=[(CT, [jpeg_baseline, jpeg_lossless])]) as sender:
        (context,) = sender.association.accepted_contexts

    assert context.transfer_syntax == [jpeg_lossless]


@pytest.mark.requirement("NODE-01")
def test_a_class_that_is_no_known_storage_class_is_not_accepted(node: Node) -> None:
    private, query = "1.2.826.0.1.3680043.2.1", "1.2.840.10008.5.1.4.1.2.2.1"

    with sending_to(node.port, contexts=[(uid, [EXPLICIT]) for uid in (private, query, CT)]) as sender:
        accepted = [context.abstract_syntax for context in sender.association.accepted_contexts]

    assert accepted == [CT]


@pytest.mark.requirement("NODE-01")
@pytest.mark.parametrize(("said", "written_down"), [("CT", "CT"), ("", ""), ("<script>", ""), ("ct", "")])
def test_a_modality_that_is_no_code_is_not_written_down(
    node: Node, journal: RememberingJournal, said: str, written_down: str
) -> None:
    with sending_to(node.port) as sender:
        sender.store(data_set(modality=said))

    assert [arrival.modality for arrival in journal.arrivals] == [written_down]


# Who is served


@pytest.mark.requirement("NODE-03")
@pytest.mark.parametrize(
    ("calling_ae", "called_ae", "reason", "words"),
    [
        ("STRANGER", "SAMD", 3, "no peer with this AE title and address is known"),
        ("STRANGER", "OTHER", 3, "no peer with this AE title and address is known"),
        ("SCANNER", "OTHER", 7, "the called AE title is not that of this node"),
    ],
)
@pytest.mark.part11("11.10(h)")
def test_an_unknown_ae_title_is_rejected_and_recorded(
    node: Node, journal: RememberingJournal, calling_ae: str, called_ae: str, reason: int, words: str
) -> None:
    with sending_to(node.port, calling_ae=calling_ae, called_ae=called_ae) as sender:
        assert sender.association.is_rejected
        answer = sender.association.acceptor.primitive

    assert (answer.result, answer.result_source, answer.diagnostic) == (1, 1, reason)
    (refusal,) = journal.refusals
    assert (refusal.kind, refusal.reason) == (Refused.ASSOCIATION, words)
    assert (refusal.calling_ae, refusal.called_ae, refusal.address) == (calling_ae, called_ae, "127.0.0.1")
    assert journal.kinds == ["refused"]


@pytest.mark.requirement("NODE-03")
@pytest.mark.part11("11.10(h)")
def test_a_known_ae_title_at_another_address_is_rejected(root: Path, journal: RememberingJournal) -> None:
    def elsewhere(calling_ae: str, address: str) -> str | None:
        return "the scanner" if (calling_ae, address) == ("SCANNER", "192.0.2.7") else None

    with start_node(root, journal, find_peer=elsewhere) as node, sending_to(node.port) as sender:
        assert sender.association.is_rejected

    assert [refusal.kind for refusal in journal.refusals] == [Refused.ASSOCIATION]


@pytest.mark.requirement("NODE-03")
def test_a_peer_that_is_added_while_the_node_runs_is_served_at_once(
    root: Path, journal: RememberingJournal
) -> None:
    book: dict[tuple[str, str], str] = {}

    with start_node(root, journal, find_peer=lambda *who: book.get(who)) as node:
        with sending_to(node.port) as before:
            assert before.association.is_rejected
        book["SCANNER", "127.0.0.1"] = "the scanner"
        with sending_to(node.port) as after:
            assert after.association.is_established


@pytest.mark.requirement("NODE-03")
def test_nobody_is_let_in_while_the_peers_cannot_be_looked_up(
    root: Path, journal: RememberingJournal
) -> None:
    def out_of_order(_calling_ae: str, _address: str) -> str | None:
        raise RuntimeError("the database is down")

    with start_node(root, journal, find_peer=out_of_order) as node, sending_to(node.port) as sender:
        assert sender.association.is_rejected
        assert sender.association.acceptor.primitive.result == 2

    assert journal.kinds == ["refused"]


@pytest.mark.requirement("NODE-03")
def test_an_association_that_cannot_be_written_down_is_rejected_for_now(
    node: Node, journal: RememberingJournal
) -> None:
    def out_of_order(_peer: str) -> None:
        raise RuntimeError("the database is down")

    journal.on_opened = out_of_order

    with sending_to(node.port) as sender:
        assert sender.association.is_rejected
        assert sender.association.acceptor.primitive.result == 2

    assert journal.kinds == ["refused"]


@pytest.mark.requirement("NODE-03")
def test_a_refusal_is_written_down_once_the_database_is_back(node: Node, journal: RememberingJournal) -> None:
    journal.on_refused = failing(2)
    before = time.time()

    with sending_to(node.port, calling_ae="STRANGER") as sender:
        assert sender.association.is_rejected
    after = time.time()

    journal.wait_for("refused")
    (refusal,) = journal.refusals
    assert refusal.calling_ae == "STRANGER"
    assert before <= refusal.at <= after


@pytest.mark.requirement("NODE-03")
def test_refusals_that_cannot_be_written_down_hold_up_nobody(root: Path, journal: RememberingJournal) -> None:
    journal.on_refused = failing(1_000_000)

    with start_node(root, journal) as node, sending_to(node.port) as sender:
        refused = sender.store(data_set(study_instance_uid=".."))
        after = sender.store(data_set())

    assert (refused.Status, after.Status) == (0xA900, 0x0000)
    assert journal.kinds == ["opened", "stored", "closed"]


@pytest.mark.requirement("NODE-03")
def test_one_association_too_many_is_told_to_try_again(root: Path, journal: RememberingJournal) -> None:
    limits = NodeLimits(associations=1, acse_timeout=3, network_timeout=5)

    with start_node(root, journal, limits=limits) as node:
        with sending_to(node.port) as first, sending_to(node.port) as second:
            assert first.association.is_established
            answer = second.association.acceptor.primitive
            assert (answer.result, answer.result_source, answer.diagnostic) == (2, 3, 2)
        journal.wait_for("closed")
        with sending_to(node.port) as third:
            assert third.association.is_established


# What is refused


@pytest.mark.requirement("NODE-04")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sop_instance_uid": "../../EVIL"}, "its SOP Instance UID breaks the UID grammar"),
        ({"sop_instance_uid": ""}, "its SOP Instance UID is missing"),
        ({"sop_instance_uid": "1.2.99"}, "its SOP Instance UID is not that of the request"),
        ({"sop_class_uid": "1.2.840.10008.5.1.4.1.1.4"}, "its SOP Class UID is not that of the request"),
        ({"study_instance_uid": ".."}, "its Study Instance UID breaks the UID grammar"),
        ({"study_instance_uid": "1.2;$(id)"}, "its Study Instance UID breaks the UID grammar"),
        ({"study_instance_uid": "1" * 300}, "its Study Instance UID breaks the UID grammar"),
        ({"study_instance_uid": ""}, "its Study Instance UID is missing"),
        ({"series_instance_uid": "1.2.03"}, "its Series Instance UID breaks the UID grammar"),
    ],
)
def test_an_object_that_does_not_say_well_which_it_is_is_refused_and_not_stored(
    node: Node, journal: RememberingJournal, root: Path, changes: dict[str, str], reason: str
) -> None:
    with sending_to(node.port) as sender:
        response = sender.store(data_set(**changes))

    assert (response.Status, response.ErrorComment) == (0xA900, reason)
    (refusal,) = journal.refusals
    assert (refusal.kind, refusal.reason, refusal.status) == (Refused.INSTANCE, reason, 0xA900)
    assert refusal.peer == "the scanner"
    assert files_under(root) == []


@pytest.mark.requirement("NODE-04")
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # pydicom, reading the command of the request
def test_a_request_for_an_evil_instance_is_refused_even_where_the_data_set_agrees(
    node: Node, root: Path
) -> None:
    with sending_to(node.port) as sender:
        response = sender.store(data_set(sop_instance_uid="../../EVIL"), sop_instance_uid="../../EVIL")

    assert response.Status == 0xA900
    assert files_under(root) == []
    assert not (root.parents[1] / "EVIL.dcm").exists()


@pytest.mark.requirement("NODE-04")
@pytest.mark.parametrize("missing", [{"sop_instance_uid": ""}, {"sop_class_uid": ""}])
def test_a_request_that_names_no_instance_is_answered_and_the_next_one_served(
    node: Node, journal: RememberingJournal, missing: dict[str, str]
) -> None:
    with sending_to(node.port) as sender:
        response = sender.store(data_set(), **missing)
        after = sender.store(data_set())

    assert (response.Status, after.Status) == (0xA900, 0x0000)
    assert [refusal.status for refusal in journal.refusals] == [0xA900]


@pytest.mark.requirement("NODE-04")
def test_a_request_under_the_context_of_another_class_is_refused(node: Node, root: Path) -> None:
    mr = "1.2.840.10008.5.1.4.1.1.4"

    with sending_to(node.port) as sender:
        response = sender.store(data_set(sop_class_uid=mr), sop_class_uid=mr)

    assert response.Status == 0xA900
    assert files_under(root) == []


@pytest.mark.requirement("NODE-04")
@pytest.mark.parametrize(
    ("content", "syntax", "status"),
    [
        (b"", EXPLICIT, 0xA900),
        (data_set()[:30], EXPLICIT, 0xA900),
        (struct.pack("<HH2sHL", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF) * 3, EXPLICIT, 0xC000),
        (b"this is no deflated stream", DEFLATED, 0xC000),
    ],
)
def test_bytes_that_are_no_data_set_are_refused_and_the_next_object_served(
    node: Node, root: Path, content: bytes, syntax: str, status: int
) -> None:
    with sending_to(node.port, contexts=[(CT, [EXPLICIT]), (CT, [DEFLATED])]) as sender:
        response = sender.store(content, transfer_syntax=syntax)
        assert files_under(root) == []
        after = sender.store(data_set(), transfer_syntax=EXPLICIT)

    assert (response.Status, after.Status) == (status, 0x0000)


@pytest.mark.requirement("NODE-06")
def test_a_full_disk_answers_out_of_resources_and_leaves_no_debris(
    node: Node, journal: RememberingJournal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int, _content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with sending_to(node.port) as sender:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            response = sender.store(data_set())
        assert files_under(root) == []
        after = sender.store(data_set())

    assert (response.Status, after.Status) == (0xA700, 0x0000)
    assert journal.kinds[:3] == ["opened", "refused", "stored"]


@pytest.mark.requirement("NODE-02", "NODE-06")
@pytest.mark.parametrize(
    ("failure", "status"), [(RuntimeError("the database is down"), 0x0110), (DiskFull("no room"), 0xA700)]
)
def test_an_object_that_cannot_be_written_down_is_not_kept_and_not_acknowledged(
    node: Node, journal: RememberingJournal, root: Path, failure: Exception, status: int
) -> None:
    def fail(_arrival: Arrival) -> None:
        raise failure

    journal.on_stored = fail

    with sending_to(node.port) as sender:
        response = sender.store(data_set())

    assert response.Status == status
    assert files_under(root) == []
    assert [refusal.status for refusal in journal.refusals] == [status]


@pytest.mark.requirement("NODE-02")
def test_a_file_that_an_earlier_row_names_survives_a_failed_resend(
    node: Node, journal: RememberingJournal, root: Path
) -> None:
    def fail(_arrival: Arrival) -> None:
        raise RuntimeError("the database is down")

    with sending_to(node.port) as sender:
        sender.store(data_set())
        journal.on_stored = fail
        response = sender.store(data_set())

    assert response.Status == 0x0110
    assert (root / journal.arrivals[0].file.path).is_file()


# How associations end


@pytest.mark.requirement("NODE-02")
@pytest.mark.parametrize("ending", ["release", "abort", "lost", "lost in mid-message"])
def test_every_association_is_closed_once_however_it_ends(
    node: Node, journal: RememberingJournal, ending: str
) -> None:
    with sending_to(node.port) as sender:
        association = sender.association
        sender.store(data_set())
        if ending == "release":
            association.release()
        elif ending == "abort":
            association.abort()
        else:
            if ending == "lost in mid-message":
                sender.begin_store(data_set()[:40], is_last=False)
            association.dul.socket.socket.shutdown(socket.SHUT_RDWR)

    journal.wait_for("closed")
    assert journal.kinds == ["opened", "stored", "closed"]


@pytest.mark.requirement("NODE-02")
def test_a_connection_lost_while_an_object_is_stored_is_closed_after_it(
    node: Node, journal: RememberingJournal
) -> None:
    lost = threading.Event()
    journal.on_stored = lambda _arrival: assert_set(lost)

    with sending_to(node.port) as sender:
        sender.begin_store(data_set())
        sender.association.dul.socket.socket.shutdown(socket.SHUT_RDWR)
        time.sleep(0.2)  # the node has seen the loss before the row is committed
        lost.set()
        journal.wait_for("closed")

    assert journal.kinds == ["opened", "stored", "closed"]


def assert_set(event: threading.Event) -> None:
    assert event.wait(10)


@pytest.mark.requirement("NODE-02")
def test_stopping_ends_every_association_and_waits_until_that_is_written_down(
    root: Path, journal: RememberingJournal
) -> None:
    node = start_node(root, journal)
    with sending_to(node.port) as one, sending_to(node.port) as two:
        one.store(data_set())
        assert two.association.is_established

        node.stop()

        assert journal.kinds.count("opened") == journal.kinds.count("closed") == 2
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", node.port), timeout=1)


@pytest.mark.requirement("NODE-02")
def test_a_node_starts_by_clearing_what_a_crash_left_half_written(
    root: Path, journal: RememberingJournal
) -> None:
    half = root / STUDY / ".1.2.3.dcm.0.part"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    os.utime(half, (1_000, 1_000))

    with start_node(root, journal):
        assert not half.exists()


@pytest.mark.requirement("OPS-01")
def test_a_port_that_is_taken_is_said_in_plain_words(
    node: Node, root: Path, journal: RememberingJournal
) -> None:
    with pytest.raises(
        CannotListen, match=f"cannot listen on 127.0.0.1, port {node.port}: Address already in use"
    ):
        serve(
            ae_title="SAMD",
            host="127.0.0.1",
            port=node.port,
            root=root,
            find_peer=known_peer,
            journal=journal,
        )


# What hostile peers can do


@pytest.mark.requirement("NODE-06")
def test_a_data_set_without_end_is_cut_at_the_limit(root: Path, journal: RememberingJournal) -> None:
    limits = NodeLimits(acse_timeout=3, network_timeout=5, object_size=100_000)

    with start_node(root, journal, limits=limits) as node, sending_to(node.port) as sender:
        for _ in range(3):
            sender.begin_store(bytes(60_000), is_last=False)
        sender.association.join(10)
        assert sender.association.is_aborted
        journal.wait_for("closed")

    (refusal,) = journal.refusals
    assert (refusal.kind, refusal.reason) == (Refused.INSTANCE, "it has more than 100000 bytes")
    assert journal.kinds.count("closed") == 1


@pytest.mark.requirement("NODE-06")
def test_many_objects_that_are_large_only_together_are_not_cut(
    root: Path, journal: RememberingJournal
) -> None:
    limits = NodeLimits(acse_timeout=3, network_timeout=5, object_size=100_000)
    content = data_set(comments="x" * 10_000) + element(0x00204000, "LT", "y" * 50_000)

    with start_node(root, journal, limits=limits) as node, sending_to(node.port) as sender:
        statuses = [sender.store(content).Status for _ in range(3)]

    assert statuses == [0x0000] * 3


@pytest.mark.requirement("NODE-01")
def test_no_patient_data_are_logged(
    node: Node, journal: RememberingJournal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    with sending_to(node.port) as sender:
        sender.store(data_set(patient_name="Hong^Gildong"))
        sender.store(data_set(patient_name="Hong^Gildong", study_instance_uid=".."))

    assert "was refused: its Study Instance UID breaks the UID grammar" in caplog.text
    assert "Hong" not in caplog.text


@pytest.mark.requirement("NODE-02")
def test_two_peers_may_send_one_study_at_one_time(
    node: Node, journal: RememberingJournal, root: Path
) -> None:
    def send_ten(first: int) -> None:
        with sending_to(node.port) as sender:
            for number in range(first, first + 10):
                uid = f"1.2.3.{number}"
                statuses.append(sender.store(data_set(sop_instance_uid=uid), sop_instance_uid=uid).Status)

    statuses: list[int] = []
    senders = [threading.Thread(target=send_ten, args=(first,)) for first in (1, 6)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert statuses == [0x0000] * 20
    assert sum(arrival.file.is_new for arrival in journal.arrivals) == 15
    assert len(list(root.glob("*/*.dcm"))) == 15
