"""Only a verified bundle runs: signature, then hashes, then parsers, on the bytes that were checked."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from samd.inference import bundle
from samd.inference.bundle import (
    MANIFEST,
    MODEL,
    SIGNATURE,
    TRAINING,
    WEIGHTS,
    BundleRefused,
    fingerprint,
    sign,
    trusted_keys,
    verify,
)
from samd.inference.catalogue import load
from samd.inference.run import predict
from tests.inference.builders import CLASSIFIER, signed_bundle, volume_of

# A pickle that makes a file when it is loaded, written by hand: this repository imports no pickle.
LIVE_PICKLE = "cpathlib\nPath\n(S'{marker}'\ntRp0\n0cbuiltins\ngetattr\n(g0\nS'touch'\ntR(tR."


def pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def unreachable_parsers(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> None:
        pytest.fail("a parser was given bytes that had not been verified")

    monkeypatch.setattr(bundle, "parse", parse)
    monkeypatch.setattr(bundle, "_listed", parse)


@pytest.mark.requirement("MOD-01", "VAL-02")
def test_a_bundle_says_what_it_was_trained_on(tmp_path: Path) -> None:
    folder, key = signed_bundle(tmp_path / "bundle", training=["b" * 64, "a" * 64, "b" * 64])

    assert verify(folder, trusted=[key]).training == {"a" * 64, "b" * 64}


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"pixels":null}',
        b'{"pixels":""}',
        b'{"pixels":["A"]}',
        b'{"pixels":[1]}',
        b'{"pixels": []}',
        b"[" * 100_000,
        json.dumps({"pixels": ["A" * 64]}).encode(),
        json.dumps({"pixels": {"a" * 64: 1}}, separators=(",", ":")).encode(),
        json.dumps({"pixels": ["b" * 64, "a" * 64]}, separators=(",", ":")).encode(),
        json.dumps({"pixels": ["a" * 64, "a" * 64]}, separators=(",", ":")).encode(),
        json.dumps({"pixels": [], "more": 1}, separators=(",", ":")).encode(),
    ],
    ids=[
        "empty",
        "no UTF-8",
        "list",
        "nothing",
        "null",
        "text",
        "no digest",
        "number",
        "spaces",
        "deep",
        "capitals",
        "object",
        "no order",
        "twice",
        "more",
    ],
)
def test_a_training_list_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    folder, _ = signed_bundle(tmp_path / "bundle")
    (folder / TRAINING).write_bytes(content)
    key = Ed25519PrivateKey.generate()
    sign(folder, key)

    with pytest.raises(BundleRefused, match=r"training\.json is not a list of digests"):
        verify(folder, trusted=[key.public_key()])


@pytest.mark.requirement("MOD-01")
def test_a_signed_bundle_is_verified_and_says_who_signed_it(tmp_path: Path) -> None:
    folder, key = signed_bundle(tmp_path / "bundle")

    verified = verify(folder, trusted=[Ed25519PrivateKey.generate().public_key(), key])

    assert verified.digest == hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    assert verified.signer == fingerprint(key)
    assert verified.card.digest == verified.digest
    assert verified.card.weights_digest == hashlib.sha256(verified.weights).hexdigest()
    assert verified.card.title == CLASSIFIER.card.title


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE])
@pytest.mark.usefixtures("unreachable_parsers")
def test_every_flipped_bit_of_manifest_or_signature_is_refused_unparsed(tmp_path: Path, name: str) -> None:
    folder, key = signed_bundle(tmp_path / "bundle")
    good = (folder / name).read_bytes()

    for bit in range(8 * len(good)):
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << bit % 8
        (folder / name).write_bytes(flipped)
        with pytest.raises(BundleRefused, match="not signed by one of the 1 trusted keys"):
            verify(folder, trusted=[key])


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize("name", [MODEL, WEIGHTS, TRAINING])
def test_flipped_bits_of_what_is_listed_are_refused_unparsed(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, key = signed_bundle(tmp_path / "bundle")
    monkeypatch.setattr(bundle, "parse", lambda *_, **__: pytest.fail("parsed before it was verified"))
    good = (folder / name).read_bytes()
    ends = [*range(64), *range(8 * len(good) - 64, 8 * len(good))]

    for bit in [*ends, *np.random.default_rng(0).integers(0, 8 * len(good), 200).tolist()]:
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << bit % 8
        (folder / name).write_bytes(flipped)
        with pytest.raises(BundleRefused, match="is not the file that was signed"):
            verify(folder, trusted=[key])


@pytest.mark.requirement("MOD-01")
def test_what_would_crash_a_parser_is_refused_by_its_hash(tmp_path: Path) -> None:
    folder, key = signed_bundle(tmp_path / "bundle")
    size = (folder / MODEL).stat().st_size
    (folder / MODEL).write_bytes(b"[" * size)

    with pytest.raises(BundleRefused, match="SHA-256 differs"):
        verify(folder, trusted=[key])


@pytest.mark.requirement("MOD-01")
def test_the_size_is_checked_as_well_as_the_hash(tmp_path: Path) -> None:
    folder, key = signed_bundle(tmp_path / "bundle")
    with (folder / WEIGHTS).open("ab") as file:
        file.write(b"\0")

    with pytest.raises(BundleRefused, match="bytes; the manifest says"):
        verify(folder, trusted=[key])


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize("signed", [False, True], ids=["swapped afterwards", "signed by mistake"])
def test_a_pickle_in_place_of_weights_runs_nothing(tmp_path: Path, *, signed: bool) -> None:
    marker = tmp_path / "ran"
    live = LIVE_PICKLE.format(marker=marker).encode()
    command = "import pickle, sys; pickle.loads(sys.stdin.buffer.read())"
    subprocess.run([sys.executable, "-c", command], input=live, check=True)
    assert marker.exists(), "the pickle of this test must do harm, or the test proves nothing"
    marker.unlink()
    key = Ed25519PrivateKey.generate()
    folder, _ = signed_bundle(tmp_path / "bundle", key=key)
    (folder / WEIGHTS).write_bytes(live)
    if signed:
        sign(folder, key)

    with pytest.raises(BundleRefused):
        load(verify(folder, trusted=[key.public_key()]))

    assert not marker.exists()


@pytest.mark.requirement("MOD-01")
def test_files_swapped_after_verification_change_nothing(tmp_path: Path) -> None:
    folder, key = signed_bundle(tmp_path / "bundle")
    image = volume_of(np.random.default_rng(0).random((1, 28, 28)))
    before = predict(load(verify(folder, trusted=[key])), image)
    verified = verify(folder, trusted=[key])
    for name in (MODEL, WEIGHTS, TRAINING):
        (folder / name).write_bytes(b"something else")

    after = predict(load(verified), image)

    assert after.scores == before.scores
    assert verified.model_json.startswith(b"{")


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize("name", [MODEL, WEIGHTS, TRAINING, MANIFEST, SIGNATURE])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder, key = signed_bundle(tmp_path / "bundle")
    (folder / name).unlink()

    with pytest.raises(BundleRefused, match=f"missing or extra: {name}"):
        verify(folder, trusted=[key])


@pytest.mark.requirement("MOD-01")
def test_an_extra_file_is_refused(tmp_path: Path) -> None:
    folder, key = signed_bundle(tmp_path / "bundle")
    (folder / "hook.py").write_text("")

    with pytest.raises(BundleRefused, match=r"missing or extra: hook\.py"):
        verify(folder, trusted=[key])


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize("name", [MODEL, WEIGHTS, TRAINING, MANIFEST, SIGNATURE])
def test_a_symbolic_link_is_refused_even_to_the_right_content(tmp_path: Path, name: str) -> None:
    folder, key = signed_bundle(tmp_path / "bundle")
    (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)

    with pytest.raises(BundleRefused, match=f"{name} is a link"):
        verify(folder, trusted=[key])


@pytest.mark.requirement("MOD-01")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    folder, key = signed_bundle(tmp_path / "bundle")
    (folder / WEIGHTS).unlink()
    os.mkfifo(folder / WEIGHTS)

    with pytest.raises(BundleRefused, match="not a plain file"):
        verify(folder, trusted=[key])


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize(("name", "most"), [(MODEL, 1 << 20), (TRAINING, 1 << 26), (MANIFEST, 1 << 16)])
def test_a_file_larger_than_any_bundle_is_refused(tmp_path: Path, name: str, most: int) -> None:
    folder, key = signed_bundle(tmp_path / "bundle")
    os.truncate(folder / name, most + 1)

    with pytest.raises(BundleRefused, match=f"{name} is larger than {most} bytes"):
        verify(folder, trusted=[key])


@pytest.mark.requirement("MOD-01")
def test_a_bundle_of_the_format_before_is_refused_by_the_name_of_the_format(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    folder, _ = signed_bundle(tmp_path / "bundle", key=key)
    before = (folder / MANIFEST).read_bytes().replace(b"samd-bundle-2", b"samd-bundle-1")
    (folder / MANIFEST).write_bytes(before)
    (folder / SIGNATURE).write_bytes(key.sign(before))

    with pytest.raises(BundleRefused, match="not in the format samd-bundle-2"):
        verify(folder, trusted=[key.public_key()])


@pytest.mark.requirement("MOD-01")
def test_no_trusted_key_means_no_bundle(tmp_path: Path) -> None:
    folder, _ = signed_bundle(tmp_path / "bundle")

    with pytest.raises(BundleRefused, match="one of the 0 trusted keys"):
        verify(folder, trusted=[])


@pytest.mark.requirement("MOD-01")
def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="nowhere is not a folder"):
        verify(tmp_path / "nowhere", trusted=[])


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize(
    "manifest",
    [b"", b"[]", b"{}", b'{"files":{},"format":"samd-bundle-2"}', b'{"files":3,"format":"samd-bundle-2"}'],
)
def test_a_signature_over_something_else_is_not_a_manifest(tmp_path: Path, manifest: bytes) -> None:
    key = Ed25519PrivateKey.generate()
    folder, _ = signed_bundle(tmp_path / "bundle", key=key)
    (folder / MANIFEST).write_bytes(manifest)
    (folder / SIGNATURE).write_bytes(key.sign(manifest))

    with pytest.raises(BundleRefused, match="the manifest is signed but is not"):
        verify(folder, trusted=[key.public_key()])


@pytest.mark.requirement("MOD-01")
def test_the_manifest_has_only_one_spelling(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    folder, _ = signed_bundle(tmp_path / "bundle", key=key)
    spaced = json.dumps(json.loads((folder / MANIFEST).read_bytes())).encode()
    (folder / MANIFEST).write_bytes(spaced)
    (folder / SIGNATURE).write_bytes(key.sign(spaced))

    with pytest.raises(BundleRefused, match="not in the format samd-bundle-2"):
        verify(folder, trusted=[key.public_key()])


@pytest.mark.requirement("MOD-01")
def test_a_signed_card_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    folder, key = signed_bundle(tmp_path / "bundle", name="Not A Name")

    with pytest.raises(BundleRefused, match="lower-case words"):
        verify(folder, trusted=[key])


@pytest.mark.requirement("MOD-01")
def test_trusted_keys_are_the_public_keys_of_a_folder(tmp_path: Path) -> None:
    first, second = (Ed25519PrivateKey.generate().public_key() for _ in range(2))
    (tmp_path / "b.pub").write_bytes(pem(second))
    (tmp_path / "a.pub").write_bytes(pem(first))
    (tmp_path / "notes.txt").write_text("not a key")

    assert [fingerprint(key) for key in trusted_keys(tmp_path)] == [fingerprint(first), fingerprint(second)]


@pytest.mark.requirement("MOD-01")
def test_a_trust_store_with_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    elliptic = generate_private_key(SECP256R1()).public_key()
    (tmp_path / "a.pub").write_bytes(elliptic.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    with pytest.raises(BundleRefused, match=r"a\.pub is not an Ed25519 public key"):
        trusted_keys(tmp_path)


@pytest.mark.requirement("MOD-01")
def test_a_trust_store_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pub").write_text("-----BEGIN NOTHING-----")

    with pytest.raises(BundleRefused, match=r"a\.pub is not a public key"):
        trusted_keys(tmp_path)


@pytest.mark.requirement("MOD-01")
def test_listing_models_loads_no_torch() -> None:
    command = "import sys, samd.inference.bundle; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0
