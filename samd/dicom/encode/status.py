"""What the report says of the analysis as a whole: which of the four answers, why, and how explained."""

from collections.abc import Iterator, Mapping

from highdicom.sr import (
    CodeContentItem,
    ContentItem,
    MeasurementsAndQualitativeEvaluations,
    RelationshipTypeValues,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom import Dataset

from samd.dicom.encode import wording
from samd.dicom.encode.coding import concept
from samd.dicom.encode.context import Case
from samd.dicom.encode.groups import VISUAL_EXPLANATION, algorithm, analysed_images, image
from samd.domain.codes import PRIVATE_SCHEME, Code
from samd.domain.finding import Answer

AUDIT_CHECKPOINT = Code("audit-checkpoint", PRIVATE_SCHEME, "Checkpoint of the audit trail")
COMMENT = Code("121106", "DCM", "Comment")
REASON = Code("410666004", "SCT", "Reason for")
SUMMARY_OF_ANALYSES = Code("111065", "DCM", "Summary of Analyses")
SUMMARY_OF_FINDINGS = Code("111017", "DCM", "CAD Processing and Findings Summary")

# The concepts by which the whole refers to an object that no finding refers to.
ROLES = {
    "segmentation": Code("113076", "DCM", "Segmentation"),
    "attribution": VISUAL_EXPLANATION,
    "capture": Code("121111", "DCM", "Summary"),
}

# PS3.16 CID 6042, and of what was analysed CID 6047.
_STATUS = {
    Answer.FINDING: Code("111222", "DCM", "Succeeded"),
    Answer.NOTHING_FOUND: Code("111222", "DCM", "Succeeded"),
    Answer.NOT_ANALYSABLE: Code("111225", "DCM", "Not Attempted"),
    Answer.FAILED: Code("111224", "DCM", "Failed"),
}
_FOUND = {
    Answer.FINDING: Code("111242", "DCM", "All algorithms succeeded; with findings"),
    Answer.NOTHING_FOUND: Code("111241", "DCM", "All algorithms succeeded; without findings"),
}


def status_group(case: Case) -> MeasurementsAndQualitativeEvaluations:
    """A TID 1501 group for an analysis without findings, to hold its status."""
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(case.uid("analysis"), "analysis"),
        algorithm_id=algorithm(case.card),
        source_images=analysed_images(case) if case.analysed else None,
    )


def status_items(case: Case, objects: Mapping[str, Dataset]) -> Iterator[ContentItem]:
    """Codes for the answer and its reasons, sentences for people, references to `objects`, the anchor."""
    answer = case.outcome.answer
    yield _code(SUMMARY_OF_ANALYSES, _STATUS[answer])
    if case.analysed:
        yield _code(SUMMARY_OF_FINDINGS, _FOUND[answer])
    else:
        for code in dict.fromkeys(reason.code for reason in case.outcome.reasons):
            yield _code(REASON, code)
    for sentence in _sentences(case):
        yield TextContentItem(concept(COMMENT), sentence, RelationshipTypeValues.CONTAINS)
    for kind, dataset in objects.items():
        yield image(ROLES[kind], dataset)
    if case.context.anchor:
        yield TextContentItem(concept(AUDIT_CHECKPOINT), case.context.anchor, RelationshipTypeValues.CONTAINS)


def _sentences(case: Case) -> Iterator[str]:
    outcome = case.outcome
    yield f"{wording.headline(outcome)}. {wording.meaning(outcome)}"
    if case.analysed:
        yield wording.explanation(outcome)
    else:
        for reason in outcome.reasons:
            yield wording.ascii_text(f"{reason.requirement}: {reason.message}")
    yield f"{wording.RESEARCH_USE}."
    for limit in case.card.limits_of_use:
        yield wording.ascii_text(limit)


def _code(name: Code, value: Code) -> CodeContentItem:
    return CodeContentItem(concept(name), concept(value), RelationshipTypeValues.CONTAINS)
