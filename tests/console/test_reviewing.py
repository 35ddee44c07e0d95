"""The pages of the monthly review: who sees what, what is kept, and what is recorded of it."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from audit.events import Event
from audit.models import AuditEvent, Record, Signature
from audit.month import Month
from audit.protection import protect, unprotect
from audit.signing_keys import Person
from samd.console.reviewing import review_page, reviews_overdue
from tests.accounts.people import logged_in, person
from tests.console.signers import (
    last_month,
    month_that_is_over,
    opened,
    sign,
    text,
)
from tests.console.signers import lee as lee
from tests.console.signers import park as park
from tests.console.signers import sealing_goes_on as sealing_goes_on

NOBODY = Person(0, "nobody", "Nobody")

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sealing_goes_on")]


def refusals() -> list[tuple[str, str, str, int]]:
    rows = AuditEvent.objects.filter(event=Event.SIGNATURE_REFUSED).order_by("pk")
    return [(r.subject, r.actor, json.loads(r.canonical)["reason"], r.outcome) for r in rows]


def address(month: Month) -> str:
    return reverse("review", args=[str(month)])


@pytest.mark.requirement("SIG-03")
def test_months_are_listed_with_their_state(lee: User) -> None:
    month = month_that_is_over()

    page = text(logged_in(lee), "/reviews/")

    assert address(month) in page
    assert "due" in page
    assert "within 14 days" in page


@pytest.mark.requirement("SIG-03")
def test_a_draft_shows_what_the_review_would_hold_and_keeps_nothing(lee: User) -> None:
    month = month_that_is_over()

    page = text(logged_in(lee), address(month))

    for words in (
        "A draft",
        "asked for by the ministry",
        "no problem found",
        "Reading, by person",
        "10.0.0.5",
    ):
        assert words in page
    assert not Record.objects.filter(subject__startswith="review/").exists()


@pytest.mark.requirement("AUD-07", "SIG-03")
def test_that_a_review_is_read_is_recorded(lee: User) -> None:
    month = month_that_is_over()

    text(logged_in(lee), address(month))

    assert AuditEvent.objects.get(event=Event.TRAIL_VIEWED, subject=f"review/{month}").actor == "lee"


@pytest.mark.requirement("SIG-03")
def test_a_review_is_not_drawn_up_before_the_trail_was_verified(lee: User) -> None:
    month = month_that_is_over(verified=False)

    page = text(logged_in(lee), address(month))
    answer = text(logged_in(lee), address(month), {"comments": "x"})

    assert reverse("trail-verify") in page
    assert "Verify it first" in answer
    assert not Record.objects.filter(subject__startswith="review/").exists()


@pytest.mark.requirement("SIG-03")
def test_the_comments_are_part_of_what_is_kept(lee: User) -> None:
    record = opened(lee, "First line.\r\nSecond line.")

    assert json.loads(record.content)["comments"] == "First line.\nSecond line."
    page = text(logged_in(lee), address(last_month()))
    assert "First line.<br>Second line." in page
    assert "Nobody has signed yet" in page


@pytest.mark.requirement("SIG-03")
def test_comments_beyond_measure_are_not_kept(lee: User) -> None:
    month = month_that_is_over()

    page = text(logged_in(lee), address(month), {"comments": "x" * 20_001})

    assert "too long" in page
    assert not Record.objects.filter(subject__startswith="review/").exists()


@pytest.mark.requirement("SIG-02", "SIG-03")
@pytest.mark.part11("11.10(e)", "11.10(g)", "11.50(a)")
def test_two_people_sign_a_month_and_the_page_shows_name_time_and_meaning(lee: User, park: User) -> None:
    record = opened(lee)

    assert "Signed: reviewed." in sign(lee, record, "reviewed")
    assert "Signed: approved." in sign(park, record, "approved")

    page = text(logged_in(park), address(last_month()))
    rows = page.split('<tr class="signature good">')[1:]
    for row, signature in zip(rows, Signature.objects.filter(record=record), strict=True):
        shown = row.split("</tr>")[0]
        assert signature.meaning in shown
        assert f"<b>{signature.name}</b>" in shown
        assert f"{timezone.localtime(signature.at):%Y-%m-%d %H:%M:%S}" in shown
        assert f"{signature.at:%Y-%m-%d %H:%M:%S} UTC" in shown
        assert "in effect" in shown
    assert "approved" in text(logged_in(lee), "/reviews/")


@pytest.mark.requirement("SIG-02")
def test_a_record_that_cannot_be_read_any_more_says_so(lee: User) -> None:
    record = opened(lee)

    unprotect(connection)
    Record.objects.filter(pk=record.pk).update(content="{}")
    protect(connection)

    assert "This record cannot be read" in text(logged_in(lee), address(last_month()))


@pytest.mark.requirement("SIG-03")
def test_a_correction_takes_the_place_of_a_review_and_both_can_be_read(lee: User) -> None:
    first = opened(lee, "Nothing.")
    month = address(last_month())

    assert "Say why another takes its place" in text(logged_in(lee), month, {"comments": "x", "because": " "})
    text(logged_in(lee), month, {"comments": "One export.", "because": "an export was overlooked"})

    newest, earlier = text(logged_in(lee), month), text(logged_in(lee), f"{month}?version=1")
    assert "One export." in newest
    assert "an export was overlooked" in newest
    assert str(first) in newest
    assert "Another review has taken the place of this one." in earlier
    assert '<section id="sign">' not in earlier


@pytest.mark.requirement("ACC-01", "SIG-03")
@pytest.mark.part11("11.10(g)")
def test_an_auditor_reads_reviews_and_changes_nothing(lee: User) -> None:
    record = opened(lee)
    auditor = logged_in(person("audit", "auditor"))
    month = address(last_month())

    assert "Comments of the reviewer" in text(auditor, month)
    assert auditor.post(reverse("review-sign", args=[str(last_month())])).status_code == 403
    assert auditor.get(reverse("signature-enroll")).status_code == 403
    assert auditor.post(month, {"comments": "mine", "because": "mine"}).status_code == 403
    assert Record.objects.filter(subject__startswith="review/").get() == record


@pytest.mark.parametrize(
    "path",
    [
        "/reviews/2026-13/",
        "/reviews/nonsense/",
        "/reviews/2026-10/?version=9",
        "/reviews/2026-10/?version=0",
        "/reviews/2026-10/?version=x",
    ],
)
@pytest.mark.requirement("SIG-03")
def test_what_is_no_month_and_no_version_is_not_there(lee: User, path: str) -> None:
    assert logged_in(lee).get(path).status_code == 404
    assert logged_in(lee).post(reverse("review-sign", args=["2020-01"])).status_code == 404


@pytest.mark.requirement("SIG-02", "AUD-09")
@pytest.mark.part11("11.10(b)", "11.50(b)")
def test_a_review_on_paper_shows_name_time_and_meaning_of_its_signatures(lee: User) -> None:
    record = opened(lee)
    sign(lee, record, "reviewed")
    page = review_page(last_month(), version=1, person=NOBODY, key=None, now=timezone.now())

    paper = render_to_string("console/review_print.html", {"page": page, "plain": True, "zone": "UTC"})

    at = f"{Signature.objects.get(record=record).at:%Y-%m-%d %H:%M:%S} UTC"
    for words in ("Dr. Lee", "reviewed", at, record.digest, "The export was asked for."):
        assert words in paper


@pytest.mark.requirement("SIG-02", "AUD-09")
@pytest.mark.part11("11.10(b)")
def test_a_review_is_handed_out_as_pdf_for_a_reason_that_is_recorded(lee: User) -> None:
    record = opened(lee)
    reason = {"purpose": "inspection", "details": "for the ministry", "version": "1"}

    response = logged_in(lee).post(reverse("review-paper", args=[str(last_month())]), reason)

    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    event = AuditEvent.objects.get(event=Event.TRAIL_EXPORTED, subject=str(record))
    assert (event.actor, json.loads(event.canonical)["reason"]) == ("lee", "inspection: for the ministry")


@pytest.mark.requirement("AUD-09")
def test_a_review_is_not_handed_out_without_a_reason(lee: User) -> None:
    record = opened(lee)

    page = text(logged_in(lee), reverse("review-paper", args=[str(last_month())]), {"version": "1"})

    assert "Nothing was exported" in page
    assert not AuditEvent.objects.filter(event=Event.TRAIL_EXPORTED, subject=str(record)).exists()


@pytest.mark.requirement("SIG-03")
def test_an_overdue_month_rings(lee: User, park: User) -> None:
    month = month_that_is_over()
    late = month.ends(timezone.get_default_timezone()) + timedelta(days=14)

    assert reviews_overdue(late) == [str(month)]
