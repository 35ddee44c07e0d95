"""The rows of runs, and what the trail says of them: started, finished, and uses of a set, counted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from audit import records, trail
from audit.catalogue import search
from audit.events import Event
from samd.domain import schema
from validation.case_result import CaseResult, Key
from validation.dataset import Manifest
from validation.models import Outcome, Run
from validation.protocol import Protocol


def open_run(protocol: Protocol, manifest: Manifest, *, code: str, works: int, now: datetime) -> Run:
    """The unfinished run of just this protocol, data, models and code; a new one where there is none.

    `works` is how many analyses it takes.

    A new run is an event; on a sequestered set it is a use of it, which counts even if it never ends.
    """
    run = {
        "protocol": protocol.digest,
        "data": manifest.digest,
        "model": protocol.model.digest,
        "comparator": protocol.comparator.digest if protocol.comparator else "",
        "code": code,
    }
    with transaction.atomic():
        unfinished = Run.objects.select_for_update().filter(**run, finished_at=None).first()
        if unfinished is not None:
            return unfinished
        subject = f"protocol/{protocol.digest[:16]}"
        event = trail.append(
            Event.VALIDATION_STARTED,
            subject,
            model=run["model"],
            protocol=run["protocol"],
            data=run["data"],
            comparator=run["comparator"],
            code=run["code"],
        )
        if protocol.data.sequestered:
            trail.append(
                Event.DATASET_USED,
                f"dataset/{manifest.digest[:16]}",
                data=manifest.digest,
                protocol=protocol.digest,
                planned=protocol.data.planned_uses,
            )
        name = f"{protocol.name} {protocol.version}"
        return Run.objects.create(**run, name=name, works=works, started_at=now, event=event)


def uses(manifest: Manifest) -> int:
    """How often the trail says that this set was used."""
    subject = f"dataset/{manifest.digest[:16]}"
    found = search(Q(event=Event.DATASET_USED, subject=subject))
    return found.headings.count() + found.waiting.count()


def keep(run: Run, result: CaseResult) -> None:
    """Keep a result, durably. One that is there already stays: a case counts once."""
    Outcome.objects.get_or_create(
        run=run,
        model=result.model,
        case=result.case,
        variant=result.variant,
        defaults={"content": schema.written(result)},
    )


def done(run: Run) -> set[Key]:
    """What need not be done again."""
    return set(run.outcomes.values_list("model", "case", "variant"))


def results(run: Run) -> list[CaseResult]:
    """Everything that was kept of `run`, ordered by model, variant and case."""
    rows = run.outcomes.order_by("model", "variant", "case").values_list("content", flat=True)
    return [schema.read(CaseResult, content, "a kept result") for content in rows]


def finish(
    run: Run,
    summary: dict[str, Any],
    *,
    report: str,
    cases: str,
    signatures: Sequence[tuple[str, str]],
    now: datetime,
) -> None:
    """Close `run`, and keep `summary` as the record that is signed, by (meaning, role) each; beside it the
    `report` and the table of its `cases` as texts.

    `summary` holds whole numbers and texts. A run that was finished before stays as it is.
    """
    with transaction.atomic():
        locked = Run.objects.select_for_update().get(pk=run.pk)
        if locked.finished_at is not None:
            return
        content = {**summary, "signatures": [{"meaning": m, "role": r} for m, r in signatures]}
        record = records.create(f"validation/{run.pk}", content, now=now)
        trail.append(
            Event.VALIDATION_FINISHED,
            f"validation/{run.pk}",
            model=run.model,
            digest=record.digest,
            protocol=run.protocol,
            data=run.data,
            verdict=str(summary["verdict"]),
        )
        locked.finished_at, locked.record = now, record
        locked.report, locked.case_table = report, cases
        locked.save(update_fields=["finished_at", "record", "report", "case_table"])
