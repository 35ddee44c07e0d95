"""The group of one finding: what it is tracked by, what it refers to, and which model made it."""

from dataclasses import replace

import pytest
from pydicom import Dataset

from samd.domain.codes import PERCENT, PRIVATE_SCHEME, Code
from samd.domain.finding import Measurement
from tests.cards import LUNG
from tests.dicom.encode.cases import (
    PARAMETRIC_MAP,
    REPORT,
    SEGMENTATION,
    Arguments,
    ct,
    found,
    headers,
    radiograph,
)
from tests.dicom.encode.content import code_of, groups, items, texts

TRACKING_UID, ALGORITHM_NAME, PARAMETERS = "112040", "111001", "111002"
SEGMENT, SEGMENT_FRAME, SOURCE, EXPLANATION = "121191", "121214", "121112", "130401"


def _groups(arguments: Arguments) -> list[Dataset]:
    return groups(found(arguments.encoded(), REPORT))


@pytest.mark.requirement("OUT-01")
def test_a_finding_and_its_segment_are_tracked_by_the_same_identifiers() -> None:
    encoded = ct().encoded()

    tracked = {
        segment.TrackingUID: segment.TrackingID for segment in found(encoded, SEGMENTATION).SegmentSequence
    }
    reported = {
        next(items(group, TRACKING_UID)).UID: texts(group, "112039")[0]
        for group in groups(found(encoded, REPORT))
    }
    assert reported == tracked == {"2.25.1": "Adipose tissue", "2.25.2": "Lung"}


@pytest.mark.requirement("OUT-01")
def test_a_volume_refers_to_its_segment_and_to_the_series() -> None:
    arguments = ct()
    (first, second) = _groups(arguments)

    numbers = [
        next(items(group, SEGMENT)).ReferencedSOPSequence[0].ReferencedSegmentNumber
        for group in (first, second)
    ]
    (series,) = items(first, "121232")
    assert numbers == [1, 2]
    assert headers(arguments.files)[0].SeriesInstanceUID == series.UID


@pytest.mark.requirement("OUT-01")
def test_an_area_refers_to_the_frame_of_its_segment_and_to_the_image() -> None:
    arguments = ct(planes=1)
    _, second = _groups(arguments)

    (reference,) = next(items(second, SEGMENT_FRAME)).ReferencedSOPSequence
    (source,) = next(items(second, "121233")).ReferencedSOPSequence
    assert reference.ReferencedFrameNumber == 2
    assert "ReferencedSegmentNumber" not in reference
    assert source.ReferencedSOPInstanceUID == headers(arguments.files)[0].SOPInstanceUID


@pytest.mark.requirement("OUT-01")
def test_a_finding_without_a_segment_refers_to_every_analysed_image() -> None:
    arguments = ct()
    findings = tuple(replace(finding, segment=None) for finding in arguments.outcome.findings)

    for group in _groups(arguments.changed(findings=findings)):
        sources = [item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in items(group, SOURCE)]
        assert sources == [header.SOPInstanceUID for header in headers(arguments.files)]


@pytest.mark.requirement("OUT-01")
def test_every_group_names_the_model_its_digests_and_its_limits() -> None:
    (group,) = _groups(radiograph())

    assert texts(group, ALGORITHM_NAME) == ["Chest radiograph"]
    assert texts(group, PARAMETERS) == [
        f"weights SHA-256 {'b' * 64}",
        f"manifest SHA-256 {'a' * 64}",
        "pneumonia: present at or above 0.6, absent below 0.4",
    ]


@pytest.mark.requirement("OUT-01")
def test_the_finding_site_is_a_modifier_of_the_concept() -> None:
    (group,) = _groups(radiograph())

    (site,) = items(group, "363698007")
    assert site.RelationshipType == "HAS CONCEPT MOD"
    assert code_of(site.ConceptCodeSequence) == LUNG


@pytest.mark.requirement("OUT-01")
def test_measurements_have_ucum_units_and_six_digits() -> None:
    arguments = ct()
    share = Measurement(Code("adipose-share", PRIVATE_SCHEME, "Adipose share"), 45.333333333, PERCENT)
    finding = replace(arguments.outcome.findings[0], measurements=(share,))

    report = found(arguments.changed(findings=(finding,)).encoded(), REPORT)

    (number,) = items(report, "adipose-share")
    (value,) = number.MeasuredValueSequence
    assert value.NumericValue == 45.3333
    assert code_of(value.MeasurementUnitsCodeSequence) == PERCENT


@pytest.mark.requirement("XAI-01")
def test_the_map_is_referred_to_by_the_finding_that_it_explains() -> None:
    encoded = ct().encoded()

    explained, unexplained = groups(found(encoded, REPORT))
    (reference,) = items(explained, EXPLANATION)
    assert list(items(unexplained, EXPLANATION)) == []
    assert (
        reference.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        == found(encoded, PARAMETRIC_MAP).SOPInstanceUID
    )


@pytest.mark.requirement("XAI-01")
def test_a_map_that_explains_no_finding_is_referred_to_by_the_whole() -> None:
    arguments = radiograph()
    explanation = replace(arguments.explanation, target="something else")

    report = found(arguments.changed(explanation=explanation).encoded(), REPORT)

    (whole,) = items(report, "C0034375")
    assert len(list(items(whole, EXPLANATION))) == 1
    assert [group for group in groups(report) if any(items(group, EXPLANATION))] == []
