"""Trials of an explanation method: its map of any image, and its map once the model forgot what it learned.

Nothing here is used in the clinic. What the maps are compared by is in validation.explanation_checks.
"""

import copy
import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from samd.domain.finding import Volume
from samd.inference.explain import explain
from samd.inference.model import Model
from samd.inference.run import predict


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """A map (rows, columns) of plane `plane` of a volume, and the part of that plane that the network saw.

    `top`, `left`, `height` and `width` are in pixels; outside of this part the map says nothing.
    """

    values: NDArray[np.float32]
    plane: int
    top: int
    left: int
    height: int
    width: int

    @property
    def seen(self) -> NDArray[np.float32]:
        """The map of the part that the network saw."""
        return self.values[self.top : self.top + self.height, self.left : self.left + self.width]


def attribution_of(model: Model, volume: Volume) -> Attribution | None:
    """The map of `model` for `volume` by the method of its card; None where nothing was found.

    The map is given even where the check of the card would withhold it. Raises as `predict` does.
    """
    method = replace(model.card.explanation, faithfulness_limit=-math.inf)
    unchecked = replace(model, card=replace(model.card, explanation=method))
    explanation = explain(unchecked, volume, predict(model, volume))
    if explanation is None or explanation.attribution is None:
        return None
    (plane,) = explanation.planes
    part = model.prepare(volume.values[plane])
    return Attribution(explanation.attribution[0], plane, part.top, part.left, part.height, part.width)


def learned_layers(model: Model) -> tuple[str, ...]:
    """The parts of the network that training shaped, by name, from its output back to its input.

    None where nothing was trained: the windows of a TissueWindows are published numbers, not weights that
    could be forgotten. The members of a Sequential each count as a part.
    """
    parts = [
        f"{name}.{inner}" if inner else name
        for name, child in model.network.named_children()
        for inner in _members(child)
    ]
    return tuple(part for part in reversed(parts) if _has_weights(model.network.get_submodule(part)))


def randomised(model: Model, seed: int, *, layers: tuple[str, ...] | None = None) -> Model:
    """`model` with `layers` as before any training, drawn from `seed`; where None, all that it learned.

    Layers are of `learned_layers`: the first few of them make the cascading randomisation, all of them the
    whole one, of Adebayo et al. (2018, NeurIPS, arXiv:1810.03292). What belongs to the model and was not
    trained (its baseline, its temperature) stays. Raises ValueError for a model that has learned nothing.
    """
    if not _has_weights(model.network):
        raise ValueError(f"{model.card.name} has no trained weights that could be randomised")
    network = copy.deepcopy(model.network).cpu()  # whose numbers do not hang on the device
    parts = [network] if layers is None else [network.get_submodule(layer) for layer in layers]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for part in parts:
            for module in part.modules():
                _forget(module)
    return replace(model, network=network.to(model.device))


def _members(module: nn.Module) -> list[str]:
    return [name for name, _ in module.named_children()] if isinstance(module, nn.Sequential) else [""]


def _has_weights(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None


def _forget(module: nn.Module) -> None:
    """As the layer starts its training; one that does not say how, as noise as strong as its weights."""
    own = list(module.parameters(recurse=False))
    start = getattr(module, "reset_parameters", None)
    if start is not None:
        start()
        return
    for parameter in own:
        nn.init.normal_(parameter, std=float(parameter.square().mean().sqrt()))
