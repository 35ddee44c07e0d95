"""Prediction: finite, repeatable, and exact on phantoms that are known in closed form."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from samd.inference.bundle import verify
from samd.inference.catalogue import load, weights_of
from samd.inference.model import Model
from samd.inference.networks import RadiographClassifier
from samd.inference.run import Featureless, NotFinite, predict
from tests.inference.builders import TISSUE, never_finite_bundle, published_windows, signed_bundle, volume_of

ADIPOSE, SOFT, BONE, AERATED, LOW = range(1, 6)


def model_of(folder: Path, **arguments: Any) -> Model:
    path, key = signed_bundle(folder, **arguments)
    return load(verify(path, trusted=[key]), device="cpu")


def disc(radius: float, *, centre: tuple[float, float] = (0.0, 0.0)) -> NDArray[np.bool_]:
    """Pixels of 1.5 mm, 160 x 160, whose centre is within `radius` mm of `centre`, in mm from the middle."""
    rows, columns = (np.indices((160, 160)) - 79.5) * 1.5
    inside: NDArray[np.bool_] = np.hypot(rows - centre[0], columns - centre[1]) <= radius
    return inside


def phantom() -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Nested cylinders, 24 planes of 2 mm: Hounsfield units, and the label of each voxel."""
    plane, labels = np.full((160, 160), -1000.0), np.zeros((160, 160), dtype=np.uint8)
    materials = [
        (disc(100), -100, ADIPOSE),
        (disc(85), 40, SOFT),
        (disc(15, centre=(60, 0)), 700, BONE),
        (disc(30, centre=(-10, -40)), -850, AERATED),
        (disc(10, centre=(-10, -40)), -970, LOW),
        (disc(30, centre=(-10, 40)), -700, AERATED),
        (disc(8, centre=(-60, 0)), -1000, 0),  # windpipe
    ]
    for where, hounsfield, label in materials:
        plane[where], labels[where] = hounsfield, label
    plane[disc(112) & ~disc(108)] = 200  # a shell around the patient
    plane[:5, :5] = np.nan
    return np.repeat(plane[None], 24, axis=0).astype(np.float32), np.repeat(labels[None], 24, axis=0)


@pytest.mark.requirement("MOD-03")
def test_every_voxel_of_the_phantom_has_its_label(tmp_path: Path) -> None:
    values, expected = phantom()

    labels = predict(
        model_of(tmp_path / "b", model=TISSUE), volume_of(values, pixel_spacing=(1.5, 1.5))
    ).labels

    np.testing.assert_array_equal(labels, expected)


@pytest.mark.requirement("MOD-03")
@pytest.mark.parametrize(
    ("segment", "litres"),
    [
        (ADIPOSE, np.pi * (100**2 - 85**2) * 48e-6),
        (SOFT, np.pi * (85**2 - 15**2 - 2 * 30**2 - 8**2) * 48e-6),
        (BONE, np.pi * 15**2 * 48e-6),
        (AERATED, np.pi * (2 * 30**2 - 10**2) * 48e-6),
        (LOW, np.pi * 10**2 * 48e-6),
    ],
)
def test_volumes_of_cylinders_are_those_of_the_formula(tmp_path: Path, segment: int, litres: float) -> None:
    values, _ = phantom()

    labels = predict(
        model_of(tmp_path / "b", model=TISSUE), volume_of(values, pixel_spacing=(1.5, 1.5))
    ).labels

    # The cylinders are drawn on pixels of 1.5 mm; the formula knows no pixels.
    assert np.count_nonzero(labels == segment) * 1.5 * 1.5 * 2e-6 == pytest.approx(litres, rel=0.02)


@pytest.mark.requirement("MOD-03")
def test_volumes_of_boxes_are_exact(tmp_path: Path) -> None:
    values = np.full((3, 100, 100), -1000.0, dtype=np.float32)
    values[:, 10:90, 20:80] = -100
    values[:, 30:50, 30:60] = 40
    values[1, 60:80, 30:40] = 800

    labels = predict(model_of(tmp_path / "b", model=TISSUE), volume_of(values)).labels

    counts = np.bincount(np.asarray(labels).ravel(), minlength=6).tolist()
    assert counts[SOFT] == 3 * 20 * 30
    assert counts[BONE] == 20 * 10
    assert counts[ADIPOSE] == 3 * 80 * 60 - counts[SOFT] - counts[BONE]


