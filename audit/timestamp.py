"""Time stamps of checkpoints by an authority (RFC 3161): that a checkpoint existed at a time, on its word.

A token is kept beside the anchor file, together with the note that it stamps, so that `openssl ts -verify`
checks the two without any of our code.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.x509 import load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from audit.anchor import make_durable
from audit.asking import post
from audit.checkpoint import read

_KIND: Final = "application/timestamp-query"
_ANSWER: Final = "application/timestamp-reply"


class NotStamped(Exception):
    """The authority gave no time stamp of the checkpoint."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority at `url`. Its tokens are kept in `folder`; `roots` is a PEM file of certificates that its
    certificate must lead to, None where whoever verifies the tokens decides that."""

    url: str
    folder: Path
    roots: Path | None = None

    def stamp(self, note: str) -> None:
        """Get a token for `note` and keep it, unless there is one. Raises NotReached and NotStamped."""
        checkpoint = read(note.partition("\n\n")[0] + "\n")
        path = self.folder / f"{checkpoint.size:012d}-{checkpoint.root.hex()[:8]}"
        if path.with_suffix(".tsr").exists():
            return
        request = TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256).build()
        answer = post(self.url, request.as_bytes(), kind=_KIND)
        if answer.status != 200 or answer.kind != _ANSWER:
            raise NotStamped(f"the time-stamping authority answered {answer.status} ({answer.kind})")
        self._check(request, answer.body, note)
        self.folder.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".note").write_text(note)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(answer.body)
        unfinished.replace(path.with_suffix(".tsr"))
        make_durable(self.folder)

    def _check(self, request: TimeStampRequest, token: bytes, note: str) -> None:
        try:
            response = decode_timestamp_response(token)
            if PKIStatus(response.status) is not PKIStatus.GRANTED:
                raise NotStamped(f"the time-stamping authority refused: {response.status_string}")
            if response.tst_info.nonce != request.nonce:
                raise NotStamped("the time-stamping authority answered another request")
            if response.tst_info.message_imprint.message != request.message_imprint.message:
                raise NotStamped("the time stamp is not one of this checkpoint")
            if self.roots is not None:
                _verify(response, note, self.roots)
        except ValueError as problem:
            raise NotStamped(f"the time-stamping authority gave no time stamp: {problem}") from problem


def _verify(response: TimeStampResponse, note: str, roots: Path) -> None:
    try:
        verifier = VerifierBuilder()
        for certificate in load_pem_x509_certificates(roots.read_bytes()):
            verifier = verifier.add_root_certificate(certificate)
        verifier.build().verify_message(response, note.encode())
    except (VerificationError, OSError, ValueError) as problem:
        raise NotStamped(f"the time stamp does not verify: {problem}") from problem


def stamped_at(token: bytes, note: str, roots: Path) -> datetime:
    """When the authority saw `note`; raises NotStamped where the PEM `roots` do not vouch for the token."""
    try:
        response = decode_timestamp_response(token)
    except ValueError as problem:
        raise NotStamped(f"this is no time stamp: {problem}") from problem
    _verify(response, note, roots)
    return response.tst_info.gen_time.astimezone(UTC)
