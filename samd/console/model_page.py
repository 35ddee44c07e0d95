"""A model version for people: its card, from the bundle, verified at the moment of looking."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from samd.console import wording
from samd.console.importing import kept_bundle
from samd.domain.card import InputGate, Limits
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
    return ModelPage(model, bundle, _accepts(bundle.card.gate), "")


def _accepts(gate: InputGate) -> tuple[tuple[Promise | str, str], ...]:
    """The input requirements that demand anything, in words."""
    lines = (
        ("modality", _listed(gate.modalities)),
        ("body part", _listed(gate.body_parts)),
        ("excluded body part", _listed(gate.excluded_body_parts)),
        ("view", _listed(gate.views)),
        ("orientation", _listed(gate.orientations)),
        ("planes", _within(gate.planes)),
        ("matrix", _within(gate.rows_and_columns)),
        ("pixel spacing", _within(gate.pixel_spacing, "mm")),
        ("plane spacing", _within(gate.plane_spacing, "mm")),
        ("patient age", _within(gate.patient_age, _("years"))),
        ("compression", _("with or without loss") if gate.lossy else _("without loss")),
    )
    return tuple((wording.requirement(name), text) for name, text in lines if text)


def _listed(values: frozenset[str]) -> str:
    return ", ".join(sorted(values))


def _within(limits: Limits, unit: str = "") -> str:
    match limits.least, limits.most:
        case None, None:
            return ""
        case least, None:
            bounds = f"≥ {least:g}"
        case None, most:
            bounds = f"≤ {most:g}"
        case least, most:
            bounds = f"{least:g} – {most:g}"
    return f"{bounds} {unit}".rstrip()
