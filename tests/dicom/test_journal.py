"""What has happened is written down, however often that fails at first."""

import threading

import pytest

from samd.dicom.journal import Refusal, Refusals, Refused, until_written
from tests.dicom.loopback import RememberingJournal, failing

REFUSAL = Refusal(Refused.ASSOCIATION, "STRANGER", "SAMD", "192.0.2.7", "no peer with this AE title is known")
ALWAYS = 1_000_000


class Tries:
    """Counts the tries of what fails so many times at first; the node stops at the try `stops_at`."""

    def __init__(self, *, fails: int, stops_at: int = 0) -> None:
        self.count = 0
        self.stopping = threading.Event()
        self._fail, self._stops_at = failing(fails), stops_at

    def __call__(self) -> None:
        self.count += 1
        if self.count == self._stops_at:
            self.stopping.set()
        self._fail(None)


@pytest.mark.requirement("NODE-03", "FLOW-01")
def test_what_fails_at_first_is_tried_until_it_is_written(caplog: pytest.LogCaptureFixture) -> None:
    tries = Tries(fails=3)

    assert until_written(tries, what="The end of an association", stopping=tries.stopping)

    assert tries.count == 4
    assert caplog.text.count("The end of an association could not be written down") == 3


@pytest.mark.requirement("NODE-03")
def test_when_the_node_stops_it_is_tried_once_more_and_no_further() -> None:
    tries = Tries(fails=ALWAYS, stops_at=2)

    assert not until_written(tries, what="It", stopping=tries.stopping)

    assert tries.count == 3


@pytest.mark.requirement("NODE-03")
def test_a_node_that_stops_writes_the_refusals_that_wait() -> None:
    journal = RememberingJournal()
    journal.on_refused = failing(1)
    refusals = Refusals(journal)
    refusals.write(REFUSAL)

    refusals.start()
    refusals.stop()

    assert journal.refusals == [REFUSAL]


@pytest.mark.requirement("NODE-03")
def test_the_refusals_that_a_stopping_node_cannot_write_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    journal = RememberingJournal()
    journal.on_refused = failing(ALWAYS)
    refusals = Refusals(journal)
    refusals.write(REFUSAL)
    refusals.write(REFUSAL)

    refusals.start()
    refusals.stop()

    assert journal.refusals == []
    assert "2 refusals were never written down" in caplog.text
