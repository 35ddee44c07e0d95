"""What a node writes down, and what it asks of those who keep its books."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from samd.dicom.storage import StoredFile


@dataclass(frozen=True, slots=True)
class Arrival:
    """One object that is durable as `file`; `modality` is empty where the object does not say it well.

    `patient` identifies a person and is not to be written down as it is.
    """

    association: str
    peer: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    modality: str
    patient: bytes
    file: StoredFile


class Refused(StrEnum):
    """What was refused."""

    ASSOCIATION = "association"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An association or an instance that was not accepted, and why, without identifiers of patients.

    `association` and `peer` are known of an instance; `status` is that of the C-STORE response, or
    None where none could be sent.
    """

    kind: Refused
    calling_ae: str
    called_ae: str
    address: str
    reason: str
    association: str = ""
    peer: str = ""
    status: int | None = None


class Journal(Protocol):
    """Where a node writes down what happens. Its methods are called from many threads at once.

    `stored` returns only after its row is committed, and raises only after nothing of it is: the
    sender is answered accordingly. It writes a row that is missing also for a file that is not new.
    `closed` follows every `opened` exactly once, after the last `stored` of that association; `accepted`
    is how many objects its sender was told are stored.
    """

    def opened(self, association: str, peer: str) -> None: ...

    def stored(self, arrival: Arrival) -> None: ...

    def closed(self, association: str, *, accepted: int) -> None: ...

    def refused(self, refusal: Refusal) -> None: ...
