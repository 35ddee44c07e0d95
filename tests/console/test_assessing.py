"""A physician assesses results on the study page, in seconds, and everybody sees whose assessment it is."""

import json
from typing import Any

import pytest
from django.test import Client

from audit.events import Event
from audit.models import AuditEvent
from samd.console import assessment_wording as wording
from samd.console.review import study_page
from samd.console.worklist import rows, studies
from samd.domain.assessment import INSTEAD, Decision, Fault, Why
from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage
from samd.records.assessments import Refusal
from samd.records.models import Analysis, Assessment
from tests.accounts.people import logged_in, person
from tests.console import rows as build
from tests.guards.source import ROOT
from tests.records.assessing import NOT_ASSESSABLE, assessed, changed

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("REV-01")]

NOT_VERIFIED = "AI result, not verified by a physician"


def sent(reader: Client, analysis: Analysis, **fields: Any) -> str:
    """The page after these fields were sent."""
    response = reader.post(f"/analyses/{analysis.pk}/assess/", fields, follow=True)
    return str(response.content.decode())


def page_of(reader: Client, analysis: Analysis) -> str:
    return str(reader.get(f"/studies/{analysis.run.study_id}/").content.decode())


def test_a_result_that_nobody_assessed_says_so_and_offers_three_buttons(reader: Client) -> None:
    page = page_of(reader, build.finding(build.study()))

    assert page.count(NOT_VERIFIED) == 2
    for words in ("Agree</button>", "Change</summary>", "Cannot be judged</button>", "as the model: present"):
        assert words in page


def test_one_click_agrees_and_the_page_says_who_and_when(reader: Client) -> None:
    analysis = build.finding(build.study())

    page = sent(reader, analysis, decision="agreed", seen="")

    row = Assessment.objects.get()
    assert (row.decision, row.by, row.printed_name) == ("agreed", "kim", "Dr. Kim")
    assert "Your assessment was saved." in page
    assert "assessed by Dr. Kim" in page
    assert f"{row.at:%Y-%m-%d}" in page
    assert "Assess again" in page
    assert NOT_VERIFIED not in page
    assert "each assessed by a physician as stated below – research use, not a cleared device" in page


def test_a_change_names_finding_and_reason(reader: Client) -> None:
    analysis = build.finding(build.study())

    page = sent(
        reader,
        analysis,
        **{"decision": "changed", "seen": "", "finding-0": "absent", "reason": ["wrong location"]},
    )

    assert "<del>present</del> → <b>absent</b>" in page
    assert "false positive, wrong location" in page
    event = AuditEvent.objects.get(event=Event.RESULT_ASSESSED)
    assert (event.actor, json.loads(event.canonical)["facts"]["override"]) == ("kim", True)


def test_of_several_results_the_note_stays_until_each_is_judged(reader: Client) -> None:
    run = build.study()
    first = build.finding(run)
    second = build.finding(run, by=build.model("tissue"), findings=[build.MEASURED])
    build.analysis(run, Answer.FAILED, by=build.model("bleed"))

    assessed(first)
    assert not study_page(run.study_id).is_assessed

    assessed(second, NOT_ASSESSABLE)
    assert not study_page(run.study_id).is_assessed

    assessed(second)
    assert study_page(run.study_id).is_assessed


def test_an_assessment_of_what_was_superseded_meanwhile_is_refused_in_plain_words(reader: Client) -> None:
    before = build.finding(build.study())
    build.analysis(build.next_run(before.run.study), supersedes=before, stage=Stage.QUEUED)

    page = sent(reader, before, decision="agreed", seen="")

    assert "a later analysis has taken the place of the one you assessed" in page
    assert not Assessment.objects.exists()


