"""The trail as a quality officer uses it, in Chromium: who read a study, whom the node refused, is it whole.

With SAMD_SHOTS set to a folder, what the officer sees is kept there as pictures.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pynetdicom import AE

from audit.models import AuditEvent
from samd.records import reception
from samd.records.models import Analysis
from tests.accounts.people import person, seal
from tests.console import rows as build
from tests.console import trail as told
from tests.dicom.loopback import CT, RememberingJournal, start_node

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("AUD-07", "AUD-09"),
]


@pytest.fixture
def officer(open_as: Callable[[User], Page]) -> Page:
    """A page of the quality officer "lee"."""
    return open_as(person("lee", "quality_officer"))


def pictured() -> Analysis:
    analysis = build.finding(build.study(PatientName="김^영희"))
    build.previews(analysis, "image", "heat")
    return analysis


def test_the_officer_finds_out_in_a_moment_who_looked_at_a_study(
    open_as: Callable[[User], Page], officer: Page, keep: Callable[[Page, str], None]
) -> None:
    run = pictured().run
    physician = open_as(person("kim", "physician"))
    physician.goto("/")
    physician.get_by_role("link", name="김 영희").click()
    expect(physician.locator(".stack .image")).to_be_visible()
    seal()

    officer.goto("/trail/")
    officer.get_by_role("textbox", name="Study").fill(run.study.study_instance_uid)
    officer.get_by_role("button", name="Show").click()
    expect(officer.get_by_role("link", name="Study opened for reading")).to_be_visible()
    keep(officer, "trail-study-read")
    officer.get_by_role("link", name="The whole story of this study").click()

    readers = officer.locator("#readers")
    expect(readers.get_by_role("row", name="kim")).to_contain_text("127.0.0.1")
    expect(readers.get_by_role("row")).to_have_count(2)  # the heading and kim
    expect(officer.get_by_text("김 영희")).to_have_count(0)
    keep(officer, "trail-story")
    assert not AuditEvent.objects.filter(event="picture:viewed").exists()  # the page has shown them


def test_a_peer_that_the_node_refused_is_in_the_trail(
    officer: Page, keep: Callable[[Page, str], None], tmp_path: Path
) -> None:
    journal = RememberingJournal()
    with start_node(tmp_path / "node", journal) as node:
        stranger = AE("STRANGER")
        stranger.add_requested_context(CT)
        assert stranger.associate("127.0.0.1", node.port, ae_title="SAMD").is_rejected
        journal.wait_for("refused")
    (refusal,) = journal.refusals
    reception.refused(
        calling_ae=refusal.calling_ae,
        called_ae=refusal.called_ae,
        address=refusal.address,
        reason=refusal.reason,
        association=refusal.kind == "association",
    )
    seal()

    officer.goto("/trail/")
    officer.get_by_label("Outcome").select_option(label="Everything but success")
    officer.get_by_role("button", name="Show").click()

    row = officer.get_by_role("row", name="Connection refused: STRANGER called SAMD")
    expect(row).to_contain_text("127.0.0.1")
    expect(row).to_contain_text("Refused or failed")
    expect(row).to_contain_text("checkpoint")
    keep(officer, "trail-peer-refused")


def test_the_officer_verifies_the_trail_and_sees_the_checkpoint(
    officer: Page, keep: Callable[[Page, str], None]
) -> None:
    officer.goto("/trail/")
    officer.get_by_role("link", name="Verify").click()
    officer.get_by_role("button", name="Verify now").click()

    expect(officer.get_by_role("status")).to_contain_text("The trail is intact")
    expect(officer.get_by_role("status")).to_contain_text("hospital.example/samd")
    keep(officer, "trail-verified")
    assert AuditEvent.objects.get(event="trail:verified").actor == "lee"


def test_an_altered_trail_is_seen_at_a_glance(officer: Page, keep: Callable[[Page, str], None]) -> None:
    event = told.event_read_by("kim")
    seal()
    told.forge_one(event, actor="hong")

    officer.goto("/trail/")
    expect(officer.get_by_text("ALTERED")).to_have_count(1)
    officer.goto("/trail/verify/")
    officer.get_by_role("button", name="Verify now").click()

    expect(officer.get_by_text("The trail is not intact")).to_be_visible()
    expect(officer.locator(".problems")).to_contain_text(f"no. {event.entry.seq}")
    keep(officer, "trail-altered")


def test_the_officer_takes_a_story_out_on_paper_and_says_why(officer: Page) -> None:
    run = pictured().run

    officer.goto(f"/trail/studies/{run.study_id}/")
    officer.get_by_role("link", name="Export").click()
    officer.get_by_label(f"Story of study {run.study_id} as PDF").check()
    officer.get_by_label("Reason for the download").select_option(label="Inspection by an authority")
    officer.get_by_label("In detail").fill("yearly inspection")
    with officer.expect_download() as download:
        officer.get_by_role("button", name="Download").click()

    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")
    assert download.value.suggested_filename.startswith(f"story-of-study-{run.study_id}-")


def test_a_name_that_is_typed_into_the_filter_stays_out_of_the_address(officer: Page) -> None:
    officer.goto("/trail/")
    officer.get_by_role("textbox", name="Patient").fill("김영희")

    with officer.expect_response("**/trail/") as answered:
        officer.get_by_role("button", name="Show").click()

    assert answered.value.status == 400
    assert officer.url.endswith("/trail/")
    expect(officer.get_by_role("alert")).to_contain_text("Nothing was searched")


def test_the_list_is_read_without_a_script_and_on_a_narrow_screen(
    officer: Page, keep: Callable[[Page, str], None]
) -> None:
    told.event_read_by("kim")
    officer.set_viewport_size({"width": 420, "height": 800})

    officer.goto("/trail/?what=reading")

    expect(officer.get_by_role("link", name="Study opened for reading")).to_be_visible()
    assert officer.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert officer.locator("script").count() == 0
    keep(officer, "trail-narrow")
