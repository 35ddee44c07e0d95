"""Who made the objects and when: equipment, device, dates and times."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pydicom import dcmread

from samd.dicom.encode import to_bytes
from samd.dicom.encode.identity import device_uid
from tests.builders import ct_image
from tests.dicom.encode.cases import ct, file_of
from tests.dicom.encode.content import code_of

pytestmark = pytest.mark.requirement("OUT-01")


def test_every_object_names_the_model_as_processing_equipment_with_a_device_uid() -> None:
    arguments = ct()

    for dataset in arguments.encoded().objects:
        (item,) = dataset.ContributingEquipmentSequence
        assert code_of(item.PurposeOfReferenceCodeSequence).value == "109102"
        assert item.Manufacturer == "samd"
        assert item.ManufacturerModelName == "CT tissue"
        assert item.SoftwareVersions == "measuring 1.0.0"
        assert item.DeviceUID == device_uid(arguments.card)


def test_the_device_uid_changes_with_the_model() -> None:
    card = ct().card

    assert device_uid(card) == device_uid(replace(card, title="Another title"))
    assert device_uid(card) != device_uid(replace(card, digest="c" * 64))


def test_the_serial_number_is_the_digest_of_the_manifest() -> None:
    assert {dataset.DeviceSerialNumber for dataset in ct().encoded().objects} == {"a" * 64}


def test_every_date_and_time_is_the_one_of_the_context() -> None:
    for dataset in ct().encoded().objects:
        read = dcmread(BytesIO(to_bytes(dataset)))
        for kind in ("InstanceCreation", "Series", "Content"):
            assert read[f"{kind}Date"].value == "20261122"
            assert read[f"{kind}Time"].value == "093015.250000"
        if "DateOfSecondaryCapture" in read:
            assert (read.DateOfSecondaryCapture, read.TimeOfSecondaryCapture) == ("20261122", "093015.250000")


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        ("+0900", "20261123 033015"),
        ("-0500", "20261122 133015"),
        ("", "20261122 183015"),
        ("junk", "20261122 183015"),
    ],
)
def test_times_are_in_the_time_zone_that_the_study_states(offset: str, expected: str) -> None:
    arguments = ct(files=[file_of(ct_image(TimezoneOffsetFromUTC=offset))])
    context = replace(arguments.context, created=datetime(2026, 11, 22, 18, 30, 15, tzinfo=UTC))

    report, *_ = arguments.changed(context=context).encoded().objects

    assert f"{report.ContentDate} {str(report.ContentTime)[:6]}" == expected


def test_the_file_says_which_implementation_wrote_it() -> None:
    metas = [dataset.file_meta for dataset in ct().encoded().objects]

    assert {meta.ImplementationVersionName for meta in metas} == {"SAMD"}
    assert len({meta.ImplementationClassUID for meta in metas}) == 1
