"""The conformance statement says what is sent."""

import pytest

from audit.atna.conformance import statement
from audit.atna.mapping import RULES


@pytest.mark.requirement("AUD-08")
def test_every_message_has_its_line_in_the_statement() -> None:
    lines = statement().splitlines()

    rows = [line.split(" | ") for line in lines if line.startswith("| ") and "110" in line]
    assert [(row[0][2:], row[1][:6], row[2]) for row in rows] == [
        (event, rule.event.value, rule.action) for event, rules in RULES.items() for rule in rules
    ]
