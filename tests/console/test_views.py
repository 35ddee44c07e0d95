"""Who may see what, and what is recorded of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audit.models import AuditEvent
from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage
from samd.records.models import Analysis, Job
from tests.console import rows as build

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("WEB-01")]


def text(response: Any) -> str:
    return str(response.content.decode())


def test_nobody_can_log_in_to_a_new_device() -> None:
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "address",
    ["/", "/rows/", "/search/", "/studies/1/", "/analyses/1/image.png", "/models/abc/", "/operations/"],
)
def test_who_is_not_logged_in_is_sent_to_the_login(client: Client, address: str) -> None:
    build.previews(build.finding(build.study(), pk=1), "image")

    response = client.get(address)

    assert response.status_code == 302
    assert response["Location"].startswith("/login/?next=")


def test_who_is_not_logged_in_cannot_reopen_a_job(client: Client) -> None:
    job = build.undelivered()

    client.post(f"/operations/jobs/{job.pk}/reopen/")

    assert Job.objects.get().state == Job.State.DEAD


def test_the_worklist_says_the_four_answers_in_four_words_icons_and_styles(reader: Client) -> None:
    build.every_answer()

    page = text(reader.get("/"))

    for slug, word in [
        ("finding", "Finding"),
        ("nothing-found", "Nothing found"),
        ("not-analysable", "Not analysable"),
        ("failed", "Analysis failed"),
    ]:
        badge = page.split(f'class="answer {slug}"')[1].split("</span>")[0]
        assert f"icons.svg#{slug}" in badge
        assert badge.endswith(word)


def test_the_worklist_shows_stage_model_reason_and_time(reader: Client) -> None:
    build.analysis(
        build.study(),
        Answer.NOT_ANALYSABLE,
        reasons=[build.TOO_FEW, build.NOT_FINITE],
        stage=Stage.UNDELIVERED,
    )

    page = text(reader.get("/rows/"))

    for words in ("CXR", "1.0.0", "not delivered", "there are 3 images", "and 1 more", "2025-03-14 12:00"):
        assert words in page


def test_the_worklist_tells_receiving_from_no_model(reader: Client) -> None:
    build.study(done=False)
    build.study()

    page = text(reader.get("/"))

    assert page.count("Receiving images") == 1
    assert page.count("No model in force takes this study") == 1


def test_the_alarms_lead_to_what_rings(reader: Client) -> None:
    build.undelivered()
    build.conflict()

    page = text(reader.get("/"))

    assert "1 dead letter" in page
    assert 'href="/operations/#dead-letters"' in page
    assert 'href="/operations/#conflicts"' in page
    assert 'href="/operations/#refusals"' not in page


def test_the_list_is_cut_into_pages(reader: Client) -> None:
    for number in range(26):
        build.study(PatientID=f"ID-{number:02}")

    first, second = text(reader.get("/")), text(reader.get("/?page=2"))

    assert "ID-25" in first
    assert "ID-00" not in first
    assert "ID-00" in second


def test_a_search_finds_by_post_and_keeps_the_term_out_of_every_address(reader: Client) -> None:
    build.study(PatientID="P-100")
    build.study(PatientID="P-200")

    page = text(reader.post("/search/", {"term": "p-200"}))

    assert "1 study found" in page
    assert "P-100" not in page
    assert "=p-200" not in page
    assert reader.get("/search/", {"term": "p-200"})["Location"] == "/"


def test_a_study_that_is_looked_at_is_recorded_with_who_looked(reader: Client) -> None:
    run = build.study(PatientName="Secret^Name", PatientID="SECRET-ID")

    assert reader.get(f"/studies/{run.study_id}/").status_code == 200

    event = AuditEvent.objects.get(event="study:viewed")
    assert (event.subject, event.actor) == (f"study/{run.study_id}", "kim")
    assert "SECRET" not in event.canonical.upper()


def test_a_study_that_does_not_exist_is_not_found_and_not_recorded(reader: Client) -> None:
    assert reader.get("/studies/4711/").status_code == 404
    assert not AuditEvent.objects.filter(event="study:viewed").exists()


def test_the_study_page_shows_findings_objects_and_that_no_physician_verified_them(reader: Client) -> None:
    analysis = build.finding(build.study(PatientName="홍^길동"), findings=[build.PRESENT, build.MEASURED])
    build.previews(analysis, "image", "heat", "segments")
    kept = build.result_object(analysis)
    build.delivery(analysis, build.peer("archive"), delivered_at=build.NOON, remark="coerced")

    page = text(reader.get(f"/studies/{analysis.run.study_id}/"))

    for words in (
        "홍 길동",
        "Pneumonia",
        "0.931",
        "4,123\u00a0cm³",
        "31.8\u00a0%",
        kept.sop_instance_uid,
        "c0ffee",
        "coerced",
    ):
        assert words in page
    for layer in ("image", "heat", "segments"):
        assert f'src="/analyses/{analysis.pk}/{layer}.png"' in page
    assert "not verified by a physician" in page
    assert "integrated gradients" in page


def test_a_withheld_heat_map_is_said_to_be_and_cannot_be_had(reader: Client) -> None:
    analysis = build.finding(build.study(), explanation=build.WITHHELD)
    build.previews(analysis, "image", "heat")

    page = text(reader.get(f"/studies/{analysis.run.study_id}/"))

    assert "The heat map is withheld" in page
    assert "heat.png" not in page
    assert reader.get(f"/analyses/{analysis.pk}/heat.png").status_code == 404


def test_superseded_analyses_and_their_successors_link_to_each_other(reader: Client) -> None:
    first = build.study()
    before = build.finding(first)
    after = build.analysis(build.next_run(first.study), Answer.NOTHING_FOUND, supersedes=before)

    page = text(reader.get(f"/studies/{first.study_id}/"))

    assert f'href="#analysis-{before.pk}"' in page.split('class="earlier"')[0]
    assert f'href="#analysis-{after.pk}"' in page.split('class="earlier"')[1]


def test_a_picture_is_served_as_png_that_nobody_may_keep(reader: Client) -> None:
    analysis = build.finding(build.study())
    build.previews(analysis, "image")

    response = reader.get(f"/analyses/{analysis.pk}/image.png")

    assert response.getvalue().startswith(b"\x89PNG")
    assert response["Content-Type"] == "image/png"
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("layer", ["heat", "secret", "..%2fsecret", "%2e%2e/secret"])
def test_no_other_file_is_served(reader: Client, device: Path, layer: str) -> None:
    analysis = build.finding(build.study())
    build.previews(analysis, "image")
    (device / "previews" / "secret.png").write_bytes(b"secret")
    (device / "previews" / str(analysis.pk) / "secret.png").write_bytes(b"secret")

    assert reader.get(f"/analyses/{analysis.pk}/{layer}.png").status_code == 404


def test_a_dead_letter_can_be_tried_again_and_who_did_it_is_recorded(reader: Client) -> None:
    job = build.undelivered()

    page = text(reader.post(f"/operations/jobs/{job.pk}/reopen/", follow=True))

    assert "back in the queue" in page
    assert Job.objects.get().state == Job.State.READY
    assert Analysis.objects.get().stage == Stage.REPORTED
    assert AuditEvent.objects.get(event="job:reopened", subject=f"job/{job.pk}").actor == "kim"


def test_a_job_that_is_no_dead_letter_any_more_is_left_alone(reader: Client) -> None:
    job = build.job(Job.Kind.COMPLETE, build.study().pk, Job.State.DONE)

    page = text(reader.post(f"/operations/jobs/{job.pk}/reopen/", follow=True))

    assert "no longer a dead letter" in page
    assert Job.objects.get().state == Job.State.DONE


def test_a_job_is_not_reopened_by_looking_at_its_address(reader: Client) -> None:
    job = build.undelivered()

    assert reader.get(f"/operations/jobs/{job.pk}/reopen/").status_code == 405
    assert reader.post("/operations/jobs/4711/reopen/").status_code == 404
    assert Job.objects.get().state == Job.State.DEAD


def test_a_post_without_its_token_is_refused_in_plain_words() -> None:
    browser = Client(enforce_csrf_checks=True)

    response = browser.post("/login/", {"username": "kim", "password": "secret-word"})

    assert response.status_code == 403
    assert "The form is too old" in text(response)
    assert "secret-word" not in text(response)


def test_the_operations_page_has_the_peers_own_words(reader: Client) -> None:
    build.undelivered()
    build.refusal()
    build.conflict()

    page = text(reader.get("/operations/"))

    for words in ("0xA700: out of resources: archive volume is read-only", "STRANGER", "dddddddddddd", "CXR"):
        assert words in page


def test_text_from_the_network_is_never_markup(reader: Client) -> None:
    script = "<script>alert(1)</script>"
    run = build.study(PatientName=script, StudyDescription=script)
    build.refusal(reason=script)

    for address in ("/", f"/studies/{run.study_id}/", "/operations/"):
        assert script not in text(reader.get(address))


def test_an_address_that_does_not_exist_says_so_plainly(reader: Client) -> None:
    response = reader.get("/nothing/here/")

    assert response.status_code == 404
    assert "There is nothing here" in text(response)


def test_a_request_for_another_host_is_refused_plainly(client: Client) -> None:
    response = client.get("/login/", headers={"Host": "elsewhere.example"})

    assert response.status_code == 400
    assert "The request was not understood" in text(response)


def test_a_fault_says_nothing_of_the_patient(reader: Client, device: Path) -> None:
    run = build.study(PatientName="Secret^Name")
    build.analysis(run, "no such answer", findings=[{"broken": "row"}])
    reader.raise_request_exception = False

    response = reader.get(f"/studies/{run.study_id}/")

    assert response.status_code == 500
    assert "Something broke here" in text(response)
    assert "Secret" not in text(response)


def test_the_language_can_be_chosen(reader: Client) -> None:
    build.every_answer()

    reader.post("/i18n/", {"language": "ko", "next": "/"})
    page = text(reader.get("/"))

    assert '<html lang="ko">' in page
    for words in ("소견 있음", "발견된 소견 없음", "분석 불가", "분석 실패"):
        assert words in page


def test_the_login_speaks_the_language_of_the_browser(client: Client) -> None:
    page = text(client.get("/login/", headers={"Accept-Language": "ko-KR,ko;q=0.9"}))

    assert "비밀번호" in page


def test_the_card_of_a_model_is_read_from_its_verified_bundle(reader: Client) -> None:
    model = build.imported_bundle()

    page = text(reader.get(f"/models/{model.digest}/"))

    for words in ("verified just now", "tests", model.digest, "CR, DX", "≤ 6 years"):
        assert words in page


def test_a_bundle_that_was_altered_shows_no_card(reader: Client, device: Path) -> None:
    model = build.imported_bundle()
    (device / "models" / model.digest / "weights.safetensors").write_bytes(b"something else")

    page = text(reader.get(f"/models/{model.digest}/"))

    assert "it does not run" in page
    assert "weights.safetensors" in page
    assert "verified just now" not in page


def test_health_and_readiness_need_no_login(client: Client) -> None:
    ready = client.get("/readyz")

    assert (client.get("/healthz").status_code, text(client.get("/healthz"))) == (200, "ok")
    assert ready.status_code == 200
    assert json.loads(ready.content) == {"database": True, "migrations": True, "store": True, "trail": True}
