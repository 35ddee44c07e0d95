"""The bundles that the device ships, and the candidate: whole, signed, and as good as their cards say."""

import hashlib
import shutil
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pytest_django import Settings

from samd.console.importing import import_reference_bundles
from samd.inference.bundle import MANIFEST, Bundle, trusted_keys, verify
from samd.inference.catalogue import load
from samd.inference.model import Model
from samd.records.registry import models_in_force
from tests.validation.builders import case, manifest
from validation import reference_models
from validation.dataset import DataSetRefused, check_independent
from validation.dataset import parse as parse_manifest
from validation.metrics.roc import auc, operating_point
from validation.reference_models import EDGE_WIDTH_HU, WINDOWS, answer_limits, interval, scores_of, splits

JUDGE = Path(reference_models.__file__).parent
BUNDLES, CANDIDATES = JUDGE.parent / "samd" / "inference" / "bundles", JUDGE / "candidates"
SHIPPED = ["chest-xray-pneumonia", "ct-tissue"]
PNEUMONIA, CANDIDATE = BUNDLES / "chest-xray-pneumonia", CANDIDATES / "chest-xray-pneumonia-1.1.0"


def verified(folder: Path) -> Bundle:
    return verify(folder, trusted=trusted_keys(BUNDLES / "trust"))


def shipped(name: str) -> Model:
    return load(verified(BUNDLES / name), device="cpu")


def published(shared_data: Path, *names: str) -> set[str]:
    """SHA-256 of the pixels of the images as they were published, in the splits of these names."""
    with np.load(shared_data / "pneumoniamnist_28" / "pneumoniamnist_reassembled.npz") as file:
        images = [image for name in names for image in file[f"{name}_images"]]
    assert all(image.dtype == np.uint8 and image.shape == (28, 28) for image in images)
    return {hashlib.sha256(bytes(image.ravel().tolist())).hexdigest() for image in images}


def in_pem(key: Ed25519PrivateKey | X25519PrivateKey, path: Path) -> Path:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_bundle_is_signed_by_the_shipped_key(name: str) -> None:
    assert shipped(name).card.name == name


@pytest.mark.requirement("MOD-01")
def test_no_private_key_lies_beside_the_bundles() -> None:
    contents = [path.read_bytes() for path in BUNDLES.rglob("*") if path.is_file()]
    candidates = [path.read_bytes() for path in CANDIDATES.rglob("*") if path.is_file()]

    assert (len(contents), len(candidates)) == (5 * len(SHIPPED) + 1, 5)
    assert not any(b"PRIVATE KEY" in content for content in contents + candidates)
    assert sum(map(len, contents)) < 1_500_000


@pytest.mark.requirement("MOD-01", "VAL-02")
@pytest.mark.parametrize("folder", [PNEUMONIA, CANDIDATE], ids=["1.0.0", "1.1.0"])
def test_a_classifier_lists_every_image_it_was_trained_or_tuned_on_and_no_other(
    folder: Path, shared_data: Path
) -> None:
    bundle = verified(folder)

    assert bundle.training == published(shared_data, "train", "val")
    assert not bundle.training & published(shared_data, "test")


@pytest.mark.requirement("MOD-01", "VAL-02")
def test_what_was_never_trained_lists_nothing() -> None:
    assert verified(BUNDLES / "ct-tissue").training == frozenset()


@pytest.mark.requirement("VAL-02")
def test_an_image_of_tuning_among_the_test_images_is_found_by_the_shipped_list(shared_data: Path) -> None:
    training = verified(PNEUMONIA).training
    untouched = parse_manifest((JUDGE / "protocols" / "pneumonia-mnist-test.json").read_bytes(), name="test")
    _, validation, _ = splits(shared_data / "pneumoniamnist_28")
    seen = case("tuned-on", pixels=(hashlib.sha256(validation.images[0].tobytes()).hexdigest(),))

    check_independent(untouched, training=training, model="chest-xray-pneumonia")
    with pytest.raises(DataSetRefused, match="was trained on 1 of these cases: tuned-on"):
        check_independent(manifest(*untouched.cases, seen), training=training, model="chest-xray-pneumonia")


@pytest.mark.requirement("MOD-02")
def test_the_candidate_is_another_version_of_the_same_classifier_and_says_so() -> None:
    first, candidate = verified(PNEUMONIA), verified(CANDIDATE)

    facts = dict(candidate.card.facts)
    assert (candidate.card.name, candidate.card.version) == (first.card.name, "1.1.0")
    assert candidate.card.weights_digest != first.card.weights_digest
    assert candidate.network == first.network
    assert candidate.preprocessing == first.preprocessing
    assert "seed 2024" in facts["Training"]
    assert "epochs=12" in facts["Training"]
    assert "a candidate to compare with, not in force" in facts["Update history"]


@pytest.mark.requirement("MOD-02")
@pytest.mark.django_db
def test_the_candidate_is_not_in_force_on_a_new_device(settings: Settings, tmp_path: Path) -> None:
    settings.SAMD_MODELS, settings.SAMD_TRUST = tmp_path / "models", tmp_path / "trust"

    import_reference_bundles()

    assert {(model.name, model.version) for model in models_in_force()} == {(n, "1.0.0") for n in SHIPPED}
    assert not (settings.SAMD_MODELS / verified(CANDIDATE).digest).exists()


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize("path", sorted(JUDGE.glob("protocols/*.toml")), ids=lambda path: path.stem)
def test_the_models_of_a_shipped_protocol_are_shipped(path: Path) -> None:
    document = tomllib.loads(path.read_text())
    manifests = [*BUNDLES.glob(f"*/{MANIFEST}"), *CANDIDATES.glob(f"*/{MANIFEST}")]
    there = {hashlib.sha256(manifest.read_bytes()).hexdigest() for manifest in manifests}

    assert {document[role]["digest"] for role in ("model", "comparator") if role in document} <= there


@pytest.mark.requirement("MOD-01", "VAL-02")
def test_signed_anew_a_bundle_keeps_its_model_and_lists_what_it_was_trained_on(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "bundles"
    for name in SHIPPED:
        shutil.copytree(BUNDLES / name, out / name)
        (out / name / "training.json").write_bytes(b"an older list")
    key = Ed25519PrivateKey.generate()
    pem = in_pem(key, tmp_path / "key.pem")
    data = str(shared_data / "pneumoniamnist_28")

    monkeypatch.setattr(sys, "argv", ["_", data, "--key", str(pem), "--out", str(out), "--sign-only"])
    reference_models.main()

    for name in SHIPPED:
        bundle, before = verify(out / name, trusted=[key.public_key()]), verified(BUNDLES / name)
        assert (bundle.model_json, bundle.weights) == (before.model_json, before.weights)
        assert bundle.training == before.training
        assert bundle.digest == before.digest  # the manifest names no key, so another one changes no digest
        assert bundle.signer != before.signer


@pytest.mark.requirement("MOD-01")
def test_a_key_of_another_kind_signs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = in_pem(X25519PrivateKey.generate(), tmp_path / "key.pem")

    arguments = ["_", str(tmp_path), "--key", str(pem), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit, match=r"key\.pem is not an Ed25519 private key"):
        reference_models.main()
    assert not (tmp_path / "out").exists()


@pytest.mark.requirement("MOD-02")
@pytest.mark.parametrize("folder", [PNEUMONIA, CANDIDATE], ids=["1.0.0", "1.1.0"])
def test_the_area_on_the_test_images_is_the_one_on_the_card(folder: Path, shared_data: Path) -> None:
    model = load(verified(folder), device="cpu")
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
