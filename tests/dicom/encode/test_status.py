"""What the report says of the analysis as a whole."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from audit.checkpoint import found_in, to_ascii
from samd.dicom.encode.tree import to_bytes
from samd.domain.finding import Answer
from tests.dicom.encode.cases import ANCHOR, CAPTURE, REPORT, Arguments, ct, found, radiograph, unanswered
from tests.dicom.encode.content import items, texts

COMMENT = "121106"


def _comments(arguments: Arguments) -> list[str]:
    return texts(found(arguments.encoded(), REPORT), COMMENT)


@pytest.mark.requirement("XAI-01")
def test_the_explanation_is_described_with_its_figure() -> None:
    said = (
        "Explanation shown. Method: Grad-CAM; layer: features.7; target: adipose; baseline: zeros; "
        "faithfulness (deletion): 0.8125, limit 0.5."
    )

    assert said in _comments(ct())


@pytest.mark.requirement("XAI-01")
def test_a_withheld_explanation_is_said_to_be_withheld_and_why() -> None:
    (said,) = [comment for comment in _comments(ct().withheld()) if "xplanation" in comment]

    assert said.startswith("The explanation was withheld because its faithfulness check failed.")
    assert said.endswith("faithfulness (deletion): 0.25, limit 0.5.")


@pytest.mark.requirement("XAI-01")
def test_a_missing_explanation_is_said_to_be_missing() -> None:
    assert "No explanation was made for this answer." in _comments(radiograph().changed(explanation=None))


@pytest.mark.requirement("OUT-01")
@pytest.mark.parametrize("arguments", [ct, radiograph, lambda: unanswered(Answer.FAILED)])
def test_every_report_says_that_it_is_for_research_and_what_the_model_is_not(
    arguments: Callable[[], Arguments],
) -> None:
    said = _comments(arguments())

    assert "AI result - not verified - research use, not a cleared device." in said
    assert set(arguments().card.limits_of_use) <= set(said)


@pytest.mark.requirement("OUT-01")
@pytest.mark.parametrize("arguments", [ct, lambda: unanswered(Answer.NOT_ANALYSABLE)])
def test_the_picture_is_referred_to_as_the_summary(arguments: Callable[[], Arguments]) -> None:
    encoded = arguments().encoded()

    (summary,) = items(found(encoded, REPORT), "121111")

    (reference,) = summary.ReferencedSOPSequence
    assert reference.ReferencedSOPInstanceUID == found(encoded, CAPTURE).SOPInstanceUID


@pytest.mark.requirement("AUD-04")
@pytest.mark.parametrize("arguments", [ct, radiograph, lambda: unanswered(Answer.FAILED)])
def test_every_report_carries_the_checkpoint_of_the_trail_so_that_its_file_is_an_anchor(
    arguments: Callable[[], Arguments],
) -> None:
    report = found(arguments().encoded(), REPORT)

    (item,) = items(report, "audit-checkpoint")
    assert item.TextValue == ANCHOR
    assert [to_ascii(note) for note in found_in(to_bytes(report))] == [ANCHOR]


@pytest.mark.requirement("AUD-04")
def test_a_report_that_is_made_without_a_trail_carries_no_checkpoint() -> None:
    arguments = radiograph()

    report = found(arguments.changed(context=replace(arguments.context, anchor="")).encoded(), REPORT)

    assert list(items(report, "audit-checkpoint")) == []
