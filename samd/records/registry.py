"""Which model versions are known and in force, and which one was taken out of force for a problem."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit import sealing, trail
from audit.catalogue import search
from audit.events import Event
from audit.models import AuditEvent
from samd import VERSION
from samd.domain.card import ExplanationMethod, InputGate, ModelCard
from samd.domain.codes import Code
from samd.records.models import ModelVersion

_IMAGING = Code("363679005", "SCT", "Imaging")

_FORCE = (Event.MODEL_IMPORTED, Event.MODEL_SUSPENDED, Event.MODEL_RESUMED)


class Suspended(Exception):
    """The version was taken out of force for a problem: it comes back by `resume` alone."""


class NotSuspended(Exception):
    """The version cannot be put back; the message says why."""


def put_in_force(card: ModelCard) -> ModelVersion:
    """Remember an imported model version and let it take the place of the one in force. Raises Suspended."""
    with transaction.atomic():
        if is_suspended(card.digest):
            raise Suspended(
                f"{card.name} {card.version} was taken out of force for a problem; a person puts it back, "
                "with a reason: manage.py monitor resume"
            )
        before = ModelVersion.objects.filter(name=card.name, in_force=True).first()
        ModelVersion.objects.filter(name=card.name, in_force=True).update(in_force=False)
        model, _ = ModelVersion.objects.update_or_create(
            digest=card.digest,
            defaults={"in_force": True},
            create_defaults={
                "name": card.name,
                "version": card.version,
                "title": card.title,
                "in_force": True,
                "imported_at": timezone.now(),
            },
        )
        model.released_by = trail.append(
            Event.MODEL_IMPORTED,
            f"model/{model.pk}",
            model=card.digest,
            changes={"in force": (before.digest if before else None, card.digest)},
            name=card.name,
            version=card.version,
        )
        model.save()
    return model


def suspend(model: ModelVersion, *, reason: str, problem: str = "") -> bool:
    """Take `model` out of force for `problem` ("problem/3"); whether it was in force.

    No further study is given to it. What it has begun it ends, and the report says which version it is of.
    """
    with transaction.atomic():
        row = ModelVersion.objects.select_for_update().get(pk=model.pk)
        if not row.in_force:
            return False
        row.in_force = False
        row.save(update_fields=["in_force"])
        trail.append(
            Event.MODEL_SUSPENDED,
            f"model/{row.pk}",
            model=row.digest,
            reason=reason,
            changes={"in force": (row.digest, None)},
            name=row.name,
            version=row.version,
            problem=problem,
        )
    return True


def resume(model: ModelVersion, *, reason: str, actor: str) -> None:
    """Put a suspended version back in force, because `actor` says so; once a checkpoint covers the event.

    Raises NotSuspended where it was not suspended, where another version is in force by now, and without a
    reason.
    """
    if not reason.strip():
        raise NotSuspended("a version is put back in force for a reason: say which")
    with transaction.atomic():
        row = ModelVersion.objects.select_for_update().get(pk=model.pk)
        if row.in_force or not is_suspended(row.digest):
            raise NotSuspended(f"{row} is not suspended")
        other = ModelVersion.objects.filter(name=row.name, in_force=True).first()
        if other is not None:
            raise NotSuspended(f"{other} is in force; {row} does not take its place by this")
        row.in_force = True
        row.released_by = trail.append(
            Event.MODEL_RESUMED,
            f"model/{row.pk}",
            actor=actor,
            model=row.digest,
            reason=reason,
            changes={"in force": (None, row.digest)},
            name=row.name,
            version=row.version,
        )
        row.save(update_fields=["in_force", "released_by"])


def is_suspended(digest: str) -> bool:
    """Whether the last that the trail says of the force of this version is that it was taken away."""
    last = search(Q(event__in=_FORCE, model=digest)).newest(1)
    return bool(last) and AuditEvent.objects.get(pk=last[0]).event == Event.MODEL_SUSPENDED


def models_in_force() -> list[ModelVersion]:
    """The model versions that studies are given to, once each is released."""
    return list(ModelVersion.objects.filter(in_force=True).select_related("released_by"))


def is_released(model: ModelVersion) -> bool:
    """Whether a checkpoint of the trail covers the event that put the model in force."""
    return model.released_by is None or sealing.is_sealed(model.released_by)


def card_of(model: ModelVersion) -> ModelCard:
    """What the registry itself knows of a model: enough to say that its analysis failed.

    The bundle may be the very thing that failed, so nothing is read from it.
    """
    return ModelCard(
        name=model.name,
        version=model.version,
        title=model.title,
        manufacturer=f"samd {VERSION}",
        digest=model.digest,
        weights_digest="",
        procedure=_IMAGING,
        intended_use="",
        gate=InputGate(modalities=frozenset()),
        explanation=ExplanationMethod("none", "", "", "", 0.0),
    )
