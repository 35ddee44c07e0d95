"""The report as a value: the one source of its JSON, its HTML and its PDF.

Everything is plain text and numbers; nothing in it depends on when it was made, but for `made`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from samd.domain import schema
from validation.metrics.estimate import Estimate, NotEstimable

# What differs when a protocol is run again: when, how often before, and who has signed since.
OCCASION = ("made", "checkpoint", "uses", "protocol_signatures", "signatures", "deviations")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its interval, or the `reason` why there is none; never both."""

    estimate: float | None
    low: float | None
    high: float | None
    level: float
    n: int
    method: str
    seed: int | None = None
    reason: str = ""

    @staticmethod
    def of(estimate: Estimate) -> "Figure":
        """The figure of an estimate."""
        e = estimate
        return Figure(e.value, e.lower, e.upper, e.level, e.n, e.method, e.seed)

    @staticmethod
    def missing(reason: str, *, level: float, n: int) -> "Figure":
        return Figure(None, None, None, level, n, "", None, reason)


def figure_of(found: Estimate | NotEstimable, *, level: float = 0.95, n: int = 0) -> Figure:
    """The figure of what was found, or why there is none, in which case it has this `level` and `n`."""
    if isinstance(found, Estimate):
        return Figure.of(found)
    return Figure.missing(str(found), level=level, n=n)


@dataclass(frozen=True, slots=True)
class EndpointLine:
    """An endpoint of the protocol and what came of it: `verdict` is a value of hypotheses.Verdict, or
    "described" where the protocol sets no goal."""

    name: str
    metric: str
    of: str
    population: str
    goal: str
    limit: float
    primary: bool
    figure: Figure
    verdict: str
    sentence: str  # the verdict in one plain English sentence
    where: Mapping[str, str] = field(default_factory=dict)  # the attributes of the cases that it is kept to


@dataclass(frozen=True, slots=True)
class SubgroupLine:
    """One level of one attribute; the empty level is "not stated"."""

    attribute: str
    level: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Interaction:
    """Whether an endpoint differs between the levels of `attribute`, with p adjusted over the attributes."""

    attribute: str
    test: str
    statistic: float
    degrees: int
    p: float
    adjusted: float
    adjustment: str


@dataclass(frozen=True, slots=True)
class Curve:
    """Points to draw; `low` and `high` bound y where there is a band, `lines` are named heights (bias).

    `kind` is one of roc, precision-recall, calibration, bland-altman, froc, decision, robustness, timeline.
    Curves of one kind and name are drawn together; `series` tells them apart ("model", "treat all").
    """

    kind: str
    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    lines: Mapping[str, float] = field(default_factory=dict)
    x_name: str = ""
    y_name: str = ""
    note: str = ""  # n, method, level, seed
    series: str = ""
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # named points (operating point)
    line_intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # by the name of a line
    counts: tuple[int, ...] = ()  # how many cases stand behind each point (calibration)


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that went wrong, for the gallery: wrongly called, not analysable or failed.

    `picture` is a PNG of at most 192 x 192 pixels in base64, without text; empty where there is none.
    """

    case: str
    ending: str
    truth: str
    said: str
    reasons: tuple[str, ...]
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A section that a jurisdiction asks for, with its text: from protocol, card and manifest."""

    jurisdiction: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature below the protocol or the report: who, in which meaning, when, over which digest."""

    name: str
    meaning: str
    at: str
    digest: str


@dataclass(frozen=True, slots=True)
class Document:
    """A validation report."""

    title: str
    protocol: str  # name and version
    dated: str  # when the protocol was written
    model: str  # name and version
    comparator: str
    intended_use: str
    product_code: str
    verdict: str  # "met", "not met" or "not estimable": of the primary endpoints together
    conclusion: str
    counts: Mapping[str, int]  # cases, patients, sites, analysed, not analysable, failed, positive, negative
    endpoints: tuple[EndpointLine, ...]
    subgroups: tuple[SubgroupLine, ...]
    interactions: tuple[Interaction, ...]
    curves: tuple[Curve, ...]
    explanations: tuple[tuple[str, Figure], ...]
    failures: tuple[Failure, ...]
    deviations: tuple[str, ...]
    sections: tuple[Section, ...]
    digests: Mapping[str, str]  # protocol, data set, model, comparator, code, soup
    seed: int
    uses: str  # the use of this data set, counted ("use 1 of 1 planned"); empty where it is not sequestered
    protocol_signatures: tuple[Signed, ...] = ()
    signatures: tuple[Signed, ...] = ()  # below the report itself
    checkpoint: str = ""  # the newest checkpoint of the trail, as a signed note
    made: str = ""  # the only time stamp
    subgroup_endpoint: str = ""  # the name of the endpoint that `subgroups` are of


def content_digest(document: Document) -> str:
    """SHA-256 of the report without its OCCASION: the same protocol on the same data has the same."""
    content = schema.written(restored(kept(document)))  # a 5 is a 5.0
    for name in OCCASION:
        del content[name]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def kept(document: Document) -> str:
    """The report as the text that is kept, of which `restored` makes the same report."""
    return json.dumps(schema.written(document), sort_keys=True, ensure_ascii=False)


def restored(text: str) -> Document:
    """The report that was `kept` as `text`. Raises schema.Misfit or ValueError where it is none."""
    return schema.read(Document, json.loads(text), "the report that was kept", finite=False)
