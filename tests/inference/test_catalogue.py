"""From verified bytes to a network: exactly the tensors of a registered network, or nothing."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from samd.inference.bundle import Bundle, BundleRefused, verify
from samd.inference.catalogue import load, weights_of
from samd.inference.model_file import Component
from tests.inference.builders import CLASSIFIER, TISSUE, published_windows, signed_bundle, untrained

CROPPED = CLASSIFIER.preprocessing


def verified(folder: Path, **arguments: Any) -> Bundle:
    path, key = signed_bundle(folder, **arguments)
    return verify(path, trusted=[key])


def split(weights: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(weights[:8], "little")
    return json.loads(weights[8 : 8 + length]), weights[8 + length :]


def joined(header: dict[str, Any], tensors: bytes) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + tensors


@pytest.mark.requirement("MOD-01")
def test_the_weights_of_the_bundle_are_those_of_the_network(tmp_path: Path) -> None:
    model = load(verified(tmp_path / "bundle"), device="cpu")

    assert model.device == "cpu"
    assert not model.network.training
    for name, tensor in untrained().state_dict().items():
        assert torch.equal(model.network.state_dict()[name], tensor)


@pytest.mark.requirement("MOD-01")
def test_a_model_stays_warm_by_its_digest(tmp_path: Path) -> None:
    bundle, other = verified(tmp_path / "one"), verified(tmp_path / "two", version="2.0.0")

    assert load(bundle, device="cpu") is load(bundle, device="cpu")
    assert load(other, device="cpu") is not load(bundle, device="cpu")


@pytest.mark.requirement("MOD-01")
def test_only_the_last_few_models_stay_warm(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    first = verified(tmp_path / "first", key=key)
    warm = load(first, device="cpu")

    for number in range(8):
        load(verified(tmp_path / f"{number}", key=key, version=f"9.{number}.0"), device="cpu")

    assert load(first, device="cpu") is not warm


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize(
    ("network", "preprocessing", "complaint"),
    [
        (Component("resnet", {"outputs": 1}), CROPPED, "no network is registered"),
        (CLASSIFIER.network, Component("eval", {}), "no preprocessing is registered"),
        (Component("radiograph-classifier", {"outputs": 2}), CROPPED, "not one output"),
        (Component("radiograph-classifier", {"outputs": 1, "depth": 3}), CROPPED, "cannot be built"),
        (CLASSIFIER.network, Component("centre-crop-resize", {"size": 56}), "different sizes"),
        (Component("tissue-windows", {"outputs": 1}), Component("whole-hounsfield", {}), "does not give"),
    ],
)
def test_what_is_not_registered_here_is_refused(
    tmp_path: Path, network: Component, preprocessing: Component, complaint: str
) -> None:
    model = replace(CLASSIFIER, network=network, preprocessing=preprocessing)
    bundle = verified(tmp_path / "bundle", model=model)

    with pytest.raises(BundleRefused, match=complaint):
        load(bundle, device="cpu")


@pytest.mark.requirement("XAI-01")
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"method": "Integrated Gradients"}, "is not explained by"),
        ({"layer": "features.99"}, r"no layer features\.99"),
        ({"baseline": "black"}, "no baseline"),
    ],
)
def test_an_explanation_that_cannot_be_made_is_refused_at_once(
    tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    bundle = verified(tmp_path / "bundle", explanation=replace(CLASSIFIER.card.explanation, **change))

    with pytest.raises(BundleRefused, match=complaint):
        load(bundle, device="cpu")


def without_a_tensor(header: dict[str, Any], tensors: bytes) -> bytes:
    header.pop("head.bias")
    return joined(header, tensors)


def with_a_strange_tensor(header: dict[str, Any], tensors: bytes) -> bytes:
    end = len(tensors)
    strange = {"dtype": "F32", "shape": [1], "data_offsets": [end, end + 4]}
    return joined(header | {"hook": strange}, tensors + bytes(4))


def with_metadata(header: dict[str, Any], tensors: bytes) -> bytes:
    return joined(header | {"__metadata__": {"format": "pt"}}, tensors)


def of_another_type(header: dict[str, Any], tensors: bytes) -> bytes:
    header["temperature"]["dtype"] = "F16"
    return joined(header, tensors)


def of_an_unknown_type(header: dict[str, Any], tensors: bytes) -> bytes:
    header["temperature"]["dtype"] = "OBJECT"
    return joined(header, tensors)


def of_another_shape(header: dict[str, Any], tensors: bytes) -> bytes:
    header["head.weight"]["shape"].reverse()
    return joined(header, tensors)


def overlapping(header: dict[str, Any], tensors: bytes) -> bytes:
    header["temperature"]["data_offsets"] = [0, 4]
    return joined(header, tensors)


def with_trailing_bytes(header: dict[str, Any], tensors: bytes) -> bytes:
    return joined(header, tensors + b"#!/bin/sh")


def with_a_long_header(header: dict[str, Any], tensors: bytes) -> bytes:
    text = json.dumps(header).encode() + b" " * (1 << 20)
    return len(text).to_bytes(8, "little") + text + tensors


def with_a_header_beyond_the_file(header: dict[str, Any], tensors: bytes) -> bytes:
    return (1 << 19).to_bytes(8, "little") + json.dumps(header).encode() + tensors[:100]


def too_short(header: dict[str, Any], tensors: bytes) -> bytes:
    return b"\0\0\0"


def not_json(header: dict[str, Any], tensors: bytes) -> bytes:
    return (3).to_bytes(8, "little") + b"{{{" + tensors


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (without_a_tensor, "other tensors than the network: head.bias"),
        (with_a_strange_tensor, "other tensors than the network: hook"),
        (with_metadata, "not that of safetensors"),
        (of_another_type, "another type or shape than the network: temperature"),
        (of_an_unknown_type, "not that of safetensors"),
        (of_another_shape, "another type or shape than the network: head.weight"),
        (overlapping, "overlap, leave gaps or have the wrong size"),
        (with_trailing_bytes, "belong to no tensor"),
        (with_a_long_header, "longer than 1 MB"),
        (with_a_header_beyond_the_file, "longer than 1 MB or than the file"),
        (too_short, "no header"),
        (not_json, "not that of safetensors"),
    ],
)
def test_signed_weights_that_do_not_fit_exactly_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Any], bytes], bytes], complaint: str
) -> None:
    weights = change(*split(weights_of(untrained())))
    bundle = verified(tmp_path / "bundle", weights=weights)

    with pytest.raises(BundleRefused, match=complaint):
        load(bundle, device="cpu")


@pytest.mark.requirement("MOD-01")
def test_a_tissue_bundle_brings_its_windows(tmp_path: Path) -> None:
    model = load(verified(tmp_path / "bundle", model=TISSUE), device="cpu")

    assert torch.equal(model.network.get_buffer("windows"), published_windows().windows)
