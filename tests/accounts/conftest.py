"""Fixtures of the tests of accounts."""

import pytest
from django.contrib.auth.models import User

from tests.accounts.people import person
from tests.console.conftest import device as device


@pytest.fixture
def kim(db: None) -> User:
    """A physician."""
    return person("kim", "physician")
