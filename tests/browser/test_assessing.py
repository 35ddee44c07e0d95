"""A physician assesses a result in Chromium: by one click, and without a script."""

import pytest
from playwright.sync_api import Browser, Page, expect

from samd.records.models import Analysis, Assessment
from tests.console import rows as build

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("REV-01"),
]


def pictured() -> Analysis:
    analysis = build.finding(build.study(PatientName="김^영희"))
    build.previews(analysis, "image", "heat", "segments")
    return analysis


def test_one_click_agrees(reader: Page) -> None:
    reader.goto(f"/studies/{pictured().run.study_id}/")

    reader.get_by_role("button", name="Agree").click()

    expect(reader.get_by_role("status")).to_have_text("Your assessment was saved.")
    expect(reader.locator(".assessment")).to_contain_text("Agreed – assessed by Dr. Kim")
    expect(reader.get_by_role("button", name="Agree")).to_be_hidden()


def test_a_finding_is_changed_without_a_script(browser: Browser, session: dict[str, str]) -> None:
    context = browser.new_context(base_url=session["url"], locale="en-US", java_script_enabled=False)
    context.add_cookies([session])
    page = context.new_page()
    page.goto(f"/studies/{pictured().run.study_id}/")

    page.get_by_text("Change", exact=True).click()
    page.get_by_label("Pneumonia (Lung)").select_option("absent")
    page.get_by_role("button", name="Save the change").click()

    expect(page.locator(".assessment")).to_contain_text("Reason: false positive")
    assert Assessment.objects.get().decision == "changed"
    context.close()


def test_the_keyboard_does_not_agree_by_accident(reader: Page) -> None:
    reader.goto(f"/studies/{pictured().run.study_id}/")
    reader.get_by_text("Change", exact=True).click()

    reader.get_by_label("wrong location").check()
    reader.get_by_label("wrong location").press("Enter")

    expect(reader.locator(".assessment")).to_contain_text("Reason: wrong location")
    assert [row.decision for row in Assessment.objects.all()] == ["changed"]
