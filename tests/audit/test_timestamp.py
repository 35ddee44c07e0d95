"""Time stamps of checkpoints (RFC 3161), by an authority that openssl plays."""

import http.server
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit.asking import NotReached
from audit.checkpoint import Checkpoint
from audit.signer import make_key, read_key
from audit.timestamp import Authority, NotStamped, stamped_at

pytestmark = pytest.mark.requirement("AUD-04")

CONFIGURATION = """\
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
[stamping]
extendedKeyUsage = critical,timeStamping
"""


class Tsa:
    """An authority in `folder`: `answer` turns a query into a reply."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))
        subject = ["-nodes", "-newkey", "rsa:2048", "-days", "3650"]
        self._openssl("req -x509 -subj /CN=root -keyout root.key -out root.pem", *subject)
        self._openssl("req -new -subj /CN=tsa -keyout tsa.key -out tsa.csr", *subject[:3])
        self._openssl(
            "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -out tsa.pem "
            "-days 3650 -extfile tsa.cnf -extensions stamping"
        )

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def answer(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        self._openssl("ts -reply -queryfile query -out reply -config tsa.cnf -section authority")
        return (self.folder / "reply").read_bytes()

    def _openssl(self, command: str, *more: str) -> None:
        subprocess.run(["openssl", *command.split(), *more], cwd=self.folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return Tsa(tmp_path_factory.mktemp("tsa") / "authority")


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serves `answer` on loopback; gives the address."""
    servers = []

    def start(answer: Callable[[bytes], bytes], *, status: int = 200, kind: str = "") -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.send_header("Content-Type", kind or "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/tsa"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def note(tmp_path: Path) -> str:
    make_key(tmp_path / "key", origin="hospital.example/samd")
    return Checkpoint("hospital.example/samd", 17, b"r" * 32).signed_by(read_key(tmp_path / "key"))


def test_a_token_is_kept_beside_its_note_and_says_when(
    tsa: Tsa, serve: Callable[..., str], tmp_path: Path, note: str
) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)  # noqa: TID251
    Authority(serve(tsa.answer), tmp_path / "stamps", tsa.root).stamp(note)

    token, kept = tmp_path / "stamps" / "000000000017-72727272.tsr", tmp_path / "stamps"
    assert (kept / "000000000017-72727272.note").read_text() == note
    assert before <= stamped_at(token.read_bytes(), note, tsa.root)
    assert sorted(path.suffix for path in kept.iterdir()) == [".note", ".tsr"]


def test_openssl_alone_checks_what_is_kept(
    tsa: Tsa, serve: Callable[..., str], tmp_path: Path, note: str
) -> None:
    Authority(serve(tsa.answer), tmp_path / "stamps").stamp(note)
    checking = ["openssl", "ts", "-verify", "-CAfile", str(tsa.root)]
    files = ["-in", "000000000017-72727272.tsr", "-data", "000000000017-72727272.note"]

    def check() -> str:
        done = subprocess.run(
            [*checking, *files], cwd=tmp_path / "stamps", capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    assert "Verification: OK" in check()
    (tmp_path / "stamps" / "000000000017-72727272.note").write_text(note.replace("17", "18", 1))
    assert "Verification: FAILED" in check()


def test_a_checkpoint_is_stamped_once(tsa: Tsa, serve: Callable[..., str], tmp_path: Path, note: str) -> None:
    asked: list[bytes] = []

    def answer(query: bytes) -> bytes:
        asked.append(query)
        return tsa.answer(query)

    authority = Authority(serve(answer), tmp_path / "stamps", tsa.root)

    authority.stamp(note)
    authority.stamp(note)

    assert len(asked) == 1


def test_a_token_of_another_note_is_refused(
    tsa: Tsa, serve: Callable[..., str], tmp_path: Path, note: str
) -> None:
    Authority(serve(tsa.answer), tmp_path / "stamps", tsa.root).stamp(note)
    token = (tmp_path / "stamps" / "000000000017-72727272.tsr").read_bytes()

    with pytest.raises(NotStamped):
        stamped_at(token, note.replace("17", "18", 1), tsa.root)
    with pytest.raises(NotStamped):
        Authority(serve(lambda _: token), tmp_path / "replayed", tsa.root).stamp(note)
    assert not (tmp_path / "replayed").exists()


def test_an_authority_that_does_not_lead_to_the_roots_is_refused(
    tsa: Tsa, serve: Callable[..., str], tmp_path: Path, note: str
) -> None:
    other = Tsa(tmp_path / "other")

    with pytest.raises(NotStamped, match="does not verify"):
        Authority(serve(tsa.answer), tmp_path / "stamps", other.root).stamp(note)

    assert not (tmp_path / "stamps").exists()


@pytest.mark.parametrize("body", [b"", b"no token", b"\x30\x03\x02\x01\x02", bytes(100)])
def test_an_answer_that_is_no_token_is_refused(
    serve: Callable[..., str], tmp_path: Path, note: str, body: bytes
) -> None:
    with pytest.raises(NotStamped):
        Authority(serve(lambda _: body), tmp_path / "stamps").stamp(note)

    assert not (tmp_path / "stamps").exists()


def test_an_authority_in_trouble_is_told(
    tsa: Tsa, serve: Callable[..., str], tmp_path: Path, note: str
) -> None:
    with pytest.raises(NotStamped, match="503"):
        Authority(serve(tsa.answer, status=503), tmp_path / "stamps").stamp(note)
    with pytest.raises(NotStamped, match="text/html"):
        Authority(serve(tsa.answer, kind="text/html"), tmp_path / "stamps").stamp(note)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/tsa", "ftp://127.0.0.1/tsa", "tsa", "file:///etc/passwd"]
)
def test_an_authority_that_is_not_reached_is_told(tmp_path: Path, note: str, url: str) -> None:
    with pytest.raises(NotReached):
        Authority(url, tmp_path / "stamps").stamp(note)


def test_an_endless_answer_is_cut_off(serve: Callable[..., str], tmp_path: Path, note: str) -> None:
    with pytest.raises(NotReached, match="more than"):
        Authority(serve(lambda _: bytes(3 << 20)), tmp_path / "stamps").stamp(note)
