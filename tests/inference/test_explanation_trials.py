"""Maps without their check, and models that forgot what they learned."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from samd.inference.explain import explain
from samd.inference.explanation_trials import attribution_of, learned_layers, randomised
from samd.inference.model import Model
from samd.inference.preprocessing import centre_crop_resize, whole_hounsfield
from samd.inference.run import predict
from tests.inference.builders import CLASSIFIER, TISSUE, published_windows, untrained, volume_of

pytestmark = pytest.mark.requirement("VAL-09")

IMAGE = volume_of([np.random.default_rng(0).random((40, 28))])


def classifier(network: nn.Module | None = None) -> Model:
    """Untrained weights, and a check that no map passes."""
    method = replace(CLASSIFIER.card.explanation, faithfulness_limit=1.0)
    prepare = partial(centre_crop_resize, size=28, low=1, high=99)
    network = network or untrained().eval()
    return Model(replace(CLASSIFIER.card, explanation=method), network, prepare, "cpu")


def tissue() -> Model:
    return Model(TISSUE.card, published_windows(), whole_hounsfield, "cpu")


def state(model: Model) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.network.state_dict().items()}


def changed(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> set[str]:
    return {name for name in one if not torch.equal(one[name], other[name])}


def test_a_map_is_given_where_the_check_withholds_it() -> None:
    model = classifier()

    withheld = explain(model, IMAGE, predict(model, IMAGE))
    found = attribution_of(model, IMAGE)

    assert withheld is not None
    assert withheld.withheld
    assert found is not None
    assert found.values.shape == (40, 28)
    assert np.isfinite(found.values).all()


def test_what_the_network_did_not_see_is_no_part_of_the_map() -> None:
    found = attribution_of(classifier(), IMAGE)

    assert found is not None
    assert (found.plane, found.top, found.left) == (0, 6, 0)
    assert found.seen.shape == (28, 28)
    assert not found.values[:6].any()


def test_where_nothing_was_found_there_is_no_map() -> None:
    assert attribution_of(tissue(), volume_of(np.full((1, 64, 64), -1000))) is None


def test_the_layers_stand_from_the_output_to_the_input() -> None:
    assert learned_layers(classifier()) == (
        "head", "features.5", "features.4", "features.3", "features.1", "features.0",
    )  # fmt: skip


def test_forgetting_everything_leaves_what_was_not_learned() -> None:
    network = untrained().eval()
    network.temperature.fill_(3.0)
    network.healthy.fill_(0.4)
    with torch.no_grad():
        for tensor in network.parameters():
            tensor.mul_(1.5).add_(0.1)
        network.get_submodule("features.1").get_buffer("running_mean").fill_(7.0)
    model = classifier(network)
    before = state(model)

    other = randomised(model, 1)

    learned = {name for name, tensor in before.items() if tensor.is_floating_point()}
    learned -= {"temperature", "healthy"}
    stays = {name for name in learned if "running" in name and not name.startswith("features.1.")}
    stays.add("features.1.running_var")  # these were at their start
    assert changed(before, state(other)) == learned - stays
    assert changed(before, state(model)) == set()
    assert not other.network.training


def test_only_the_layers_named_are_forgotten() -> None:
    model = classifier()

    other = randomised(model, 1, layers=("head", "features.1"))

    assert changed(state(model), state(other)) == {"head.weight", "head.bias"}  # a norm starts as it was


def test_the_same_seed_forgets_alike_and_touches_no_other_randomness() -> None:
    model = classifier()
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)

    first, second, third = (state(randomised(model, seed)) for seed in (1, 1, 2))

    assert torch.equal(torch.rand(1), expected)
    assert changed(first, second) == set()
    assert "head.weight" in changed(first, third)


def test_a_layer_that_does_not_say_how_it_starts_becomes_noise_of_its_strength() -> None:
    class Weighing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = nn.Parameter(torch.full((100, 100), -4.0))

    forgotten = randomised(classifier(nn.Sequential(Weighing())), 1)

    (weights,) = forgotten.network.parameters()
    assert float(weights.detach().std()) == pytest.approx(4, rel=0.02)
    assert float(weights.detach().mean()) == pytest.approx(0, abs=0.2)


def test_windows_are_no_weights_that_could_be_forgotten() -> None:
    assert learned_layers(tissue()) == ()
    with pytest.raises(ValueError, match="no trained weights"):
        randomised(tissue(), 1)
