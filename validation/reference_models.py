"""Makes the bundles that the device ships: trained, measured once on untouched images, and signed.

    python -m validation.reference_models DATA --key PRIVATE.pem --out samd/inference/bundles
    python -m validation.reference_models DATA --key PRIVATE.pem --out validation/candidates --candidate
    python -m validation.reference_models DATA --key PRIVATE.pem --out FOLDER --sign-only

The candidate is a second version of the classifier, to compare with and never in force by itself. --sign-only
signs the bundles in FOLDER with another key, weights and cards untouched; the digest, by which protocols and
plans name a bundle, is that of its content and stays.

DATA is the folder with PneumoniaMNIST, KEY the approver's Ed25519 private key in PEM, which stays out
of the repository. A new one, and its public half beside the bundles:

    openssl genpkey -algorithm ed25519 -out PRIVATE.pem
    openssl pkey -in PRIVATE.pem -pubout -out samd/inference/bundles/trust/reference.pub

Everything that is chosen is chosen on the validation images: temperature, limits of the answer, least
faithfulness. The test images are seen once, at the end, by the finished bundle.
"""

import argparse
import hashlib
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from numpy.typing import NDArray

from samd.domain.finding import Prediction, Volume
from samd.domain.study import Frame
from samd.inference.bundle import MODEL, TRAINING, WEIGHTS, sign, training_list, verify
from samd.inference.catalogue import load, weights_of
from samd.inference.explain import explain, faithfulness_of
from samd.inference.model import Model
from samd.inference.model_file import ModelFile, parse, render
from samd.inference.preprocessing import PREPROCESSING
from samd.inference.run import predict
from samd.inference.tissue import Region, TissueWindows
from samd.inference.training import Recipe, calibrate, fit
from validation.metrics.estimate import Estimate
from validation.metrics.proportions import proportion
from validation.metrics.roc import auc, operating_point

CARDS = Path(__file__).parent / "cards"
PNEUMONIA, TISSUE = "chest-xray-pneumonia", "ct-tissue"

# Whole Hounsfield units, both ends included, in the order of the segments of the card, which cites them.
WINDOWS: tuple[tuple[int, int, Region], ...] = (
    (-190, -30, Region.BODY),
    (-29, 150, Region.BODY),
    (226, 3071, Region.BODY),
    (-949, -500, Region.LUNG),
    (-1024, -950, Region.LUNG),
)
EDGE_WIDTH_HU = 10.0  # about the noise of an abdominal CT

RECIPE = Recipe(epochs=20)
SEED = 2023
# Present is said only where few normal images reach, absent only where few pneumonias remain.
LEAST_SPECIFICITY = LEAST_SENSITIVITY = 0.98
RANDOM_MAPS = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Images, uint8 (n, 28, 28), and their labels (n,): 1 is pneumonia."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __str__(self) -> str:
        return f"{len(self.labels)} images, {int(self.labels.sum())} of them pneumonia"

    def digests(self) -> list[str]:
        """SHA-256 of the pixels of each image."""
        return [hashlib.sha256(image.tobytes()).hexdigest() for image in self.images]


@dataclass(frozen=True, slots=True)
class Edition:
    """A version of the classifier: how it is trained, and the line of its update history."""

    version: str
    recipe: Recipe
    seed: int
    history: str
    seen: str  # who has seen the test images before

    def of(self, file: ModelFile) -> ModelFile:
        """The card of this edition."""
        facts = tuple(
            (name, self.history if name == "Update history" else fact) for name, fact in file.card.facts
        )
        return replace(file, card=replace(file.card, version=self.version, facts=facts))


FIRST = Edition("1.0.0", RECIPE, SEED, "1.0.0: first version.", "untouched until the end")
CANDIDATE = Edition(
    "1.1.0",
    Recipe(epochs=12),
    2024,
    "1.0.0: first version. 1.1.0: another seed and fewer epochs; a candidate to compare with, not in force.",
    "seen once before, by version 1.0.0",
)


