"""What was begun against what was transferred (PS3.15 A.5.3.7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.reconcile import receiving, sending

UIDS = st.lists(st.sampled_from(["1.2.1", "1.2.2", "1.2.3", "1.2.4"]), max_size=5)


@pytest.mark.requirement("AUD-08")
@pytest.mark.parametrize(
    ("accepted", "recorded", "words"),
    [
        (0, 0, ""),
        (3, 3, ""),
        (3, 2, "3 objects were accepted, 2 were written down: 1 accepted but not written down"),
        (0, 2, "0 objects were accepted, 2 were written down: 2 written down but never accepted"),
    ],
)
def test_what_senders_were_told_is_held_against_what_was_written_down(
    accepted: int, recorded: int, words: str
) -> None:
    assert receiving(accepted=accepted, recorded=recorded) == words


@pytest.mark.requirement("AUD-08")
@pytest.mark.parametrize(
    ("begun", "transferred", "words"),
    [
        (["1.2", "1.3"], ["1.3", "1.2"], ""),
        (["1.2", "1.3"], ["1.2"], "not accepted: 1 (1.3)"),
        (["1.2"], ["1.2", "1.9"], "accepted but never begun: 1 (1.9)"),
        (["1.2"], ["1.9"], "not accepted: 1 (1.2); accepted but never begun: 1 (1.9)"),
        (["1.1", "1.2", "1.3", "1.4"], [], "not accepted: 4 (1.1, 1.2, 1.3, ...)"),
    ],
)
def test_what_was_to_be_sent_is_held_against_what_was_accepted(
    begun: list[str], transferred: list[str], words: str
) -> None:
    assert sending(begun=begun, transferred=transferred) == words


@pytest.mark.requirement("AUD-08")
@given(begun=UIDS, transferred=UIDS)
def test_only_the_same_objects_as_often_agree(begun: list[str], transferred: list[str]) -> None:
    assert (sending(begun=begun, transferred=transferred) == "") == (sorted(begun) == sorted(transferred))
