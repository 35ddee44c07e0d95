"""The headers that every page carries."""

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("WEB-01")]


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
    assert "no-store" in response["Cache-Control"]


def test_pages_need_no_inline_script_or_style(reader: Client) -> None:
    page = reader.get("/").content.decode()

    assert "style=" not in page
    assert "<style" not in page
    assert "<script>" not in page
    assert " on" + "click=" not in page
