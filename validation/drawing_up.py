"""The report as a value, from the evidence and what is known around it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from validation.case_result import CaseResult
from validation.curves import curves_of
from validation.dataset import Manifest
from validation.document import Curve, Document, Figure, Signed
from validation.endpoints import estimate
from validation.evaluation import Evidence, Judgement, concerned, judge
from validation.execution import by_case, variants
from validation.gallery import Picture, failures
from validation.metrics.estimate import NotEstimable
from validation.metrics.hypotheses import Verdict
from validation.protocol import Protocol
from validation.template import sections

PACKAGES = ("audit", "samd", "validation")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What surrounds a run: signatures below the protocol, uses of the set, the trail, and the time."""

    protocol_signatures: tuple[Signed, ...]
    signed_before: bool
    report_signatures: tuple[Signed, ...]
    uses: int
    code: str  # digest of what ran
    checkpoint: str
    made: str


def draw_up(
    evidence: Evidence,
    results: Sequence[CaseResult],
    *,
    around: Circumstances,
    picture: Picture,
    explanations: Sequence[tuple[str, Figure]],
    soup: Path,
) -> Document:
    """The report of `evidence`; `results` are all of the run, those under perturbations among them."""
    protocol, manifest, card = evidence.protocol, evidence.manifest, evidence.card
    judgement = judge(evidence)
    outputs = dict.fromkeys(endpoint.of for endpoint in protocol.endpoints)
    return Document(
        title=protocol.title,
        protocol=f"{protocol.name} {protocol.version}",
        dated=protocol.dated.isoformat(),
        model=f"{card.name} {card.version}",
        comparator=protocol.comparator.name if protocol.comparator else "",
        intended_use=protocol.intended_use,
        product_code=protocol.product_code,
        verdict=judgement.verdict,
        conclusion=_conclusion(judgement),
        counts=judgement.counts,
        endpoints=judgement.endpoints,
        subgroups=judgement.subgroups,
        interactions=judgement.interactions,
        curves=(*_curves(evidence, outputs), *_robustness(evidence, results)),
        explanations=tuple(explanations),
        failures=tuple(
            failure
            for output in outputs
            for failure in failures(evidence.answers(output), evidence.results, picture=picture)
        ),
        deviations=tuple(deviations(protocol, manifest, evidence.results, around)),
        sections=tuple(sections(protocol, manifest, card)),
        digests={
            "protocol": protocol.digest,
            "data set": manifest.digest,
            "model": card.digest,
            **({"comparator": protocol.comparator.digest} if protocol.comparator else {}),
            "code": around.code,
            "soup": hashlib.sha256(soup.read_bytes()).hexdigest() if soup.exists() else "",
        },
        seed=protocol.seed,
        uses=_uses(protocol, around.uses),
        protocol_signatures=around.protocol_signatures,
        signatures=around.report_signatures,
        checkpoint=around.checkpoint,
        made=around.made,
        subgroup_endpoint=protocol.subgroups.endpoint,
    )


def _uses(protocol: Protocol, count: int) -> str:
    return f"use {count} of {protocol.data.planned_uses} planned" if protocol.data.sequestered else ""


def _conclusion(judgement: Judgement) -> str:
    primary = [line for line in judgement.endpoints if line.primary]
    met = sum(line.verdict == Verdict.MET for line in primary)
    return f"{met} of {len(primary)} primary endpoints met."


def _curves(evidence: Evidence, outputs: Mapping[str, None]) -> Iterator[Curve]:
    for output in outputs:
        yield from curves_of(evidence.answers(output), evidence.card)


def _robustness(evidence: Evidence, results: Sequence[CaseResult]) -> Iterator[Curve]:
    """For each kind of perturbation the endpoint against the level; at 0 the same cases as they are."""
    protocol = evidence.protocol
    if protocol.robustness is None:
        return
    endpoint = next(e for e in protocol.endpoints if e.name == protocol.robustness.endpoint)
    first = {case.case for case in evidence.manifest.cases[: protocol.robustness.cases]}
    unchanged = {name: result for name, result in evidence.results.items() if name in first}
    for perturbation in protocol.robustness.perturbations:
        points = []
        for level, variant in zip((0.0, *perturbation.levels), ("", *variants(perturbation)), strict=True):
            said = by_case(results, protocol.model.digest, variant) if variant else unchanged
            part = Evidence(protocol, evidence.manifest, evidence.card, said, {})
            try:
                answers = concerned(endpoint, part.answers(endpoint.of))
                kept = answers.of(answers.places(first))
                points.append((level, estimate(endpoint, kept, protocol)))
            except NotEstimable:
                continue
        points.sort(key=lambda point: point[0])
        yield Curve(
            "robustness",
            perturbation.kind,
            x=tuple(level for level, _ in points),
            y=tuple(found.value for _, found in points),
            low=tuple(found.lower for _, found in points),
            high=tuple(found.upper for _, found in points),
            x_name=perturbation.kind,
            y_name=endpoint.name,
            note=f"n = {len(first)}; {endpoint.metric}, {endpoint.level:.0%}, seed {protocol.seed}",
        )


def deviations(
    protocol: Protocol, manifest: Manifest, results: Mapping[str, CaseResult], around: Circumstances
) -> Iterator[str]:
    """What was not as the protocol has it, each in a sentence."""
    if not around.protocol_signatures:
        yield "The protocol is not signed."
    elif not around.signed_before:
        yield "The protocol was signed after the run had started."
    if protocol.data.sequestered and around.uses > protocol.data.planned_uses:
        yield (
            f"The sequestered data set was used {around.uses} times; {protocol.data.planned_uses} planned. "
            "Every further use makes its figures more hopeful than the truth."
        )
    labels = [label for case in manifest.cases for label in case.truth.labels.values()]
    there = {"positive": labels.count(1), "negative": labels.count(0), "total": len(manifest.cases)}
    for name, found in there.items():
        wanted = getattr(protocol.sample_size, name)
        if found < wanted:
            yield f"{found} {name} cases, fewer than the {wanted} that the protocol asks for."
    if missing := len(manifest.cases) - len(results):
        yield f"{missing} cases were not run."


def code_digest() -> str:
    """SHA-256 over every Python file of the device and the judge: other code is another digest."""
    root = Path(__file__).parents[1]
    lines = [
        f"{path.relative_to(root)} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