def main() -> None:
    """Write and sign both bundles."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("data", type=Path, help="folder with pneumoniamnist_reassembled.npz")
    arguments.add_argument("--key", type=Path, required=True, help="Ed25519 private key, PEM")
    arguments.add_argument("--out", type=Path, required=True, help="folder for the bundles")
    arguments.add_argument("--candidate", action="store_true", help="make the second version alone")
    arguments.add_argument("--sign-only", action="store_true", help="sign what lies in OUT with another key")
    options = arguments.parse_args()
    key = load_pem_private_key(options.key.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise SystemExit(f"{options.key.name} is not an Ed25519 private key")
    data = splits(options.data)
    if options.sign_only:
        for manifest in sorted(options.out.glob("*/manifest.json")):
            sign_again(manifest.parent, key, data)
    elif options.candidate:
        make_pneumonia(options.out / f"{PNEUMONIA}-{CANDIDATE.version}", key, data, CANDIDATE)
    else:
        make_tissue(options.out / TISSUE, key)
        make_pneumonia(options.out / PNEUMONIA, key, data, FIRST)


def read_card(path: Path) -> ModelFile:
    """A card of this folder: a `model.json` that waits for its digests and measured facts."""
    return parse(path.read_bytes(), digest="", weights_digest="")


def splits(folder: Path) -> tuple[Split, Split, Split]:
    """Training, validation and test images; training images that are also in validation are left out."""
    with np.load(folder / "pneumoniamnist_reassembled.npz", allow_pickle=False) as file:
        training, validation, test = (
            Split(file[f"{name}_images"], file[f"{name}_labels"][:, 0]) for name in ("train", "val", "test")
        )
    seen = {image.tobytes() for image in validation.images}
    kept = np.array([image.tobytes() not in seen for image in training.images])
    return Split(training.images[kept], training.labels[kept]), validation, test


def make_tissue(folder: Path, key: Ed25519PrivateKey) -> Model:
    """The tissue bundle, whose weights are the published windows."""
    weights = weights_of(TissueWindows.of(WINDOWS, edge_width=EDGE_WIDTH_HU))
    return written(folder, read_card(CARDS / f"{TISSUE}.json"), weights, key)


def make_pneumonia(
    folder: Path, key: Ed25519PrivateKey, data: tuple[Split, Split, Split], edition: Edition
) -> Model:
    """The classifier: trained, adjusted on validation, then measured on test and described."""
    training, validation, test = data
    file = edition.of(read_card(CARDS / f"{PNEUMONIA}.json"))
    seen = [*training.digests(), *validation.digests()]
    network = fit(
        prepared(training, file),
        training.labels,
        network=file.network.name,
        parameters=file.network.parameters,
        recipe=edition.recipe,
        seed=edition.seed,
    )
    calibrate(network, prepared(validation, file), validation.labels)
    weights = weights_of(network)
    file, facts = adjusted(file, written(folder, file, weights, key, seen), validation)
    facts = [("Training", f"{training}; seed {edition.seed}; {edition.recipe}"), *facts]
    facts += measured(written(folder, file, weights, key, seen), test, edition.seen)
    for name, fact in facts:
        log.info("%s: %s", name, fact)
    described = replace(file, card=replace(file.card, facts=(*file.card.facts, *facts)))
    return written(folder, described, weights, key, seen)


def sign_again(folder: Path, key: Ed25519PrivateKey, data: tuple[Split, Split, Split]) -> None:
    """Sign the bundle in `folder` with `key`; its training list is written anew, by the kind of its model."""
    trained = json.loads((folder / MODEL).read_bytes())["card"]["classifications"]
    seen = [digest for split in data[:2] for digest in split.digests()] if trained else []
    (folder / TRAINING).write_bytes(training_list(seen))
    sign(folder, key)


def prepared(split: Split, file: ModelFile) -> NDArray[np.float32]:
    """The images of `split` as the network of `file` sees them."""
    prepare = PREPROCESSING[file.preprocessing.name]
    images = split.images.astype(np.float32)
    return np.stack([prepare(image, **file.preprocessing.parameters).values for image in images])


def written(
    folder: Path, file: ModelFile, weights: bytes, key: Ed25519PrivateKey, seen: Iterable[str] = ()
) -> Model:
    """Write, sign, verify and load a bundle in `folder`; `seen` are digests of what it was trained on."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL).write_bytes(render(file))
    (folder / WEIGHTS).write_bytes(weights)
    (folder / TRAINING).write_bytes(training_list(seen))
    sign(folder, key)
    return load(verify(folder, trusted=[key.public_key()]), device="cpu")


def volume_of(image: NDArray[np.uint8]) -> Volume:
    """A radiograph without geometry."""
    return Volume(image[None].astype(np.float32), (Frame("1.2.3"),))


