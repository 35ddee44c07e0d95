"""Fixtures of the console's tests: a device of their own, and someone who is logged in."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings


@pytest.fixture(autouse=True)
def device(settings: Settings, tmp_path: Path) -> Path:
    """Folders of a device in which nothing was received yet."""
    for name in ("store", "previews", "models", "trust"):
        (tmp_path / name).mkdir()
        setattr(settings, f"SAMD_{name.upper()}", tmp_path / name)
    return tmp_path


@pytest.fixture
def reader(db: None) -> Client:
    """A browser in which the physician "kim" is logged in."""
    client = Client()
    client.force_login(User.objects.create_user("kim", password="correct horse battery"))
    return client
