"""Logging in as people do it, in Chromium: with a second factor, for the first time, and not at all."""

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from audit.models import AuditEvent
from samd.accounts import register, totp
from tests.accounts.people import PASSWORD, code_of, grant, logged_in, person, recovery_codes_of, seal
from tests.console import rows as build

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("ACC-02"),
]


def type_password(page: Page, name: str, password: str = PASSWORD) -> None:
    page.goto("/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def type_code(page: Page, code: str) -> None:
    page.get_by_label("Code of your authenticator app").fill(code)
    page.get_by_role("button", name="Log in").click()


def events(*names: str) -> list[str]:
    return list(AuditEvent.objects.filter(event__in=names).order_by("pk").values_list("event", flat=True))


def test_a_physician_logs_in_with_a_second_factor_and_reads_a_study(visitor: Page) -> None:
    kim = person("kim", "physician")
    study = build.finding(build.study(PatientName="김^영희")).run.study_id

    type_password(visitor, "kim")
    type_code(visitor, "000000")
    expect(visitor.get_by_role("alert")).to_contain_text("This code is wrong")
    type_code(visitor, code_of(kim))
    visitor.get_by_role("link", name="김 영희").click()

    expect(visitor.get_by_role("heading", name="김 영희")).to_be_visible()
    recorded = ["user:login failed", "user:logged in", "study:viewed"]
    assert events(*recorded) == recorded
    assert AuditEvent.objects.get(event="study:viewed").study == f"study/{study}"


def test_the_first_login_sets_up_the_factor_and_the_password_and_asks_for_the_policy(visitor: Page) -> None:
    lee, one_time = register.add("lee", printed_name="이하은", identified="staff card", reason="new here")
    grant(lee, "physician")
    seal()
    new = "a sentence that only Lee knows"

    type_password(visitor, "lee", one_time)
    expect(visitor.get_by_role("img", name="QR code")).to_be_visible()
    assert visitor.get_by_role("img", name="QR code").evaluate("image => image.naturalWidth") > 0
    secret = visitor.locator("#secret").inner_text()
    visitor.get_by_label("Code").fill(totp.code_at(secret, totp.step_at(timezone.now())))
    visitor.get_by_role("button", name="Set up").click()
    expect(visitor.locator(".codes code")).to_have_text(recovery_codes_of(lee))
    visitor.get_by_role("link", name="I have kept them safe").click()
    visitor.get_by_label("Password until now").fill(one_time)
    visitor.get_by_label("New password", exact=True).fill(new)
    visitor.get_by_label("New password again").fill(new)
    visitor.get_by_role("button", name="Change the password").click()
    visitor.get_by_role("button", name="I have read this and accept it").click()

    expect(visitor.get_by_role("heading", name="Worklist")).to_be_visible()
    # What an own account offers, and what it does not.
    visitor.get_by_role("link", name="lee").click()
    expect(visitor.get_by_role("heading", name="이하은")).to_be_visible()
    visitor.get_by_role("row", name="Authenticator app").get_by_role("link", name="Remove").click()
    expect(visitor.get_by_role("alert")).to_contain_text("your only second factor")


def test_a_locked_account_is_told_so_and_what_to_do(visitor: Page) -> None:
    person("kim", "physician")

    # The browser itself reports the refusal (429) as a fault of the page; this test expects it.
    for _ in range(4):
        type_password(visitor, "kim", "wrong password")
        expect(visitor.get_by_role("alert")).to_contain_text("do not match")
    for password in ("wrong password", PASSWORD):
        response = visitor.request.get("/login/")
        token = visitor.context.cookies()[0]["value"]
        answer = visitor.request.post(
            "/login/",
            form={"login": "kim", "password": password, "csrfmiddlewaretoken": token},
            headers={"Referer": response.url},
        )
        assert answer.status == 429
        assert "call your administrator" in answer.text()

    assert events("user:locked", "user:refused") == ["user:locked", "user:refused"]


def test_whoever_has_no_role_sees_so(visitor: Page) -> None:
    kim = person("kim")

    type_password(visitor, "kim")
    type_code(visitor, code_of(kim))

    expect(visitor.get_by_text("You have no role yet")).to_be_visible()
    expect(visitor.get_by_role("navigation").get_by_role("link")).to_have_count(0)


def test_a_security_key_is_added_and_logs_in(visitor: Page, live_server: LiveServer) -> None:
    kim = person("kim", "physician")
    cookie = logged_in(kim).cookies["sessionid"].value
    devices = visitor.context.new_cdp_session(visitor)
    devices.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": key})
    visitor.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])

    visitor.goto("/account/keys/add/")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Continue").click()
    visitor.get_by_label("A name for it").fill("blue key")
    visitor.get_by_role("button", name="Add").click()
    expect(visitor.get_by_role("cell", name="blue key")).to_be_visible()
    visitor.get_by_role("button", name="Log out").click()
    type_password(visitor, "kim")
    visitor.get_by_role("button", name="Use a security key").click()

    expect(visitor.get_by_role("heading", name="Worklist")).to_be_visible()
    event = AuditEvent.objects.filter(event="user:logged in").last()
    assert event is not None
    assert '"methods":["password","webauthn"]' in event.canonical
    assert Authenticator.objects.filter(user=kim, type="webauthn").count() == 1


def test_korean_is_spoken_at_the_entrance_too(visitor: Page) -> None:
    visitor.goto("/login/")

    visitor.get_by_role("button", name="한국어").click()

    expect(visitor.locator("html")).to_have_attribute("lang", "ko")
    expect(visitor.get_by_role("heading", name="로그인")).to_be_visible()


def test_the_pages_of_an_account_fit_a_narrow_screen(reader: Page) -> None:
    reader.set_viewport_size({"width": 390, "height": 800})

    for address in ("/account/", "/account/policy/", "/account/password/", "/account/again/"):
        reader.goto(address)
        assert reader.evaluate("document.documentElement.scrollWidth") == 390, address
