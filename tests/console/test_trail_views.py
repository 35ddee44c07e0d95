"""The pages of the trail: who may see them, what they show, and that they are in the trail themselves."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from audit import inspection, keys, proof
from audit.events import Event
from audit.models import AuditEvent, Entry
from audit.trail import Outcome
from audit.verification.findings import Verification
from audit.verify import verify
from samd.records.models import Run, Study
from samd.records.surrogates import surrogate_of
from tests.accounts.people import logged_in, person, seal
from tests.console import rows as build
from tests.console import trail as told

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("AUD-09", "AUD-07")]

REASON = {"purpose": "inspection", "details": "yearly"}


def text(response: Any) -> str:
    return str(response.getvalue().decode() if response.streaming else response.content.decode())


def recorded(event: str) -> list[dict[str, Any]]:
    return [json.loads(e.canonical) for e in AuditEvent.objects.filter(event=event).order_by("pk")]


@pytest.fixture
def officer(db: None) -> Client:
    """A browser of the quality officer "lee"."""
    return logged_in(person("lee", "quality_officer"))


@pytest.fixture
def read(db: None) -> Run:
    """A study that the physician "kim" has read, and a peer that was refused; sealed."""
    run = build.study(PatientName="Secret^Name", PatientID="SECRET-ID")
    with transaction.atomic():
        Study.objects.update(patient=surrogate_of(b"\\SECRET-ID"))
    study = Study.objects.get()
    told.event(
        Event.STUDY_VIEWED, str(study), by="kim", at="10.0.0.1", study=str(study), patient=study.patient
    )
    told.event(
        Event.ASSOCIATION_REFUSED,
        "refusal/1",
        outcome=Outcome.MINOR_FAILURE,
        reason="the calling AE title is not known",
        calling_ae="STRANGER",
        called_ae="SAMD",
        from_address="10.9.9.9",
    )
    seal()
    return run


@pytest.mark.parametrize("role", ["quality_officer", "auditor", "administrator"])
def test_whoever_oversees_reads_the_trail(read: Run, role: str) -> None:
    browser = logged_in(person("choi", role))

    for address in ("/trail/", f"/trail/studies/{read.study_id}/", "/trail/verify/"):
        assert browser.get(address).status_code == 200


@pytest.mark.parametrize("role", ["physician", "integrator", "approver"])
def test_nobody_else_does(read: Run, role: str) -> None:
    browser = logged_in(person("choi", role))

    for address in (
        "/trail/",
        "/trail/events/1/",
        f"/trail/studies/{read.study_id}/",
        "/trail/verify/",
        "/trail/export/",
    ):
        assert browser.get(address).status_code == 403
    assert browser.post("/trail/events/1/proof/", REASON).status_code == 403


def test_the_list_says_who_read_and_who_was_refused(officer: Client, read: Run) -> None:
    page = text(officer.get("/trail/"))

    for words in (
        "Study opened for reading",
        "kim",
        "10.0.0.1",
        "Connection refused: STRANGER called SAMD",
        "10.9.9.9",
        "the calling AE title is not known",
    ):
        assert words in page
    assert "Secret" not in page


def test_reading_the_list_is_recorded_with_its_filter(officer: Client, read: Run) -> None:
    officer.get(f"/trail/?study={read.study_id}&what=reading", REMOTE_ADDR="10.0.0.2")

    (event,) = recorded("trail:viewed")
    assert (event["actor"], event["address"]) == ("lee", "10.0.0.2")
    assert event["study"] == str(read.study)
    assert event["facts"] == {"filter": f"study={read.study_id}&what=reading", "shown": 1}


def test_a_filter_becomes_an_address_of_numbers_and_surrogates(officer: Client, read: Run) -> None:
    study = Study.objects.get()

    response = officer.post("/trail/", {"study": study.study_instance_uid, "patient": "SECRET-ID"})

    assert response.status_code == 302
    assert response["Location"] == (
        f"/trail/?patient={study.patient.removeprefix('patient/')}&study={study.pk}"
    )


def test_to_look_up_a_patient_is_recorded_and_the_id_is_not(officer: Client, read: Run) -> None:
    officer.post("/trail/", {"patient": "SECRET-ID"})
    officer.post("/trail/", {"patient": "UNKNOWN-ID"})

    found, missed = recorded("patient:looked up")
    assert (found["patient"], found["outcome"], found["actor"]) == (Study.objects.get().patient, 0, "lee")
    assert (missed["patient"], missed["outcome"]) == ("", 4)
    assert "-ID" not in json.dumps([found, missed])


@pytest.mark.parametrize("field", ["person", "patient", "study"])
def test_a_name_never_gets_into_an_address(officer: Client, field: str) -> None:
    response = officer.post("/trail/", {field: "홍길동"})

    assert response.status_code == 400
    assert "Nothing was searched" in text(response)


def test_an_address_that_makes_no_sense_shows_nothing(officer: Client, read: Run) -> None:
    response = officer.get("/trail/?study=Secret")

    assert response.status_code == 400
    assert "10.9.9.9" not in text(response)
    assert officer.get("/trail/?before=x&after=99999999999999999999").status_code == 200


def test_the_pages_of_the_list_keep_the_filter(officer: Client) -> None:
    for number in range(60):
        told.event(Event.STUDY_VIEWED, f"study/{number}", by="kim")

    page = text(officer.get("/trail/?person=kim"))
    older = page.split('<nav class="pages"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")

    assert older.startswith("/trail/?person=kim&before=")
    assert text(officer.get(older)).count('<td class="time">') == 10


def test_an_event_shows_its_text_its_place_and_its_checkpoint(officer: Client, read: Run) -> None:
    event = AuditEvent.objects.get(event="study:viewed")

    page = text(officer.get(f"/trail/events/{event.pk}/"))

    assert "&quot;event&quot;:&quot;study:viewed&quot;" in page
    assert event.entry.leaf in page
    assert "hospital.example/samd" in page
    assert recorded("trail:viewed")[-1]["facts"] == {"filter": "", "row": event.pk}
    assert officer.get("/trail/events/4711/").status_code == 404


def test_an_altered_event_is_conspicuous_in_list_story_and_page(officer: Client, read: Run) -> None:
    event = AuditEvent.objects.get(event="study:viewed")
    told.forge(address="10.66.6.6")

    assert "ALTERED" in text(officer.get("/trail/"))
    assert "altered after" in text(officer.get(f"/trail/studies/{read.study_id}/"))
    assert "This row was altered" in text(officer.get(f"/trail/events/{event.pk}/"))


def test_the_story_says_who_looked_at_the_study(officer: Client, read: Run) -> None:
    page = text(officer.get(f"/trail/studies/{read.study_id}/"))

    readers = page.split('id="readers"')[1].split("</section>")[0]
    assert "kim" in readers
    assert "10.0.0.1" in readers
    assert recorded("trail:viewed")[-1]["study"] == str(read.study)
    assert officer.get("/trail/studies/4711/").status_code == 404


def test_a_study_page_leads_to_its_story_for_whoever_may_read_it(reader: Client, read: Run) -> None:
    address = f"/trail/studies/{read.study_id}/"
    both = logged_in(person("han", "physician", "quality_officer"))

    assert address not in text(reader.get(f"/studies/{read.study_id}/"))
    assert address in text(both.get(f"/studies/{read.study_id}/"))


def test_the_menu_has_the_trail_for_whoever_may_read_it(officer: Client, reader: Client) -> None:
    assert 'href="/trail/"' in text(officer.get("/trail/"))
    assert 'href="/trail/"' not in text(reader.get("/"))


def test_who_was_refused_the_trail_is_in_the_trail(reader: Client) -> None:
    reader.get("/trail/")

    assert recorded("user:refused")[-1]["actor"] == "kim"


def test_an_export_asks_for_a_reason(officer: Client, read: Run) -> None:
    assert "Reason for the download" in text(officer.get("/trail/export/"))

    response = officer.post("/trail/export/", {"format": "csv"})

    assert response.status_code == 400
    assert "Choose a reason" in text(response)
    assert recorded("trail:exported") == []


def test_csv_is_handed_out_as_filtered_and_recorded(officer: Client, read: Run) -> None:
    response = officer.post("/trail/export/", {"format": "csv", "person": "kim", **REASON})

    content = text(response)
    (row,) = csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline=""))
    assert row["What happened"] == "Study opened for reading"
    begun, complete = recorded("trail:exported")
    assert (begun["facts"]["part"], complete["facts"]["part"]) == ("begun", "complete")
    assert (complete["actor"], complete["reason"]) == ("lee", "inspection: yearly")
    assert (complete["facts"]["filter"], complete["facts"]["rows"]) == ("person=kim", 1)


@pytest.mark.part11("11.10(b)")
def test_json_lines_are_the_whole_trail_whatever_the_filter(officer: Client, read: Run) -> None:
    response = officer.post("/trail/export/", {"format": "jsonl", "person": "kim", **REASON})

    lines = text(response).splitlines(keepends=True)
    assert verify(lines, keys=list(keys.known())).ok
    assert recorded("trail:exported")[-1]["facts"]["filter"] == ""


@pytest.mark.part11("11.10(b)")
@pytest.mark.parametrize("more", [{}, {"story": "1"}])
def test_a_pdf_is_handed_out_and_recorded(officer: Client, read: Run, more: dict[str, str]) -> None:
    given = {"format": "pdf", "study": str(read.study_id), **REASON, **more}

    response = officer.post("/trail/export/", given)

    assert response.content.startswith(b"%PDF-")
    (event,) = recorded("trail:exported")
    assert (event["facts"]["format"], event["facts"]["part"]) == ("PDF", "complete")
    assert event["study"] == str(read.study)


def test_a_pdf_that_would_be_too_long_is_refused_and_nothing_is_recorded(
    officer: Client, read: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samd.console.trail_export.MOST_IN_PDF", 1)

    response = officer.post("/trail/export/", {"format": "pdf", **REASON})

    assert response.status_code == 400
    assert "narrow it, or take CSV" in text(response)
    assert recorded("trail:exported") == []


def test_an_export_of_nonsense_is_not_found(officer: Client) -> None:
    assert officer.post("/trail/export/", {"format": "exe", **REASON}).status_code == 404
    assert officer.get("/trail/export/?person=Secret").status_code == 404


def test_the_proof_of_one_event_holds_for_an_outsider(officer: Client, read: Run) -> None:
    event = AuditEvent.objects.get(event="study:viewed")

    response = officer.post(f"/trail/events/{event.pk}/proof/", REASON)

    content, _checkpoint = proof.verify_inclusion(text(response), keys.known())
    assert (content["event"], content["actor"]) == ("study:viewed", "kim")
    assert recorded("trail:exported")[-1]["facts"]["format"] == "proof"


def test_there_is_no_proof_without_a_reason_a_checkpoint_or_an_event(officer: Client, read: Run) -> None:
    sealed = AuditEvent.objects.get(event="study:viewed")
    waiting = told.event(Event.STUDY_VIEWED)

    without_reason = officer.post(f"/trail/events/{sealed.pk}/proof/", follow=True)
    too_early = officer.post(f"/trail/events/{waiting.pk}/proof/", REASON, follow=True)

    assert "Choose a reason" in text(without_reason)
    assert "No checkpoint covers this event yet" in text(too_early)
    assert officer.post("/trail/events/4711/proof/", REASON).status_code == 404
    assert officer.get(f"/trail/events/{sealed.pk}/proof/").status_code == 405
    assert recorded("trail:exported") == []


def test_an_altered_event_has_no_proof(officer: Client, read: Run) -> None:
    event = AuditEvent.objects.get(event="study:viewed")
    told.forge_one(event, canonical=event.canonical.replace("kim", "lee"))

    page = text(officer.post(f"/trail/events/{event.pk}/proof/", REASON, follow=True))

    assert "There is no proof" in page
    assert recorded("trail:exported") == []


@pytest.mark.django_db(transaction=True)
def test_a_whole_trail_is_found_whole_and_that_is_recorded(officer: Client, read: Run) -> None:
    page = text(officer.post("/trail/verify/", REMOTE_ADDR="10.0.0.2"))

    assert "The trail is intact" in page
    assert page.rstrip().endswith("</html>")
    (event,) = recorded("trail:verified")
    assert (event["actor"], event["address"], event["outcome"]) == ("lee", "10.0.0.2", 0)


@pytest.mark.django_db(transaction=True)
def test_an_altered_trail_is_found_and_located(officer: Client, read: Run) -> None:
    event = AuditEvent.objects.get(event="study:viewed")
    told.forge_one(event, actor="lee")

    page = text(officer.post("/trail/verify/"))

    assert "The trail is not intact" in page
    assert f"no. {event.entry.seq}" in page
    (verified,) = recorded("trail:verified")
    assert verified["outcome"] == 12
    assert "The last verification found problems" in text(officer.get("/trail/"))


@pytest.mark.django_db(transaction=True)
def test_without_a_public_key_nothing_is_verified_and_nothing_claimed(
    officer: Client, read: Run, settings: Settings
) -> None:
    Path(f"{settings.AUDIT_KEY}.pub").unlink()

    page = text(officer.post("/trail/verify/"))

    assert "Nothing was verified" in page
    assert recorded("trail:verified") == []


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_is_told_how_far_it_is(
    officer: Client, read: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(progress: Callable[[int], None]) -> Verification:
        progress(3)
        return inspection.inspect()

    monkeypatch.setattr("samd.console.trail_verify_views._OFTEN", 0)
    monkeypatch.setattr("samd.console.trail_verification.in_the_database", slowly)

    page = text(officer.post("/trail/verify/"))

    total = Entry.objects.count()
    assert f'<progress value="3" max="{total}">' in page
    assert f"3 of {total} events" in page
    assert page.index("<progress") < page.index("The trail is intact")


def test_to_look_at_the_page_verifies_nothing(officer: Client) -> None:
    officer.get("/trail/verify/")

    assert recorded("trail:verified") == []


def test_what_came_over_the_network_is_never_markup(officer: Client) -> None:
    script = "<script>alert(1)</script>"
    event = told.event(Event.ASSOCIATION_REFUSED, "refusal/1", reason=script, calling_ae=script)

    for address in ("/trail/", f"/trail/events/{event.pk}/"):
        assert script not in text(officer.get(address))


def test_the_pages_speak_korean(officer: Client, read: Run) -> None:
    officer.post("/i18n/", {"language": "ko", "next": "/"})

    page = text(officer.get("/trail/"))

    for words in ("감사추적", "검사 열람", "연결 거부: STRANGER → SAMD"):
        assert words in page


def test_an_account_that_was_deleted_from_outside_still_has_its_events(officer: Client) -> None:
    told.event(Event.STUDY_VIEWED, by="gone")
    assert not User.objects.filter(username="gone").exists()

    assert "gone" in text(officer.get("/trail/?person=gone"))
