"""Signing as people do it, in Chromium: a key, a refused signature, and a month that two people sign."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from audit.events import Event
from audit.models import AuditEvent, Signature
from tests.accounts.people import PASSWORD, code_of, person
from tests.console.signers import last_month, month_that_is_over, signer
from tests.console.signers import sealing_goes_on as sealing_goes_on

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("sealing_goes_on"),
]


def sign(page: Page, user: User, *, password: str = PASSWORD, code: str = "") -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_label("Code of your app").fill(code or code_of(user))
    page.get_by_role("button", name="Sign", exact=True).click()


def recorded(*events: Event) -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(event__in=events, subject__startswith="review/").order_by("pk")
    return list(rows.values_list("event", "actor"))


@pytest.mark.requirement("SIG-01", "SIG-02", "SIG-03")
@pytest.mark.part11("11.10(e)", "11.50(a)", "11.200(a)(1)")
def test_two_people_sign_the_review_of_a_month(open_as: Callable[[User], Page]) -> None:
    lee, park = signer("lee", "quality_officer"), signer("park", "approver")
    month_that_is_over()
    reviewer, approver = open_as(lee), open_as(park)

    reviewer.goto("/")
    reviewer.get_by_role("link", name="Reviews").click()
    reviewer.locator(".months a").last.click()
    reviewer.get_by_label("Your comments").fill("The export was asked for by the ministry.")
    reviewer.get_by_role("button", name="Draw up").click()
    expect(reviewer.get_by_role("status")).to_contain_text("The review is drawn up")
    expect(reviewer.get_by_text("I, Dr. Lee, sign what is shown here as reviewed.")).to_be_visible()
    sign(reviewer, lee)
    expect(reviewer.get_by_role("status")).to_have_text("Signed: reviewed.")

    approver.goto(reverse("review", args=[str(last_month())]))
    expect(approver.locator(".comments")).to_have_text("The export was asked for by the ministry.")
    sign(approver, park)

    expect(approver.locator(".signature td b")).to_have_text(["Dr. Lee", "Dr. Park"])
    expect(approver.locator(".signature th")).to_have_text(["reviewed", "approved"])
    expect(approver.locator("h1")).to_contain_text("approved")
    assert recorded(Event.REVIEW_OPENED, Event.RECORD_SIGNED) == [
        ("review:opened", "lee"),
        ("record:signed", "lee"),
        ("record:signed", "park"),
    ]


@pytest.mark.requirement("SIG-01", "SIG-02")
@pytest.mark.part11("11.200(a)(1)", "11.300(d)")
def test_a_signature_with_a_wrong_code_is_refused_and_seen_in_the_trail(
    open_as: Callable[[User], Page],
) -> None:
    lee = signer("lee", "quality_officer")
    month = month_that_is_over()
    page = open_as(lee)
    page.goto(reverse("review", args=[str(month)]))
    page.get_by_role("button", name="Draw up").click()

    sign(page, lee, code="000000")

    expect(page.get_by_role("status")).to_contain_text("Nothing was signed")
    expect(page.get_by_text("Nobody has signed yet.")).to_be_visible()
    assert not Signature.objects.filter(record__subject__startswith="review/").exists()
    page.goto(f"{reverse('trail')}?what={Event.SIGNATURE_REFUSED}")
    expect(page.get_by_text(f"Signature of review/{month} refused")).to_be_visible()


@pytest.mark.requirement("SIG-01")
@pytest.mark.part11("11.100(b)", "11.200(a)(3)")
def test_a_key_is_made_and_confirmed_by_a_colleague(open_as: Callable[[User], Page]) -> None:
    lee, park = signer("lee", "quality_officer"), person("park", "approver")
    mine, colleagues = open_as(park), open_as(lee)

    mine.goto("/signature/")
    mine.get_by_label("Password").fill(PASSWORD)
    mine.get_by_label("Code of your app").fill(code_of(park))
    mine.get_by_role("button", name="Make my signing key").click()
    expect(mine.get_by_role("status")).to_contain_text("as soon as a colleague has confirmed")
    fingerprint = mine.locator("dd code").first.inner_text()

    colleagues.goto("/signature/")
    expect(colleagues.locator(".colleague dd code").first).to_have_text(fingerprint)
    asked = colleagues.locator(".colleague")
    asked.get_by_label("Password").fill(PASSWORD)
    asked.get_by_label("Code of your app").fill(code_of(lee))
    asked.get_by_role("button", name="Sign", exact=True).click()
    expect(colleagues.get_by_role("status")).to_have_text("Signed: approved.")

    mine.reload()
    expect(mine.get_by_text("Your key counts: you can sign.")).to_be_visible()


@pytest.mark.requirement("SIG-03", "WEB-01")
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_of_a_review_is_wider_than_the_screen(open_as: Callable[[User], Page], width: int) -> None:
    lee = signer("lee", "quality_officer")
    month = month_that_is_over()
    page = open_as(lee)
    page.set_viewport_size({"width": width, "height": 800})

    def fits(address: str) -> None:
        page.goto(address)
        for details in page.locator("summary").all():
            details.click()
        assert page.evaluate("document.documentElement.scrollWidth") == width, address

    fits(reverse("review", args=[str(month)]))
    page.get_by_role("button", name="Draw up").click()
    sign(page, lee)
    for address in (reverse("review", args=[str(month)]), "/reviews/", "/signature/"):
        fits(address)
