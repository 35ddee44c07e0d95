"""Results in clinical words: what was predicted, why, and which of the four answers it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from samd.domain.codes import Code
from samd.domain.study import Frame


class Answer(StrEnum):
    """The four answers, never confused; each has its own encoding."""

    FINDING = "finding"
    NOTHING_FOUND = "nothing found"
    NOT_ANALYSABLE = "not analysable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a study was not analysed, or why its analysis failed.

    `requirement` names the input requirement or the step in one word; `message` is one plain
    English sentence in ASCII without patient data; `code` is from PS3.16 CID 9300 or 9303.
    """

    requirement: str
    message: str
    code: Code


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """Frames in order along their normal, decoded to real-world values.

    `values` is float32 of shape (planes, rows, columns): Hounsfield units for CT, for radiographs
    stored values with high meaning bright. Padding is NaN. `plane_spacing` is in mm, None for a
    single plane or a projection.
    """

    values: NDArray[np.float32]
    frames: tuple[Frame, ...]
    plane_spacing: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the network said: `scores` by output name, and `labels` by segment number.

    `labels` is uint8 of shape (planes, rows, columns), 0 is background; None without segmentation.
    `embedding` is what the network makes of the image before it judges, by which images are told to be
    unlike those of training; empty where it makes nothing of the kind.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    labels: NDArray[np.uint8] | None = None
    embedding: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """How well a map says what the model used: `metric` is defined where it is computed."""

    metric: str
    value: float
    limit: float

    @property
    def passed(self) -> bool:
        return self.value >= self.limit


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """An attribution map and how it was made.

    `attribution` is float32 of shape (len(planes), rows, columns) at the resolution of the source
    and `planes` are the indices into the volume that it explains. `kind` is from PS3.16 CID 217.
    A map whose check failed has no `attribution`: it is withheld, and said to be.
    """

    kind: Code
    method: str
    layer: str
    target: str
    baseline: str
    faithfulness: Faithfulness
    planes: tuple[int, ...]
    attribution: NDArray[np.float32] | None

    @property
    def withheld(self) -> bool:
        return self.attribution is None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number with its unit (UCUM)."""

    name: Code
    value: float
    unit: Code


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: what, where, whether present, its measurements, and its segment where it has one.

    `present` is None where presence is not the question (a quantity) and `undetermined` is True
    where the score fell between the limits for absent and present.
    """

    type: Code
    tracking_identifier: str
    tracking_uid: str
    site: Code | None = None
    present: bool | None = None
    undetermined: bool = False
    measurements: tuple[Measurement, ...] = ()
    segment: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The whole answer of one model to one study: the input of encoding.

    `frames` are the analysed planes in the order of `labels`; empty where nothing was analysed.
    `reasons` speak where the answer is not analysable or failed.
    """

    answer: Answer
    findings: tuple[Finding, ...] = ()
    reasons: tuple[Reason, ...] = ()
    frames: tuple[Frame, ...] = ()
    plane_spacing: float | None = None
    labels: NDArray[np.uint8] | None = None
    explanation: Explanation | None = None
    embedding: tuple[float, ...] = ()
