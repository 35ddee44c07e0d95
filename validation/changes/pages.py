"""Change plans and the decisions under them, for people. What is signed is what is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.events import Event
from audit.models import Record
from audit.records import keyring, verify_record
from audit.signing_keys import Person
from audit.turn import Refusal
from audit.verdicts import content_of
from samd.console.wording import Word
from samd.domain.change_plan import ChangePlan, PlanRefused
from samd.domain.plan_decision import Standing
from samd.records.models import ModelVersion
from validation.changes.deciding import DECISIONS
from validation.changes.plans import PLANS, is_signed, plan_of
from validation.models import Run
from validation.pages import Signing, Waiting, signing_of, waiting_for

STANDINGS: Mapping[str, Word] = {
    Standing.INSIDE: Word("verified", pgettext_lazy("change plan", "inside the plan")),
    Standing.OUTSIDE: Word("failed", pgettext_lazy("change plan", "outside the plan")),
    Standing.DEVIATED: Word(
        "caution", pgettext_lazy("change plan", "deviated: its protocol was not followed")
    ),
}
MEANS: Mapping[str, Promise] = {
    Standing.INSIDE: _("It may be activated under the plan, once this decision is signed."),
    Standing.OUTSIDE: _(
        "It must not be activated under the plan. Whether a submission is needed is for people."
    ),
    Standing.DEVIATED: _(
        "It must not be activated under the plan: what was done is not what was authorised."
    ),
}
UNKNOWN = Word("undetermined", pgettext_lazy("verdict", "not stated"))


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A record in a list: its key in the address, its name, when it was made, and what it waits for."""

    key: str
    name: str
    made: datetime
    standing: Word | None
    waiting: Waiting | None


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A plan; `plan` is None where its record does not hold what was registered."""

    key: str
    content: Mapping[str, Any]
    plan: ChangePlan | None
    signed: bool
    signing: Signing
    versions: tuple[ModelVersion, ...]
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """A decision, with its standing in words, and each criterion with its own."""

    key: str
    content: Mapping[str, Any]
    standing: Word
    means: Promise | str
    lines: tuple[tuple[str, Word, str], ...]
    signing: Signing


def lines(prefix: str) -> tuple[RecordLine, ...]:
    """The records whose subjects begin with `prefix`, the newest first."""
    ring, found = keyring(), []
    for record in Record.objects.filter(subject__startswith=prefix).order_by("-pk"):
        said = content_of(record.content)
        verdicts = verify_record(record.subject, record.content, ring)
        name = str(said.get("name") or f"{said.get('plan', '')} · {said.get('modification', '')}")
        found.append(
            RecordLine(
                record.subject.removeprefix(prefix),
                f"{name} {said.get('version', '')}".strip(),
                record.created_at,
                STANDINGS.get(str(said.get("standing"))),
                waiting_for(said, verdicts),
            )
        )
    return tuple(found)


def plan_page(record: Record, *, person: Person, key: Refusal | None) -> PlanPage:
    """The page of a plan as `person`, with whose signing key `key` is wrong if anything is, sees it."""
    try:
        plan = plan_of(record)
    except PlanRefused:
        plan = None
    return PlanPage(
        key=record.subject.removeprefix(PLANS),
        content=content_of(record.content),
        plan=plan,
        signed=is_signed(record),
        signing=signing_of(record, Event.CHANGE_PLANNED, person, key),
        versions=tuple(ModelVersion.objects.filter(name=plan.model)) if plan else (),
        runs=tuple(Run.objects.exclude(record=None).order_by("-pk")),
    )


def decision_page(record: Record, *, person: Person, key: Refusal | None) -> DecisionPage:
    """The page of a decision, for `person` as above."""
    said = content_of(record.content)
    standing = str(said.get("standing"))
    return DecisionPage(
        key=record.subject.removeprefix(DECISIONS),
        content=said,
        standing=STANDINGS.get(standing, UNKNOWN),
        means=MEANS.get(standing, ""),
        lines=tuple(
            (
                str(one.get("criterion")),
                STANDINGS.get(str(one.get("standing")), UNKNOWN),
                str(one.get("reason")),
            )
            for one in said.get("lines", ())
        ),
        signing=signing_of(record, Event.CHANGE_DECIDED, person, key),
    )
