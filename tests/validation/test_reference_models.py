"""The two bundles that the device ships: whole, signed, and as good as their cards say."""

from pathlib import Path

import numpy as np
import pytest

from samd.inference.bundle import trusted_keys, verify
from samd.inference.catalogue import load
from samd.inference.model import Model
from validation import reference_models
from validation.metrics.roc import auc, operating_point
from validation.reference_models import EDGE_WIDTH_HU, WINDOWS, answer_limits, interval, scores_of, splits

BUNDLES = Path(reference_models.__file__).parents[1] / "samd" / "inference" / "bundles"
SHIPPED = ["chest-xray-pneumonia", "ct-tissue"]


def shipped(name: str) -> Model:
    return load(verify(BUNDLES / name, trusted=trusted_keys(BUNDLES / "trust")), device="cpu")


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_bundle_is_signed_by_the_shipped_key(name: str) -> None:
    assert shipped(name).card.name == name


@pytest.mark.requirement("MOD-01")
def test_no_private_key_lies_beside_the_bundles() -> None:
    contents = [path.read_bytes() for path in BUNDLES.rglob("*") if path.is_file()]

    assert len(contents) == 4 * len(SHIPPED) + 1
    assert not any(b"PRIVATE KEY" in content for content in contents)
    assert sum(map(len, contents)) < 1_500_000


@pytest.mark.requirement("MOD-02")
def test_the_area_on_the_test_images_is_the_one_on_the_card(shared_data: Path) -> None:
    model = shipped("chest-xray-pneumonia")
    _, _, test = splits(shared_data / "pneumoniamnist_28")

    scores = scores_of(model, test)

    estimate = auc(scores, test.labels)
    facts = dict(model.card.facts)
    assert estimate.n == 624
    assert estimate.value >= 0.93
    assert facts["AUC"] == f"{interval(estimate)}, DeLong"
    limits = model.card.classifications[0]
    present = operating_point(scores, test.labels, threshold=limits.threshold)
    assert facts["Sensitivity of present"] == interval(present.sensitivity)
    assert facts["Specificity of present"] == interval(present.specificity)


@pytest.mark.requirement("MOD-02")
def test_no_image_is_in_two_splits(shared_data: Path) -> None:
    training, validation, test = splits(shared_data / "pneumoniamnist_28")

    contents = [{image.tobytes() for image in split.images} for split in (training, validation, test)]

    assert [len(split.labels) for split in (training, validation, test)] == [4698, 524, 624]
    assert not contents[0] & contents[1]
    assert not contents[0] & contents[2]
    assert not contents[1] & contents[2]


@pytest.mark.requirement("MOD-02")
def test_the_card_says_what_the_classifier_is_not_and_whose_images_it_learnt_from() -> None:
    card = shipped("chest-xray-pneumonia").card

    text = " ".join([*card.limits_of_use, *(fact for _, fact in card.facts)])
    for phrase in ("Not a cleared", "Not for adults", "28 x 28", "CC BY 4.0", "Yang et al. 2023", "Kermany"):
        assert phrase in text
    assert card.gate.modalities == {"CR", "DX"}
    assert not card.gate.patient_age.admit(7)


@pytest.mark.requirement("MOD-02")
def test_limits_of_the_answer_keep_the_wanted_specificity_and_sensitivity() -> None:
    random = np.random.default_rng(0)
    scores = np.concatenate([random.normal(0.3, 0.1, 100), random.normal(0.6, 0.1, 200)]).clip(0, 1)
    labels = np.repeat([0, 1], [100, 200]).astype(np.uint8)

    threshold, absent_below = answer_limits(scores, labels)

    assert (scores[labels == 0] >= threshold).sum() == 2
    assert (scores[labels == 1] < absent_below).sum() == 4
    assert absent_below < threshold


@pytest.mark.requirement("MOD-02")
def test_with_perfect_separation_nothing_is_undetermined() -> None:
    threshold, absent_below = answer_limits(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1], np.uint8))

    assert 0.2 < threshold <= 0.8
    assert absent_below == threshold


@pytest.mark.requirement("MOD-03")
def test_the_shipped_windows_are_the_published_ones_that_the_card_cites() -> None:
    model = shipped("ct-tissue")

    assert model.network.get_buffer("windows").tolist() == [[low, high] for low, high, _ in WINDOWS]
    assert model.network.get_buffer("regions").tolist() == [region for _, _, region in WINDOWS]
    assert float(model.network.get_buffer("edge_width")) == EDGE_WIDTH_HU
    facts = dict(model.card.facts)
    assert facts["Adipose tissue"].startswith("-190 to -30 HU")
    assert facts["Soft tissue"].startswith("-29 to 150 HU")
    assert facts["Bone"].startswith("226 to 3071 HU")
    assert len(model.card.segments) == len(WINDOWS)
