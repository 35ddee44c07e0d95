"""The objects of one outcome: which there are, that the report finds them all, that they are repeatable."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from samd.dicom.encode import SourceMissing, to_bytes
from samd.domain.finding import Answer
from tests.dicom.encode.cases import (
    ANSWERS,
    CAPTURE,
    PARAMETRIC_MAP,
    REPORT,
    SEGMENTATION,
    ct,
    headers,
    radiograph,
    unanswered,
)
from tests.dicom.encode.content import evidence, references

KINDS = {
    "measured and explained": (ct, [REPORT, SEGMENTATION, PARAMETRIC_MAP, CAPTURE]),
    "explanation withheld": (
        lambda: ct().withheld(),
        [REPORT, SEGMENTATION, CAPTURE],
    ),
    "not explained": (lambda: radiograph().changed(explanation=None), [REPORT, CAPTURE]),
    "classified": (radiograph, [REPORT, PARAMETRIC_MAP, CAPTURE]),
    "nothing segmented": (
        lambda: ct().changed(labels=np.zeros((3, 8, 10), np.uint8)),
        [REPORT, PARAMETRIC_MAP, CAPTURE],
    ),
    "segmented, no finding": (
        lambda: ct().changed(findings=()),
        [REPORT, SEGMENTATION, PARAMETRIC_MAP, CAPTURE],
    ),
    "not analysable": (ANSWERS[Answer.NOT_ANALYSABLE], [REPORT, CAPTURE]),
    "failed": (ANSWERS[Answer.FAILED], [REPORT, CAPTURE]),
}


@pytest.mark.requirement("OUT-01")
@pytest.mark.parametrize("kind", KINDS)
def test_the_report_comes_first_and_references_every_object_and_every_source(kind: str) -> None:
    arguments, expected = KINDS[kind][0](), KINDS[kind][1]

    encoded = arguments.encoded()

    report, *others = encoded.objects
    made = {dataset.SOPInstanceUID for dataset in others}
    sources = {header.SOPInstanceUID for header in headers(arguments.files)}
    assert [dataset.SOPClassUID for dataset in encoded.objects] == expected
    assert evidence(report) == made | sources
    assert made <= references(report)
    assert references(report) <= made | sources


@pytest.mark.requirement("OUT-01")
@pytest.mark.parametrize("answer", [Answer.NOT_ANALYSABLE, Answer.FAILED])
def test_what_was_not_analysed_has_no_segmentation_and_no_map_whatever_the_outcome_holds(
    answer: Answer,
) -> None:
    encoded = ct().changed(answer=answer).encoded()

    assert [dataset.SOPClassUID for dataset in encoded.objects] == [REPORT, CAPTURE]


@pytest.mark.requirement("FLOW-06")
@pytest.mark.parametrize("kind", KINDS)
def test_encoding_twice_makes_the_same_bytes(kind: str) -> None:
    make = KINDS[kind][0]

    first = make().encoded()
    second = make().encoded()

    assert [to_bytes(dataset) for dataset in first.objects] == [
        to_bytes(dataset) for dataset in second.objects
    ]
    assert first.previews == second.previews


@pytest.mark.requirement("FLOW-06")
def test_another_run_or_another_model_makes_other_objects() -> None:
    base = ct()
    run = base.changed(context=replace(base.context, run=2))
    model = base.changed(card=replace(base.card, digest="c" * 64))

    uids = [
        {uid for o in arguments.encoded().objects for uid in (o.SOPInstanceUID, o.SeriesInstanceUID)}
        for arguments in (base, run, model)
    ]

    assert len(set.union(*uids)) == sum(map(len, uids)) == 3 * 8


@pytest.mark.requirement("OUT-01")
def test_the_files_are_explicit_little_endian_of_the_study_in_series_of_their_own() -> None:
    (source, *_) = headers(ct().files)

    files = [dcmread(BytesIO(to_bytes(dataset))) for dataset in ct().encoded().objects]

    assert {file.file_meta.TransferSyntaxUID for file in files} == {"1.2.840.10008.1.2.1"}
    assert {file.StudyInstanceUID for file in files} == {source.StudyInstanceUID}
    assert len({file.SeriesInstanceUID for file in files} | {source.SeriesInstanceUID}) == 5
    assert all(file.SeriesDescription.startswith("samd CT tissue - ") for file in files)


@pytest.mark.requirement("WEB-01")
def test_previews_are_layers_of_one_size() -> None:
    previews = ct().encoded().previews

    layers = {name: Image.open(BytesIO(png)) for name, png in previews.items()}
    assert {name: layer.mode for name, layer in layers.items()} == {
        "image": "L",
        "heat": "RGBA",
        "segments": "RGBA",
    }
    assert len({layer.size for layer in layers.values()}) == 1


@pytest.mark.requirement("WEB-01")
def test_there_are_no_previews_without_an_analysed_image() -> None:
    assert unanswered(Answer.FAILED).encoded().previews == {}


@pytest.mark.requirement("OUT-01")
def test_a_frame_without_a_header_is_refused() -> None:
    arguments = ct(planes=3)

    with pytest.raises(SourceMissing, match="1 of the analysed images"):
        arguments.changed(files=arguments.files[:2]).encoded()
