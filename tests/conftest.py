"""Fixtures that many tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

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
