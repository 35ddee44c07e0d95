"""Reader studies:  python -m validation.reading order PLAN --out order.csv
                     python -m validation.reading report PLAN --scores scores.csv --out DIR

The first draws who reads what in which order; the second reads the scores (validation.reader_scores tells the
columns) and writes the report of the multi-reader multi-case analysis.
"""

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from validation.document import Curve, Document, EndpointLine, Figure, Section, figure_of
from validation.drawing_up import code_digest
from validation.metrics.estimate import NotEstimable
from validation.metrics.hypotheses import Aim
from validation.metrics.mrmc import Inference, NotEstimated
from validation.metrics.roc_curve import curve
from validation.protocol import Goal
from validation.reader_plan import PlanRefused, ReaderPlan, read_plan
from validation.reader_scores import Reading, ScoresRefused, read_scores
from validation.reader_study import Endpoint, StudyResult, analyse
from validation.report import to_html, to_json, to_pdf

GOALS = {
    Aim.NON_INFERIORITY: Goal.NON_INFERIOR,
    Aim.SUPERIORITY: Goal.SUPERIOR,
    Aim.EQUIVALENCE: Goal.WITHIN,
}


def main(arguments: list[str] | None = None) -> int:
    """Give 0 where the plan's claim is met, 1 where not, 2 where plan or scores were refused."""
    options = _parser().parse_args(arguments)
    try:
        plan = read_plan(options.plan)
        if options.action == "order":
            _write_order(plan, options.out)
            return 0
        with options.scores.open(newline="", encoding="utf-8") as file:
            readings = read_scores(file, lowest=plan.lowest, highest=plan.highest)
        document = document_of(plan, analyse(plan.study(), readings), readings)
    except (PlanRefused, ScoresRefused, ValueError, OSError) as refusal:
        print(f"Refused: {refusal}", file=sys.stderr)  # noqa: T201
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "report.json").write_bytes(to_json(document))
    for language, ending in (("en", ""), ("ko", ".ko")):
        (options.out / f"report{ending}.html").write_bytes(to_html(document, language))
        (options.out / f"report{ending}.pdf").write_bytes(to_pdf(document, language))
    print(f"{document.conclusion} The report is in {options.out}.")  # noqa: T201
    return 0 if document.verdict == "met" else 1


def document_of(plan: ReaderPlan, result: StudyResult, readings: tuple[Reading, ...]) -> Document:
    """The report of `result`, which came of `readings`."""
    decision = result.decisions[0]
    return Document(
        title=plan.title,
        protocol=f"{plan.name} {plan.version}",
        dated=plan.dated.isoformat(),
        model=plan.arms[0],
        comparator=plan.arms[1],
        intended_use=plan.intended_use,
        product_code="",
        verdict=decision.verdict,
        conclusion=str(decision),
        counts={
            "cases": result.diseased + result.healthy,
            "patients": result.diseased + result.healthy,
            "sites": 1,
            "analysed": result.diseased + result.healthy,
            "not analysable": 0,
            "failed": 0,
        },
        endpoints=tuple(_lines(result)),
        subgroups=(),
        interactions=(),
        curves=tuple(_curves(plan, readings)),
        explanations=(),
        failures=(),
        deviations=tuple(f"{d.rule}: {d.reader}, {d.case}: {d.what}." for d in result.deviations),
        sections=tuple(_sections(plan)),
        digests={"protocol": plan.digest, "code": code_digest()},
        seed=0,
        uses="",
    )


def _lines(result: StudyResult) -> Iterator[EndpointLine]:
    """The difference of the ROC areas first, which decides; then what else was measured."""
    new, other = result.arms
    decision = result.decisions[0]
    parts = [(result.area, "AUC difference", True)]
    parts += [(result.sensitivity, "sensitivity difference", False)]
    parts += [(result.specificity, "specificity difference", False)]
    if result.area_per_protocol is not None:
        parts.append((result.area_per_protocol, "AUC difference", False))
    for found, metric, decides in parts:
        population = "per protocol" if found is result.area_per_protocol else "intention to diagnose"
        for holds_for, inference in _inferences(found):
            primary = decides and holds_for == "readers and cases"
            hypothesis = decision.hypothesis
            yield EndpointLine(
                name=f"{new} less {other}, for other {holds_for}",
                metric=metric,
                of=f"{len(result.readers)} readers",
                population=population,
                goal=str(hypothesis.aim).replace("non-inferiority", "non-inferior")
                if primary
                else "described",
                limit=hypothesis.limit if primary else 0.0,
                primary=primary,
                figure=_figure(inference),
                verdict=decision.verdict if primary else "described",
                sentence=str(decision) if primary else "",
            )


def _inferences(found: Endpoint | NotEstimated) -> Iterator[tuple[str, Inference | NotEstimated]]:
    if isinstance(found, NotEstimated):
        yield "readers and cases", found
        return
    yield "readers and cases", found.for_readers_and_cases
    yield "cases", found.for_cases
    yield "readers", found.for_readers


def _figure(found: Inference | NotEstimated) -> Figure:
    if isinstance(found, NotEstimated):
        return figure_of(NotEstimable(found.reason))
    return Figure.of(found.differences[0].estimate)


def _curves(plan: ReaderPlan, readings: tuple[Reading, ...]) -> Iterator[Curve]:
    """The ROC curve of every reader, with and without."""
    for reader in plan.readers:
        for arm in plan.arms:
            of = [one for one in readings if (one.reader, one.arm) == (reader, arm)]
            try:
                found = curve([one.rating for one in of], [plan.truth[one.case] for one in of])
            except NotEstimable:
                continue
            rate = tuple(float(1 - s) for s in found.specificity)
            heights = tuple(float(s) for s in found.sensitivity)
            yield Curve("roc", reader, x=rate, y=heights, note=f"n = {len(of)}", series=arm)


def _sections(plan: ReaderPlan) -> Iterator[Section]:
    yield Section("FDA", "Reference standard", plan.reference_standard)
    for name, text in plan.statements.items():
        yield Section("FDA", name, text)


def _write_order(plan: ReaderPlan, out: Path) -> None:
    with out.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["reader", "session", "position", "case", "arm"])
        table.writerows((a.reader, a.session, a.position, a.case, a.arm) for a in plan.order())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m validation.reading")
    parser.add_argument("action", choices=("order", "report"))
    parser.add_argument("plan", type=Path)
    parser.add_argument("--scores", type=Path, help="CSV with the ratings")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())
