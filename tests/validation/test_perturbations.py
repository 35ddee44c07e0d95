"""A case is perturbed in a folder of its own, which is gone afterwards."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from samd.dicom.alteration import ALTERATIONS
from samd.dicom.phantom import chest_radiograph, save
from validation.dataset import Box, Case, Truth
from validation.perturbations import UNITS, parse_variant, perturbed

pytestmark = pytest.mark.requirement("VAL-10")

PIXELS = np.random.default_rng(0).integers(0, 200, (40, 40)).astype(np.uint8)
TRUTH = Truth(labels={"pneumonia": 1}, boxes={"pneumonia": (Box(1, 2, 3, 4),)})


def case_in(folder: Path, *names: str) -> Case:
    """A case of radiographs, one in each of these files."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        dataset = chest_radiograph(PIXELS, seed="perturbed")
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.{number}"
        save(dataset, folder / name)
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    return Case("one", "P1", "S1", files, TRUTH, pixels=("0" * 64,))


def test_without_a_variant_the_case_is_untouched(tmp_path: Path) -> None:
    case = case_in(tmp_path, "a.dcm")

    with perturbed(case, tmp_path, "") as (same, where):
        assert same is case
        assert where == tmp_path


def test_the_files_are_those_of_the_perturbed_case_and_are_gone_afterwards(tmp_path: Path) -> None:
    case = case_in(tmp_path, "one/a.dcm", "one/b/c.dcm")

    with perturbed(case, tmp_path, "noise=5") as (other, where):
        assert other.files.keys() == case.files.keys()
        for name, digest in other.files.items():
            assert hashlib.sha256((where / name).read_bytes()).hexdigest() == digest != case.files[name]
        assert other.pixels == ()
        assert (other.case, other.patient, other.truth) == (case.case, case.patient, TRUTH)
    assert not where.exists()
    assert case.files == case_in(tmp_path, *case.files).files


def test_after_a_turn_the_boxes_are_no_longer_true(tmp_path: Path) -> None:
    case = case_in(tmp_path, "a.dcm")

    with perturbed(case, tmp_path, "orientation=90") as (turned, _):
        assert turned.truth == Truth(labels={"pneumonia": 1})


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ("glare=3", "there is no perturbation glare; there are: noise"),
        ("noise", "the level of noise is a number, not ''"),
        ("noise=much", "the level of noise is a number, not 'much'"),
        ("slice thickness=3", "needs a stack"),
    ],
)
def test_what_cannot_be_put_on_a_case_is_refused(tmp_path: Path, variant: str, message: str) -> None:
    case = case_in(tmp_path, "a.dcm")

    with pytest.raises(ValueError, match=message), perturbed(case, tmp_path, variant):
        pass


def test_every_kind_has_a_unit() -> None:
    assert UNITS.keys() == ALTERATIONS.keys()
    assert all(UNITS.values())


def test_a_variant_is_kind_and_level() -> None:
    assert parse_variant("slice thickness=3") == ("slice thickness", 3.0)
    assert parse_variant("window=-30") == ("window", -30.0)
