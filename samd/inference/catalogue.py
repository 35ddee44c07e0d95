"""From a verified bundle to a network that is ready to run, kept warm for the next study.

Weights are safetensors from the verified bytes. Before the reader of the format sees them, their
header is held against the registered network: the same tensors, shapes and types, laid out without
gaps, and not a byte more. Nothing is unpickled, and no code comes from a bundle.
"""

import json
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from samd.domain.card import ModelCard
from samd.inference.bundle import Bundle, BundleRefused
from samd.inference.explain import BASELINES, INPUT, OF_CLASSIFICATIONS, OF_SEGMENTS
from samd.inference.model import Model
from samd.inference.networks import NETWORKS
from samd.inference.preprocessing import PREPROCESSING
from samd.inference.tissue import TissueWindows

__all__ = ["Model", "load", "weights_of"]

_LARGEST_HEADER = 1 << 20
_TYPES = {"F32": torch.float32, "F16": torch.float16, "I64": torch.int64, "U8": torch.uint8}
_MOST_WARM = 8

_warm: OrderedDict[tuple[str, str], Model] = OrderedDict()
_lock = threading.Lock()


def load(bundle: Bundle, *, device: str | None = None) -> Model:
    """The model of a verified bundle, on `device`, or on a GPU where there is one.

    The last few models stay warm: the same digest on the same device is the same Model. Raises
    BundleRefused where the card names what is not registered here, or where the weights are not
    exactly those of the network.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device != "cpu":
        # Read by cuBLAS when a GPU is first used; without it, its results may differ from run to run.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    key = (bundle.digest, device)
    with _lock:
        if key not in _warm:
            _warm[key] = _load(bundle, device)
            while len(_warm) > _MOST_WARM:
                _warm.popitem(last=False)
        _warm.move_to_end(key)
        return _warm[key]


def weights_of(network: nn.Module) -> bytes:
    """The content of `weights.safetensors` for `network`."""
    return safetensors.torch.save({name: t.contiguous().cpu() for name, t in network.state_dict().items()})


def _load(bundle: Bundle, device: str) -> Model:
    card = bundle.card
    if bundle.preprocessing.name not in PREPROCESSING:
        raise BundleRefused(f"no preprocessing is registered as {bundle.preprocessing.name}")
    if card.explanation.baseline not in BASELINES:
        raise BundleRefused(f"no baseline of explanations is registered as {card.explanation.baseline}")
    if bundle.network.parameters.get("outputs") != len(card.classifications or card.segments):
        raise BundleRefused("the network has not one output for each classification or segment of the card")
    network = _build(bundle)
    if bundle.network.parameters.get("size") != bundle.preprocessing.parameters.get("size"):
        raise BundleRefused("the network and its preprocessing are for images of different sizes")
    _check_kind(card, network)
    if card.explanation.layer not in {INPUT, *dict(network.named_modules())}:
        raise BundleRefused(f"the network has no layer {card.explanation.layer} to explain")
    check_header(bundle.weights, network.state_dict())
    weights = safetensors.torch.load(bundle.weights)
    network.load_state_dict(weights, strict=True, assign=True)
    prepare = partial(PREPROCESSING[bundle.preprocessing.name], **bundle.preprocessing.parameters)
    return Model(card, network.eval().requires_grad_(False).to(device), prepare, device)


def _check_kind(card: ModelCard, network: nn.Module) -> None:
    """Classifiers are explained by Grad-CAM and segmentations by integrated gradients, not otherwise."""
    segments = isinstance(network, TissueWindows)
    if segments != bool(card.segments):
        raise BundleRefused("the network does not give what the card says: scores, or segments")
    if card.explanation.method != (OF_SEGMENTS if segments else OF_CLASSIFICATIONS):
        raise BundleRefused(f"this network is not explained by {card.explanation.method}")


def _build(bundle: Bundle) -> nn.Module:
    """The registered network without memory for its weights, which only the checked file brings."""
    name, parameters = bundle.network.name, bundle.network.parameters
    if name not in NETWORKS:
        raise BundleRefused(f"no network is registered as {name}")
    try:
        with torch.device("meta"):
            return NETWORKS[name](**parameters)
    except (TypeError, ValueError, RuntimeError) as error:
        raise BundleRefused(f"the network {name} cannot be built with {dict(parameters)}") from error


def check_header(content: bytes, expected: Mapping[str, Tensor]) -> None:
    """Raise BundleRefused unless `content` is a safetensors file of exactly the `expected` tensors.

    The file is 8 bytes with the length of the header, the header in JSON, and the tensors one after
    the other; the header may be at most 1 MB.
    """
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_LARGEST_HEADER, len(content) - 8):
        raise BundleRefused("the weights have no header, or one longer than 1 MB or than the file")
    try:
        header = json.loads(content[8 : 8 + length])
        tensors = {name: _tensor(entry) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleRefused("the header of the weights is not that of safetensors") from error
    if tensors.keys() != expected.keys():
        odd = ", ".join(sorted(tensors.keys() ^ expected.keys())[:5])
        raise BundleRefused(f"the weights have other tensors than the network: {odd}")
    for name, tensor in expected.items():
        if tensors[name][:2] != (tensor.dtype, tuple(tensor.shape)):
            raise BundleRefused(f"the weights have another type or shape than the network: {name}")
    _check_layout(tensors, len(content) - 8 - length)


_Entry = tuple[torch.dtype, tuple[int, ...], int, int]


def _tensor(entry: Any) -> _Entry:
    begin, end = entry["data_offsets"]
    return _TYPES[entry["dtype"]], tuple(entry["shape"]), begin, end


def _check_layout(tensors: Mapping[str, _Entry], size: int) -> None:
    position = 0
    for kind, shape, begin, end in sorted(tensors.values(), key=lambda entry: entry[2:]):
        if begin != position or end - begin != math.prod(shape) * kind.itemsize:
            raise BundleRefused("the tensors of the weights overlap, leave gaps or have the wrong size")
        position = end
    if position != size:
        raise BundleRefused("the weights have bytes that belong to no tensor")
