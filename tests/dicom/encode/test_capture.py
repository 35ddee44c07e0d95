"""The Secondary Capture: a colour page that names the image it shows."""

import numpy as np
import pytest

from samd.domain.finding import Answer
from tests.builders import ct_image
from tests.dicom.encode.cases import ANSWERS, CAPTURE, REPORT, ct, dx_image, file_of, found, radiograph
from tests.dicom.encode.content import code_of

pytestmark = pytest.mark.requirement("OUT-01")


@pytest.mark.parametrize("answer", Answer)
def test_every_answer_has_a_colour_page(answer: Answer) -> None:
    page = found(ANSWERS[answer]().encoded(), CAPTURE)

    pixels = np.frombuffer(page.PixelData, np.uint8).reshape(page.Rows, page.Columns, 3)
    assert (page.PhotometricInterpretation, page.SamplesPerPixel) == ("RGB", 3)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50
    assert page.BurnedInAnnotation == "NO"


def test_the_page_names_the_image_that_it_shows() -> None:
    arguments = ct()

    page = found(arguments.encoded(), CAPTURE)

    (source,) = page.SourceImageSequence
    assert source.ReferencedSOPInstanceUID == arguments.outcome.frames[1].sop_instance_uid
    assert code_of(source.PurposeOfReferenceCodeSequence).value == "121322"


def test_a_page_of_words_names_no_image() -> None:
    assert "SourceImageSequence" not in found(ANSWERS[Answer.FAILED]().encoded(), CAPTURE)


@pytest.mark.parametrize(
    ("attributes", "side"),
    [({}, ""), ({"Laterality": "L"}, "L"), ({"ImageLaterality": "R"}, "R"), ({"ImageLaterality": "U"}, "")],
)
def test_laterality_is_stated_as_the_source_states_it_or_left_empty(
    attributes: dict[str, str], side: str
) -> None:
    attributes = {"BodyPartExamined": "LUNG", **attributes}

    page = found(radiograph(file=file_of(dx_image(**attributes))).encoded(), CAPTURE)

    assert (page.Laterality or "") == side


def test_a_part_that_is_not_one_of_a_pair_has_no_laterality() -> None:
    page = found(radiograph(file=file_of(dx_image(BodyPartExamined="CHEST"))).encoded(), CAPTURE)

    assert "Laterality" not in page


def test_body_part_is_that_of_the_source_where_it_is_a_valid_code() -> None:
    valid, invalid = (
        ct(files=[file_of(ct_image(BodyPartExamined=part))]) for part in ("CHEST", "Chest, both")
    )

    assert found(valid.encoded(), CAPTURE).BodyPartExamined == "CHEST"
    assert "BodyPartExamined" not in found(invalid.encoded(), CAPTURE)
    assert "BodyPartExamined" not in found(valid.encoded(), REPORT)
