"""What a model says of itself: identity, the input it accepts, and what its outputs mean.

A card is read from the signed `model.json` of a bundle; nothing about a model is written in code.
"""

from dataclasses import dataclass

from samd.domain.codes import Code


@dataclass(frozen=True, slots=True)
class Limits:
    """A closed interval; None is open. The unit is the field's."""

    least: float | None = None
    most: float | None = None

    def admit(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        if self.least is None:
            return f"at most {self.most:g}"
        if self.most is None:
            return f"at least {self.least:g}"
        return f"{self.least:g} to {self.most:g}"


@dataclass(frozen=True, slots=True)
class InputGate:
    """The input requirements of a model: what fails is a reason, and the model does not run.

    An empty set accepts everything. `body_parts` and `views` speak only where the study states one.
    """

    modalities: frozenset[str]
    body_parts: frozenset[str] = frozenset()
    excluded_body_parts: frozenset[str] = frozenset()
    views: frozenset[str] = frozenset()
    orientations: frozenset[str] = frozenset()  # "axial", "coronal", "sagittal", "oblique"
    planes: Limits = Limits(least=1)
    rows_and_columns: Limits = Limits()  # pixels
    pixel_spacing: Limits = Limits()  # mm
    plane_spacing: Limits = Limits()  # mm
    patient_age: Limits = Limits()  # years, where stated
    lossy: bool = False  # whether lossy-compressed images are accepted


@dataclass(frozen=True, slots=True)
class Classification:
    """An output that says how likely a finding is: present at or above `threshold`.

    Below `threshold` but at or above `absent_below` the answer is undetermined.
    """

    name: str
    finding: Code
    site: Code
    score: Code  # the concept name of the measured score
    threshold: float
    absent_below: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A label of the segmentation: what is segmented (PS3.16 CID 7150, 7151 or 7166) and its colour."""

    number: int
    name: str
    category: Code
    type: Code
    colour: tuple[int, int, int]  # sRGB


@dataclass(frozen=True, slots=True)
class Fraction:
    """A derived percentage: the volume of `part` segments in that of `whole`, on one finding.

    Not reported where the whole is less than `least_whole` cm3 (or cm2 on a single plane).
    """

    name: Code
    segment: int
    part: frozenset[int]
    whole: frozenset[int]
    least_whole: float


@dataclass(frozen=True, slots=True)
class ExplanationMethod:
    """Which attribution explains this model, of what, and the least faithfulness to show it."""

    method: str
    target: str
    layer: str
    baseline: str
    faithfulness_limit: float


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model version. `digest` is the SHA-256 of its manifest: the version is its content."""

    name: str  # short, for paths and lists: "ct-tissue"
    version: str
    title: str
    manufacturer: str
    digest: str
    weights_digest: str
    procedure: Code  # the imaging procedure analysed, never the algorithm (IHE AIR)
    intended_use: str
    gate: InputGate
    explanation: ExplanationMethod
    classifications: tuple[Classification, ...] = ()
    segments: tuple[Segment, ...] = ()
    fractions: tuple[Fraction, ...] = ()
    limits_of_use: tuple[str, ...] = ()  # what the model is not
    facts: tuple[tuple[str, str], ...] = ()  # further lines of the card: training data, figures, sources
