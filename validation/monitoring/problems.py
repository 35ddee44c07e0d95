"""Problem records: opened by a breach or a complaint, linked into the quality system, closed with a reason.

ISO 13485 8.2.2, 8.3, 8.5.2; 21 CFR 820 (QMSR). The quality system holds the complaint, the CAPA and the
change request; here stand their numbers, so that a breach can be followed to what was done about it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from audit import trail
from audit.events import Event
from validation.monitoring_models import ChartState, Problem, ProblemLink

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#-]{0,63}")
_ORDER: Mapping[str, int] = {kind: place for place, kind in enumerate(ProblemLink.Kind)}


class ProblemRefused(Exception):
    """The record cannot be changed like this; the message says why."""


@dataclass(frozen=True, slots=True)
class Link:
    """A number in the quality system."""

    kind: ProblemLink.Kind
    reference: str


def open_for_breach(chart: ChartState, *, title: str, now: datetime) -> tuple[Problem, bool]:
    """The open problem of `chart`, and whether it is a new one; in the caller's transaction."""
    there = Problem.objects.filter(chart=chart, closed_at=None).first()
    if there is not None:
        return there, False
    return _opened(Problem.Origin.BREACH, title, version=chart.version, chart=chart, now=now), True


def open_for_complaint(*, title: str, reference: str, version: str = "", now: datetime) -> Problem:
    """A new problem for the complaint `reference` about the model version of this digest, where it is known.

    `title` says what, without naming anybody. Raises ProblemRefused.
    """
    if not title.strip():
        raise ProblemRefused("a problem needs a title")
    with transaction.atomic():
        problem = _opened(Problem.Origin.COMPLAINT, title, version=version, chart=None, now=now)
        link(problem.pk, Link(ProblemLink.Kind.COMPLAINT, reference), now=now)
    return problem


def _opened(
    origin: Problem.Origin, title: str, *, version: str, chart: ChartState | None, now: datetime
) -> Problem:
    title = title[:200]
    row = Problem.objects.create(origin=origin, title=title, version=version, chart=chart, opened_at=now)
    trail.append(Event.PROBLEM_OPENED, str(row), model=version, title=title, origin=str(origin))
    return row


def link(number: int, to: Link, *, now: datetime) -> None:
    """Link the problem to a complaint, a CAPA or a change request. The same again changes nothing.

    Raises ProblemRefused where there is no such open problem or the reference is none.
    """
    if not _REFERENCE.fullmatch(to.reference):
        raise ProblemRefused("a reference is a number in the quality system: letters, digits and . _ / # -")
    with transaction.atomic():
        problem = _open(number)
        _, new = ProblemLink.objects.get_or_create(
            problem=problem, kind=to.kind, reference=to.reference, defaults={"linked_at": now}
        )
        if new:
            trail.append(
                Event.PROBLEM_LINKED,
                str(problem),
                model=problem.version,
                kind=str(to.kind),
                reference=to.reference,
            )


def close(number: int, *, conclusion: str, now: datetime) -> None:
    """Close the problem, saying what came of it. Raises ProblemRefused."""
    if not conclusion.strip():
        raise ProblemRefused("a problem is closed with a reason: say what came of it")
    with transaction.atomic():
        problem = _open(number)
        problem.closed_at, problem.conclusion = now, conclusion
        problem.save(update_fields=["closed_at", "conclusion"])
        trail.append(
            Event.PROBLEM_CLOSED,
            str(problem),
            model=problem.version,
            reason=conclusion,
            changes={"state": ("open", "closed")},
        )


def links_of(problem: Problem, *, until: datetime | None = None) -> tuple[Link, ...]:
    """The chain of the problem, as it stood at `until`: complaints, then CAPA, then change requests."""
    linked = problem.links.all() if until is None else problem.links.filter(linked_at__lt=until)
    rows = sorted(linked, key=lambda row: (_ORDER[row.kind], row.pk))
    return tuple(Link(ProblemLink.Kind(row.kind), row.reference) for row in rows)


def _open(number: int) -> Problem:
    problem = Problem.objects.select_for_update().filter(pk=number).first()
    if problem is None:
        raise ProblemRefused(f"there is no problem/{number}")
    if problem.closed_at is not None:
        raise ProblemRefused(f"problem/{number} is closed; open another")
    return problem
