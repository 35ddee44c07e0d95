"""Model cards for tests: one that classifies chest radiographs, one that measures CT."""

from dataclasses import replace
from typing import Any

from samd.domain.card import (
    Classification,
    ExplanationMethod,
    Fraction,
    InputGate,
    Limits,
    ModelCard,
    Segment,
)
from samd.domain.codes import PRIVATE_SCHEME, Code

TISSUE = Code("85756007", "SCT", "Tissue")
ADIPOSE = Code("55603005", "SCT", "Adipose tissue")
LUNG = Code("39607008", "SCT", "Lung")
FAT_SHARE = Code("adipose-share", PRIVATE_SCHEME, "Adipose share")
LUNG_SHARE = Code("lung-share", PRIVATE_SCHEME, "Lung share")
PNEUMONIA = Code("233604007", "SCT", "Pneumonia")
SCORE = Code("score", PRIVATE_SCHEME, "Score")


def measuring_card(**changes: Any) -> ModelCard:
    """A card with two segments, adipose tissue (1) and lung (2), and two shares."""
    card = ModelCard(
        name="measuring",
        version="1.0.0",
        title="Measuring",
        manufacturer="samd",
        digest="a" * 64,
        weights_digest="b" * 64,
        procedure=Code("77477000", "SCT", "Computed tomography"),
        intended_use="tests",
        gate=InputGate(
            modalities=frozenset({"CT"}),
            excluded_body_parts=frozenset({"HEAD"}),
            orientations=frozenset({"axial"}),
            planes=Limits(1, 100),
            rows_and_columns=Limits(least=16),
            pixel_spacing=Limits(0.2, 2.0),
            plane_spacing=Limits(0.5, 10.0),
        ),
        explanation=ExplanationMethod("integrated gradients", "adipose", "", "", 0.1),
        segments=(
            Segment(1, "adipose", TISSUE, ADIPOSE, (250, 220, 100)),
            Segment(2, "lung", TISSUE, LUNG, (100, 150, 250)),
        ),
        fractions=(
            Fraction(FAT_SHARE, 1, frozenset({1}), frozenset({1, 2}), 0.0),
            Fraction(LUNG_SHARE, 2, frozenset({2}), frozenset({1, 2}), 1000.0),
        ),
    )
    return replace(card, **changes)


def classifying_card(**changes: Any) -> ModelCard:
    """A card for one finding: present from 0.6, absent below 0.4."""
    card = measuring_card(
        name="classifying",
        gate=InputGate(
            modalities=frozenset({"CR", "DX"}),
            body_parts=frozenset({"CHEST"}),
            views=frozenset({"PA", "AP"}),
            patient_age=Limits(most=6),
            planes=Limits(1, 1),
            lossy=True,
        ),
        classifications=(Classification("pneumonia", PNEUMONIA, LUNG, SCORE, 0.6, 0.4),),
        segments=(),
        fractions=(),
    )
    return replace(card, **changes)
