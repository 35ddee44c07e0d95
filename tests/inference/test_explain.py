"""Explanations of tiny models whose attribution is known by hand."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from samd.domain.finding import Prediction
from samd.inference.bundle import verify
from samd.inference.catalogue import load
from samd.inference.explain import explain, faithfulness_of
from samd.inference.model import Model
from samd.inference.preprocessing import Prepared, centre_crop_resize, whole_hounsfield
from samd.inference.run import predict
from tests.inference.builders import CLASSIFIER, TISSUE, published_windows, signed_bundle, volume_of

SIDE = 16
SPOT = np.zeros((SIDE, SIDE), dtype=np.float32)
SPOT[4:8, 10:14] = 1.0


class Weighing(nn.Module):
    """A logit known by hand: the weighted sum of the pixels, which one layer passes on unchanged."""

    def __init__(self, weights: ArrayLike) -> None:
        super().__init__()
        self.layer = nn.Identity()
        self.weights: torch.Tensor
        self.register_buffer("weights", torch.tensor(np.asarray(weights, dtype=np.float32)))
        self.healthy: torch.Tensor
        self.register_buffer("healthy", torch.zeros(SIDE, SIDE))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (self.layer(images) * self.weights).sum(dim=(2, 3))


def as_it_is(plane: NDArray[np.float32]) -> Prepared:
    return Prepared(plane, 0, 0, *plane.shape)


def weighing_model(weights: ArrayLike, *, limit: float, prepare: Callable[..., Prepared] = as_it_is) -> Model:
    method = replace(CLASSIFIER.card.explanation, layer="layer", faithfulness_limit=limit)
    return Model(replace(CLASSIFIER.card, explanation=method), Weighing(weights), prepare, "cpu")


def tissue_model(*, target: str = "adipose tissue", limit: float = 0.5) -> Model:
    method = replace(TISSUE.card.explanation, target=target, faithfulness_limit=limit)
    card = replace(TISSUE.card, explanation=method)
    return Model(card, published_windows(), whole_hounsfield, "cpu")


def trunk(*, fat: int, planes: int = 1) -> NDArray[np.float32]:
    """Planes of 128 x 128 pixels of 1 mm: a body of soft tissue with `fat` rows of fat, air around it."""
    values = np.full((planes, 128, 128), -1000.0, dtype=np.float32)
    values[:, 30:100, 20:110] = 40
    values[:, 40 : 40 + fat, 30:90] = -100
    return values


@pytest.mark.requirement("XAI-01")
def test_grad_cam_is_the_mean_gradient_times_the_activation() -> None:
    image = np.random.default_rng(0).random((SIDE, SIDE), dtype=np.float32)
    model = weighing_model(SPOT, limit=0.001)

    explanation = explain(model, volume_of([image * SPOT]), Prediction())

    assert explanation is not None
    assert explanation.attribution is not None
    np.testing.assert_allclose(explanation.attribution[0], SPOT.mean() * image * SPOT, rtol=1e-5)
    assert explanation.planes == (0,)


@pytest.mark.requirement("XAI-01")
def test_evidence_against_the_target_is_not_shown() -> None:
    model = weighing_model(-np.ones((SIDE, SIDE)), limit=0.001)

    explanation = explain(model, volume_of([SPOT]), Prediction())

    assert explanation is not None
    assert explanation.faithfulness.value == 0.0
    assert explanation.withheld


@pytest.mark.requirement("XAI-01")
def test_an_explanation_says_how_it_was_made() -> None:
    explanation = explain(weighing_model(SPOT, limit=0.3), volume_of([SPOT]), Prediction())

    assert explanation is not None
    assert (explanation.kind.value, explanation.kind.scheme) == ("130403", "DCM")
    assert explanation.method == "Grad-CAM"
    assert explanation.layer == "layer"
    assert explanation.target == "pneumonia"
    assert explanation.baseline == "the mean of the healthy training images"
    assert explanation.faithfulness.limit == 0.3
    assert "Petsiuk" in explanation.faithfulness.metric


@pytest.mark.requirement("XAI-01")
def test_a_map_below_its_limit_is_withheld_and_keeps_its_figure() -> None:
    shown = explain(weighing_model(SPOT, limit=0.5), volume_of([SPOT]), Prediction())
    withheld = explain(weighing_model(SPOT, limit=0.999), volume_of([SPOT]), Prediction())

    assert shown is not None
    assert withheld is not None
    assert not shown.withheld
    assert withheld.withheld
    assert withheld.faithfulness.value == shown.faithfulness.value
    assert not withheld.faithfulness.passed


@pytest.mark.requirement("XAI-01")
def test_the_true_map_passes_where_random_maps_fail() -> None:
    model, image = weighing_model(SPOT, limit=0.6), volume_of([SPOT])
    random = np.random.default_rng(1)
    random_maps = random.random((50, SIDE, SIDE), dtype=np.float32)

    true = faithfulness_of(model, image, SPOT)
    by_chance = [faithfulness_of(model, image, random_map) for random_map in random_maps]

    assert true.passed
    assert not any(check.passed for check in by_chance)


@pytest.mark.requirement("XAI-01")
def test_a_map_is_put_back_where_the_crop_came_from() -> None:
    prepare = partial(centre_crop_resize, size=SIDE, low=0, high=100)
    model = weighing_model(np.ones((SIDE, SIDE)), limit=0.001, prepare=prepare)
    plane = np.zeros((80, 128), dtype=np.float32)
    plane[5:10, 29:34] = 1000.0  # one pixel of the network: row 1, column 1 of the central square

    explanation = explain(model, volume_of([plane]), Prediction())

    assert explanation is not None
    assert explanation.attribution is not None
    shown = explanation.attribution[0]
    assert shown.shape == plane.shape
    assert not shown[:, :24].any()
    assert not shown[:, 104:].any()
    assert np.unravel_index(shown.argmax(), shown.shape) == (7, 31)


@pytest.mark.requirement("XAI-01")
def test_integrated_gradients_are_the_membership_less_that_of_the_baseline() -> None:
    model, volume = tissue_model(), volume_of(trunk(fat=20))

    explanation = explain(model, volume, predict(model, volume))

    assert explanation is not None
    assert explanation.attribution is not None
    expected = np.zeros((128, 128), dtype=np.float32)
    expected[40:60, 30:90] = 1 / (1 + np.exp(-9.05)) / (1 + np.exp(-7.05))
    np.testing.assert_allclose(explanation.attribution[0], expected, atol=2e-3)
    assert (explanation.kind.value, explanation.method) == ("130404", "Integrated Gradients")
    assert explanation.faithfulness.value > 0.9


@pytest.mark.requirement("XAI-01")
def test_the_plane_with_most_of_the_target_is_explained() -> None:
    model, volume = tissue_model(), volume_of(np.concatenate([trunk(fat=f) for f in (5, 30, 20)]))

    explanation = explain(model, volume, predict(model, volume))

    assert explanation is not None
    assert explanation.planes == (1,)


@pytest.mark.requirement("XAI-01")
def test_where_the_target_is_empty_the_largest_segment_is_explained() -> None:
    model, volume = tissue_model(), volume_of(trunk(fat=0))

    explanation = explain(model, volume, predict(model, volume))

    assert explanation is not None
    assert explanation.target == "soft tissue"
    assert not explanation.withheld


@pytest.mark.requirement("XAI-01")
def test_where_nothing_was_found_there_is_nothing_to_explain() -> None:
    model, volume = tissue_model(), volume_of(np.full((1, 64, 64), -1000))

    assert explain(model, volume, predict(model, volume)) is None


@pytest.mark.requirement("XAI-01")
def test_padding_does_not_spoil_the_map() -> None:
    values = trunk(fat=20)
    values[:, :10] = np.nan
    model, volume = tissue_model(), volume_of(values)

    explanation = explain(model, volume, predict(model, volume))

    assert explanation is not None
    assert explanation.attribution is not None
    assert np.isfinite(explanation.attribution).all()
    assert not explanation.attribution[0, :10].any()


@pytest.mark.requirement("XAI-01")
def test_the_same_explanation_has_the_same_bits(tmp_path: Path) -> None:
    method = replace(CLASSIFIER.card.explanation, faithfulness_limit=1e-9)
    folder, key = signed_bundle(tmp_path / "bundle", explanation=method)
    model = load(verify(folder, trusted=[key]), device="cpu")
    image = volume_of(np.random.default_rng(0).random((1, 100, 80)))
    tissue, volume = tissue_model(), volume_of(trunk(fat=20))

    for one, study in ((model, image), (tissue, volume)):
        first, second = (explain(one, study, predict(one, study)) for _ in range(2))

        assert first is not None
        assert second is not None
        assert first.faithfulness == second.faithfulness
        assert (first.attribution is None) == (second.attribution is None)
        if first.attribution is not None and second.attribution is not None:
            assert first.attribution.tobytes() == second.attribution.tobytes()
