"""Explanations of models whose maps are known by hand are judged as they deserve."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from samd.dicom.decode import DEFAULT_LIMITS
from samd.dicom.phantom import chest_radiograph, ct_phantom, save
from samd.domain.finding import Explanation, Faithfulness, Prediction, Volume
from samd.inference import explain
from samd.inference.model import Model
from samd.inference.preprocessing import Prepared, whole_hounsfield
from tests.inference.builders import CLASSIFIER, TISSUE, published_windows
from validation.dataset import Box, Case, Truth
from validation.explanation_checks import SENSITIVITY, SIMILARITY, STABILITY, Checked, check_explanations
from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.hypotheses import Verdict
from validation.protocol import ExplanationChecks

pytestmark = pytest.mark.requirement("VAL-09")

SIDE = 32
SPOT = Box(20, 4, 28, 12)
CHECKS = ExplanationChecks(cases=6, least_stability=0.8, most_similarity_to_random=0.5)


class Product(nn.Module):
    """Each pixel times a weight of its own."""

    def __init__(self, weights: NDArray[np.float32]) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.from_numpy(weights))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images * self.weights


class Weighing(nn.Module):
    """A linear model: its Grad-CAM of `layer` is each pixel times its weight, where that is positive."""

    def __init__(self, weights: NDArray[np.float32]) -> None:
        super().__init__()
        self.layer = Product(weights)
        self.healthy: torch.Tensor
        self.register_buffer("healthy", torch.zeros(SIDE, SIDE))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        total: torch.Tensor = self.layer(images).sum(dim=(2, 3))
        return total / SIDE**2


def linear(method: str = "Grad-CAM", *, limit: float = 0.1) -> Model:
    """A model that looks at every pixel, and most of all at those of SPOT."""
    weights = np.random.default_rng(0).uniform(0.5, 1.5, (SIDE, SIDE)).astype(np.float32)
    weights[4:12, 20:28] += 4
    how = replace(CLASSIFIER.card.explanation, method=method, layer="layer", faithfulness_limit=limit)
    return Model(replace(CLASSIFIER.card, explanation=how), Weighing(weights), scaled, "cpu")


def scaled(plane: NDArray[np.float32]) -> Prepared:
    return Prepared((plane / 255).astype(np.float32), 0, 0, *plane.shape)


def cases_in(folder: Path, count: int = 6, *, boxes: Sequence[Box] = (SPOT,)) -> list[Case]:
    cases = []
    for number in range(count):
        pixels = np.random.default_rng(number).integers(100, 256, (SIDE, SIDE)).astype(np.uint8)
        save(chest_radiograph(pixels, seed=str(number), view="AP"), folder / f"{number}.dcm")
        digest = hashlib.sha256((folder / f"{number}.dcm").read_bytes()).hexdigest()
        truth = Truth(labels={"pneumonia": 1}, boxes={"pneumonia": tuple(boxes)} if boxes else {})
        cases.append(Case(str(number), f"P{number}", "S", {f"{number}.dcm": digest}, truth))
    return cases


def checked(cases: Sequence[Case], folder: Path, model: Model, *, seed: int = 1) -> Checked:
    return check_explanations(
        cases, folder, model, checks=CHECKS, seed=seed, limits=DEFAULT_LIMITS, replicates=1000
    )


def figure(found: Checked, name: str) -> Estimate:
    estimate = dict(found.figures)[name]
    assert isinstance(estimate, Estimate)
    return estimate


def reason(found: Checked, name: str) -> str:
    estimate = dict(found.figures)[name]
    assert isinstance(estimate, NotEstimable)
    return str(estimate)


def verdicts(found: Checked) -> dict[str, Verdict]:
    return {decision.hypothesis.endpoint: decision.verdict for decision in found.decisions}


def shown(attribution: NDArray[np.float32]) -> Explanation:
    check = Faithfulness("none", 0.5, 0.1)
    kind = explain.SALIENCY
    return Explanation(kind, "a map", "", "pneumonia", "none", check, (0,), attribution[None])


def edges(_: Model, volume: Volume, __: Prediction) -> Explanation:
    """What an edge detector makes of the image: it never asks the model."""
    down, right = np.gradient(volume.values[0])
    return shown(np.hypot(down, right).astype(np.float32))


def even(_: Model, volume: Volume, __: Prediction) -> Explanation:
    return shown(np.ones_like(volume.values[0]))


def test_the_map_of_a_linear_model_is_faithful_stable_in_place_and_made_of_its_weights(
    tmp_path: Path,
) -> None:
    found = checked(cases_in(tmp_path), tmp_path, linear())

    assert figure(found, "Cases with an explanation").value == 1
    assert figure(found, "Faithfulness, random 0, at most 1").value > 0.1
    assert figure(found, "Maps withheld").value == 0
    assert figure(found, STABILITY).value > 0.95
    assert figure(found, SENSITIVITY).value == pytest.approx(0.01, rel=0.3)
    assert figure(found, SIMILARITY).value < 0.5
    assert figure(found, "Maps shown whose highest pixel lies in a true box").value == 1
    assert verdicts(found) == {STABILITY: Verdict.MET, SIMILARITY: Verdict.MET}


def test_energy_is_that_of_the_map_known_by_hand(tmp_path: Path) -> None:
    (case,) = cases = cases_in(tmp_path, 1)
    model = linear()
    pixels = np.random.default_rng(0).integers(100, 256, (SIDE, SIDE))
    by_hand = pixels * model.network.get_parameter("layer.weights").detach().numpy()

    found = checked([*cases, replace(case, case="again", patient="P2")], tmp_path, model)

    energy = figure(found, "Share of the maps shown inside the true boxes")
    assert energy.value == pytest.approx(by_hand[4:12, 20:28].sum() / by_hand.sum(), rel=1e-5)


def test_a_method_that_never_asks_the_model_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(explain.METHODS, "Edges", edges)

    found = checked(cases_in(tmp_path), tmp_path, linear("Edges"))

    similarity = figure(found, SIMILARITY)
    assert (similarity.value, similarity.upper, similarity.n) == (1, 1, 6)
    assert verdicts(found)[SIMILARITY] is Verdict.NOT_MET


def test_an_even_map_has_no_figures_and_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(explain.METHODS, "Even", even)

    found = checked(cases_in(tmp_path, 2), tmp_path, linear("Even"))

    assert reason(found, STABILITY) == "no case has a map that can be compared"
    assert reason(found, "Maps shown whose highest pixel lies in a true box") == "no case has a true box"
    assert verdicts(found) == {STABILITY: Verdict.NOT_ESTIMABLE, SIMILARITY: Verdict.NOT_ESTIMABLE}


def test_places_are_judged_on_what_a_reader_sees_and_stability_on_every_map(tmp_path: Path) -> None:
    found = checked(cases_in(tmp_path, 3), tmp_path, linear(limit=0.99))

    assert figure(found, "Maps withheld").value == 1
    assert reason(found, "Share of the maps shown inside the true boxes") == "no case has a true box"
    assert figure(found, STABILITY).n == 3


def test_cases_without_a_result_are_counted(tmp_path: Path) -> None:
    first, second, third = cases_in(tmp_path, 3)
    (tmp_path / "1.dcm").write_bytes(b"no DICOM")

    found = checked([first, second, third], tmp_path, linear())

    explained = figure(found, "Cases with an explanation")
    assert explained.value == pytest.approx(2 / 3)
    assert explained.n == 3


def test_only_the_first_cases_are_tried_and_the_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    cases = cases_in(tmp_path, 3, boxes=())
    few = replace(CHECKS, cases=2)

    first, second, other = (
        check_explanations(
            cases, tmp_path, linear(), checks=few, seed=seed, limits=DEFAULT_LIMITS, replicates=1000
        )
        for seed in (1, 1, 2)
    )

    assert figure(first, "Cases with an explanation").n == 2
    assert first.decisions == second.decisions
    assert figure(first, STABILITY) != figure(other, STABILITY)


def test_windows_have_no_weights_to_forget(tmp_path: Path) -> None:
    cases = []
    for number, planes in enumerate((11, 12)):
        for place, dataset in enumerate(ct_phantom(planes=planes, seed=str(number)).datasets):
            save(dataset, tmp_path / f"{number}-{place}.dcm")
        files = {f"{number}-{place}.dcm": "" for place in range(planes)}
        cases.append(Case(str(number), f"P{number}", "S", files, Truth()))

    found = checked(cases, tmp_path, Model(TISSUE.card, published_windows(), whole_hounsfield, "cpu"))

    assert reason(found, SIMILARITY).startswith("not applicable")
    assert figure(found, STABILITY).value > 0.9
    assert verdicts(found) == {STABILITY: Verdict.MET, SIMILARITY: Verdict.NOT_ESTIMABLE}
