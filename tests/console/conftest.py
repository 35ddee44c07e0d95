"""Fixtures of the console's tests: a device of their own, and someone who is logged in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from tests.accounts.people import logged_in, person


@pytest.fixture(autouse=True)
def device(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """Folders of a device in which nothing was received yet; it speaks English until it is asked not to."""
    for name in ("store", "previews", "models", "trust"):
        (tmp_path / name).mkdir()
        setattr(settings, f"SAMD_{name.upper()}", tmp_path / name)
    # The language of the last request stays with the thread.
    with translation.override("en"):
        yield tmp_path


@pytest.fixture
def reader(db: None) -> Client:
    """A browser in which "kim" is logged in, who reads studies and looks after the device too."""
    return logged_in(person("kim", "physician", "integrator"))
