"""What a model said of one case: the unit in which a run is kept, resumed, counted and judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# One unit of work: a case, under a perturbation or as it is, by a model.
Key = tuple[str, str, str]  # model digest, case, variant


class Ending(StrEnum):
    """How the case ended. Only the first gives figures; the others are counted, never dropped."""

    ANALYSED = "analysed"
    NOT_ANALYSABLE = "not analysable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ExplanationResult:
    """What the explanation of a case was worth; `hit` is the pointing game, None without a true box."""

    method: str
    faithfulness: float
    limit: float
    withheld: bool
    hit: bool | None = None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of one model on one case.

    `scores`, `calls` ("present", "absent", "undetermined") and `measurements` are by output: the names that
    the truth uses. `overlaps` are Dice and surface distances by output, where there is a true segmentation.
    `reasons` are words without patient data. `seconds` is a time stamp: it is no part of what must repeat.
    """

    case: str
    model: str  # digest
    ending: Ending
    scores: Mapping[str, float] = field(default_factory=dict)
    calls: Mapping[str, str] = field(default_factory=dict)
    measurements: Mapping[str, float] = field(default_factory=dict)
    overlaps: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    explanation: ExplanationResult | None = None
    variant: str = ""  # the perturbation it was made under, "noise=10"; empty for the case as it is
    embedding: tuple[float, ...] = ()  # what the network made of the image, where it makes such a thing
    seconds: float = 0.0
