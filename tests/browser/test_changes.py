"""A candidate is decided by a change plan in Chromium: registered, signed, asked, read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from audit.models import Record
from tests.browser.test_validations import sign
from tests.console.signers import lee as lee
from tests.console.signers import park as park
from tests.console.signers import sealing_goes_on as sealing_goes_on
from tests.validation.changes_files import LAST, OUTSIDE, plan_text
from tests.validation.test_changes import reports

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("sealing_goes_on"),
    pytest.mark.requirement("CHG-04"),
]


def test_a_candidate_whose_subgroup_falls_is_outside_and_the_page_says_which(
    open_as: Callable[[User], Page],
    keep: Callable[[Page, str], None],
    lee: User,
    park: User,
    tmp_path: Path,
) -> None:
    (tmp_path / "plan.toml").write_text(plan_text())
    runs = reports(OUTSIDE, lee, park, women="not met")
    officer, approver = open_as(lee), open_as(park)
    officer.goto("/changes/")
    officer.get_by_label("The file of the plan").set_input_files(tmp_path / "plan.toml")
    officer.get_by_role("button", name="Register").click()
    sign(officer, lee, "reviewed")
    approver.goto(officer.url)
    sign(approver, park, "approved")
    keep(approver, "change-plan")

    officer.reload()
    officer.get_by_label("Candidate: SHA-256").fill(OUTSIDE)
    officer.get_by_label("The version before it").fill(LAST)
    for run in runs:
        officer.get_by_label(f"{run.pk} · {run.name}").check()
    officer.get_by_role("button", name="Decide", exact=True).click()

    expect(officer.get_by_text("outside the plan").first).to_be_visible()
    expect(officer.get_by_role("row", name="Sensitivity in women")).to_contain_text("Women: not met.")
    sign(officer, lee, "reviewed")
    keep(officer, "plan-decision")
    assert Record.objects.filter(subject__startswith="plan-decision/").count() == 1
