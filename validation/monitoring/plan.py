"""The monitoring plan: what is watched of a model in use, by which rule, and what a breach does.

A TOML file whose bytes are signed (validation.approval) before it holds. People write what is to be watched;
`[baselines]`, which holds the limits, is written below it from clean studies (validation.monitoring.design)
before anybody signs. Follows ISO/TR 20416 and FDA, draft lifecycle guidance for AI-enabled device software
(2025), on performance monitoring.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from samd.domain import schema


class PlanRefused(Exception):
    """The file is no plan that can be followed; the message says where and why."""


class Measure(StrEnum):
    """What is taken of each analysis; `of` says of which finding or attribute."""

    SCORE = "score"  # of a finding, by its name in the result
    PRESENT = "present"  # a finding: 1 or 0; undetermined is 0
    UNDETERMINED = "undetermined"  # a finding: 1 or 0
    MEASUREMENT = "measurement"  # of a finding, as "finding: measurement"
    NOT_ANALYSABLE = "not analysable"  # 1 or 0
    FAILED = "failed"  # 1 or 0
    WITHHELD = "explanation withheld"  # 1 or 0
    FAITHFULNESS = "explanation faithfulness"
    LATENCY = "latency"  # seconds from the queueing of the analysis to its report
    OVERRIDE = "override"  # 1 where the physician's assessment says otherwise, else 0
    TAG = "tag"  # an acquisition attribute, by its DICOM keyword
    EMBEDDING = "embedding"  # the vector that the model makes of the image


class Rule(StrEnum):
    """How a stream is judged (validation.metrics.control_charts, .drift, .embedding_drift)."""

    CUSUM = "cusum"
    EWMA = "ewma"
    RATE_CUSUM = "rate cusum"
    RATE_CHART = "rate chart"
    PSI = "population stability"
    KS = "kolmogorov-smirnov"
    MMD = "maximum mean discrepancy"


class OnBreach(StrEnum):
    """What a breach does. Each does what the one before does, too."""

    RECORD = "record"
    PROBLEM = "problem"  # opens a problem record
    SUSPEND = "suspend"  # takes the version out of force, until a person puts it back


class SiteOf(StrEnum):
    """What tells sites apart: the peer that sent the images, or their Station Name, as a pseudonym."""

    SENDER = "sender"
    STATION = "station"


RATES = frozenset(
    {
        Measure.PRESENT,
        Measure.UNDETERMINED,
        Measure.NOT_ANALYSABLE,
        Measure.FAILED,
        Measure.WITHHELD,
        Measure.OVERRIDE,
    }
)
OF_A_FINDING = frozenset({Measure.SCORE, Measure.PRESENT, Measure.UNDETERMINED, Measure.MEASUREMENT})
RATE_RULES = frozenset({Rule.RATE_CUSUM, Rule.RATE_CHART})
MEAN_RULES = frozenset({Rule.CUSUM, Rule.EWMA})
WINDOW_RULES = frozenset({Rule.PSI, Rule.KS, Rule.MMD})

# Acquisition attributes that may be watched, none of which identifies a patient.
NUMBERS = frozenset(
    {
        "Rows",
        "Columns",
        "BitsStored",
        "PixelSpacing",
        "ImagerPixelSpacing",
        "SliceThickness",
        "KVP",
        "Exposure",
        "ExposureTime",
        "XRayTubeCurrent",
    }
)
TEXTS = frozenset(
    {
        "Manufacturer",
        "ManufacturerModelName",
        "SoftwareVersions",
        "Modality",
        "BodyPartExamined",
        "ViewPosition",
        "PhotometricInterpretation",
        "LossyImageCompression",
        "DetectorType",
        "ConvolutionKernel",
    }
)

VERSION, SITE = "version", "site"
# Subgroups of people; texts of the acquisition serve as well.
SUBGROUPS = frozenset({"sex", "age"})
GROUPINGS = frozenset({VERSION, SITE}) | SUBGROUPS | TEXTS


@dataclass(frozen=True, slots=True)
class Model:
    """The model by name, and its versions by the SHA-256 of their manifests.

    The attributes are those of the largest series of one of `modalities`.
    """

    name: str
    digests: tuple[str, ...]
    modalities: frozenset[str]


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """The `probability` that a stream of so many clean `studies` raises an alarm at all; by `runs` streams.

    For each stream and each of its groups by itself. `confidence` is how sure the limit keeps to it.
    """

    probability: float = 0.05
    studies: int = 2000
    confidence: float = 0.95
    runs: int = 4000


@dataclass(frozen=True, slots=True)
class Stream:
    """One thing that is watched, in each group of every grouping of `by`, and the rule.

    `slack` is of a CUSUM, `weight` of an EWMA; `acceptable` and `worse` are rates, the first that of
    the clean studies where it is not stated; `size` is of a batch or window, `cells` of a
    population stability index. `where` keeps the stream to groups ("site" = "ct1"), for those that have a
    baseline of their own.
    """

    name: str
    measure: Measure
    rule: Rule
    rationale: str
    of: str = ""
    by: tuple[str, ...] = (VERSION,)
    where: Mapping[str, str] = field(default_factory=dict)
    on_breach: OnBreach = OnBreach.PROBLEM
    slack: float = 0.5
    weight: float = 0.1
    acceptable: float | None = None
    worse: float | None = None
    size: int = 1
    cells: int = 10

    @property
    def source(self) -> str:
        """The name of its value in an observation."""
        return f"{self.measure} {self.of}".strip()

    @property
    def is_text(self) -> bool:
        return self.measure == Measure.TAG and self.of in TEXTS


@dataclass(frozen=True, slots=True)
class Baseline:
    """What `n` clean studies showed of a stream, and the limit of its rule; beyond it lies a breach.

    `target` is their mean or rate and `sd` their standard deviation; cells (`edges` or `categories`) with
    `counts` and `sample` or `vectors` are for rules that compare distributions. `measured` is the share of
    clean simulated streams that raised an alarm, with `measured_upper` the upper end of its 95 % interval.
    """

    n: int
    limit: float
    target: float | None = None
    sd: float | None = None
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    sample: tuple[float, ...] = ()
    vectors: tuple[tuple[float, ...], ...] = ()
    measured: float | None = None
    measured_upper: float | None = None


@dataclass(frozen=True, slots=True)
class Clean:
    """Where the baselines are from, in words, and the SHA-256 of the values."""

    source: str
    studies: int
    digest: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it was read. `digest` is the SHA-256 of the bytes of its file.

    `seed` is that of every simulation. `least` is how many observations a group has before the periodic
    report states a rate of it.
    """

    name: str
    version: str
    title: str
    dated: date
    model: Model
    streams: tuple[Stream, ...]
    seed: int
    site: SiteOf = SiteOf.SENDER
    least: int = 10
    false_alarms: FalseAlarms = field(default_factory=FalseAlarms)
    clean: Clean | None = None
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    digest: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether every stream has its limits: what is not complete is a draft, and nobody signs it."""
        return self.clean is not None and all(stream.name in self.baselines for stream in self.streams)

    @property
    def groupings(self) -> tuple[str, ...]:
        """Every grouping of any stream but the version, in the order of their names."""
        return tuple(sorted({by for stream in self.streams for by in stream.by} - {VERSION}))

    @property
    def keywords(self) -> tuple[str, ...]:
        """The attributes that are read from headers, in the order of their names."""
        streams = {stream.of for stream in self.streams if stream.measure == Measure.TAG}
        named = {by for stream in self.streams for by in (*stream.by, *stream.where)}
        return tuple(sorted(streams | (named & TEXTS)))


def read_plan(path: Path) -> Plan:
    """The plan, or draft of one, in the file at `path`. Raises PlanRefused, naming the field."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PlanRefused(f"{path} cannot be read: {error.strerror}") from error
    return parse(content, name=path.name)


