"""The headers that every page carries."""

import pytest
from django.test import Client

from samd.console.headers import content_security_policy
from tests.accounts.people import logged_in, person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("WEB-01", "ACC-02")]

ENTRANCE = ["/login/", "/login/inactive/", "/sign-on/cancelled/", "/sign-on/error/"]
OWN = [
    "/account/",
    "/account/policy/",
    "/account/password/",
    "/account/again/",
    "/account/again/code/",
    "/account/again/key/",
    "/account/app/",
    "/account/codes/",
    "/account/keys/add/",
    "/logout/",
]


@pytest.mark.parametrize("address", ["/login/", "/", "/nothing/here/", "/healthz"])
def test_every_page_says_where_its_content_may_come_from_and_is_kept_nowhere(
    reader: Client, address: str
) -> None:
    response = reader.get(address)

    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("address", ["/", *ENTRANCE, *OWN])
def test_pages_need_no_inline_script_or_style(address: str) -> None:
    client = logged_in(person("kim", "physician")) if address not in ENTRANCE else Client()

    page = client.get(address, follow=True).content.decode()

    assert "<h1" in page
    assert "style=" not in page
    assert "<style" not in page
    assert "<script>" not in page
    assert " on" + "click=" not in page
    # A script is a file of ours, or data that nothing runs.
    assert page.count("<script") == page.count('<script src="/static/console/') + page.count(
        '<script type="application/json">'
    )


def test_forms_lead_nowhere_but_to_the_identity_provider() -> None:
    assert "form-action 'self';" in content_security_policy()
    assert "form-action 'self' https://id.example:8443;" in content_security_policy(
        "https://id.example:8443/realms/hospital"
    )
