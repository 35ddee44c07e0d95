"""A predetermined change control plan as data: what may change, by which method, and when it is good enough.

FDA, Marketing Submission Recommendations for a PCCP (2024-12, re-issued 2025-08), sections VI to VIII; MFDS,
변경관리계획 of the digital medical products act. A TOML file, whose bytes are signed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import combinations

from samd.domain import schema


class PlanRefused(Exception):
    """The file is no plan; the message says where and why."""


class Jurisdiction(StrEnum):
    """Whose rules the plan follows."""

    FDA = "FDA"
    MFDS = "MFDS"


class Kind(StrEnum):
    """What a modification is about (VI.C)."""

    PERFORMANCE = "performance"
    INPUTS = "input compatibility"
    USE = "use in a subpopulation"


class Implementation(StrEnum):
    """Who puts it to use."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"
    BOTH = "both"


class Component(StrEnum):
    """The four parts of a modification protocol (VII.B)."""

    DATA = "data management"
    RETRAINING = "re-training"
    EVALUATION = "performance evaluation"
    UPDATE = "update"


class Comparator(StrEnum):
    """What the candidate is compared with (VII.B(3)): both versions, and fixed limits."""

    ORIGINAL = "original"  # the version that was authorised
    LAST = "last"  # the version that was modified last
    FIXED = "fixed"  # a limit


class Hypothesis(StrEnum):
    """What is to be shown; the names are those of a validation protocol's goals."""

    SUPERIOR = "superior"
    NON_INFERIOR = "non-inferior"
    AT_LEAST = "at least"
    AT_MOST = "at most"
    WITHIN = "within"


COMPARED = frozenset({Hypothesis.SUPERIOR, Hypothesis.NON_INFERIOR})


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a candidate must show: `metric` of the output `of`, in the cases with `where`.

    `limit` is the margin of a non-inferiority, and the limit otherwise; `level` is of the two-sided interval,
    `cases` the least number that it rests on.
    """

    name: str
    metric: str
    of: str
    comparator: Comparator
    hypothesis: Hypothesis
    cases: int
    limit: float = 0.0
    level: float = 0.95
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Method:
    """One part of a modification protocol: where it is described, and the answers to Appendix A by number."""

    component: Component
    reference: str
    description: str
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Impact:
    """The impact of one modification (VIII): against the unmodified device, benefits, risks, control."""

    against_unmodified: str
    benefits: str
    risks: str
    assurance: str  # how the protocol keeps assuring safety and effectiveness


@dataclass(frozen=True, slots=True)
class Modification:
    """One modification that is planned."""

    code: str
    title: str
    rationale: str
    kind: Kind
    before: str  # the specification
    after: str
    implementation: Implementation
    scope: str  # "global", or the conditions of a local one
    frequency: str
    methods: tuple[Method, ...]
    criteria: tuple[Criterion, ...]
    impact: Impact
    labelling: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interaction:
    """What implementing one of two modifications means for the other."""

    of: tuple[str, str]
    effect: str


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """A plan as it was read. `original` is the SHA-256 of the manifest of the authorised version.

    `digest` is the SHA-256 of the bytes of the file; `submission` names what it was authorised with.
    """

    name: str
    version: str
    title: str
    dated: date
    jurisdiction: Jurisdiction
    submission: str
    model: str
    original: str
    modifications: tuple[Modification, ...]
    cumulative: str  # the impact of all of them together
    whole_device: str  # the effect on the other functions of the device
    failure: (
        str  # what is done with a modification that fails its criteria: it is recorded, and not implemented
    )
    interactions: tuple[Interaction, ...] = ()
    digest: str = ""

    def modification(self, code: str) -> Modification | None:
        """The modification of this code; None where the plan has none."""
        return next((one for one in self.modifications if one.code == code), None)


def parse(content: bytes, *, name: str) -> ChangePlan:
    """The plan in `content`, UTF-8 TOML; `name` is that of its file, for messages. Raises PlanRefused."""
    try:
        plan = schema.read_toml(ChangePlan, content, name)
    except schema.Misfit as error:
        raise PlanRefused(str(error)) from error
    wanting = list(gaps(plan))
    if wanting:
        raise PlanRefused(f"{name}: {'; '.join(wanting)}")
    return plan


def gaps(plan: ChangePlan) -> Iterator[str]:
    """What a complete plan has and this one lacks, each in words; nothing where it is complete."""
    codes = [one.code for one in plan.modifications]
    if not codes:
        yield "modifications: at least one"
    if len(set(codes)) < len(codes):
        yield "modifications: no code twice"
    for name in ("title", "submission", "model", "cumulative", "whole_device", "failure"):
        if not getattr(plan, name).strip():
            yield f"{name}: say something"
    if len(plan.original) != 64:
        yield "original: the SHA-256 of the manifest of the authorised version"
    for one in plan.modifications:
        yield from (f"{one.code}: {gap}" for gap in _gaps(one))
    stated = {frozenset(one.of) for one in plan.interactions if one.effect.strip()}
    for first, second in combinations(codes, 2):
        if frozenset((first, second)) not in stated:
            yield f"interactions: what {first} means for {second}"


def _gaps(one: Modification) -> Iterator[str]:
    """Of one modification: all four parts are traced to a method (Table 1), and nothing is left open."""
    for name in ("title", "rationale", "before", "after", "scope", "frequency"):
        if not getattr(one, name).strip():
            yield f"{name}: say something"
    described = {m.component for m in one.methods if m.reference.strip() and m.description.strip()}
    yield from (f"methods: none for {component}" for component in Component if component not in described)
    for name in ("against_unmodified", "benefits", "risks", "assurance"):
        if not getattr(one.impact, name).strip():
            yield f"impact: {name}: say something"
    names = [criterion.name for criterion in one.criteria]
    if len(set(names)) < len(names):
        yield "criteria: no name twice"
    compared = {criterion.comparator for criterion in one.criteria}
    for comparator in (Comparator.ORIGINAL, Comparator.LAST):
        if comparator not in compared:
            yield f"criteria: none compares with the {comparator} version"
    for criterion in one.criteria:
        yield from (f"criteria: {criterion.name}: {gap}" for gap in _gaps_of(criterion))


def _gaps_of(criterion: Criterion) -> Iterator[str]:
    if (criterion.comparator == Comparator.FIXED) == (criterion.hypothesis in COMPARED):
        yield "superior and non-inferior compare with a version, and nothing else does"
    if criterion.hypothesis == Hypothesis.NON_INFERIOR and criterion.limit <= 0:
        yield "limit: a margin above 0"
    if criterion.cases < 1 or not 0.5 < criterion.level < 1:
        yield "cases: 1 or more; level: between 0.5 and 1"
