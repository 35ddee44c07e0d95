"""The protocol of a validation: what will be measured, how, and when it is good enough, said beforehand.

A TOML file. Its bytes are what is signed (validation.approval), and their SHA-256 stands in every result.
The content follows what reviewers ask for: FDA, Clinical Performance Assessment of CADe devices (2022) and
the draft lifecycle guidance (2025), Appendix C; MFDS guideline on AI medical devices (2025); STARD-AI, CLAIM.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from samd.domain import schema


class ProtocolRefused(Exception):
    """The file is no protocol that can be run; the message says where and why."""


class Jurisdiction(StrEnum):
    """Where the report is to be filed: it chooses the sections that must stand."""

    FDA = "FDA"
    MFDS = "MFDS"


class Population(StrEnum):
    """Which cases count (FDA 2022; ICH E9)."""

    # Every case; one that gave no result counts as the worst that it could have been.
    INTENTION_TO_DIAGNOSE = "intention to diagnose"
    # The cases that gave a result; how many did not is stated beside it.
    PER_PROTOCOL = "per protocol"


class Goal(StrEnum):
    """What an endpoint is to show."""

    AT_LEAST = "at least"  # the lower limit is above `limit`
    AT_MOST = "at most"  # the upper limit is below `limit`
    WITHIN = "within"  # both limits are within -`limit` and +`limit`
    NON_INFERIOR = "non-inferior"  # difference to the comparator: the lower limit is above -`limit`
    SUPERIOR = "superior"  # difference to the comparator: the lower limit is above 0
    DESCRIBED = "described"  # stated, not judged


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One figure: `metric` is a name of validation.endpoints.METRICS, `of` an output of the model.

    `limit` belongs to `goal`; `at` is what some metrics need besides (a prevalence, a tolerance in mm, false
    positives per image). `level` is of the two-sided interval: 0.95 tests at a one-sided alpha of 0.025.
    `where` keeps it to the cases with these attributes ("sex" = "F"); empty for all of them.
    """

    name: str
    metric: str
    of: str
    goal: Goal = Goal.DESCRIBED
    limit: float = 0.0
    at: float | None = None
    population: Population = Population.INTENTION_TO_DIAGNOSE
    level: float = 0.95
    primary: bool = False
    rationale: str = ""
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelUnderTest:
    """A bundle by name, and by the SHA-256 of its manifest: another content is another model."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class DataSet:
    """The manifest beside the protocol, and its SHA-256. A sequestered set counts every use of it."""

    manifest: str
    digest: str
    sequestered: bool = False
    planned_uses: int = 1


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How many cases there had to be, and by which reasoning."""

    positive: int = 0
    negative: int = 0
    total: int = 0
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Subgroups:
    """Attributes of cases whose levels are looked at each alone; of fewer than `least` it is only listed."""

    attributes: tuple[str, ...] = ()
    endpoint: str = ""
    least: int = 10
    adjustment: str = "Holm"


@dataclass(frozen=True, slots=True)
class Perturbation:
    """A change of the images that is made on purpose (validation.perturbations), at each of `levels`."""

    kind: str
    levels: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Robustness:
    """The first `cases` of the set, again under every perturbation; `endpoint` is followed."""

    endpoint: str
    perturbations: tuple[Perturbation, ...]
    cases: int = 100


@dataclass(frozen=True, slots=True)
class ExplanationChecks:
    """How the explanations are judged, on the first `cases` (validation.explanation_checks)."""

    cases: int = 50
    least_stability: float = 0.0  # mean rank correlation under small noise
    most_similarity_to_random: float = 1.0  # with randomised weights: a map that stays is no explanation


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol as it was read. `digest` is the SHA-256 of the bytes of its file."""

    name: str
    version: str
    title: str
    dated: date
    jurisdictions: tuple[Jurisdiction, ...]
    product_code: str
    intended_use: str
    model: ModelUnderTest
    data: DataSet
    reference_standard: str
    endpoints: tuple[Endpoint, ...]
    missing: str  # what is done with cases without a result, in words
    seed: int
    replicates: int = 2000
    comparator: ModelUnderTest | None = None
    sample_size: SampleSize = field(default_factory=SampleSize)
    subgroups: Subgroups = field(default_factory=Subgroups)
    robustness: Robustness | None = None
    explanations: ExplanationChecks | None = None
    statements: Mapping[str, str] = field(default_factory=dict)  # further sections of the report, by name
    digest: str = ""

    @property
    def primary(self) -> tuple[Endpoint, ...]:
        """The endpoints that decide: every one must be met."""
        return tuple(endpoint for endpoint in self.endpoints if endpoint.primary)


def read_protocol(path: Path) -> Protocol:
    """The protocol in the file at `path`. Raises ProtocolRefused, naming the field."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ProtocolRefused(f"{path} cannot be read: {error.strerror}") from error
    return parse(content, name=path.name)


def parse(content: bytes, *, name: str) -> Protocol:
    """The protocol in `content`, UTF-8 TOML; `name` is that of its file, for messages. Raises as above."""
    try:
        protocol = schema.read_toml(Protocol, content, name)
    except schema.Misfit as error:
        raise ProtocolRefused(str(error)) from error
    for demand, met in _demands(protocol).items():
        if not met:
            raise ProtocolRefused(f"{name}: {demand}")
    return protocol


def _demands(protocol: Protocol) -> dict[str, bool]:
    """What the types cannot say."""
    names = [endpoint.name for endpoint in protocol.endpoints]
    compared = {Goal.NON_INFERIOR, Goal.SUPERIOR}
    return {
        "name and version: at most 120 characters together": len(protocol.name + protocol.version) <= 120,
        "endpoints: at least one": bool(names),
        "endpoints: no name twice": len(set(names)) == len(names),
        "endpoints: one at least is primary": bool(protocol.primary),
        "endpoints: what is primary has a goal": all(e.goal is not Goal.DESCRIBED for e in protocol.primary),
        "endpoints: a primary one says why its limit is that: rationale": all(
            e.rationale.strip() for e in protocol.primary
        ),
        "endpoints: level: between 0.5 and 1": all(0.5 < e.level < 1 for e in protocol.endpoints),
        "endpoints: non-inferior and superior need a comparator": protocol.comparator is not None
        or not any(e.goal in compared for e in protocol.endpoints),
        "endpoints: non-inferior: limit: a margin above 0": all(
            e.limit > 0 for e in protocol.endpoints if e.goal is Goal.NON_INFERIOR
        ),
        "jurisdictions: at least one": bool(protocol.jurisdictions),
        "replicates: at least 1000": protocol.replicates >= 1000,
        "subgroups: endpoint: the name of an endpoint": not protocol.subgroups.attributes
        or protocol.subgroups.endpoint in names,
        "robustness: endpoint: the name of an endpoint": protocol.robustness is None
        or protocol.robustness.endpoint in names,
        "data: planned_uses: at least 1": protocol.data.planned_uses >= 1,
    }
