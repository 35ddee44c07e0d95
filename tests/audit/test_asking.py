"""Asking a server outside."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from audit.asking import NotReached, post

pytestmark = pytest.mark.requirement("AUD-04")


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    """Answers with the target that it was asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    running = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("", "/"),
        ("/tsa", "/tsa"),
        ("/tsa?policy=1.2.3&x=%20", "/tsa?policy=1.2.3&x=%20"),
        ("?policy=1", "/?policy=1"),
        ("/tsa#part", "/tsa"),
    ],
)
def test_the_whole_address_is_asked(server: http.server.HTTPServer, asked: str, target: str) -> None:
    answer = post(f"http://127.0.0.1:{server.server_port}{asked}", b"body", kind="text/plain")

    assert (answer.status, answer.kind, answer.body.decode()) == (200, "text/plain", target)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://127.0.0.1/",
        "http://",
        "http://127.0.0.1:80x/tsa",
        "http://127.0.0.1:99999/tsa",
        "https://127.0.0.1:80x/tsa",
        "http://[::1/tsa",
        "http://127.0.0.1:9/a b",
        "http://127.0.0.1:9/김",
        "http://127.0.0.1:9/\ud800",
        "http://127.0.0.1:9/",
    ],
)
def test_an_address_at_which_nobody_answers_is_told(url: str) -> None:
    with pytest.raises(NotReached):
        post(url, b"body", kind="text/plain")