def parse(content: bytes, *, name: str) -> Plan:
    """The plan in `content`, UTF-8 TOML; `name` is that of its file, for messages. Raises as above."""
    try:
        plan = schema.read_toml(Plan, content, name)
    except schema.Misfit as error:
        raise PlanRefused(str(error)) from error
    if problem := next(_problems(plan), None):
        raise PlanRefused(f"{name}: {problem}")
    return plan


def _problems(plan: Plan) -> Iterator[str]:
    """What the types cannot say."""
    names = [stream.name for stream in plan.streams]
    alarms = plan.false_alarms
    demands = {
        "name: letters, digits and hyphens": re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", plan.name) is not None,
        "streams: at least one": bool(names),
        "streams: no name twice": len(set(names)) == len(names),
        "model: digests: at least one, each of 64 hexadecimal digits": bool(plan.model.digests)
        and all(re.fullmatch("[0-9a-f]{64}", digest) for digest in plan.model.digests),
        "false_alarms: a probability and a confidence between 0 and 1": 0 < alarms.probability < 1
        and 0 < alarms.confidence < 1,
        "false_alarms: studies and runs: at least 2": min(alarms.studies, alarms.runs) >= 2,
        "baselines: each is of a stream": set(plan.baselines) <= set(names),
    }
    yield from (demand for demand, met in demands.items() if not met)
    for stream in plan.streams:
        where = f"streams: {stream.name}"
        yield from (f"{where}: {problem}" for problem in (*_of_source(stream), *_of_rule(stream)))
        if stream.name in plan.baselines:
            problems = _of_baseline(stream, plan.baselines[stream.name])
            yield from (f"baselines: {stream.name}: {problem}" for problem in problems)


