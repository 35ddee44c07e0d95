"""Training of the reference radiograph classifier: seeded, and bit for bit repeatable on one machine."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch import Tensor, nn
from torch.nn.functional import affine_grid, binary_cross_entropy_with_logits, grid_sample

from samd.inference.networks import NETWORKS
from samd.inference.repeatable import repeatable

_THREADS = 2  # sums are split by threads: another number gives other last bits


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a classifier is trained; every figure of it is a design input, kept with the card.

    `rotation` is in degrees, `shift` and `zoom` are shares of the side, `contrast` the spread of a
    gamma; each is the largest change to either side. `mixing` is the parameter of MixUp (Zhang et
    al. 2018) and `averaging` the decay, per step, of the mean of the weights that is kept.
    """

    epochs: int
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 5e-2
    rotation: float = 10.0
    shift: float = 0.08
    zoom: float = 0.1
    contrast: float = 0.3
    mixing: float = 0.2
    averaging: float = 0.995


def fit(
    images: NDArray[np.float32],
    labels: NDArray[np.uint8],
    *,
    network: str,
    parameters: Mapping[str, int],
    recipe: Recipe,
    seed: int,
) -> nn.Module:
    """A trained network with one output, in evaluation mode, from n prepared images and their labels.

    `images` (n, rows, columns) in 0..1, `labels` (n,) of 0 and 1, both present. Both classes weigh the
    same in the loss, whatever their numbers. The same arguments give the same bits.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(_THREADS)
    try:
        with repeatable(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            trained = NETWORKS[network](**parameters)
            trained.get_buffer("healthy").copy_(torch.from_numpy(images[labels == 0].mean(axis=0)))
            return _fit(trained, torch.from_numpy(images)[:, None], torch.from_numpy(labels).float(), recipe)
    finally:
        torch.set_num_threads(threads)


def _fit(network: nn.Module, images: Tensor, labels: Tensor, recipe: Recipe) -> nn.Module:
    steps = recipe.epochs * (len(images) // recipe.batch)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=steps)
    weight = (labels == 0).sum() / (labels == 1).sum()
    average = copy.deepcopy(network)
    network.train()
    for _ in range(recipe.epochs):
        order = torch.randperm(len(images))
        for batch in order[: steps // recipe.epochs * recipe.batch].split(recipe.batch):
            inputs, targets = mixed(augmented(images[batch], recipe), labels[batch], alpha=recipe.mixing)
            loss = binary_cross_entropy_with_logits(network(inputs)[:, 0], targets, pos_weight=weight)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            _average(average, network, decay=recipe.averaging)
    return average.eval()


def augmented(images: Tensor, recipe: Recipe) -> Tensor:
    """`images` (n, 1, rows, columns) in 0..1, each turned, moved, zoomed, flipped and with another gamma."""
    count = len(images)

    def spread(largest: float) -> Tensor:
        return (torch.rand(count) * 2 - 1) * largest

    angle, zoom = torch.deg2rad(spread(recipe.rotation)), 1 + spread(recipe.zoom)
    mirror = torch.randint(0, 2, (count,)) * 2 - 1
    cosine, sine = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    # Shares of the side; affine_grid counts from -1 to 1.
    right, down = spread(2 * recipe.shift), spread(2 * recipe.shift)
    rows = torch.stack([cosine * mirror, -sine, right], 1), torch.stack([sine * mirror, cosine, down], 1)
    grid = affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    moved = grid_sample(images, grid, padding_mode="border", align_corners=False)
    gamma = torch.exp(spread(recipe.contrast))[:, None, None, None]
    return moved.clamp(0, 1) ** gamma


def mixed(images: Tensor, labels: Tensor, *, alpha: float) -> tuple[Tensor, Tensor]:
    """Each image blended with another of the batch, and its label by the same share (MixUp)."""
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    other = torch.randperm(len(images))
    return images.lerp(images[other], 1 - share), labels.lerp(labels[other], 1 - share)


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, *, decay: float) -> None:
    for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


def calibrate(network: nn.Module, images: NDArray[np.float32], labels: NDArray[np.uint8]) -> None:
    """Set the temperature at which the scores of `network` fit `labels` best (Guo et al. 2017, ICML).

    By the likelihood of held-out images; the order of the scores, and so the ROC curve, stays.
    """
    with repeatable(), torch.inference_mode():
        logits = network(torch.from_numpy(images)[:, None])[:, 0].double()
    truth = torch.from_numpy(labels).double()

    def surprise(logarithm: float) -> float:
        return float(binary_cross_entropy_with_logits(logits / np.exp(logarithm), truth))

    best = minimize_scalar(surprise, bounds=(-3.0, 3.0), method="bounded")
    temperature = network.get_buffer("temperature")
    temperature.mul_(float(np.exp(best.x)))
