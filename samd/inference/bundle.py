"""Signed model bundles: what is signed, how it is checked, and that only verified bytes are used.

A bundle is a folder of five files: `model.json`, `weights.safetensors` and `training.json`, which lists
the digests of what the model was trained on; `manifest.json` with the size and SHA-256 of these three;
and `manifest.sig`, the Ed25519 signature (RFC 8032, 64 raw bytes) of an approver over the bytes of the
manifest. The signature is checked first, then every size and
hash, before any parser sees a byte; and the bytes that were checked are the bytes that are used, so
that a file swapped afterwards changes nothing. This module knows no tensors: whoever only lists
models needs no more than this.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from samd.domain.card import ModelCard
from samd.inference.model_file import Component, ModelFileRefused, parse

MODEL, WEIGHTS, TRAINING = "model.json", "weights.safetensors", "training.json"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
LISTED = (MODEL, WEIGHTS, TRAINING)
FORMAT = "samd-bundle-2"
# Far above any bundle of ours, far below what would fill the memory of a worker.
_LARGEST = {MODEL: 1 << 20, WEIGHTS: 1 << 31, TRAINING: 1 << 26, MANIFEST: 1 << 16, SIGNATURE: 64}
_DIGEST = re.compile("[0-9a-f]{64}")


class BundleRefused(Exception):
    """The bundle does not run; the message says what was wrong, in plain words."""


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A verified bundle. `digest` is the SHA-256 of the manifest, `signer` that of the raw public key.

    `training` holds the SHA-256 of every image that the model was trained or tuned on: of the pixels, 8 bits
    each, row by row. Whoever validates the model refuses cases that are among them.
    """

    card: ModelCard
    network: Component
    preprocessing: Component
    model_json: bytes
    weights: bytes
    digest: str
    signer: str
    training: frozenset[str]


def verify(folder: Path, *, trusted: Sequence[Ed25519PublicKey]) -> Bundle:
    """The bundle in `folder`, signed by one of the `trusted` keys and unchanged since.

    Raises BundleRefused where a file is missing, extra, too large or not a plain file, where the
    signature is by no trusted key, where a size or hash differs from the manifest, or where
    `model.json` is not understood.
    """
    contents = _read_all(folder)
    signer = _signer(contents[MANIFEST], contents[SIGNATURE], trusted)
    listed = _listed(contents[MANIFEST])
    for name in LISTED:
        _check_content(name, contents[name], listed[name])
    digest = hashlib.sha256(contents[MANIFEST]).hexdigest()
    try:
        model = parse(contents[MODEL], digest=digest, weights_digest=listed[WEIGHTS]["sha256"])
    except ModelFileRefused as error:
        raise BundleRefused(str(error)) from error
    return Bundle(
        card=model.card,
        network=model.network,
        preprocessing=model.preprocessing,
        model_json=contents[MODEL],
        weights=contents[WEIGHTS],
        digest=digest,
        signer=signer,
        training=_training(contents[TRAINING]),
    )


def trusted_keys(folder: Path) -> tuple[Ed25519PublicKey, ...]:
    """The approvers' public keys: every `*.pub` in `folder`, PEM, in the order of their names.

    Raises BundleRefused where one of them is not an Ed25519 public key: a trust store that is
    partly unreadable is not one to guess about.
    """
    keys = []
    for path in sorted(folder.glob("*.pub")):
        try:
            key = load_pem_public_key(path.read_bytes())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise BundleRefused(f"{path.name} is not a public key in PEM") from error
        if not isinstance(key, Ed25519PublicKey):
            raise BundleRefused(f"{path.name} is not an Ed25519 public key")
        keys.append(key)
    return tuple(keys)


def sign(folder: Path, key: Ed25519PrivateKey) -> None:
    """Write `manifest.json` and `manifest.sig` over the model, weights and training list in `folder`."""
    listed = {}
    for name in LISTED:
        content = (folder / name).read_bytes()
        listed[name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    manifest = _canonical({"files": listed, "format": FORMAT})
    (folder / MANIFEST).write_bytes(manifest)
    (folder / SIGNATURE).write_bytes(key.sign(manifest))


def training_list(digests: Iterable[str]) -> bytes:
    """The content of `training.json`: each digest once, in order."""
    return _canonical({"pixels": sorted(set(digests))})


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 of the 32 raw bytes of `key`, in hexadecimal: how a signer is named in records."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def _read_all(folder: Path) -> dict[str, bytes]:
    try:
        directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise BundleRefused(f"{folder.name} is not a folder that can be read") from error
    try:
        names = set(os.listdir(directory))  # noqa: PTH208 - a descriptor has no Path
        if names != _LARGEST.keys():
            odd = ", ".join(sorted(names ^ _LARGEST.keys()))
            raise BundleRefused(f"a bundle has exactly five files; missing or extra: {odd}")
        return {name: _read(directory, name) for name in sorted(names)}
    finally:
        os.close(directory)


def _read(directory: int, name: str) -> bytes:
    """The content of a plain file, opened once, never through a symbolic link and never a pipe."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(name, flags, dir_fd=directory)
    except OSError as error:
        raise BundleRefused(f"{name} is a link, or cannot be read") from error
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no Path
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BundleRefused(f"{name} is not a plain file")
        content = file.read(_LARGEST[name] + 1)
    if len(content) > _LARGEST[name]:
        raise BundleRefused(f"{name} is larger than {_LARGEST[name]} bytes")
    return content


def _signer(manifest: bytes, signature: bytes, trusted: Sequence[Ed25519PublicKey]) -> str:
    for key in trusted:
        try:
            key.verify(signature, manifest)
        except InvalidSignature:
            continue
        return fingerprint(key)
    raise BundleRefused(f"the manifest is not signed by one of the {len(trusted)} trusted keys")


def _listed(manifest: bytes) -> Mapping[str, Mapping[str, Any]]:
    """The files of a manifest whose signature is good: exactly ours, in canonical JSON."""
    try:
        document = json.loads(manifest)
        known = document["format"] == FORMAT and document["files"].keys() == set(LISTED)
        shaped = all(entry.keys() == {"sha256", "size"} for entry in document["files"].values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleRefused("the manifest is signed but is not a bundle manifest") from error
    if not (known and shaped and _canonical(document) == manifest):
        raise BundleRefused(f"the manifest is signed but is not in the format {FORMAT}")
    files: Mapping[str, Mapping[str, Any]] = document["files"]
    return files


def _check_content(name: str, content: bytes, listed: Mapping[str, Any]) -> None:
    if len(content) != listed["size"]:
        raise BundleRefused(f"{name} has {len(content)} bytes; the manifest says {listed['size']}")
    if hashlib.sha256(content).hexdigest() != listed["sha256"]:
        raise BundleRefused(f"{name} is not the file that was signed: its SHA-256 differs")


def _training(content: bytes) -> frozenset[str]:
    """The digests of a training list whose own digest is good."""
    try:
        digests = json.loads(content)["pixels"]
        known = all(isinstance(one, str) and _DIGEST.fullmatch(one) for one in digests)
        exact = known and training_list(digests) == content
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleRefused(f"{TRAINING} is not a list of digests") from error
    if not exact:
        raise BundleRefused(f"{TRAINING} is not a list of digests, each once and in order")
    return frozenset(digests)


def _canonical(document: Any) -> bytes:
    """JSON with sorted names, no white space and ASCII only: one document, one sequence of bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
