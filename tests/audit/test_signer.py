"""Who signs checkpoints."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from audit.checkpoint import Checkpoint, verified
from audit.note import VerifierKey
from audit.signer import CommandSigner, KeyRefused, make_key, public_part, read_key, read_public

pytestmark = pytest.mark.requirement("AUD-03")

ORIGIN = "hospital.example/samd"
CHECKPOINT = Checkpoint(ORIGIN, 3, bytes(32))
OPENSSL = """\
import os, subprocess, sys, tempfile
with tempfile.NamedTemporaryFile() as message:
    message.write(sys.stdin.buffer.read())
    message.flush()
    key = os.path.join(sys.argv[1], os.environ["AUDIT_KEY_PUBLIC"] + ".pem")
    command = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", message.name]
    sys.exit(subprocess.call(command))
"""


def test_a_key_signs_what_its_public_part_verifies(tmp_path: Path) -> None:
    key = make_key(tmp_path / "seal" / "key", origin=ORIGIN)

    note = CHECKPOINT.signed_by(read_key(tmp_path / "seal" / "key"))

    assert verified(note, [read_public(public_part(tmp_path / "seal" / "key"))]) == (
        CHECKPOINT,
        frozenset({key}),
    )


def test_a_key_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_key(tmp_path / "key", origin=ORIGIN)
    finally:
        os.umask(before)

    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert public_part(tmp_path / "key").stat().st_mode & 0o777 == 0o644


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    make_key(tmp_path / "key", origin=ORIGIN)
    before = (tmp_path / "key").read_text()

    with pytest.raises(KeyRefused, match="never overwritten"):
        make_key(tmp_path / "key", origin=ORIGIN)

    assert (tmp_path / "key").read_text() == before


@pytest.mark.parametrize("origin", ["", "two words", "one+two", "line\nbreak", "é", "a" * 201])
def test_a_log_has_a_name_that_a_note_can_carry(tmp_path: Path, origin: str) -> None:
    with pytest.raises(KeyRefused, match="cannot be called"):
        make_key(tmp_path / "key", origin=origin)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o660, 0o610])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    make_key(tmp_path / "key", origin=ORIGIN)
    (tmp_path / "key").chmod(mode)

    with pytest.raises(KeyRefused, match="chmod 600"):
        read_key(tmp_path / "key")


@pytest.mark.parametrize(
    "content", [b"", b"hospital.example/samd\n", b"one two three", b"name\nzz\n", b"\xff"]
)
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    (tmp_path / "key").chmod(0o600)

    with pytest.raises(KeyRefused, match="no signing key"):
        read_key(tmp_path / "key")


def test_a_key_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="cannot be read"):
        read_key(tmp_path / "key")
    with pytest.raises(KeyRefused, match="no public key"):
        read_public(tmp_path / "key.pub")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_operating_system_user_cannot_read_the_key_and_can_read_its_public_part(
    tmp_path: Path,
) -> None:
    make_key(tmp_path / "seal" / "key", origin=ORIGIN)
    for folder in [tmp_path, *tmp_path.parents][:4]:
        folder.chmod(0o755)
    web = pwd.getpwnam("nobody")

    def read(path: Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["/bin/cat", str(path)],
            user=web.pw_uid,
            group=web.pw_gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            cwd="/",
            env={},
        )

    assert "Permission denied" in read(tmp_path / "seal" / "key").stderr
    assert read(public_part(tmp_path / "seal" / "key")).stdout.startswith(f"{ORIGIN}+")


@pytest.fixture
def token(tmp_path: Path) -> tuple[VerifierKey, list[str]]:
    """A program that signs with openssl, as one would that asks a PKCS#11 token."""
    private = Ed25519PrivateKey.generate()
    key = VerifierKey(ORIGIN, private.public_key().public_bytes_raw())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / f"{key.public.hex()}.pem").write_bytes(pem)
    (tmp_path / "token.py").write_text(OPENSSL)
    return key, [sys.executable, "-I", str(tmp_path / "token.py"), str(tmp_path)]


def test_a_program_signs_in_place_of_a_file(token: tuple[VerifierKey, list[str]]) -> None:
    key, command = token

    note = CHECKPOINT.signed_by(CommandSigner(key, command))

    assert verified(note, [key]) == (CHECKPOINT, frozenset({key}))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["false"], "failed"),
        (["/no/such/program"], "failed"),
        (["true"], "gave no signature"),
        (["head", "-c", "64", "/dev/zero"], "gave no signature"),
    ],
)
def test_a_program_that_does_not_sign_is_told(
    token: tuple[VerifierKey, list[str]], command: list[str], said: str
) -> None:
    with pytest.raises(KeyRefused, match=said):
        CHECKPOINT.signed_by(CommandSigner(token[0], command))
