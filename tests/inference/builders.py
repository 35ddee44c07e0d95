"""Small signed bundles and volumes for tests: real files, made in a moment."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from numpy.typing import ArrayLike

from samd.domain.finding import Volume
from samd.domain.study import Frame
from samd.inference.bundle import MODEL, TRAINING, WEIGHTS, sign, training_list
from samd.inference.catalogue import weights_of
from samd.inference.model_file import Component, ModelFile, render
from samd.inference.networks import RadiographClassifier
from samd.inference.tissue import TissueWindows
from validation.reference_models import CARDS, EDGE_WIDTH_HU, WINDOWS, read_card

TISSUE = read_card(CARDS / "ct-tissue.json")
CLASSIFIER = replace(
    read_card(CARDS / "chest-xray-pneumonia.json"),
    network=Component("radiograph-classifier", {"outputs": 1, "width": 8, "blocks": 1, "size": 28}),
)


def signed_bundle(
    folder: Path,
    *,
    model: ModelFile = CLASSIFIER,
    weights: bytes | None = None,
    key: Ed25519PrivateKey | None = None,
    training: Iterable[str] = (),
    **changes: Any,
) -> tuple[Path, Ed25519PublicKey]:
    """A bundle in the new `folder`, and the public key that verifies it.

    `changes` are fields of the card: `signed_bundle(folder, name="other", version="2.0.0")`. The
    weights are those of an untrained classifier, always the same ones, or the published windows.
    """
    key = key or Ed25519PrivateKey.generate()
    folder.mkdir(parents=True)
    content = render(replace(model, card=replace(model.card, **changes)))
    (folder / MODEL).write_bytes(content)
    if weights is None:
        weights = weights_of(published_windows() if model.card.segments else untrained())
    (folder / WEIGHTS).write_bytes(weights)
    (folder / TRAINING).write_bytes(training_list(training))
    sign(folder, key)
    return folder, key.public_key()


def never_finite_bundle(folder: Path, **changes: Any) -> tuple[Path, Ed25519PublicKey]:
    """A classifier whose every answer is NaN, so that each analysis by it fails."""
    network = untrained()
    with torch.no_grad():
        network.head.bias.fill_(float("nan"))
    return signed_bundle(folder, weights=weights_of(network), **{"name": "never-finite"} | changes)


def untrained() -> RadiographClassifier:
    """The classifier of CLASSIFIER with weights drawn from a fixed seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RadiographClassifier(**CLASSIFIER.network.parameters)


def published_windows() -> TissueWindows:
    return TissueWindows.of(WINDOWS, edge_width=EDGE_WIDTH_HU)


def volume_of(values: ArrayLike, *, pixel_spacing: tuple[float, float] | None = (1.0, 1.0)) -> Volume:
    """An axial volume of (planes, rows, columns), 2 mm from plane to plane."""
    array = np.asarray(values, dtype=np.float32)
    frames = tuple(
        Frame(
            f"1.2.3.{index + 1}",
            position=(0.0, 0.0, 2.0 * index),
            row_direction=(1.0, 0.0, 0.0),
            column_direction=(0.0, 1.0, 0.0),
            pixel_spacing=pixel_spacing,
        )
        for index in range(len(array))
    )
    return Volume(array, frames, plane_spacing=2.0 if len(frames) > 1 else None)
