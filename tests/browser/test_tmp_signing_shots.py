import os
from pathlib import Path
import pytest
from django.conf import settings as djs
from django.urls import reverse
from django.utils import translation
from audit.models import Record, SigningKey
from django.db import connection, transaction
from audit.protection import protect, unprotect
from audit import trail
from audit.events import Event
from tests.accounts.people import PASSWORD, code_of, logged_in, person, seal
from tests.browser.test_signing import open_as, sealing_goes_on, sign
from tests.console.signers import last_month, month_that_is_over, signer, enrol
from datetime import timedelta
from django.utils import timezone

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sealing_goes_on")]
OUT = Path("/tmp/shots")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_shots(open_as, language, settings, monkeypatch):
    if language == "ko":
        settings.LOCALE_PATHS = [Path("/tmp/home-signing/x/samd/locale")]
        from django.utils.translation import trans_real

        trans_real._translations.clear() if hasattr(trans_real, "_translations") else None
    settings.TIME_ZONE = "UTC"
    lee = signer("lee", "quality_officer")
    park = signer("park", "approver")
    lee.first_name = "이민지"
    lee.save()
    choi = person("choi", "approver")
    month = last_month()
    during = month.begins(timezone.get_default_timezone()) + timedelta(days=4, hours=9)
    with pytest.MonkeyPatch.context() as patch:
        for day in range(12):
            patch.setattr(timezone, "now", lambda: during + timedelta(days=day))
            with transaction.atomic():
                for n in range(40 if day == 7 else 6):
                    trail.append(Event.STUDY_VIEWED, f"study/{n}", study=f"study/{day * 50 + n}", actor="kim")
                for n in range(3):
                    trail.append(
                        Event.USER_LOGIN_FAILED, "user", actor="nobody", outcome=trail.Outcome.MINOR_FAILURE
                    )
                trail.append(Event.INSTANCE_STORED, "instance/1")
        with transaction.atomic():
            trail.append(
                Event.ROLE_GRANTED,
                "user/5",
                actor="os:root",
                reason="new approver",
                changes={"roles": ([], ["approver"])},
                role="approver",
                until=None,
            )
            trail.append(
                Event.ASSOCIATION_REFUSED,
                "association",
                reason="unknown peer",
                calling_ae="STRANGER",
                called_ae="SAMD",
                from_address="10.1.2.3",
                outcome=trail.Outcome.SERIOUS_FAILURE,
            )
    lee.first_name = "Dr. Lee"
    lee.save()

    def shot(page, name, full=True):
        page.screenshot(path=str(OUT / f"sign-{name}-{language}.png"), full_page=full)

    r = open_as(lee)
    a = open_as(park)
    c = open_as(choi)
    for p in (r, a, c):
        p.goto("/account/")
        if language == "ko":
            p.get_by_role("button", name="한국어").click()

    def press(page, css):
        page.locator(css).first.click()

    r.goto(reverse("review", args=[str(month)]))
    shot(r, "unverified")
    month_that_is_over()
    r.goto(reverse("review", args=[str(month)]))
    shot(r, "draft")
    r.locator("textarea").fill(
        "Kim read 40 studies on one day: on call, confirmed with the department.\nThe export was asked for by the ministry."
    )
    press(r, "#open button")
    shot(r, "drawn-up")

    def fill(page, user, code=""):
        page.locator("form.sign [name=password]").first.fill(PASSWORD)
        page.locator("form.sign [name=code]").first.fill(code or code_of(user))
        page.locator("form.sign button").first.click()

    fill(r, lee, "000000")
    shot(r, "refused", False)
    fill(r, lee)
    shot(r, "reviewed", False)
    a.goto(reverse("review", args=[str(month)]))
    fill(a, park)
    shot(a, "approved")
    a.goto("/reviews/")
    shot(a, "list")
    c.goto("/signature/")
    shot(c, "nokey")
    c.locator("[name=password]").fill(PASSWORD)
    c.locator("[name=code]").fill(code_of(choi))
    c.locator("form.ask button").click()
    shot(c, "unconfirmed")
    r.goto("/signature/")
    shot(r, "confirm")
    record = Record.objects.get(subject=f"review/{month}")
    unprotect(connection)
    Record.objects.filter(pk=record.pk).update(content=record.content.replace("on call", "nothing"))
    protect(connection)
    a.goto(reverse("review", args=[str(month)]))
    shot(a, "changed", False)
    a.goto("/reviews/")
    shot(a, "list-changed", False)
    a.set_viewport_size({"width": 390, "height": 800})
    a.goto(reverse("review", args=[str(month)]))
    shot(a, "narrow")
