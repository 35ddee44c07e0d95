"""Signed notes (C2SP signed-note)."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.note import NoteRefused, NotSigned, VerifierKey, opened, signed
from audit.signer import FileSigner
from tests.audit.exported import signer

pytestmark = pytest.mark.requirement("AUD-03")

# Published with golang.org/x/mod/sumdb/note, the reference implementation of the format.
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6R"
    "yyBwJnAM=\n"
)
ONE, TWO = signer("one", origin="log.example/one"), signer("two", origin="log.example/two")


def test_the_published_note_opens() -> None:
    text, signers = opened(NOTE, [VerifierKey.parse(PUBLIC)])

    assert text == TEXT
    assert {str(key) for key in signers} == {PUBLIC}


def test_the_published_note_is_what_its_key_signs() -> None:
    raw = base64.b64decode(PRIVATE.split("+", 4)[4])[1:]
    peter = FileSigner(VerifierKey.parse(PUBLIC), Ed25519PrivateKey.from_private_bytes(raw))

    assert signed(TEXT, [peter]) == NOTE


def test_two_may_sign_and_each_is_told() -> None:
    note = signed("text\n", [ONE, TWO])

    assert opened(note, [ONE.key])[1] == {ONE.key}
    assert opened(note, [TWO.key])[1] == {TWO.key}
    assert opened(note, [ONE.key, TWO.key])[1] == {ONE.key, TWO.key}


def test_a_line_of_an_unknown_key_is_passed_over() -> None:
    note = signed("text\n", [signer("a witness", origin="witness.example"), ONE])

    assert opened(note, [ONE.key]) == ("text\n", frozenset({ONE.key}))


def test_a_note_that_nobody_known_signed_is_refused() -> None:
    with pytest.raises(NotSigned):
        opened(signed("text\n", [TWO]), [ONE.key])


def test_a_bad_line_of_a_known_key_spoils_the_note() -> None:
    good, other = signed("text\n", [ONE]), signed("other\n", [TWO])
    note = good + other.rsplit("\n", 2)[1] + "\n"

    with pytest.raises(NoteRefused, match="does not belong to this text"):
        opened(note, [ONE.key, TWO.key])


def test_a_key_of_the_same_name_is_another_key() -> None:
    namesake = signer("namesake", origin=ONE.key.name)

    with pytest.raises(NotSigned):
        opened(signed("text\n", [namesake]), [ONE.key])


def test_every_flipped_bit_of_a_note_is_refused() -> None:
    note = signed("log.example/one\n17\n", [ONE]).encode()

    for position in range(len(note) * 8):
        flipped = bytearray(note)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(NoteRefused):
            opened(flipped.decode("utf-8", "surrogateescape"), [ONE.key])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— log.example/one",
        "text\n\n— log.example/one AAAA",
        "text\n\n— log.example/one AA==\n\n",
        "text\n\n- log.example/one AAAA\n",
        "text\n\n— log example AAAA\n",
        "te\x00xt\n\n— log.example/one AAAA\n",
        "te\udc80xt\n\n— log.example/one AAAA\n",
        "text\r\n\n— log.example/one AAAA\n",
    ],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteRefused):
        opened(note, [ONE.key])


def test_base64_that_is_not_the_one_text_of_its_bytes_is_refused() -> None:
    note = signed("text\n", [ONE])
    last = note[-3]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = alphabet[alphabet.index(last) ^ 1]  # the last two bits of it are not used

    with pytest.raises(NoteRefused, match="canonical"):
        opened(note[:-3] + other + note[-2:], [ONE.key])


def test_a_key_is_written_as_it_is_read() -> None:
    assert VerifierKey.parse(f" {ONE.key}\n") == ONE.key
    assert str(VerifierKey.parse(PUBLIC)) == PUBLIC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        "name+00000000+!",
        PUBLIC.replace("c74f20a3", "c74f20a4"),
        PUBLIC.replace("PeterNeumann", "Peter Neumann"),
        PUBLIC.replace("ARpc", "AhpC"),
        PUBLIC.replace("PeterNeumann", "PeterNeumann2"),
        "name+00000000+" + base64.b64encode(b"\x01" + bytes(31)).decode(),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        VerifierKey.parse(text)


def test_the_id_of_a_key_binds_its_name() -> None:
    public = ONE.key.public

    assert ONE.key.id == hashlib.sha256(b"log.example/one\n\x01" + public).digest()[:4]
    assert VerifierKey("other.example", public).id != ONE.key.id
