"""The console as a physician uses it, in Chromium."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Page, expect

from samd.records.models import Analysis, Job
from tests.accounts.people import PASSWORD, code_of, person
from tests.console import rows as build

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("WEB-01"),
]

# What the list does by itself every few seconds, without waiting for them.
LOOK_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"


def pictured() -> Analysis:
    analysis = build.finding(build.study(PatientName="김^영희"))
    build.previews(analysis, "image", "heat", "segments")
    return analysis


def test_a_physician_logs_in_sees_the_four_answers_and_logs_out(visitor: Page) -> None:
    kim = person("kim", "physician")
    build.every_answer()

    visitor.goto("/")
    visitor.get_by_label("User name").fill("kim")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Log in").click()
    visitor.get_by_label("Code of your authenticator app").fill(code_of(kim))
    visitor.get_by_role("button", name="Log in").click()

    expect(visitor.locator(".answer")).to_have_text(
        ["Analysis failed", "Not analysable", "Nothing found", "Finding"]
    )
    visitor.get_by_role("button", name="Log out").click()
    expect(visitor.get_by_role("heading", name="Log in")).to_be_visible()


def test_the_four_answers_differ_in_colour(reader: Page) -> None:
    build.every_answer()

    reader.goto("/")

    colours = reader.locator(".answer").evaluate_all(
        "badges => badges.map(badge => getComputedStyle(badge).backgroundColor)"
    )
    assert len(set(colours)) == 4


def test_the_list_brings_new_studies_by_itself(reader: Page) -> None:
    reader.goto("/")
    expect(reader.get_by_text("No study to show.")).to_be_visible()

    build.study(PatientName="정^하은", done=False)
    reader.evaluate(LOOK_AGAIN)

    expect(reader.get_by_role("link", name="정 하은")).to_be_visible()
    expect(reader.locator("#fresh")).to_be_visible()


def test_a_list_that_cannot_be_updated_says_so(reader: Page) -> None:
    reader.goto("/")
    reader.evaluate(LOOK_AGAIN)
    expect(reader.locator("#fresh")).to_be_visible()

    reader.context.set_offline(True)
    reader.evaluate(LOOK_AGAIN)
    expect(reader.get_by_role("alert")).to_contain_text("has not been updated since")

    reader.context.set_offline(False)
    reader.evaluate(LOOK_AGAIN)
    expect(reader.get_by_role("alert")).to_have_count(0)


def test_the_list_leads_to_the_login_when_the_session_has_ended(reader: Page) -> None:
    reader.goto("/")
    Session.objects.all().delete()

    reader.evaluate(LOOK_AGAIN)

    expect(reader.get_by_role("heading", name="Log in")).to_be_visible()


def test_the_layers_lie_upon_the_image_and_can_be_hidden_and_faded(reader: Page) -> None:
    reader.goto(f"/studies/{pictured().run.study_id}/")
    image, heat, segments = (reader.locator(f".stack .{layer}") for layer in ("image", "heat", "segments"))

    assert image.bounding_box() == heat.bounding_box() == segments.bounding_box()
    assert heat.evaluate("layer => layer.naturalWidth") == 8

    reader.get_by_role("checkbox", name="Heat map").uncheck()
    expect(heat).to_be_hidden()
    expect(segments).to_be_visible()

    reader.get_by_role("slider", name="Opacity of the heat map").fill("25")
    expect(heat).to_be_visible()
    expect(heat).to_have_css("opacity", "0.25")


def test_the_image_is_shown_and_its_layers_hidden_without_a_script(
    browser: Browser, session: dict[str, str]
) -> None:
    context = browser.new_context(base_url=session["url"], locale="en-US", java_script_enabled=False)
    context.add_cookies([session])
    page = context.new_page()

    page.goto(f"/studies/{pictured().run.study_id}/")

    for layer in ("image", "heat", "segments"):
        expect(page.locator(f".stack .{layer}")).to_be_visible()
    page.get_by_role("checkbox", name="Segmentation").uncheck()
    expect(page.locator(".stack .segments")).to_be_hidden()
    expect(page.get_by_role("slider")).to_have_count(0)
    context.close()


def test_the_language_is_switched_in_the_header(reader: Page) -> None:
    build.every_answer()
    reader.goto("/?show=failed")

    reader.get_by_role("button", name="한국어").click()

    expect(reader.locator("html")).to_have_attribute("lang", "ko")
    expect(reader.locator(".answer")).to_have_text(["분석 실패"])


def test_an_operator_follows_the_alarm_and_tries_again(reader: Page) -> None:
    build.undelivered()
    reader.goto("/")

    reader.get_by_role("link", name="1 dead letter").click()
    expect(reader.get_by_text("archive volume is read-only")).to_be_visible()
    reader.get_by_role("button", name="Try again").click()

    expect(reader.get_by_role("status")).to_have_text("The job is back in the queue.")
    assert Job.objects.get().state == Job.State.READY


def test_a_superseded_answer_is_folded_away_until_it_is_asked_for(reader: Page) -> None:
    first = build.study()
    before = build.finding(first)
    build.analysis(build.next_run(first.study), "nothing found", supersedes=before)
    reader.goto(f"/studies/{first.study_id}/")
    expect(reader.locator(f"#analysis-{before.pk}")).to_be_hidden()

    reader.get_by_role("link", name="Supersedes an earlier analysis").click()

    expect(reader.locator(f"#analysis-{before.pk}")).to_be_visible()


def test_the_keyboard_reaches_the_content_first_and_shows_where_it_is(reader: Page) -> None:
    build.every_answer()
    reader.goto("/")

    reader.keyboard.press("Tab")

    skip = reader.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    expect(skip).to_have_css("outline-style", "solid")


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_screen(reader: Page, width: int) -> None:
    analysis = pictured()
    build.result_object(analysis)
    build.undelivered()
    build.conflict()
    build.refusal()
    model = build.imported_bundle()
    reader.set_viewport_size({"width": width, "height": 800})

    for address in ("/", f"/studies/{analysis.run.study_id}/", "/operations/", f"/models/{model.digest}/"):
        reader.goto(address)
        for details in reader.locator("summary").all():
            details.click()
        assert reader.evaluate("document.documentElement.scrollWidth") == width, address
