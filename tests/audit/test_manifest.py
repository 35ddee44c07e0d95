"""What a signature says."""

import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.entry import canonical
from audit.manifest import Manifest, NotAManifest, digest_of, verifies
from audit.signing_keys import _text

MANIFEST = Manifest(
    subject="review/2026-10",
    digest=digest_of("{}"),
    meaning="reviewed",
    signer="user/7",
    username="lee",
    name="이민지",
    role="quality_officer",
    at="2026-11-03T09:30:00.000000+00:00",
    accountability="policy/1",
)

pytestmark = pytest.mark.requirement("SIG-02")


@pytest.mark.part11("11.50(a)")
def test_a_manifest_names_the_person_the_time_and_the_meaning() -> None:
    said = json.loads(MANIFEST.text)

    assert (said["name"], said["at"], said["meaning"]) == ("이민지", MANIFEST.at, "reviewed")


@pytest.mark.part11("11.70")
def test_a_signature_verifies_over_its_manifest_and_over_no_other() -> None:
    private = Ed25519PrivateKey.generate()
    key = _text(private.public_key().public_bytes_raw())
    signature = MANIFEST.signed_by(private)

    assert verifies(signature, MANIFEST.text, key)
    for name in (
        "subject",
        "digest",
        "meaning",
        "signer",
        "username",
        "name",
        "role",
        "at",
        "accountability",
    ):
        other = replace(MANIFEST, **{name: getattr(MANIFEST, name) + "1"})
        assert not verifies(signature, other.text, key), name


@pytest.mark.parametrize("broken", ["", "AAAA", "no base64"])
def test_what_is_no_signature_or_no_key_verifies_nothing(broken: str) -> None:
    private = Ed25519PrivateKey.generate()
    key = _text(private.public_key().public_bytes_raw())

    assert not verifies(broken, MANIFEST.text, key)
    assert not verifies(MANIFEST.signed_by(private), MANIFEST.text, broken)


def test_a_manifest_is_read_from_its_canonical_text() -> None:
    assert Manifest.parse(MANIFEST.text) == MANIFEST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        MANIFEST.text.replace(":", ": ", 1),
        MANIFEST.text.replace("reviewed", "admired"),
        MANIFEST.text.replace("2026-11-03", "2026-13-03"),
        MANIFEST.text.replace("audit-signature/1", "audit-signature/2"),
        canonical({**json.loads(MANIFEST.text), "more": "x"}),
        canonical({**json.loads(MANIFEST.text), "name": 7}),
        "[" * 100_000,
    ],
)
def test_anything_else_is_not_a_manifest(text: str) -> None:
    with pytest.raises(NotAManifest):
        Manifest.parse(text)
