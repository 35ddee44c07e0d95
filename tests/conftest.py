"""Fixtures that many tests share."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings

from audit.keys import configured_sequencer
from audit.protection import protect, unprotect
from audit.sequencer import Sequencer
from audit.signer import make_key

# A slow machine is no failure: limits on time belong to benchmarks.
hypothesis_settings.register_profile("patient", deadline=None)
hypothesis_settings.load_profile("patient")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real test data, which is not part of this repository."""
    folder = Path(os.environ.get("SAMD_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real test data are not here: {folder} (set SAMD_TEST_DATA)")
    return folder


@pytest.fixture(autouse=True, scope="session")
def _tests_may_empty_the_trail() -> Iterator[None]:
    """Between tests that commit, Django empties every table, which the triggers of the trail refuse."""
    teardown = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def unprotected(case: TransactionTestCase) -> None:
        unprotect(connection)
        try:
            teardown(case)
        finally:
            protect(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", unprotected)
        yield


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """A command called in a test sets up the log anew, on a stream that ends with that test."""
    handlers = list(logging.root.handlers)
    yield
    logging.root.handlers = handlers


@pytest.fixture(autouse=True)
def _device_of_its_own(settings: Settings, tmp_path: Path) -> None:
    """Each test has a trail of its own; passwords are checked fast, and nobody is told to slow down."""
    settings.AUDIT_KEY = tmp_path / "seal" / "key"
    settings.AUDIT_ANCHOR_FILE = tmp_path / "anchor" / "checkpoints"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ACCOUNT_RATE_LIMITS = False


@pytest.fixture
def sequencer(settings: Settings) -> Sequencer:
    """The sealing process of a trail with a key of its own, to be stepped by hand."""
    if not settings.AUDIT_KEY.exists():  # somebody with a role was there before, and the role was sealed
        make_key(settings.AUDIT_KEY, origin="hospital.example/samd")
    return configured_sequencer("test")
