"""Every event of the trail has its audit message, with the codes that PS3.15 gives it."""

import pytest

from audit.atna.mapping import RULES
from audit.events import Event

CODES = {
    Event.ASSOCIATION_OPENED: [("110102", "E", [])],
    Event.INSTANCE_STORED: [("110104", "C", [])],
    Event.INSTANCE_REPEATED: [("110104", "R", [])],
    Event.ASSOCIATION_REFUSED: [("110113", "E", ["110126"])],
    Event.ASSOCIATION_DISAGREED: [("110113", "E", [])],
    Event.DELIVERY_DISAGREED: [("110113", "E", [])],
    Event.DELIVERY_STARTED: [("110102", "E", [])],
    Event.REPORT_DELIVERED: [("110104", "R", [])],
    Event.STUDY_VIEWED: [("110103", "R", [])],
    Event.WORKLIST_SEARCHED: [("110112", "E", [])],
    Event.TRAIL_VIEWED: [("110101", "R", [])],
    Event.TRAIL_EXPORTED: [("110101", "R", []), ("110106", "R", [])],
    Event.USER_LOGGED_IN: [("110114", "E", ["110122"])],
    Event.USER_LOGGED_OUT: [("110114", "E", ["110123"])],
    Event.USER_LOGIN_FAILED: [("110114", "E", ["110122"])],
    Event.ROLE_GRANTED: [("110113", "E", ["110136"])],
    Event.USER_FACTOR_CHANGED: [("110113", "E", ["110137"])],
    Event.MODEL_IMPORTED: [("110100", "E", ["110131"])],
    Event.PEER_CHANGED: [("110113", "E", ["110128"])],
    Event.PROCESS_STARTED: [("110100", "E", ["110120"])],
    Event.PROCESS_STOPPED: [("110100", "E", ["110121"])],
    Event.TRAIL_OPENED: [("110113", "E", ["110134"])],
}


@pytest.mark.requirement("AUD-08")
def test_no_event_is_without_a_message() -> None:
    assert set(RULES) == set(Event)
    assert all(RULES.values())


@pytest.mark.requirement("AUD-08")
@pytest.mark.parametrize("event", CODES)
def test_an_event_has_the_codes_of_the_standard(event: Event) -> None:
    said = [(rule.event.value, rule.action, [code.value for code in rule.types]) for rule in RULES[event]]

    assert said == CODES[event]
