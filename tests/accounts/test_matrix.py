"""Every address of the device, tried by every role and by nobody: who may not open it sees nothing of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, SlugConverter, StringConverter, UUIDConverter

from audit.models import AuditEvent
from samd.accounts.matrix import CHANGES, OWN, PAGES, PUBLIC, READING
from samd.accounts.roles import Role
from tests.accounts.people import logged_in, person
from tests.console import rows as build

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ACC-01")]

METHODS = ("get", "post", "head", "options", "put", "patch", "delete")
SECRET = "Leak^Patient"
ENTRANCE = "worklist"  # the bare address of the device, which leads everybody to a page of their own


def patterns(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every pattern under `resolver` with its full name; "" where it has none."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from patterns(entry, inner)
        else:
            yield f"{namespace}{entry.name}" if entry.name else "", entry


EVERY = [(name, str(pattern.pattern)) for name, pattern in patterns(get_resolver())]
NAMES = sorted({name for name, _ in EVERY})
SAMPLES = {
    IntConverter: 1,
    StringConverter: "image",
    SlugConverter: "image",
    UUIDConverter: "12345678-1234-5678-1234-567812345678",
}


def address(name: str) -> str:
    """An address that leads to the pattern called `name`; study 1 and analysis 1 exist."""
    pattern = next(pattern for found, pattern in patterns(get_resolver()) if found == name)
    converters = pattern.pattern.converters
    return reverse(name, kwargs={key: SAMPLES.get(type(c), "image") for key, c in converters.items()})


def ask(client: Client, name: str, method: str) -> tuple[HttpResponse, bytes]:
    """The response, and all that it says."""
    client.raise_request_exception = False
    response = getattr(client, method)(address(name))
    body = b"".join(response)
    # As Django's own client does: the end of a request must not end the test's transaction.
    request_finished.disconnect(close_old_connections)
    response.close()
    request_finished.connect(close_old_connections)
    return response, body


def is_sent_to_the_login(response: Any) -> bool:
    return response.status_code == 302 and response.headers["Location"].startswith("/login/?")


@pytest.fixture
def study() -> None:
    build.previews(build.finding(build.study(PatientName=SECRET)), "image")


@pytest.mark.part11("11.10(d)")
@pytest.mark.parametrize(("name", "pattern"), EVERY)
def test_every_address_has_one_row_in_the_matrix(name: str, pattern: str) -> None:
    assert [name in PUBLIC, name in OWN, name in PAGES].count(True) == 1, f"{pattern!r} has no row"


def test_every_row_of_the_matrix_belongs_to_an_address() -> None:
    assert {*PUBLIC, *OWN, *PAGES} - set(NAMES) == set()


def test_every_page_is_open_to_somebody_and_none_with_patients_to_whoever_oversees() -> None:
    assert [name for name, roles in PAGES.items() if not roles] == []
    overseers = frozenset(Role) - {Role.PHYSICIAN}
    clinical = ("worklist", "worklist-rows", "search", "study", "preview", "assess")
    assert [name for name in clinical if PAGES[name] & overseers] == []


def test_an_auditor_changes_nothing() -> None:
    signing = ("review-sign", "validation-sign", "validation-protocol-sign")
    changing = ("reopen", *signing, "signature-enroll", "signature-confirm")
    assert [name for name in changing if Role.AUDITOR in PAGES[name]] == []
    assert [name for name, roles in CHANGES.items() if not roles < PAGES[name] or Role.AUDITOR in roles] == []


@pytest.mark.part11("11.10(d)")
@pytest.mark.parametrize("method", METHODS)
def test_nobody_comes_further_than_the_login(study: None, method: str) -> None:
    for name in NAMES:
        response, body = ask(Client(), name, method)

        assert is_sent_to_the_login(response) == (name not in PUBLIC), name
        assert response.status_code < 500 or name == "readyz", name
        assert b"Leak" not in body, name


def test_whoever_has_not_shown_a_second_factor_is_nobody(study: None) -> None:
    kim = person("kim", *(role for role in Role if role not in (Role.AUDITOR, Role.ADMINISTRATOR)))
    for name in NAMES:
        if name not in PUBLIC:
            assert is_sent_to_the_login(ask(logged_in(kim, factor=False), name, "get")[0]), name


@pytest.mark.part11("11.10(d)", "11.10(g)")
@pytest.mark.parametrize("role", [*Role, None], ids=str)
def test_a_role_opens_its_pages_and_no_other(study: None, role: Role | None) -> None:
    user = person("kim", *([role] if role else []))
    for name in NAMES:
        for method in METHODS:
            permitted = name in PUBLIC or name in OWN or role in PAGES[name]
            if method.upper() not in READING and name in CHANGES:
                permitted = role in CHANGES[name]
            before = refusals(user)

            response, body = ask(logged_in(user), name, method)

            refused = not permitted and name != ENTRANCE
            assert (response.status_code == 403) == refused, f"{method} {name}"
            assert refusals(user) - before == int(refused), f"{method} {name}"
            if not permitted and name == ENTRANCE:
                assert (response.headers["Location"], body) == ("/home/", b""), f"{method} {name}"
            assert not is_sent_to_the_login(response), f"{method} {name}"
            assert response.status_code < 500, f"{method} {name}"
            if not permitted or role is not Role.PHYSICIAN:
                assert b"Leak" not in body, f"{method} {name}"


def refusals(user: User) -> int:
    return AuditEvent.objects.filter(
        event="user:refused", subject=f"user/{user.pk}", actor="kim", outcome=8
    ).count()


def test_a_refusal_says_which_page_and_how_it_was_asked_for() -> None:
    user = person("kim", "auditor")

    response = logged_in(user).post("/search/", {"term": "Leak"})

    assert response.status_code == 403
    assert "None of your roles opens this page" in response.content.decode()
    event = AuditEvent.objects.get(event="user:refused")
    assert '"facts":{"method":"POST","page":"search"}' in event.canonical
    assert "Leak" not in event.canonical


def test_a_page_without_a_row_is_refused_to_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    user = person("kim", "physician")
    monkeypatch.setattr("samd.accounts.matrix.PAGES", {})

    assert logged_in(user).get("/search/").status_code == 403
    assert is_sent_to_the_login(Client().get("/"))


def test_the_menu_offers_what_the_roles_open() -> None:
    for role, offered, kept in (("physician", "/", "/operations/"), ("integrator", "/operations/", "/")):
        page = logged_in(person(role, role)).get("/account/").content.decode()

        assert f'<a href="{offered}"' in page.split("<nav")[1]
        assert f'<a href="{kept}"' not in page.split("<nav")[1]
