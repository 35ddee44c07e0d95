"""Who is inside the node, and when each has left."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from samd.dicom.admission import Admission, NotAdmitted, Visit
from tests.dicom.loopback import RememberingJournal, failing, known_peer

VISIT = Visit(calling_ae="SCANNER", called_ae="SAMD", address="127.0.0.1")


class Staying(threading.Thread):
    """Stands for the thread of an association: it lasts until it is told to leave."""

    def __init__(self) -> None:
        self._leaving = threading.Event()
        super().__init__(target=self._leaving.wait, args=(10,))
        self.start()

    def leave(self) -> None:
        self._leaving.set()


@pytest.fixture
def journal() -> RememberingJournal:
    return RememberingJournal()


@pytest.fixture
def admission(journal: RememberingJournal) -> Admission:
    return Admission("SAMD", find_peer=known_peer, journal=journal, most=2)


def refusal(action: Callable[[], None]) -> NotAdmitted:
    with pytest.raises(NotAdmitted) as refused:
        action()
    return refused.value


@pytest.mark.requirement("NODE-03")
def test_a_known_peer_is_inside_until_its_association_has_ended(
    admission: Admission, journal: RememberingJournal
) -> None:
    association, visit = Staying(), replace(VISIT)

    admission.admit(association, visit)

    assert admission.visit_of(association) is visit
    assert visit.peer == "the scanner"
    assert journal.kinds == ["opened"]
    association.leave()
    journal.wait_for("closed")
    assert journal.happened == [("opened", visit.association), ("closed", visit.association)]


@pytest.mark.requirement("NODE-03")
@pytest.mark.parametrize(
    ("visit", "answer"),
    [
        (replace(VISIT, calling_ae="STRANGER"), (1, 1, 3)),
        (replace(VISIT, address="192.0.2.7"), (1, 1, 3)),
        (replace(VISIT, calling_ae="STRANGER", called_ae="OTHER"), (1, 1, 3)),
        (replace(VISIT, called_ae="OTHER"), (1, 1, 7)),
        (replace(VISIT, called_ae="samd"), (1, 1, 7)),
    ],
)
def test_strangers_learn_no_more_than_that_they_are(
    admission: Admission, journal: RememberingJournal, visit: Visit, answer: tuple[int, int, int]
) -> None:
    assert refusal(lambda: admission.admit(threading.Thread(), visit)).answer == answer
    assert journal.happened == []


@pytest.mark.requirement("NODE-03")
def test_the_place_of_one_that_left_is_free_again(admission: Admission, journal: RememberingJournal) -> None:
    staying = [Staying(), Staying(), Staying()]
    admission.admit(staying[0], replace(VISIT))
    admission.admit(staying[1], replace(VISIT))

    assert refusal(lambda: admission.admit(staying[2], replace(VISIT))).answer == (2, 3, 2)

    farewell = admission.close()[staying[0]].farewell
    assert farewell is not None
    staying[0].leave()
    farewell.join(10)
    assert list(admission.close()) == [staying[1]]
    for association in staying:
        association.leave()
    journal.wait_for("closed", 2)


@pytest.mark.requirement("FLOW-01")
def test_the_end_of_an_association_is_written_down_once_the_database_is_back(
    admission: Admission, journal: RememberingJournal
) -> None:
    journal.on_closed = failing(2)
    association, visit = Staying(), replace(VISIT)
    admission.admit(association, visit)

    association.leave()

    journal.wait_for("closed")
    assert journal.happened == [("opened", visit.association), ("closed", visit.association)]


@pytest.mark.requirement("NODE-03")
def test_an_end_that_cannot_be_written_down_does_not_keep_the_node_from_stopping(
    admission: Admission, journal: RememberingJournal
) -> None:
    journal.on_closed = failing(1_000_000)
    association = Staying()
    admission.admit(association, replace(VISIT))
    association.leave()

    farewell = admission.close()[association].farewell

    assert farewell is not None
    farewell.join(10)
    assert not farewell.is_alive()


@pytest.mark.requirement("NODE-03")
def test_nobody_is_admitted_to_a_closed_node(admission: Admission, journal: RememberingJournal) -> None:
    assert admission.close() == {}

    assert refusal(lambda: admission.admit(threading.Thread(), replace(VISIT))).answer == (2, 1, 1)
    assert journal.happened == []
