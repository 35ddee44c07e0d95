"""The conformance statement says what the code does."""

import pytest

from samd.dicom.conformance import statement
from tests.guards.source import ROOT


@pytest.mark.requirement("NODE-01")
def test_the_committed_statement_is_the_one_that_the_code_gives() -> None:
    committed = (ROOT / "docs/regulatory/conformance/dicom.md").read_text()

    assert committed == statement(), (
        "run: python manage.py conformance > docs/regulatory/conformance/dicom.md"
    )
