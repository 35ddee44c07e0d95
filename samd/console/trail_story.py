"""One study's whole story in clinical order: received, analysed, delivered, read, signed; and who read it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.functional import Promise

from audit import catalogue
from audit.events import Event
from samd.console.trail_line import Line
from samd.console.trail_page import lines_of
from samd.console.trail_wording import GROUPS
from samd.records.models import Association, Study

# More events than this are no page for people; the list has them all.
MOST = 10_000

_READING = (Event.STUDY_VIEWED, Event.PICTURE_VIEWED)
_IMAGES = (Event.INSTANCE_STORED, Event.INSTANCE_REPEATED)


@dataclass(frozen=True, slots=True)
class Reader:
    """A person who opened the study: from where, when first and last, and how often."""

    person: Promise | str
    actor: str
    addresses: tuple[str, ...]
    first: datetime
    last: datetime
    times: int


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the story; `count` images in a row are one line, from the first, `line`, to the `last`."""

    line: Line
    count: int
    last: Line


@dataclass(frozen=True, slots=True)
class Chapter:
    """What happened of one kind, the oldest first."""

    slug: str
    label: Promise
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the trail says of a study. `cut` says that there is more than is told here."""

    study: int
    patient: str
    readers: tuple[Reader, ...]
    chapters: tuple[Chapter, ...]
    events: int
    altered: int
    cut: bool

    @property
    def length(self) -> int:
        """How many lines it has."""
        return sum(len(chapter.told) for chapter in self.chapters)


def story_of(pk: int) -> Story:
    """The story of the study `pk`. Raises Study.DoesNotExist."""
    study = Study.objects.get(pk=pk)
    senders = Association.objects.filter(instance__series__study=study).distinct()
    connections = Q(subject__in=[f"association/{sender}" for sender in senders.values_list("pk", flat=True)])
    found = catalogue.search(Q(study=str(study)) | connections).next(MOST + 1, after=0)
    shown = lines_of(found[:MOST])
    return Story(
        study=pk,
        patient=study.patient,
        readers=_readers(shown),
        chapters=tuple(_chapters(shown)),
        events=len(shown),
        altered=sum(not line.intact for line in shown),
        cut=len(found) > MOST,
    )


def _readers(shown: Iterable[Line]) -> tuple[Reader, ...]:
    """Who opened the study, the last reader first."""
    views: dict[str, list[Line]] = {}
    for line in shown:
        if line.event in _READING:
            views.setdefault(line.actor, []).append(line)
    readers = [
        Reader(
            person=seen[0].person,
            actor=actor,
            addresses=tuple(sorted({line.address for line in seen if line.address})),
            first=seen[0].at,
            last=seen[-1].at,
            times=len(seen),
        )
        for actor, seen in views.items()
    ]
    return tuple(sorted(readers, key=lambda reader: reader.last, reverse=True))


def _chapters(shown: Iterable[Line]) -> Iterator[Chapter]:
    by_group: dict[str, list[Line]] = {}
    for line in shown:
        by_group.setdefault(line.group, []).append(line)
    for group in GROUPS:
        if group.slug in by_group:
            yield Chapter(group.slug, group.label, tuple(_told(by_group[group.slug])))


def _told(chapter: Iterable[Line]) -> Iterator[Told]:
    told: Told | None = None
    for line in chapter:
        if told is not None and _goes_on(told.line, line):
            told = Told(told.line, told.count + 1, line)
            continue
        if told is not None:
            yield told
        told = Told(line, 1, line)
    if told is not None:
        yield told


def _goes_on(before: Line, line: Line) -> bool:
    """Whether `line` says the same of another image, and nothing that somebody must see."""
    same = (before.event, before.actor, before.reason) == (line.event, line.actor, line.reason)
    return same and line.event in _IMAGES and before.intact and line.intact
