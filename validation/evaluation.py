"""From results to verdicts: every endpoint and subgroup that the protocol asks for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samd.domain.card import ModelCard
from validation.answers import Answers, answers
from validation.case_result import CaseResult, Ending
from validation.dataset import Manifest
from validation.document import EndpointLine, Figure, Interaction, SubgroupLine, figure_of
from validation.endpoints import METRICS, estimate, hypothesis
from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.hypotheses import Decision, Verdict, decide, joint_verdict
from validation.metrics.subgroups import Row, Subgroups, tabulate
from validation.perturbations import parse_variant
from validation.protocol import Endpoint, Perturbation, Protocol, ProtocolRefused


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is judged: the results of the model, and of the comparator where there is one, by case."""

    protocol: Protocol
    manifest: Manifest
    card: ModelCard
    results: Mapping[str, CaseResult]
    comparator: Mapping[str, CaseResult]

    def answers(self, output: str) -> Answers:
        return answers(output, self.manifest.cases, self.results, self.comparator)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The lines of the report, and the verdict of the primary endpoints together."""

    endpoints: tuple[EndpointLine, ...]
    verdict: Verdict
    subgroups: tuple[SubgroupLine, ...]
    interactions: tuple[Interaction, ...]
    counts: Mapping[str, int]


def check(protocol: Protocol, card: ModelCard) -> None:
    """Raise ProtocolRefused where it asks for a figure that there is not, or for an unknown output."""
    outputs = {c.name for c in card.classifications} | {s.name for s in card.segments}
    for endpoint in protocol.endpoints:
        if endpoint.metric not in METRICS:
            raise ProtocolRefused(
                f"{endpoint.name}: there is no metric {endpoint.metric}; there are: {', '.join(METRICS)}"
            )
        if endpoint.of not in outputs:
            there = ", ".join(sorted(outputs))
            raise ProtocolRefused(f"{endpoint.name}: {card.name} has no output {endpoint.of}, only {there}")
    for perturbation in protocol.robustness.perturbations if protocol.robustness else ():
        _check_perturbation(perturbation)


def _check_perturbation(perturbation: Perturbation) -> None:
    for level in perturbation.levels:
        try:
            parse_variant(f"{perturbation.kind}={level:g}")
        except ValueError as problem:
            raise ProtocolRefused(f"robustness: {problem}") from problem


def judge(evidence: Evidence) -> Judgement:
    """Everything that is decided. Co-primary endpoints must all be met, so that alpha is not shared out."""
    protocol = evidence.protocol
    lines, decisions = [], []
    for endpoint in protocol.endpoints:
        line, decision = _endpoint(endpoint, evidence)
        lines.append(line)
        if endpoint.primary and decision is not None:
            decisions.append(decision)
    tables = _subgroups(evidence)
    level = next((e.level for e in protocol.endpoints if e.name == protocol.subgroups.endpoint), 0.95)
    return Judgement(
        tuple(lines),
        joint_verdict(decisions),
        tuple(_subgroup_line(table.variable, row, level) for table in tables for row in table.rows),
        tuple(_interactions(tables, protocol.subgroups.adjustment)),
        _counts(evidence),
    )


def _endpoint(endpoint: Endpoint, evidence: Evidence) -> tuple[EndpointLine, Decision | None]:
    found = _estimated(endpoint, evidence)
    claim = hypothesis(endpoint)
    decision = decide(claim, found) if claim else None
    described = "described" if isinstance(found, Estimate) else Verdict.NOT_ESTIMABLE
    line = EndpointLine(
        name=endpoint.name,
        metric=endpoint.metric,
        of=endpoint.of,
        population=endpoint.population,
        goal=endpoint.goal,
        limit=endpoint.limit,
        primary=endpoint.primary,
        figure=figure_of(found, level=endpoint.level),
        verdict=decision.verdict if decision else described,
        sentence=str(decision) if decision else "",
        where=endpoint.where,
    )
    return line, decision


def _estimated(endpoint: Endpoint, evidence: Evidence) -> Estimate | NotEstimable:
    try:
        return estimate(endpoint, concerned(endpoint, evidence.answers(endpoint.of)), evidence.protocol)
    except NotEstimable as reason:
        return reason


def concerned(endpoint: Endpoint, everyone: Answers) -> Answers:
    """The cases that `endpoint` is kept to. Raises NotEstimable where there is none."""
    if not endpoint.where:
        return everyone
    kept = [
        all(case.attributes.get(name) == level for name, level in endpoint.where.items())
        for case in everyone.cases
    ]
    if not any(kept):
        levels = ", ".join(f"{name} {level}" for name, level in endpoint.where.items())
        raise NotEstimable(f"the data set has no case of {levels} with a truth about {everyone.output}")
    return everyone.of(np.flatnonzero(kept))


def _subgroups(evidence: Evidence) -> tuple[Subgroups, ...]:
    protocol = evidence.protocol
    if not protocol.subgroups.attributes:
        return ()
    endpoint = next(e for e in protocol.endpoints if e.name == protocol.subgroups.endpoint)
    everyone = concerned(endpoint, evidence.answers(endpoint.of))

    def figure(places: NDArray[np.intp]) -> Estimate:
        return estimate(endpoint, everyone.of(places), protocol)

    variables = {
        name: [case.attributes.get(name, "") for case in everyone.cases]
        for name in protocol.subgroups.attributes
    }
    return tabulate(variables, figure, minimum=protocol.subgroups.least)


def _subgroup_line(attribute: str, row: Row, level: float) -> SubgroupLine:
    found = row.estimate
    figure = Figure.of(found) if found else Figure.missing(row.reason, level=level, n=row.n)
    return SubgroupLine(attribute, row.level or "", figure)


def _interactions(tables: Sequence[Subgroups], adjustment: str) -> Iterator[Interaction]:
    for table in tables:
        found = table.heterogeneity
        if found is not None and table.adjusted_p is not None:
            yield Interaction(
                table.variable, found.method, found.q, found.degrees, found.p, table.adjusted_p, adjustment
            )


def _counts(evidence: Evidence) -> dict[str, int]:
    """How the cases ended: together they are all of them."""
    endings = Counter(result.ending for result in evidence.results.values())
    cases = evidence.manifest.cases
    return {
        "cases": len(cases),
        "patients": evidence.manifest.patients,
        "sites": len({case.site for case in cases}),
        **{ending.value: endings[ending] for ending in Ending},
    }