def _of_source(stream: Stream) -> Iterator[str]:
    if not stream.rationale.strip():
        yield "rationale: why this is watched, and why by this rule"
    if stream.measure in OF_A_FINDING and not stream.of:
        yield "of: the finding, by its name in the result"
    if stream.measure == Measure.TAG and stream.of not in NUMBERS | TEXTS:
        yield f"of: one of {', '.join(sorted(NUMBERS | TEXTS))}"
    if unknown := (set(stream.by) | set(stream.where)) - GROUPINGS:
        yield f"by, where: unknown: {', '.join(sorted(unknown))}"
    if not stream.by or len(set(stream.by)) < len(stream.by):
        yield "by: at least one grouping, and none twice"
    if VERSION in stream.where:
        yield "where: versions are told apart already"


def _of_rule(stream: Stream) -> Iterator[str]:
    rule = stream.rule
    if (stream.measure == Measure.EMBEDDING) != (rule == Rule.MMD):
        yield "rule: embeddings are compared by their maximum mean discrepancy, and nothing else is"
    if rule in RATE_RULES and stream.measure not in RATES:
        yield "rule: only what is 0 or 1 has a rate"
    if stream.is_text and rule != Rule.PSI:
        yield "rule: texts are compared by population stability"
    if rule == Rule.RATE_CUSUM and stream.worse is None:
        yield "worse: the rate that is to be found"
    if any(rate is not None and not 0 < rate < 1 for rate in (stream.acceptable, stream.worse)):
        yield "acceptable, worse: between 0 and 1"
    if stream.size < (20 if rule in WINDOW_RULES else 1):
        yield "size: a window has at least 20 studies, a batch at least one"
    if stream.size > 1 and rule in MEAN_RULES:
        yield "size: this rule takes one study at a time"
    if not (stream.slack >= 0 and 0 < stream.weight <= 1 and stream.cells >= 2):
        yield "slack is not negative, weight above 0 and at most 1, cells at least 2"


def _of_baseline(stream: Stream, baseline: Baseline) -> Iterator[str]:
    rule = stream.rule
    cells = len(baseline.categories if stream.is_text else baseline.edges)
    # What is no category has a cell; so has what is above the last edge; and so what is not recorded.
    demands = {
        "n: at least one": baseline.n >= 1,
        "limit: above 0": baseline.limit > 0,
        "target and sd": rule not in MEAN_RULES or (baseline.target is not None and (baseline.sd or 0) > 0),
        "target: a rate between 0 and 1": rule not in RATE_RULES or 0 < (baseline.target or 0) < 1,
        "target: another than `worse`": rule != Rule.RATE_CUSUM or baseline.target != stream.worse,
        "counts: one for every cell": rule != Rule.PSI or len(baseline.counts) == cells + 2,
        "sample: the clean values": rule != Rule.KS or bool(baseline.sample),
        "vectors: two at least, of one length": rule != Rule.MMD
        or (len(baseline.vectors) > 1 and len({len(vector) for vector in baseline.vectors}) == 1),
    }
    return (demand for demand, met in demands.items() if not met)
