"""A validation as people do it, in Chromium: register, sign, start, watch, read.

With SAMD_SHOTS set to a folder, what they see is kept there as pictures.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from playwright.sync_api import Page, expect

from tests.accounts.people import PASSWORD, code_of
from tests.console.signers import lee as lee
from tests.console.signers import park as park
from tests.console.signers import sealing_goes_on as sealing_goes_on
from tests.validation.device import Bench
from tests.validation.test_ordering import ordered, registered, signed
from tests.validation.test_ordering import site as site
from tests.validation.test_ordering import workers_answer_at_once as workers_answer_at_once
from validation.models import Outcome, Run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("sealing_goes_on", "workers_answer_at_once"),
    pytest.mark.requirement("VAL-01", "VAL-08", "VAL-12"),
]


def sign(page: Page, user: User, meaning: str) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code of your app").fill(code_of(user))
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_role("status")).to_have_text(f"Signed: {meaning}.")


def test_a_protocol_is_registered_signed_run_and_read(
    open_as: Callable[[User], Page],
    keep: Callable[[Page, str], None],
    site: Bench,
    lee: User,
    park: User,
    tmp_path: Path,
) -> None:
    officer, approver = open_as(lee), open_as(park)
    officer.goto("/validations/")
    officer.get_by_label("The file of the protocol").set_input_files(site.protocol)
    officer.get_by_role("button", name="Register").click()
    sign(officer, lee, "reviewed")
    keep(officer, "validation-protocol")
    approver.goto(officer.url)
    sign(approver, park, "approved")

    officer.reload()
    officer.get_by_role("button", name="Start a run").click()
    expect(officer.get_by_role("status")).to_contain_text("The run is ordered")
    expect(officer.locator("#order")).to_contain_text("waits for the judge")
    keep(officer, "validation-ordered")

    call_command("judge", "--once")

    officer.reload()
    officer.locator("#order a").click()
    expect(officer.get_by_text("6 of 6 analyses")).to_be_visible()
    keep(officer, "validation-finished")
    with officer.expect_download() as download:
        officer.get_by_role("link", name="report.pdf", exact=True).click()
    download.value.save_as(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
    sign(officer, lee, "reviewed")


def test_the_page_of_a_run_shows_its_progress_by_itself(
    open_as: Callable[[User], Page],
    keep: Callable[[Page, str], None],
    site: Bench,
    lee: User,
    park: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = registered(site, lee)
    signed(record, lee, park)
    ordered(record, lee)

    def stopped(_opened: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("validation.judging.close", stopped)
        with pytest.raises(SystemExit):
            call_command("judge", "--once")
    Outcome.objects.order_by("pk").last().delete()  # type: ignore[union-attr]
    page = open_as(lee)
    page.goto(f"/validations/{Run.objects.get().pk}/")
    expect(page.locator("#rows")).to_contain_text("5 of 6 analyses")
    keep(page, "validation-under-way")

    call_command("judge", "--once")

    expect(page.locator("#rows")).to_contain_text("This run is finished.", timeout=15_000)
    page.get_by_role("link", name="Open its report").click()
    expect(page.get_by_role("heading", name="Primary endpoints")).to_be_visible()
