"""Which model versions are known and in force."""

from django.db import transaction
from django.utils import timezone

from audit import sealing, trail
from audit.events import Event
from samd import VERSION
from samd.domain.card import ExplanationMethod, InputGate, ModelCard
from samd.domain.codes import Code
from samd.records.models import ModelVersion

_IMAGING = Code("363679005", "SCT", "Imaging")


def put_in_force(card: ModelCard) -> ModelVersion:
    """Remember an imported model version and let it take the place of the one in force."""
    with transaction.atomic():
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
