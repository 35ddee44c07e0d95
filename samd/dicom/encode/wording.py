"""What results say in plain words: one voice for the report, the pictures and the labels.

Everything is ASCII, so that it reads the same in whatever character set the study brought.
"""

import unicodedata

from samd.domain.card import Classification, ModelCard
from samd.domain.finding import Answer, Explanation, Finding, Measurement, Outcome

PRODUCT = "samd"
RESEARCH_USE = "AI result - not verified - research use, not a cleared device"

LONG_STRING = 64  # characters of a Long String (LO), PS3.5 6.2

_ANSWERS = {
    Answer.NOTHING_FOUND: "Nothing found",
    Answer.NOT_ANALYSABLE: "Not analysable",
    Answer.FAILED: "Analysis failed",
}
_SILENCE = "Nothing is said about presence or absence of any finding."
_MEANINGS = {
    Answer.FINDING: "The analysis was completed on all images of the series.",
    Answer.NOTHING_FOUND: "The analysis was completed on all images of the series. Disease is not excluded.",
    Answer.NOT_ANALYSABLE: f"The study was not analysed. {_SILENCE}",
    Answer.FAILED: f"The analysis did not complete. {_SILENCE}",
}
# Signs whose compatibility decomposition is not ASCII; a backslash separates values in DICOM.
_SIGNS = str.maketrans(
    {"≥": ">=", "≤": "<=", "–": "-", "—": "-", "−": "-", "×": "x", "·": ".", "’": "'", "‘": "'",
     "“": '"', "”": '"', "µ": "u", "μ": "u", "\\": "/"}
)  # fmt: skip


def ascii_text(text: str, limit: int | None = None) -> str:
    """`text` in printable ASCII on one line, cut to `limit` characters; what has no likeness becomes "?"."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_SIGNS))
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    plain = " ".join(letters.encode("ascii", "replace").decode("ascii").split())
    return "".join(letter for letter in plain if letter.isprintable())[:limit].rstrip()


def series_description(card: ModelCard, what: str) -> str:
    """Series Description: begins with the product, ends with what the series holds."""
    ending = f" - {what}"
    return ascii_text(f"{PRODUCT} {card.title}", LONG_STRING - len(ending)) + ending


def headline(outcome: Outcome) -> str:
    """The answer in a few words."""
    if outcome.answer is not Answer.FINDING:
        return _ANSWERS[outcome.answer]
    if any(finding.present for finding in outcome.findings):
        return "Finding present"
    if any(finding.undetermined for finding in outcome.findings):
        return "Undetermined"
    return "Measured"


def meaning(outcome: Outcome) -> str:
    """What the answer does and does not say, in one or two sentences."""
    return _MEANINGS[outcome.answer]


def presence(finding: Finding) -> str:
    """Whether the finding is there, in one word; empty where that is not the question."""
    if finding.undetermined:
        return "undetermined"
    if finding.present is None:
        return ""
    return "present" if finding.present else "absent"


def quantity(measurement: Measurement) -> str:
    """A number with its unit, to four significant digits: "1285 cm3", "45.3 %", "0.8125"."""
    unit = "" if measurement.unit.value == "1" else f" {measurement.unit.value}"
    return f"{number(measurement.value)}{unit}"


def number(value: float) -> str:
    """Four significant digits, and never an exponent for what people read as a plain number."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def thresholds(classification: Classification) -> str:
    """The decision limits of a classification."""
    limits = f"{classification.name}: present at or above {number(classification.threshold)}"
    if classification.absent_below < classification.threshold:
        return ascii_text(f"{limits}, absent below {number(classification.absent_below)}")
    return ascii_text(f"{limits}, else absent")


def explanation(outcome: Outcome) -> str:
    """How the answer is explained, or that it is not, and by which figure that was decided."""
    shown = outcome.explanation
    if shown is None:
        return "No explanation was made for this answer."
    if shown.withheld:
        return f"The explanation was withheld because its faithfulness check failed. {method(shown)}"
    return f"Explanation shown. {method(shown)}"


def method(shown: Explanation) -> str:
    """Method, layer, target, baseline and faithfulness of an explanation."""
    check = shown.faithfulness
    return ascii_text(
        f"Method: {shown.method}; layer: {shown.layer}; target: {shown.target}; baseline: {shown.baseline}; "
        f"faithfulness ({check.metric}): {number(check.value)}, limit {number(check.limit)}."
    )
