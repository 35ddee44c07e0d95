"""One case through the analysis of the clinic, and what it said in the words of the truth.

Whatever goes wrong is a result: a case is never dropped.
"""

import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from samd.dicom.decode import DecodeLimits
from samd.dicom.encode import Context
from samd.dicom.read import DECODABLE, Unreadable, read_study
from samd.dicom.segments import NoSegmentation
from samd.domain.card import ModelCard
from samd.domain.finding import Explanation, Finding, Outcome
from samd.domain.selection import Declined, select_models
from samd.inference.model import Model
from samd.pipeline import AnalysisFailed, Report, analyse
from validation.case_result import CaseResult, Ending, ExplanationResult
from validation.dataset import Box, Case
from validation.overlaps import overlaps

log = logging.getLogger(__name__)

# Dates in the objects that are made and thrown away: the same in every run.
_CREATED = datetime(2000, 1, 1, tzinfo=UTC)


def examine(case: Case, folder: Path, model: Model, *, limits: DecodeLimits, variant: str = "") -> CaseResult:
    """What `model` says of `case`, whose files lie under `folder`."""
    start = time.perf_counter()
    try:
        answer = answer_to(case, folder, model, limits=limits)
        if isinstance(answer, Declined):
            reasons = tuple(reason.message for reason in answer.reasons)
            result = _without(case, model, Ending.NOT_ANALYSABLE, reasons)
        else:
            result = _result(case, folder, model, answer.outcome)
    except Unreadable:
        result = _without(case, model, Ending.NOT_ANALYSABLE, ("its files cannot be read",))
    except NoSegmentation as problem:
        result = _without(case, model, Ending.FAILED, (f"the true segmentation: {problem}",))
    except AnalysisFailed as failure:
        result = _without(case, model, Ending.FAILED, (failure.reason.message,))
    except Exception as error:
        log.exception("case %s", case.case)
        result = _without(case, model, Ending.FAILED, (f"unexpected {type(error).__name__}",))
    return replace(result, variant=variant, seconds=round(time.perf_counter() - start, 3))


def answer_to(case: Case, folder: Path, model: Model, *, limits: DecodeLimits) -> Report | Declined:
    """What the clinic would answer to `case`. Raises Unreadable and AnalysisFailed."""
    truth = set(case.truth.segmentations.values())  # is not shown to whom it judges
    files = [(folder / path, digest) for path, digest in sorted(case.files.items()) if path not in truth]
    study = read_study(files).study
    (decision,) = select_models(study, [model.card], decodable=DECODABLE)
    if isinstance(decision, Declined):
        return decision
    return analyse(study, decision, model, context=Context(run=1, created=_CREATED), limits=limits)


def _without(case: Case, model: Model, ending: Ending, reasons: tuple[str, ...]) -> CaseResult:
    return CaseResult(case.case, model.card.digest, ending, reasons=reasons)


def _result(case: Case, folder: Path, model: Model, outcome: Outcome) -> CaseResult:
    card = model.card
    classified = dict(zip([c.name for c in card.classifications], outcome.findings, strict=False))
    measured = outcome.findings[len(card.classifications) :]
    return CaseResult(
        case.case,
        card.digest,
        Ending.ANALYSED,
        scores={name: finding.measurements[0].value for name, finding in classified.items()},
        calls={name: _call(finding) for name, finding in classified.items()},
        measurements=_measurements(card, measured),
        overlaps=overlaps(case, folder, card, outcome),
        explanation=_explanation(case, outcome.explanation),
        embedding=outcome.embedding,
    )


def _call(finding: Finding) -> str:
    if finding.undetermined:
        return "undetermined"
    return "present" if finding.present else "absent"


def _measurements(card: ModelCard, findings: tuple[Finding, ...]) -> dict[str, float]:
    """By the name of the segment its amount, and by "segment: meaning" what else is measured of it."""
    values: dict[str, float] = {}
    for segment, finding in zip(card.segments, findings, strict=True):
        amount, *others = finding.measurements
        values[segment.name] = amount.value
        values |= {f"{segment.name}: {other.name.meaning}": other.value for other in others}
    return values


def _explanation(case: Case, explanation: Explanation | None) -> ExplanationResult | None:
    if explanation is None:
        return None
    boxes = case.truth.boxes.get(explanation.target, ())
    hit = None
    if boxes and explanation.attribution is not None:
        row, column = np.unravel_index(explanation.attribution[0].argmax(), explanation.attribution[0].shape)
        hit = any(_holds(box, float(column) + 0.5, float(row) + 0.5) for box in boxes)
    check = explanation.faithfulness
    return ExplanationResult(explanation.method, check.value, check.limit, explanation.withheld, hit)


def _holds(box: Box, x: float, y: float) -> bool:
    return box.left <= x < box.right and box.top <= y < box.bottom
