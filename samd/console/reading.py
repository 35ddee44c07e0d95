"""What the trail says of reading: which studies, pictures and pages people saw, never what they typed.

One act of reading is one event. What a page asks for by itself, its pictures or its rows again, belongs to
the event of the page, as long as that is recent; asked for in any other way, it has an event of its own.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from audit import catalogue, trail
from audit.actors import current
from audit.events import Event
from audit.models import AuditEvent
from samd.console.review import StudyPage
from samd.console.worklist import StudyRow
from samd.records import story
from samd.records.models import Analysis, ModelVersion, Study

# A session ends after so long without activity, and a page with it.
PAGE_IS_OPEN = timedelta(minutes=15)
# A worklist that renews itself may stand open as long as a session may last.
WORKLIST_IS_OPEN = timedelta(hours=12)


def worklist_opened(rows: Iterable[StudyRow], *, show: str, page: int) -> None:
    """A page of the worklist is shown."""
    _record(Event.WORKLIST_VIEWED, "worklist", **_studies(rows), filter=show, page=page)


def worklist_renewed(rows: Iterable[StudyRow], *, show: str, page: int, now: datetime) -> None:
    """A worklist asks for its rows again: recorded only where nobody opened it here."""
    if not _was_seen(Q(event=Event.WORKLIST_VIEWED), since=now - WORKLIST_IS_OPEN):
        worklist_opened(rows, show=show, page=page)


def worklist_searched(rows: Iterable[StudyRow]) -> None:
    """A search has found these studies. What was searched for is a name, and not recorded."""
    _record(Event.WORKLIST_SEARCHED, "worklist", **_studies(rows))


def study_opened(study: Study, page: StudyPage) -> None:
    """A study is shown with these analyses and pictures."""
    sections = (*page.current, *page.earlier)
    _record(
        Event.STUDY_VIEWED,
        str(study),
        **story.of_study(study),
        analyses=[f"analysis/{section.pk}" for section in sections],
        pictures=[f"analysis/{section.pk}/{layer}" for section in sections for layer in section.layers],
    )


def picture_opened(analysis: Analysis, layer: str, *, now: datetime) -> None:
    """A picture is shown: recorded only where it is not the page of its study that shows it."""
    seen = Q(event=Event.STUDY_VIEWED, study=str(analysis.run.study))
    if not _was_seen(seen, since=now - PAGE_IS_OPEN):
        _record(Event.PICTURE_VIEWED, str(analysis), **story.of_analysis(analysis), layer=layer)


def model_opened(model: ModelVersion) -> None:
    """The card of a model version is shown."""
    _record(Event.MODEL_VIEWED, f"model/{model.pk}", model=model.digest)


def operations_opened() -> None:
    """The operations page is shown."""
    _record(Event.OPERATIONS_VIEWED, "operations")


def _record(event: Event, subject: str, **said: Any) -> None:
    with transaction.atomic():
        trail.append(event, subject, **said)


def _studies(rows: Iterable[StudyRow]) -> dict[str, int | list[str]]:
    studies = [f"study/{row.pk}" for row in rows]
    return {"shown": len(studies), "studies": studies}


def _was_seen(what: Q, *, since: datetime) -> bool:
    """Whether who acts now has seen `what` from this workstation."""
    who = current()
    last = catalogue.search(what & Q(actor=who.name, address=who.address)).newest(1)
    return AuditEvent.objects.filter(pk__in=last, at__gte=since).exists()
