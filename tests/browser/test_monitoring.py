"""Monitoring as the quality officer does it, in Chromium: a breach, its charts, its problem to the end."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django import Settings

from tests.console.signers import lee as lee
from tests.console.signers import park as park
from tests.console.signers import sealing_goes_on as sealing_goes_on
from tests.validation.monitoring.test_views import in_use, the_plan
from validation.management.commands.watch import watch

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("sealing_goes_on"),
    pytest.mark.requirement("VAL-11"),
]


def test_a_breach_is_seen_and_followed(
    open_as: Callable[[User], Page],
    keep: Callable[[Page, str], None],
    settings: Settings,
    lee: User,
    park: User,
    tmp_path: Path,
) -> None:
    settings.SAMD_STORE = tmp_path / "store"
    settings.SAMD_STORE.mkdir(exist_ok=True)
    the_plan(tmp_path, lee, park)
    in_use(40)
    in_use(20, score=None)
    watch()
    page = open_as(lee)

    page.goto("/monitoring/")
    keep(page, "monitoring")
    page.locator("#plans a").first.click()
    expect(page.locator("svg[role=img] circle").first).to_be_visible()
    keep(page, "monitoring-plan")
    page.get_by_role("link", name="Monitoring", exact=True).click()
    page.locator("#problems a").first.click()
    page.get_by_label("Number").fill("CAPA-2026-7")
    page.get_by_label("Kind").select_option("CAPA")
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.get_by_text("CAPA CAPA-2026-7")).to_be_visible()
    page.get_by_label("What came of it").fill("The new detector was set up wrongly.")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("closed")
    keep(page, "monitoring-problem")
