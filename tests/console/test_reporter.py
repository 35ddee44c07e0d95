"""What is written down of a fault."""

import io
import logging
import sys
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from pytest_django import Settings

from samd.accounts import matrix
from samd.accounts.urls import urlpatterns as accounts
from samd.console.reporter import QuietFormatter, QuietReporter, described
from samd.console.urls import urlpatterns as console

pytestmark = pytest.mark.requirement("ACC-02")

SECRET = "김^영희"


def break_down(request: HttpRequest) -> HttpResponse:
    patient = SECRET
    try:
        raise KeyError(patient)
    except KeyError as problem:
        raise ValueError(f"Invalid value for VR PN: {patient}") from problem


urlpatterns = [*console, *accounts, path("broken/", break_down, name="set_language")]


def broken() -> Exception:
    try:
        break_down(HttpRequest())
    except ValueError as problem:
        return problem
    raise AssertionError


def test_a_fault_is_described_by_place_and_kind_without_a_value() -> None:
    words = described(broken())

    assert SECRET not in words
    assert "builtins.KeyError" in words
    assert "builtins.ValueError" in words
    assert f"{Path(__file__).name}" in words


def test_the_log_has_no_value_either() -> None:
    error = broken()
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), (type(error), error, None))

    line = QuietFormatter("%(message)s").format(record)

    assert SECRET not in line
    assert "ValueError" in line


def test_a_log_that_cannot_be_written_prints_no_fault_instead(capfd: pytest.CaptureFixture[str]) -> None:
    closed = io.StringIO()
    closed.close()
    handler = logging.StreamHandler(closed)
    try:
        raise broken()
    except ValueError:
        handler.emit(logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), sys.exc_info()))

    assert capfd.readouterr().err == ""


def test_django_asks_this_reporter_and_mails_nobody(settings: Settings) -> None:
    request = RequestFactory().get("/")
    error = broken()
    reporter = QuietReporter(request, type(error), error, error.__traceback__)

    assert settings.DEFAULT_EXCEPTION_REPORTER == "samd.console.reporter.QuietReporter"
    assert SECRET not in reporter.get_traceback_html() + reporter.get_traceback_text()
    assert settings.ADMINS == settings.MANAGERS == []
    assert settings.DEBUG is False
    assert logging.getLogger("django").handlers == []


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_a_page_that_breaks_tells_no_patient_no_code_and_no_setting(
    settings: Settings, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert "set_language" in matrix.PUBLIC
    client = Client(raise_request_exception=False)

    page = client.get("/broken/?name=secret").content.decode()

    assert "Something broke here" in page
    for told in (SECRET, "ValueError", "Traceback", "SECRET_KEY", "break_down", "secret"):
        assert told not in page
    assert SECRET not in capfd.readouterr().err


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
def test_error_pages_exist_in_the_look_of_the_console(status: int, client: Client) -> None:
    page = render_to_string(f"{status}.html")

    assert "console.css" in page
    assert "<script" not in page