def test_an_assessment_made_meanwhile_is_not_taken_the_place_of_unseen(reader: Client) -> None:
    analysis = build.finding(build.study())
    first = assessed(analysis, changed(analysis))

    page = sent(reader, analysis, decision="agreed", seen="")
    assert "somebody assessed this result meanwhile" in page

    page = sent(reader, analysis, decision="agreed", seen=str(first.pk))
    assert "in place of an earlier assessment" in page
    assert Assessment.objects.count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"decision": "maybe"},
        {"decision": "changed"},
        {"decision": "changed", "finding-0": "present"},
        {"decision": "changed", "finding-0": "<script>"},
        {"decision": "changed", "reason": "my own words on it"},
        {"decision": "changed", "reason": "false positive"},
        {"decision": "agreed", "seen": "many"},
        {"decision": "agreed", "seen": "9" * 40},
    ],
)
def test_what_no_form_sends_is_not_kept(reader: Client, fields: dict[str, str]) -> None:
    page = sent(reader, build.finding(build.study()), **fields)

    assert "Nothing was saved" in page
    assert "my own words" not in page
    assert not Assessment.objects.exists()


def test_it_is_done_by_post_with_a_token_and_of_an_analysis_that_exists(reader: Client) -> None:
    analysis = build.finding(build.study())
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = reader.cookies

    assert reader.get(f"/analyses/{analysis.pk}/assess/").status_code == 405
    assert reader.post("/analyses/4711/assess/", {"decision": "agreed"}).status_code == 404
    assert strict.post(f"/analyses/{analysis.pk}/assess/", {"decision": "agreed"}).status_code == 403
    assert not Assessment.objects.exists()


@pytest.mark.requirement("ACC-01")
def test_nobody_but_a_physician_assesses() -> None:
    analysis = build.finding(build.study())
    others = logged_in(person("lee", "integrator", "quality_officer"))

    assert others.post(f"/analyses/{analysis.pk}/assess/", {"decision": "agreed"}).status_code == 403
    assert not Assessment.objects.exists()


def test_a_superseded_result_keeps_its_assessment_and_has_no_form() -> None:
    before = build.finding(build.study())
    assessed(before)
    build.finding(build.next_run(before.run.study), supersedes=before)

    page = study_page(before.run.study_id)

    assert [(section.assessed is not None, section.form) for section in page.earlier] == [(True, None)]
    assert [section.assessed for section in page.current] == [None]
    assert not page.is_assessed


def test_a_failed_analysis_has_no_form(reader: Client) -> None:
    assert "Cannot be judged" not in page_of(reader, build.every_answer()["failed"])


def test_the_worklist_marks_what_was_assessed_and_can_show_what_was_not(reader: Client) -> None:
    answers = build.every_answer()
    build.analysis(build.study(), stage=Stage.QUEUED)
    assessed(answers["finding"])

    page = str(reader.get("/").content.decode())

    assert page.count("assessed: Agreed") == 1
    waiting = {analysis.run.study for name, analysis in answers.items() if name not in ("finding", "failed")}
    assert set(studies(show="to-be-assessed")) == waiting
    decisions = [a.assessed.slug for row in rows(studies()) for a in row.analyses if a.assessed]
    assert decisions == ["agreed"]


def test_a_study_is_to_be_assessed_again_when_a_later_analysis_took_the_place() -> None:
    before = build.finding(build.study())
    assessed(before)
    build.finding(build.next_run(before.run.study), supersedes=before)

    assert list(studies(show="to-be-assessed")) == [before.run.study]


def test_every_word_has_its_label_and_every_mark_its_icon() -> None:
    icons = (ROOT / "samd/console/static/console/icons.svg").read_text()

    assert set(wording.DECISIONS) == set(Decision)
    assert set(wording.STATEMENTS) == set(INSTEAD)
    assert set(wording.PHYSICIANS) == {one for instead in INSTEAD.values() for one in instead}
    assert set(wording.REASONS) == set(Why)
    assert set(wording.REFUSALS) == {*Refusal, *Fault}
    assert all(f'id="{word.slug}"' in icons for word in wording.DECISIONS.values())