def scores_of(model: Model, split: Split) -> NDArray[np.float64]:
    """The first score of `model` for each image."""
    name = model.card.classifications[0].name
    return np.array([predict(model, volume_of(image)).scores[name] for image in split.images])


def adjusted(file: ModelFile, model: Model, validation: Split) -> tuple[ModelFile, list[tuple[str, str]]]:
    """`file` with limits chosen on the validation images, and the facts about that."""
    scores = scores_of(model, validation)
    threshold, absent_below = answer_limits(scores, validation.labels)
    limit, facts = faithfulness_limit(model, validation, scores >= threshold)
    card = replace(
        file.card,
        explanation=replace(file.card.explanation, faithfulness_limit=limit),
        classifications=(
            replace(file.card.classifications[0], threshold=threshold, absent_below=absent_below),
        ),
    )
    reading = (
        f"Present from {threshold:.3f}, absent below {absent_below:.3f}, undetermined between: the limits at "
        f"which at most 2 % of the normal and 2 % of the pneumonia images of validation are called wrongly. "
        "The score is a probability only where pneumonia is as frequent as in validation, 74 %."
    )
    area = auc(scores, validation.labels)
    return replace(file, card=card), [
        ("How to read it", reading),
        ("Validation", f"{validation}; AUC {interval(area)}; used for every choice"),
        *facts,
    ]


def answer_limits(scores: NDArray[np.float64], labels: NDArray[np.uint8]) -> tuple[float, float]:
    """The least threshold with the wanted specificity, and the greatest limit for absent with the wanted
    sensitivity, which is never above the threshold.
    """
    healthy, diseased = np.sort(scores[labels == 0]), np.sort(scores[labels == 1])
    highest_allowed = healthy[len(healthy) - 1 - int((1 - LEAST_SPECIFICITY) * len(healthy))]
    threshold = float(np.nextafter(highest_allowed, 1.0))
    return threshold, min(threshold, float(diseased[int((1 - LEAST_SENSITIVITY) * len(diseased))]))


def faithfulness_limit(
    model: Model, validation: Split, present: NDArray[np.bool_]
) -> tuple[float, list[tuple[str, str]]]:
    """What 95 % of random maps, as coarse as those of the model, stay below on `present` images."""
    random = np.random.default_rng(SEED)
    images = validation.images[present]
    chance = [
        faithfulness_of(model, volume_of(images[index]), random.random((7, 7), dtype=np.float32)).value
        for index in random.integers(0, len(images), RANDOM_MAPS)
    ]
    limit = round(float(np.quantile(chance, 0.95)), 3)
    explained = [explain(model, volume_of(image), Prediction()) for image in images]
    values = np.array([e.faithfulness.value for e in explained if e is not None])
    passed = proportion(int((values >= limit).sum()), len(values))
    fact = (
        f"Limit {limit}: 95 % of {RANDOM_MAPS} random maps of 7 x 7 cells lie below it. Of the validation "
        f"images that are called present, {interval(passed)} have a map at or above it (median "
        f"{np.median(values):.2f}); the other maps are withheld."
    )
    return limit, [("Faithfulness", fact)]


def measured(model: Model, test: Split, seen: str) -> list[tuple[str, str]]:
    """The facts from the test images; `seen` says who has seen them before."""
    limits = model.card.classifications[0]
    scores = scores_of(model, test)
    present = operating_point(scores, test.labels, threshold=limits.threshold)
    absent = operating_point(scores, test.labels, threshold=limits.absent_below)
    between = proportion(
        int(((scores >= limits.absent_below) & (scores < limits.threshold)).sum()), len(scores)
    )
    return [
        ("Test", f"{test}, {seen}"),
        ("AUC", interval(auc(scores, test.labels)) + ", DeLong"),
        ("Sensitivity of present", interval(present.sensitivity)),
        ("Specificity of present", interval(present.specificity)),
        ("Pneumonia not called absent", interval(absent.sensitivity)),
        ("Normal called absent", interval(absent.specificity)),
        ("Undetermined", interval(between)),
        (
            "Intervals",
            "95 %; Clopper and Pearson for proportions. Images of one patient are not told apart",
        ),
    ]


def interval(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.lower:.3f} to {estimate.upper:.3f}, n={estimate.n})"


if __name__ == "__main__":
    main()
