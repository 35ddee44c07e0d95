"""What the console says a study holds."""

import pytest

from samd.console.contents import contents_of
from samd.records.models import Study
from tests.console import rows as build

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("WEB-01")]


def test_patient_and_study_are_read_from_the_stored_file() -> None:
    run = build.study(images=2, PatientName="김^영희", PatientID="K-7", StudyDescription="흉부 CT")
    build.arrived(run, modality="PT")

    contents = contents_of(Study.objects.all())[run.study_id]

    banner = contents.banner
    assert banner is not None
    assert (banner.name, banner.patient_id, banner.study_description) == ("김 영희", "K-7", "흉부 CT")
    assert (banner.study_date, banner.birth_date) == ("2025-03-14", "1960-02-29")
    assert (contents.modalities, contents.images) == ("CT, PT", 3)


def test_our_own_results_that_came_back_are_no_images_of_the_study() -> None:
    run = build.study()
    (returned,) = build.arrived(run, modality="SR")
    returned.run = None
    returned.save()

    contents = contents_of(Study.objects.all())[run.study_id]

    assert (contents.modalities, contents.images) == ("CT", 1)


def test_a_study_whose_file_is_gone_has_no_banner_but_all_else() -> None:
    run = build.study()
    run.instances.update(path="gone.dcm")

    contents = contents_of(Study.objects.all())[run.study_id]

    assert (contents.banner, contents.modalities, contents.images) == (None, "CT", 1)
