"""Segmentations held against true ones, which are DICOM SEG files among those of the case."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from samd.dicom.decode import DecodeLimits
from samd.dicom.phantom import ct_phantom, save
from samd.dicom.segments import NoSegmentation, mask_of
from samd.inference.bundle import trusted_keys, verify
from samd.inference.catalogue import load
from samd.inference.model import Model
from samd.pipeline import Report
from tests.validation.builders import case
from validation.case_result import Ending
from validation.dataset import Case, Truth
from validation.examine import answer_to, examine
from validation.overlaps import AVERAGE, DICE, HAUSDORFF, HAUSDORFF_95, within

pytestmark = pytest.mark.requirement("VAL-05", "VAL-07")

SHIPPED = Path(__file__).parents[2] / "samd" / "inference" / "bundles"
OUTPUT = "soft tissue"


@pytest.fixture(scope="module")
def tissue() -> Model:
    return load(verify(SHIPPED / "ct-tissue", trusted=trusted_keys(SHIPPED / "trust")), device="cpu")


@pytest.fixture(scope="module")
def studied(tissue: Model, tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, Path]:
    """A phantom with the model's own segmentation as the truth."""
    folder = tmp_path_factory.mktemp("phantom")
    for number, dataset in enumerate(ct_phantom(planes=12).datasets):
        save(dataset, folder / f"{number:02}.dcm")
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.dcm")}
    plain = case("phantom", files=files, truth=Truth())
    answer = answer_to(plain, folder, tissue, limits=DecodeLimits())
    assert isinstance(answer, Report)
    (segmentation,) = (one for one in answer.encoded.objects if one.Modality == "SEG")
    save(segmentation, folder / "truth.seg")
    files["truth.seg"] = hashlib.sha256((folder / "truth.seg").read_bytes()).hexdigest()
    return case("phantom", files=files, truth=Truth(segmentations={OUTPUT: "truth.seg"})), folder


def images_of(folder: Path) -> list[str]:
    """The UIDs of the images, from the head to the feet or the other way round."""
    headers = [dcmread(path, stop_before_pixels=True) for path in folder.glob("*.dcm")]
    headers.sort(key=lambda header: float(header.ImagePositionPatient[2]))
    return [str(header.SOPInstanceUID) for header in headers]


def test_a_segmentation_that_is_the_true_one_is_perfect(tissue: Model, studied: tuple[Case, Path]) -> None:
    result = examine(*studied, tissue, limits=DecodeLimits())

    figures = result.overlaps[OUTPUT]
    assert result.ending is Ending.ANALYSED
    assert (figures[DICE], figures[within(1.0)]) == (1.0, 1.0)
    assert (figures[HAUSDORFF], figures[HAUSDORFF_95], figures[AVERAGE]) == (0.0, 0.0, 0.0)


def test_the_truth_is_not_shown_to_the_model(tissue: Model, studied: tuple[Case, Path]) -> None:
    one, folder = studied
    answer = answer_to(one, folder, tissue, limits=DecodeLimits())

    assert isinstance(answer, Report)
    assert len(answer.outcome.frames) == 12


def test_a_mask_lies_on_the_images_in_their_order(studied: tuple[Case, Path]) -> None:
    _one, folder = studied
    images = images_of(folder)

    forward = mask_of(folder / "truth.seg", images, label=OUTPUT)

    assert forward.shape == (12, 160, 160)
    assert forward.any()
    np.testing.assert_array_equal(mask_of(folder / "truth.seg", images[::-1], label=OUTPUT), forward[::-1])
    assert mask_of(folder / "truth.seg", images, label="no such segment").sum() > forward.sum()


def test_a_truth_that_cannot_be_read_fails_the_case_and_says_so(
    tissue: Model, studied: tuple[Case, Path]
) -> None:
    one, folder = studied
    broken = case(
        "phantom",
        files=dict(one.files),
        truth=Truth(segmentations={OUTPUT: min(path.name for path in folder.glob("*.dcm"))}),
    )

    result = examine(broken, folder, tissue, limits=DecodeLimits())

    assert result.ending in {Ending.FAILED, Ending.NOT_ANALYSABLE}
    with pytest.raises(NoSegmentation, match="cannot be read as a Segmentation"):
        mask_of(folder / "00.dcm", images_of(folder), label=OUTPUT)
