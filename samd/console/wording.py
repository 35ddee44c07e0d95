"""What the console calls things: stages, answers and units in the reader's language, numbers for reading.

Each word has a slug, which is the name of its icon and of its style: the four answers differ by word,
colour and shape, so that none of the three alone carries the difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage
from samd.records.models import Job


@dataclass(frozen=True, slots=True)
class Word:
    """A label in the reader's language and the slug of its icon and style."""

    slug: str
    label: Promise
    meaning: Promise | str = ""


ANSWERS: Mapping[str, Word] = {
    Answer.FINDING: Word("finding", _("Finding"), _("The model completed and reports what is listed below.")),
    Answer.NOTHING_FOUND: Word(
        "nothing-found",
        _("Nothing found"),
        _("The model completed and found none of what it looks for. This does not rule out disease."),
    ),
    Answer.NOT_ANALYSABLE: Word(
        "not-analysable",
        _("Not analysable"),
        _("The model did not run. Nothing is said about the patient."),
    ),
    Answer.FAILED: Word(
        "failed", _("Analysis failed"), _("The analysis broke off. Nothing is said about the patient.")
    ),
}

# Quantities alone are a finding too, but nothing that the model calls disease.
_MEASUREMENTS = Word(
    "measured",
    _("Measured"),
    _("The model completed and measured what is listed below. It does not judge whether this is disease."),
)

STAGES: Mapping[str, Word] = {
    Stage.QUEUED: Word("queued", _("waiting for analysis")),
    Stage.ANALYSING: Word("analysing", _("being analysed")),
    Stage.REPORTED: Word("reported", _("reported")),
    Stage.DELIVERED: Word("delivered", _("delivered")),
    Stage.UNDELIVERED: Word("undelivered", _("not delivered")),
}

PRESENT = Word("finding", pgettext_lazy("finding", "present"))
ABSENT = Word("nothing-found", pgettext_lazy("finding", "not found"))
UNDETERMINED = Word("undetermined", pgettext_lazy("finding", "undetermined"))
MEASURED = Word("measured", pgettext_lazy("finding", "measured"))

JOB_KINDS: Mapping[str, Promise] = {
    Job.Kind.COMPLETE: _("Completing a study"),
    Job.Kind.ANALYSE: _("Analysis"),
    Job.Kind.DELIVER: _("Delivery"),
}

JOB_STATES: Mapping[str, Promise] = {
    Job.State.READY: pgettext_lazy("job", "ready"),
    Job.State.LEASED: pgettext_lazy("job", "in work"),
    Job.State.DONE: pgettext_lazy("job", "done"),
    Job.State.DEAD: pgettext_lazy("job", "dead letter"),
}

# How samd.domain names an input requirement or a step, in one word (Reason.requirement).
REQUIREMENTS: Mapping[str, Promise] = {
    "analysis": pgettext_lazy("requirement", "analysis"),
    "body part": pgettext_lazy("requirement", "body part"),
    "bundle": pgettext_lazy("requirement", "bundle"),
    "completeness": pgettext_lazy("requirement", "completeness"),
    "compression": pgettext_lazy("requirement", "compression"),
    "decoding": pgettext_lazy("requirement", "decoding"),
    "duplicates": pgettext_lazy("requirement", "duplicates"),
    "image content": pgettext_lazy("requirement", "image content"),
    "matrix": pgettext_lazy("requirement", "matrix"),
    "modality": pgettext_lazy("requirement", "modality"),
    "model output": pgettext_lazy("requirement", "model output"),
    "orientation": pgettext_lazy("requirement", "orientation"),
    "patient age": pgettext_lazy("requirement", "patient age"),
    "photometric interpretation": pgettext_lazy("requirement", "photometric interpretation"),
    "pixel spacing": pgettext_lazy("requirement", "pixel spacing"),
    "plane spacing": pgettext_lazy("requirement", "plane spacing"),
    "planes": pgettext_lazy("requirement", "planes"),
    "position": pgettext_lazy("requirement", "position"),
    "readable files": pgettext_lazy("requirement", "readable files"),
    "size": pgettext_lazy("requirement", "size"),
    "spacing": pgettext_lazy("requirement", "spacing"),
    "tilt": pgettext_lazy("requirement", "tilt"),
    "transfer syntax": pgettext_lazy("requirement", "transfer syntax"),
    "view": pgettext_lazy("requirement", "view"),
}

_UNITS = {"1": "", "%": "%", "cm2": "cm²", "cm3": "cm³", "mm2": "mm²", "mm3": "mm³", "[hnsf'U]": "HU"}
_NO_BREAK_SPACE = "\u00a0"


def answer(name: str, findings: Sequence[Mapping[str, Any]]) -> Word | None:
    """The word for the answer `name` with these findings; None where there is no answer yet."""
    if name == Answer.FINDING and not any(f["present"] or f["undetermined"] for f in findings):
        return _MEASUREMENTS
    return ANSWERS.get(name)


def requirement(name: str) -> Promise | str:
    """The requirement `name` in the reader's language; as it stands where it is not known here."""
    return REQUIREMENTS.get(name, name)


def presence(*, present: bool | None, undetermined: bool) -> Word:
    """Which of the four things a finding says."""
    if undetermined:
        return UNDETERMINED
    if present is None:
        return MEASURED
    return PRESENT if present else ABSENT


def quantity(value: float, unit: str) -> str:
    """`value` rounded as far as it means anything, with its UCUM `unit` as people write it.

    Percentages have one digit after the point, figures without a unit three, others three
    significant digits; digits before the point are never rounded away. Value and unit do not part
    at the end of a line.
    """
    if unit == "%":
        digits = 1
    elif unit == "1":
        digits = 3
    else:
        digits = sum(abs(value) < limit for limit in (100, 10, 1))
    return f"{value:,.{digits}f}{_NO_BREAK_SPACE}{_UNITS.get(unit, unit)}".rstrip()
