"""A small validation that really runs: radiographs, a signed bundle and a protocol in folders of a test."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from samd.dicom.phantom import chest_radiograph, save
from tests.inference.builders import signed_bundle
from tests.validation.builders import case, manifest, protocol_text
from validation.dataset import Truth, render
from validation.judging import Places

_COMPARISON = """
[[endpoints]]
name = "Difference"
metric = "sensitivity difference"
of = "pneumonia"
goal = "non-inferior"
limit = 0.9
primary = true
rationale = "as the tests need it"

[comparator]
name = "other"
digest = "{digest}"
"""


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything lies."""

    protocol: Path
    places: Places
    trust: Path


def bench(
    folder: Path,
    *,
    cases: int = 6,
    broken: int = 0,
    seen: bool = False,
    compared: bool = False,
    more: str = "",
    data: str = "",
) -> Bench:
    """`cases` radiographs, every other one with a bright patch and called diseased, and an untrained network.

    The first `broken` of them show nothing; the first is among the training data where `seen`.
    With `compared` another version stands beside it. `more` are
    further lines of the protocol, `data` of its data set.
    """
    files = folder / "data"
    files.mkdir(parents=True)
    made = []
    random = np.random.default_rng(5)
    for number in range(cases):
        image = random.integers(20, 120, (64, 64)).astype(np.uint8)
        if number % 2:
            image[20:40, 20:40] = 220
        if number < broken:
            image[:] = 100
        name = f"case-{number}"
        save(chest_radiograph(image, seed=name), files / f"{name}.dcm")
        digest = _digest(files / f"{name}.dcm")
        made.append(case(name, files={f"{name}.dcm": digest}, truth=Truth(labels={"pneumonia": number % 2})))
    content = render(manifest(*made))
    (folder / "set.json").write_bytes(content)
    training = [next(iter(made[0].files.values()))] if seen else []
    bundle, key = signed_bundle(folder / "bundles" / "toy", training=training)
    if compared:
        other, second = signed_bundle(folder / "bundles" / "other", version="0.9.0")
        more += _COMPARISON.format(digest=_digest(other / "manifest.json"))
    trust = folder / "trust"
    trust.mkdir()
    (trust / "test.pub").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    if compared:
        pem = second.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (trust / "second.pub").write_bytes(pem)
    text = protocol_text(
        model=_digest(bundle / "manifest.json"),
        data=hashlib.sha256(content).hexdigest(),
        more=more,
    )
    text = text.replace('of = "finding"', 'of = "pneumonia"').replace("[data]\n", f"[data]\n{data}")
    (folder / "test.toml").write_text(text)
    return Bench(folder / "test.toml", Places(data=files, bundles=(folder / "bundles",)), trust)
