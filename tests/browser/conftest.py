"""A Chromium that looks at the console of a device of its own."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.accounts.people import logged_in, person
from tests.console.conftest import device as device

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    # The synchronous playwright runs an event loop in this thread, and Django sees it.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def visitor(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page of someone who is not logged in; a fault that the browser reports fails the test."""
    context = browser.new_context(
        base_url=live_server.url, locale="en-US", viewport={"width": 1280, "height": 800}
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert [fault for fault in faults if "ERR_INTERNET_DISCONNECTED" not in fault] == []


@pytest.fixture
def session(live_server: LiveServer) -> dict[str, str]:
    """The cookie of "kim", who is logged in, reads studies and looks after the device too."""
    client = logged_in(person("kim", "physician", "integrator"))
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}


@pytest.fixture
def reader(visitor: Page, session: dict[str, str]) -> Page:
    """A page of the physician "kim"."""
    visitor.context.add_cookies([session])
    return visitor


@pytest.fixture
def open_as(browser: Browser, live_server: LiveServer) -> Iterator[Callable[[User], Page]]:
    """Opens a browser of its own for somebody who is logged in; a fault that it reports fails the test."""
    contexts, faults = [], []

    def opened(user: User) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            locale="en-US",
            viewport={"width": 1280, "height": 800},
            accept_downloads=True,
        )
        contexts.append(context)
        cookie = logged_in(user).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [fault for fault in faults if "400 (Bad Request)" not in fault] == []


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[Page, str], None]:
    """Keeps a picture of the whole page, in the folder SAMD_SHOTS if that is set."""
    folder = Path(os.environ.get("SAMD_SHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def kept(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)

    return kept
