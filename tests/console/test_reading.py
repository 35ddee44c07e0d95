"""Whoever reads is in the trail, with what they were shown and never with what they typed."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from audit.actors import acting
from audit.models import AuditEvent
from samd.console import reading
from samd.records.models import Analysis, Study
from tests.accounts.people import logged_in, person
from tests.console import rows as build

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("AUD-07")]

SURROGATE = f"patient/{'a' * 16}"
WORKSTATION = "10.1.2.3"


def events(name: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(event=name).order_by("pk"))


def facts(event: AuditEvent) -> Any:
    return json.loads(event.canonical)["facts"]


@pytest.fixture
def analysis() -> Analysis:
    """A study of a known patient, with a finding and two pictures."""
    found = build.finding(build.study(PatientName="Secret^Name", PatientID="SECRET-ID"))
    Study.objects.update(patient=SURROGATE)
    build.previews(found, "image", "heat")
    return found


def test_a_study_is_read_with_its_patient_analyses_and_pictures(reader: Client, analysis: Analysis) -> None:
    reader.get(f"/studies/{analysis.run.study_id}/", REMOTE_ADDR=WORKSTATION)

    (event,) = events("study:viewed")
    assert (event.subject, event.study) == (str(analysis.run.study), str(analysis.run.study))
    assert (event.patient, event.actor, event.address) == (SURROGATE, "kim", WORKSTATION)
    assert facts(event)["analyses"] == [f"analysis/{analysis.pk}"]
    assert facts(event)["pictures"] == [f"analysis/{analysis.pk}/image", f"analysis/{analysis.pk}/heat"]
    assert "SECRET" not in event.canonical.upper()


def test_the_worklist_is_recorded_when_it_is_opened_and_not_when_it_renews_itself(
    reader: Client, analysis: Analysis
) -> None:
    reader.get("/")
    for address in ("/rows/", "/rows/", "/?again=1"):
        reader.get(address)

    (event,) = events("worklist:viewed")
    assert facts(event)["studies"] == [str(analysis.run.study)]
    assert facts(event)["shown"] == 1


def test_rows_that_no_open_worklist_asked_for_are_recorded(reader: Client, analysis: Analysis) -> None:
    reader.get("/rows/")

    assert len(events("worklist:viewed")) == 1


def test_somebody_elses_worklist_excuses_nobody(reader: Client, analysis: Analysis) -> None:
    logged_in(person("lee", "physician")).get("/")

    reader.get("/rows/")

    assert [event.actor for event in events("worklist:viewed")] == ["lee", "kim"]


def test_a_search_is_recorded_with_what_it_found_and_without_its_term(
    reader: Client, analysis: Analysis
) -> None:
    reader.post("/search/", {"term": "secret"})

    (event,) = events("worklist:searched")
    assert facts(event) == {"shown": 1, "studies": [str(analysis.run.study)]}
    assert "secret" not in event.canonical.casefold()


def test_the_pictures_of_a_page_belong_to_the_page(reader: Client, analysis: Analysis) -> None:
    reader.get(f"/studies/{analysis.run.study_id}/")

    reader.get(f"/analyses/{analysis.pk}/image.png").getvalue()

    assert events("picture:viewed") == []


def test_a_picture_that_no_open_page_shows_is_recorded(reader: Client, analysis: Analysis) -> None:
    reader.get(f"/analyses/{analysis.pk}/image.png").getvalue()

    (event,) = events("picture:viewed")
    assert (event.subject, event.study) == (f"analysis/{analysis.pk}", str(analysis.run.study))
    assert (event.patient, event.actor) == (SURROGATE, "kim")
    assert facts(event) == {"layer": "image"}


def test_a_page_from_another_workstation_or_too_long_ago_excuses_no_picture(
    reader: Client, analysis: Analysis
) -> None:
    reader.get(f"/studies/{analysis.run.study_id}/", REMOTE_ADDR=WORKSTATION)
    now = timezone.now()

    with acting("kim", address="10.9.9.9"):
        reading.picture_opened(analysis, "image", now=now)
    with acting("kim", address="10.1.2.3"):
        reading.picture_opened(analysis, "heat", now=now)
        reading.picture_opened(analysis, "image", now=now + reading.PAGE_IS_OPEN + timedelta(seconds=1))

    assert [(event.address, facts(event)["layer"]) for event in events("picture:viewed")] == [
        ("10.9.9.9", "image"),
        ("10.1.2.3", "image"),
    ]


def test_a_picture_that_there_is_not_is_not_recorded(reader: Client, analysis: Analysis) -> None:
    reader.get(f"/analyses/{analysis.pk}/segments.png")

    assert events("picture:viewed") == []


def test_a_model_card_and_the_operations_page_are_recorded(reader: Client) -> None:
    model = build.imported_bundle()

    reader.get(f"/models/{model.digest}/")
    reader.get("/operations/")

    assert [event.model for event in events("model:viewed")] == [model.digest]
    assert [event.actor for event in events("operations:viewed")] == ["kim"]


@pytest.mark.part11("11.10(e)")
@pytest.mark.parametrize(
    "address", ["/", "/studies/{study}/", "/analyses/{analysis}/image.png", "/operations/"]
)
def test_what_cannot_be_recorded_is_not_shown(
    reader: Client, analysis: Analysis, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("the disk of the trail is full")

    monkeypatch.setattr("samd.console.reading.trail.append", refuse)
    reader.raise_request_exception = False

    response = reader.get(address.format(study=analysis.run.study_id, analysis=analysis.pk))

    assert response.status_code == 500
    assert b"Secret" not in response.content
