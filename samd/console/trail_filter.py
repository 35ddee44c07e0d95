"""What the trail is narrowed to: read from a form, kept in an address, turned into conditions.

An address holds user names of staff, row numbers, surrogates and digests; whatever looks otherwise, a
patient's name for instance, is refused before an address is made of it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from typing import TypedDict
from urllib.parse import urlencode

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.events import Event
from samd.console.trail_facts import OUTCOMES
from samd.console.trail_wording import GROUPS

PROBLEMS = "problems"

_GROUPS = {group.slug: group for group in GROUPS}
_STUDY = re.compile(r"(?:study/)?([1-9][0-9]{0,17})")
SURROGATE = re.compile(r"(?:patient/)?([0-9a-f]{16})")
_MODEL = re.compile(r"[0-9a-f]{64}")


class Belongs(TypedDict):
    """A study and a patient, as the trail names them."""

    study: str
    patient: str


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Empty is everything. `what` is an event or the slug of a group; `since` and `until` are ISO dates,
    both included, or times of the site; `outcome` is a number of audit.trail.Outcome or "problems"."""

    person: str = ""
    patient: str = ""
    study: str = ""
    model: str = ""
    what: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""

    @property
    def query(self) -> str:
        """The filter as the query of an address."""
        return urlencode({name: text for name, text in self.facts().items() if text})

    def facts(self) -> dict[str, str]:
        """The filter as it is recorded: what is empty is left out."""
        return {one.name: text for one in fields(self) if (text := getattr(self, one.name))}

    @property
    def belongs(self) -> Belongs:
        """Whose story it is to read so: the arguments of audit.trail.append that say it."""
        return {
            "study": f"study/{self.study}" if self.study else "",
            "patient": f"patient/{self.patient}" if self.patient else "",
        }

    @property
    def events(self) -> tuple[str, ...]:
        """The events that are asked for; none is every event."""
        if self.what in _GROUPS:
            return tuple(_GROUPS[self.what].phrases)
        return (self.what,) if self.what else ()

    def conditions(self) -> Q:
        """The rows that pass, except for `events`."""
        conditions = Q()
        if self.person:
            conditions &= Q(actor=self.person)
        if self.patient:
            conditions &= Q(patient=f"patient/{self.patient}")
        if self.study:
            conditions &= Q(study=f"study/{self.study}")
        if self.model:
            conditions &= Q(model=self.model)
        if self.outcome:
            conditions &= Q(outcome__gt=0) if self.outcome == PROBLEMS else Q(outcome=int(self.outcome))
        if self.since:
            conditions &= Q(at__gte=_moment(self.since))
        if self.until:
            conditions &= Q(at__lt=_moment(self.until, end=True))
        return conditions


class FilterRefused(Exception):
    """The trail is not searched by such a value: by which, and what is expected. It is not repeated."""

    def __init__(self, field: str, words: Promise) -> None:
        super().__init__(field)
        self.label = LABELS[field]
        self.words = words


LABELS: Mapping[str, Promise] = {
    "person": _("Person"),
    "patient": _("Patient"),
    "study": _("Study"),
    "model": _("Model"),
    "what": _("What"),
    "outcome": _("Outcome"),
    "since": _("From day"),
    "until": _("To day"),
}


def read_filter(given: Mapping[str, str], *, is_known: Callable[[str, str], bool]) -> TrailFilter:
    """The filter in a form or in the query of an address. Raises FilterRefused.

    `is_known` says whether the trail knows this "actor" or this "patient": a name is no user name only
    because it could be one.
    """
    texts = {one.name: given.get(one.name, "").strip() for one in fields(TrailFilter)}
    study, patient = _STUDY.fullmatch(texts["study"]), SURROGATE.fullmatch(texts["patient"])
    checks = {
        "person": (
            texts["person"].isprintable() and is_known("actor", texts["person"]),
            _("the user name of somebody whom the trail names"),
        ),
        "patient": (
            patient and is_known("patient", f"patient/{patient[1]}"),
            _("a surrogate as the trail shows it, patient/ and 16 digits or letters a to f"),
        ),
        "study": (study, _("the number of a study")),
        "model": (_MODEL.fullmatch(texts["model"]), _("the digest of a model, 64 digits or letters a to f")),
        "what": (texts["what"] in _GROUPS or texts["what"] in set(Event), _("an event of the list")),
        "outcome": (texts["outcome"] in {PROBLEMS, *map(str, map(int, OUTCOMES))}, _("one of the list")),
        "since": (_is_moment(texts["since"]), _("a date, year-month-day")),
        "until": (_is_moment(texts["until"]), _("a date, year-month-day")),
    }
    for field, (fits, expected) in checks.items():
        if texts[field] and not fits:
            raise FilterRefused(field, expected)
    texts["study"] = study[1] if study else ""
    texts["patient"] = patient[1] if patient else ""
    return TrailFilter(**texts)


def _is_moment(text: str) -> bool:
    try:
        _moment(text, end=True)
    except (ValueError, OverflowError):
        return False
    return True


def _moment(text: str, *, end: bool = False) -> datetime:
    """The moment that `text` names, at this site; the `end` of a day is the beginning of the next."""
    day = parse_date(text)
    moment = parse_datetime(text) if day is None else datetime.combine(day + timedelta(days=end), time.min)
    if moment is None or not 1970 <= moment.year <= 9000:  # what every database and time zone can tell
        raise ValueError(text)
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
