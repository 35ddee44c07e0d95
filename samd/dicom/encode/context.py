"""What a result is encoded from: the outcome, the model, the run, and the images that it speaks of."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from pydicom import Dataset

from samd.domain.card import ModelCard
from samd.domain.finding import Answer, Outcome
from samd.domain.identity import derived_uid

_OFFSET = re.compile(r"([+-])([01][0-9])([0-5][0-9])")

ANALYSED = frozenset({Answer.FINDING, Answer.NOTHING_FOUND})


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The report of an earlier run that this run's report replaces: same study, same model."""

    sop_instance_uid: str
    series_instance_uid: str


@dataclass(frozen=True, slots=True)
class Context:
    """What the encoding needs beyond outcome and card.

    `created` is aware; every date and time of the objects is taken from it, so that a retry makes the
    same bytes. It is written in the time zone of the study where the study states one (PS3.3 C.12.1.1.8),
    else in its own, which should be the site's. `anchor` is the newest signed checkpoint of the audit trail
    in ASCII: the report carries it, so that the archive is a witness of the trail.
    """

    run: int
    created: datetime
    supersedes: Predecessor | None = None
    anchor: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """The objects, the report first because it is the root that references the others, and pictures.

    `previews` are PNG layers of one plane, all of the same size: "image" (grey), "heat" and "segments"
    (with transparency), where they exist. Take the bytes of an object with to_bytes() before reading
    its text: inherited text is held as received, and reading it lets pydicom encode it anew.
    """

    objects: tuple[Dataset, ...]
    previews: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One result on its way into DICOM objects."""

    outcome: Outcome
    card: ModelCard
    context: Context
    sources: Sequence[Dataset]

    @property
    def study_instance_uid(self) -> str:
        return str(self.sources[0].StudyInstanceUID)

    @property
    def created(self) -> datetime:
        """When the result was made, in the time zone of the study where that states one."""
        # Timezone Offset From UTC applies to every time of an object, so inherited and own ones share it.
        stated = _OFFSET.fullmatch(str(self.sources[0].get("TimezoneOffsetFromUTC") or ""))
        if stated is None:
            return self.context.created
        offset = timedelta(hours=int(stated[2]), minutes=int(stated[3]))
        return self.context.created.astimezone(timezone(-offset if stated[1] == "-" else offset))

    @property
    def analysed(self) -> bool:
        return self.outcome.answer in ANALYSED

    def uid(self, kind: str) -> str:
        """The UID of what `kind` names in this run: the same one whenever the run is encoded."""
        return derived_uid(self.study_instance_uid, self.card.digest, kind, str(self.context.run))
