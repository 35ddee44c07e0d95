"""Training of the classifier: seeded, repeatable to the bit, and able to learn."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from samd.inference.catalogue import weights_of
from samd.inference.training import Recipe, augmented, calibrate, fit, mixed

TINY = {"outputs": 1, "width": 8, "blocks": 1, "size": 16}
SHORT = Recipe(epochs=2, batch=16, averaging=0.5)


def images_of(count: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Noise, with a bright half for label 1."""
    random = np.random.default_rng(0)
    images, labels = random.random((count, 16, 16), dtype=np.float32), random.integers(0, 2, count)
    images[labels == 1, :8] += 1
    return images * np.float32(0.5), labels.astype(np.uint8)


def trained(*, seed: int, recipe: Recipe = SHORT, count: int = 48) -> nn.Module:
    images, labels = images_of(count)
    return fit(images, labels, network="radiograph-classifier", parameters=TINY, recipe=recipe, seed=seed)


@pytest.mark.requirement("MOD-02")
def test_the_same_seed_gives_the_same_weights_to_the_bit() -> None:
    assert weights_of(trained(seed=1)) == weights_of(trained(seed=1))


@pytest.mark.requirement("MOD-02")
def test_another_seed_gives_other_weights() -> None:
    assert weights_of(trained(seed=1)) != weights_of(trained(seed=2))


@pytest.mark.requirement("MOD-02")
def test_training_leaves_the_random_numbers_and_threads_of_others_alone() -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()

    trained(seed=1)

    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.requirement("MOD-02")
def test_training_learns_what_is_there_to_learn() -> None:
    network = trained(seed=1, recipe=Recipe(epochs=12, batch=16, averaging=0.8, rotation=0), count=128)
    images, labels = images_of(200)

    with torch.inference_mode():
        logits = network(torch.from_numpy(images)[:, None])[:, 0].numpy()

    assert not network.training
    assert np.mean((logits > np.median(logits)) == labels) > 0.9


@pytest.mark.requirement("XAI-01")
def test_the_mean_of_the_healthy_images_is_kept_with_the_weights() -> None:
    images, labels = images_of(48)

    healthy = trained(seed=1).get_buffer("healthy").numpy()

    np.testing.assert_allclose(healthy, images[labels == 0].mean(axis=0), rtol=1e-5)


@pytest.mark.requirement("MOD-02")
def test_calibration_finds_the_temperature_and_keeps_the_order() -> None:
    random = np.random.default_rng(0)
    images = random.normal(0, 1, (4000, 1, 1)).astype(np.float32)
    labels = (random.random(4000) < 1 / (1 + np.exp(-images[:, 0, 0]))).astype(np.uint8)

    class Overconfident(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.temperature: torch.Tensor
            self.register_buffer("temperature", torch.ones(()))

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return 5 * pixels[:, 0, :, 0] / self.temperature

    network = Overconfident()
    calibrate(network, images, labels)

    assert float(network.temperature) == pytest.approx(5, rel=0.15)


@pytest.mark.requirement("MOD-02")
def test_augmentation_without_any_change_is_at_most_a_mirror() -> None:
    images = torch.from_numpy(images_of(8)[0])[:, None]
    still = Recipe(epochs=1, rotation=0, shift=0, zoom=0, contrast=0)

    for image, changed in zip(images, augmented(images, still), strict=True):
        assert torch.allclose(changed, image, atol=1e-5) or torch.allclose(changed, image.flip(-1), atol=1e-5)


@pytest.mark.requirement("MOD-02")
def test_augmented_images_stay_in_range_and_are_moved_little() -> None:
    spot = torch.zeros(200, 1, 32, 32)
    spot[:, :, 14:18, 14:18] = 1
    torch.manual_seed(0)

    moved = augmented(spot, Recipe(epochs=1))

    assert moved.min() >= 0
    assert moved.max() <= 1
    rows = (moved.sum(dim=(1, 3)) * torch.arange(32)).sum(1) / moved.sum(dim=(1, 2, 3))
    assert float((rows - 15.5).abs().max()) <= 0.08 * 32 * 1.2
    assert float(rows.std()) > 0.5


@pytest.mark.requirement("MOD-02")
def test_mixing_blends_images_and_labels_by_the_same_share() -> None:
    labels = torch.tensor([0.0, 1.0, 0.0, 1.0])
    images = labels[:, None, None, None].expand(4, 1, 2, 2)
    torch.manual_seed(3)

    blended, shares = mixed(images, labels, alpha=1.0)

    torch.testing.assert_close(blended[:, 0, 0, 0], shares)
    assert ((shares > 0) & (shares < 1)).any()
