"""Data sets that are made here: bit for bit what the shipped manifests list, with truth in closed form."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from samd.dicom.phantom import ADIPOSE, BONE, LOW_ATTENUATION, LUNG, MUSCLE, ct_series, save
from validation.dataset import DataSetRefused, parse, render
from validation.makers import MAKERS, pneumonia_mnist
from validation.makers.tissue_phantom import FIELD, LENGTH, grid, true_volumes

pytestmark = pytest.mark.requirement("VAL-02")

SHIPPED = Path(__file__).parents[2] / "validation" / "protocols"


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_the_shipped_manifest_names_its_maker_and_reads_back(name: str) -> None:
    content = (SHIPPED / f"{name}.json").read_bytes()

    manifest = parse(content, name=name)

    assert manifest.source == name
    assert render(manifest) == content


def test_the_radiographs_are_those_of_the_manifest(shared_data: Path, tmp_path: Path) -> None:
    cases = pneumonia_mnist.make(shared_data, tmp_path)

    assert tuple(cases) == parse((SHIPPED / "pneumonia-mnist-test.json").read_bytes(), name="m").cases
    assert sum(case.truth.labels["pneumonia"] for case in cases) == 390


def test_where_the_originals_are_not_there_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataSetRefused, match="its origin stands in the manifest"):
        pneumonia_mnist.make(tmp_path, tmp_path)


def test_a_phantom_is_that_of_the_manifest(tmp_path: Path) -> None:
    listed = json.loads((SHIPPED / "ct-tissue-phantom.json").read_bytes())["cases"][17]
    attributes = listed["attributes"]
    # The last of the smallest size: the coarsest grid with the most noise.
    values = grid(0.8, pixel_spacing=2.5, plane_spacing=10.0, noise=25.0, seed=17)
    assert (attributes["size"], attributes["noise"]) == ("0.8", "25 HU")
    series = ct_series(values, pixel_spacing=2.5, plane_spacing=10.0, seed="tissue phantom 17")
    for number, dataset in enumerate(series, 1):
        save(dataset, tmp_path / f"{number:03}.dcm")

    made = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}

    assert {f"phantom-17/{name}": digest for name, digest in made.items()} == listed["files"]


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.2])
def test_the_volumes_are_those_of_a_finely_counted_phantom(scale: float) -> None:
    spacing, between = 1.0, 2.0
    values = grid(scale, pixel_spacing=spacing, plane_spacing=between, noise=0.0, seed=0)
    counted = {
        name: float(np.sum(values == material)) * spacing**2 * between / 1000
        for name, material in {
            "adipose tissue": ADIPOSE,
            "soft tissue": MUSCLE,
            "bone": BONE,
            "aerated lung": LUNG,
            "low attenuation area": LOW_ATTENUATION,
        }.items()
    }

    for name, volume in true_volumes(scale).items():
        # Voxels on a surface hold a mean, and are counted by no material.
        assert counted[name] == pytest.approx(volume, rel=0.12)
        assert counted[name] < volume
    assert sum(true_volumes(scale).values()) * 1000 < FIELD * FIELD * LENGTH
