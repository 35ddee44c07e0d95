"""Who is let into the node, who is inside, and when each has left."""

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from pynetdicom.association import Association

from samd.dicom.journal import Journal, until_written

logger = logging.getLogger(__name__)

# A-ASSOCIATE-RJ result, source and reason (PS3.8 Table 9-21).
CALLING_AE_NOT_RECOGNISED = (1, 1, 3)
CALLED_AE_NOT_RECOGNISED = (1, 1, 7)
NO_REASON_TRY_AGAIN = (2, 1, 1)
LOCAL_LIMIT_EXCEEDED = (2, 3, 2)


class NotAdmitted(Exception):
    """Why an association is rejected, and the result, source and reason that say so."""

    def __init__(self, answer: tuple[int, int, int], reason: str) -> None:
        super().__init__(reason)
        self.answer = answer


@dataclass(slots=True, eq=False)
class Visit:
    """What is known of one association; `received` counts the bytes of the message under way, `accepted`
    the objects that were answered with success."""

    calling_ae: str
    called_ae: str
    address: str
    association: str = field(default_factory=lambda: uuid.uuid4().hex)
    peer: str = ""
    received: int = 0
    accepted: int = 0
    farewell: threading.Thread | None = None

    @classmethod
    def of(cls, association: Association) -> Self:
        """The visit that this association asks for."""
        request = association.requestor.primitive
        return cls(
            calling_ae=request.calling_ae_title.strip(),
            called_ae=request.called_ae_title.strip(),
            address=association.requestor.address_info.address,
        )


class Admission:
    """Admits known peers, up to `most` at one time, and tells the journal of their coming and going.

    Who has left keeps the place until that is written down, which is tried until the node stops: the studies
    that it sent wait for it.
    """

    def __init__(
        self, ae_title: str, *, find_peer: Callable[[str, str], str | None], journal: Journal, most: int
    ) -> None:
        self._ae_title = ae_title
        self._find_peer = find_peer
        self._journal = journal
        self._most = most
        self._visits: dict[Association, Visit] = {}
        self._door = threading.Lock()
        self._closing = threading.Event()

    def admit(self, association: Association, visit: Visit) -> None:
        """Let a known peer in and write it down; raises NotAdmitted. For the association's own thread."""
        visit.peer = self._peer(visit)
        if visit.called_ae != self._ae_title:
            raise NotAdmitted(CALLED_AE_NOT_RECOGNISED, "the called AE title is not that of this node")
        with self._door:
            if self._closing.is_set():
                raise NotAdmitted(NO_REASON_TRY_AGAIN, "the node is stopping")
            if len(self._visits) >= self._most:
                raise NotAdmitted(LOCAL_LIMIT_EXCEEDED, f"{self._most} associations are open already")
            self._visits[association] = visit
        try:
            self._journal.opened(visit.association, visit.peer)
        except Exception as error:
            del self._visits[association]
            logger.exception("An association could not be written down; it was rejected for now.")
            raise NotAdmitted(NO_REASON_TRY_AGAIN, "the association could not be written down") from error
        # No event of pynetdicom fires in every case, and exactly once: the end of the thread does.
        visit.farewell = threading.Thread(
            target=self._see_off, args=(association, visit), name=f"farewell-{visit.association}", daemon=True
        )
        visit.farewell.start()

    def visit_of(self, association: Association) -> Visit | None:
        """The visit of an association that was admitted, until its end is written down."""
        return self._visits.get(association)

    def close(self) -> dict[Association, Visit]:
        """Admit nobody any more, and return who is inside."""
        with self._door:
            self._closing.set()
            return dict(self._visits)

    def _peer(self, visit: Visit) -> str:
        try:
            peer = self._find_peer(visit.calling_ae, visit.address)
        except Exception as error:
            logger.exception("The peers could not be looked up; an association was rejected for now.")
            raise NotAdmitted(NO_REASON_TRY_AGAIN, "the peers could not be looked up") from error
        if peer is None:
            raise NotAdmitted(CALLING_AE_NOT_RECOGNISED, "no peer with this AE title and address is known")
        return peer

    def _see_off(self, association: Association, visit: Visit) -> None:
        association.join()
        closed = partial(self._journal.closed, visit.association, accepted=visit.accepted)
        until_written(closed, what=f"The end of association {visit.association}", stopping=self._closing)
        del self._visits[association]
