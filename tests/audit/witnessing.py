"""A witness (C2SP tlog-witness), written for the tests from the specification, with no code of the device.

It trusts one key for each log, signs a tree only if it continues the last one that it signed, and remembers.
"""

import base64
import hashlib
import http.server
import struct
import threading
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TIME = 1_700_000_000


class Refused(Exception):
    def __init__(self, status: int, body: str = "", kind: str = "text/plain") -> None:
        super().__init__(status)
        self.status, self.body, self.kind = status, body, kind


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _roots(first: int, second: int, first_root: bytes, proof: list[bytes]) -> tuple[bytes, bytes] | None:
    """RFC 6962 2.1.4.2 as RFC 9162 words it, from the bits of the sizes."""
    if first & (first - 1) == 0:
        proof = [first_root, *proof]
    if not proof:
        return None
    fn, sn = first - 1, second - 1
    while fn % 2 == 1:
        fn, sn = fn // 2, sn // 2
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return None
        if fn % 2 == 1 or fn == sn:
            fr, sr = _node(c, fr), _node(c, sr)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn // 2, sn // 2
        else:
            sr = _node(sr, c)
        fn, sn = fn // 2, sn // 2
    return (fr, sr) if sn == 0 else None


@dataclass
class WitnessServer:
    """The witness `name`, which knows the public key of each log by its origin."""

    name: str
    logs: dict[str, bytes]
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    seen: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    strangers: str = ""  # further lines that it answers

    def __post_init__(self) -> None:
        witness = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                witness.requests.append(text)
                try:
                    if self.path != "/log/add-checkpoint":
                        raise Refused(405)
                    status, body, kind = 200, witness.add_checkpoint(text), "text/plain"
                except Refused as refused:
                    status, body, kind = refused.status, refused.body, refused.kind
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/log"

    @property
    def _public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def _id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n\x04" + self._public).digest()[:4]

    @property
    def key(self) -> str:
        return f"{self.name}+{self._id.hex()}+{base64.b64encode(bytes([4]) + self._public).decode()}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_checkpoint(self, text: str) -> str:
        head, _, note = text.partition("\n\n")
        first, *proof_lines = head.split("\n")
        body, _, signatures = note.partition("\n\n")
        origin, size_text, root_text = body.split("\n")
        if origin not in self.logs:
            raise Refused(404)
        if not any(self._is_signed(body + "\n", origin, line) for line in signatures.splitlines()):
            raise Refused(403)
        assert first.startswith("old ")
        old, size, root = int(first[4:]), int(size_text), base64.b64decode(root_text)
        if old > size:
            raise Refused(400)
        known, known_root = self.seen.get(origin, (0, b""))
        if old != known:
            raise Refused(409, f"{known}\n", "text/x.tlog.size")
        proof = [base64.b64decode(line) for line in proof_lines]
        if old == size:
            if root != known_root:
                raise Refused(409)
        elif old == 0:
            if proof:
                raise Refused(422)
        elif _roots(old, size, known_root, proof) != (known_root, root):
            raise Refused(422)
        self.seen[origin] = (size, root)
        message = f"cosignature/v1\ntime {TIME}\n{body}\n".encode()
        content = self._id + struct.pack(">Q", TIME) + self.private.sign(message)
        return f"{self.strangers}— {self.name} {base64.b64encode(content).decode()}\n"

    def _is_signed(self, body: str, origin: str, line: str) -> bool:
        _, name, encoded = line.split(" ")
        public = self.logs[origin]
        own = hashlib.sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
        content = base64.b64decode(encoded)
        if name != origin or content[:4] != own:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(content[4:], body.encode())
        except InvalidSignature:
            return False
        return True
