"""Single sign-on, and what allauth may not do here."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from audit.models import AuditEvent
from samd.accounts import register
from samd.accounts.roles import roles_of
from tests.accounts.people import grant, logged_in, person, seal

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ACC-02", "ACC-03")]


CLAIMS = {
    "sub": "s-1-5-21",
    "name": "이 하은",
    "preferred_username": "lee",
    "email": "lee@hospital.example",
}


class Provider(BaseHTTPRequestHandler):
    """An identity provider that knows one person."""

    def answer(self, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        here = f"http://127.0.0.1:{self.headers['Host'].rpartition(':')[2]}"
        if self.path == "/me":
            self.answer(dict(CLAIMS))
        else:
            self.answer(
                {
                    "issuer": here,
                    "authorization_endpoint": f"{here}/authorize",
                    "token_endpoint": f"{here}/token",
                    "userinfo_endpoint": f"{here}/me",
                    "jwks_uri": f"{here}/keys",
                }
            )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"access_token": "opaque", "token_type": "Bearer"})

    def log_message(self, *_words: object) -> None:
        """Nothing is said."""


@pytest.fixture
def provider(settings: Settings) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    app = {
        "provider_id": "hospital",
        "name": "Hospital account",
        "client_id": "samd",
        "secret": "s",
        "settings": {"server_url": f"http://127.0.0.1:{server.server_address[1]}"},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    yield
    server.shutdown()
    server.server_close()


def sign_on(client: Client) -> str:
    """Where the way over the identity provider leads."""
    assert "Hospital account" in client.get("/login/").content.decode()
    sent = urlsplit(client.post("/sign-on/hospital/").headers["Location"])
    query = parse_qs(sent.query)
    assert sent.path == "/authorize"
    assert query["code_challenge_method"] == ["S256"]
    back = client.get("/sign-on/hospital/callback/", {"code": "c", "state": query["state"][0]})
    return back.headers["Location"]


def test_whoever_signs_on_has_an_account_and_no_role_and_no_way_around_the_second_factor(
    provider: None,
) -> None:
    client = Client()

    assert sign_on(client) == "/home/"

    lee = User.objects.get()
    assert (lee.get_username(), lee.get_full_name(), lee.email) == ("lee", "이 하은", "")
    assert roles_of(lee, now=timezone.now()) == frozenset()
    assert client.get("/").headers["Location"] == "/account/app/"
    created = AuditEvent.objects.get(event="user:created")
    assert "single sign-on" in created.canonical
    assert '"methods":["socialaccount"]' in AuditEvent.objects.get(event="user:logged in").canonical


def test_an_account_of_the_same_name_is_not_taken_over(provider: None) -> None:
    lee = person("lee", "physician")

    sign_on(Client())

    other = User.objects.exclude(pk=lee.pk).get()
    assert other.get_username() != "lee"
    assert roles_of(other, now=timezone.now()) == frozenset()


def test_the_same_person_comes_back_to_the_same_account_and_its_role(
    provider: None,
) -> None:
    sign_on(Client())
    lee = User.objects.get()
    grant(lee, "integrator")
    seal()

    sign_on(Client())

    assert User.objects.count() == 1
    assert len(roles_of(lee, now=timezone.now())) == 1


def test_a_shut_account_stays_outside_also_by_single_sign_on(provider: None) -> None:
    client = Client()
    sign_on(client)
    register.lock(User.objects.get(), reason="left")
    again = Client()

    query = parse_qs(urlsplit(again.post("/sign-on/hospital/").headers["Location"]).query)
    response = again.get("/sign-on/hospital/callback/", {"code": "c", "state": query["state"][0]})

    assert response.status_code == 429
    assert "_auth_user_id" not in again.session
    assert AuditEvent.objects.filter(event="user:refused", outcome=8).exists()


def test_without_an_issuer_there_is_no_single_sign_on() -> None:
    assert Client().get("/sign-on/hospital/").status_code == 404
    assert "sign-on" not in Client().get("/login/").content.decode()


def test_nothing_is_mailed_and_nobody_registers() -> None:
    adapter = get_adapter()

    adapter.send_mail("account/email/anything", "kim@hospital.example", {})

    assert mail.outbox == []
    assert not adapter.is_open_for_signup(RequestFactory().get("/"))
    for address in ("/signup/", "/account/signup/", "/password/reset/", "/email/"):
        assert Client().get(address).status_code == 404


def test_an_open_session_is_not_tied_to_another_identity(provider: None) -> None:
    kim = person("kim", "physician")
    client = logged_in(kim)

    sent = urlsplit(client.post("/sign-on/hospital/?process=connect&next=/account/").headers["Location"])
    state = parse_qs(sent.query)["state"][0]
    answer = client.get("/sign-on/hospital/callback/", {"code": "c", "state": state})

    assert answer.status_code == 401
    assert not SocialAccount.objects.exists()