@pytest.mark.requirement("MOD-03")
def test_a_plane_has_the_same_labels_alone_as_among_others(tmp_path: Path) -> None:
    values, _ = phantom()
    values[3] += np.random.default_rng(0).normal(0, 30, values[3].shape).astype(np.float32)
    model = model_of(tmp_path / "b", model=TISSUE)

    together = predict(model, volume_of(values)).labels
    alone = predict(model, volume_of(values[3:4])).labels

    assert together is not None
    assert alone is not None
    np.testing.assert_array_equal(together[3], alone[0])


@pytest.mark.requirement("MOD-03")
def test_more_planes_need_no_more_memory_than_their_labels(tmp_path: Path) -> None:
    model = model_of(tmp_path / "b", model=TISSUE)
    few, many = (volume_of(np.resize(phantom()[0], (planes, 160, 160))) for planes in (4, 60))
    predict(model, few)

    def peak(volume: Any) -> int:
        tracemalloc.start()
        predict(model, volume)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    plane = few.values[0].nbytes
    assert peak(many) - peak(few) < 56 * 160 * 160 + 2 * plane


@pytest.mark.requirement("MOD-03")
def test_a_segmentation_without_pixel_spacing_is_not_made_up(tmp_path: Path) -> None:
    model = model_of(tmp_path / "b", model=TISSUE)

    with pytest.raises(ValueError, match="pixel spacing"):
        predict(model, volume_of(phantom()[0][:1], pixel_spacing=None))


@pytest.mark.requirement("MOD-02")
def test_a_classifier_gives_a_score_for_each_output_of_its_card(tmp_path: Path) -> None:
    image = volume_of(np.random.default_rng(0).random((1, 300, 200)) * 4095)

    prediction = predict(model_of(tmp_path / "b"), image)

    assert prediction.scores.keys() == {"pneumonia"}
    assert 0.0 < prediction.scores["pneumonia"] < 1.0
    assert prediction.labels is None


@pytest.mark.requirement("MOD-02")
def test_the_same_image_always_has_the_same_score(tmp_path: Path) -> None:
    model = model_of(tmp_path / "b")
    image = volume_of(np.random.default_rng(0).random((1, 300, 200)))

    assert predict(model, image).scores == predict(model, image).scores


@pytest.mark.requirement("GATE-02")
def test_an_answer_that_is_not_a_number_is_a_failure_not_an_answer(tmp_path: Path) -> None:
    folder, key = never_finite_bundle(tmp_path / "bundle")
    model = load(verify(folder, trusted=[key]), device="cpu")

    with pytest.raises(NotFinite, match="never-finite"):
        predict(model, volume_of(np.arange(784.0).reshape(1, 28, 28)))


@pytest.mark.requirement("GATE-02")
@pytest.mark.parametrize("value", [np.nan, 0.0, 1000.0])
def test_an_image_that_shows_nothing_is_not_judged(tmp_path: Path, value: float) -> None:
    with pytest.raises(Featureless):
        predict(model_of(tmp_path / "b"), volume_of(np.full((1, 40, 40), value)))


@pytest.mark.requirement("GATE-02")
def test_an_image_that_is_mostly_padding_is_not_judged(tmp_path: Path) -> None:
    plane = np.full((1, 40, 40), np.nan)
    plane[0, :12] = np.arange(40.0)

    with pytest.raises(Featureless):
        predict(model_of(tmp_path / "b"), volume_of(plane))


@pytest.mark.requirement("GATE-02")
def test_windows_that_are_not_numbers_are_a_failure_not_an_empty_answer(tmp_path: Path) -> None:
    windows = published_windows()
    windows.windows[0] = float("nan")
    model = model_of(tmp_path / "b", model=TISSUE, weights=weights_of(windows))

    with pytest.raises(NotFinite):
        predict(model, volume_of(phantom()[0][:1]))


@pytest.mark.requirement("MOD-03")
def test_a_classifier_keeps_what_it_made_of_the_image_and_judges_just_that(tmp_path: Path) -> None:
    model = model_of(tmp_path / "b")
    image = np.random.default_rng(4).integers(0, 255, (1, 64, 64)).astype(np.float32)

    prediction = predict(model, volume_of(image))

    network = model.network
    assert isinstance(network, RadiographClassifier)
    assert len(prediction.embedding) == network.head.in_features
    with torch.inference_mode():
        again = torch.sigmoid(network.judged(torch.tensor([prediction.embedding])))[0]
    np.testing.assert_allclose(again.numpy(), list(prediction.scores.values()), rtol=1e-4)


@pytest.mark.requirement("MOD-03")
def test_a_segmentation_embeds_nothing(tmp_path: Path) -> None:
    values, _ = phantom()

    model = model_of(tmp_path / "b", model=TISSUE)

    assert predict(model, volume_of(values[:1], pixel_spacing=(1.5, 1.5))).embedding == ()
