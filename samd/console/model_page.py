"""A model version for people: its card, from the bundle, verified at the moment of looking."""

from dataclasses import dataclass

from django.utils.functional import Promise

from samd.console import wording
from samd.console.importing import kept_bundle
from samd.domain.card import ModelCard
from samd.inference.bundle import Bundle, BundleRefused
from samd.records.models import ModelVersion


@dataclass(frozen=True, slots=True)
class ModelPage:
    """A model version. Without `bundle` nothing of its files is shown: `refused` says what is wrong."""

    model: ModelVersion
    bundle: Bundle | None
    accepts: tuple[tuple[Promise | str, str], ...]
    refused: str


def model_page(model: ModelVersion) -> ModelPage:
    """The page of `model`; reads and verifies the whole bundle."""
    try:
        bundle = kept_bundle(model.digest)
    except BundleRefused as refusal:
        return ModelPage(model, None, (), str(refusal))
    return ModelPage(model, bundle, _accepts(bundle.card), "")


def _accepts(card: ModelCard) -> tuple[tuple[Promise | str, str], ...]:
    """The input requirements of the card that say anything, in words."""
    gate = card.gate
    lines = [
        ("modality", _any_of(gate.modalities)),
        ("body part", _body_parts(gate)),
        ("view", _any_of(gate.views)),
        ("orientation", _any_of(gate.orientations)),
        ("planes", _within(gate.planes)),
        ("matrix", _within(gate.rows_and_columns)),
        ("pixel spacing", _within(gate.pixel_spacing, "mm")),
        ("plane spacing", _within(gate.plane_spacing, "mm")),
        ("patient age", _within(gate.patient_age, "years")),
        ("compression", "with or without loss" if gate.lossy else "without loss"),
    ]
    return tuple((wording.requirement(name), text) for name, text in lines if text)
