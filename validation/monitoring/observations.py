"""One observation for each analysis: its version, its site, its groups, and the values that a plan watches.

A value that is absent was not observed (a score of a study that was not analysable); one that is None was
looked for and is not recorded (a tag that the image does not state).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

from samd.domain.finding import Answer
from validation.case_result import CaseResult, Ending
from validation.monitoring.plan import NUMBERS, SITE, VERSION, Measure, Plan, Stream

Value = float | str | None | tuple[float, ...]

# The upper ends are in years; nobody is told apart by a great age.
AGES = ((1, "below 1"), (6, "1 to 5"), (18, "6 to 17"), (40, "18 to 39"), (65, "40 to 64"))
OLDEST = "65 and above"

NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Group:
    """The observations of one version whose `attribute` is at `level`; all of them where both are empty."""

    version: str
    attribute: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known of one analysis; `source` names it ("analysis/17") and is counted once.

    `levels` are by grouping, `values` by the source of a stream. That of an assessment ("assessment/5") comes
    later than that of its analysis, and has no `answer`: the analysis was counted with its own.
    """

    source: str
    when: datetime
    version: str
    answer: str
    levels: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)

    def level(self, grouping: str) -> str:
        return self.levels.get(grouping) or NOT_STATED

    def group(self, grouping: str) -> Group:
        """The group that it belongs to by `grouping`."""
        if grouping == VERSION:
            return Group(self.version)
        return Group(self.version, grouping, self.level(grouping))

    def is_of(self, stream: Stream) -> bool:
        """Whether the stream takes it: it has the value, and lies where the stream is kept to."""
        here = all(self.level(name) == level for name, level in stream.where.items())
        return here and stream.source in self.values


@dataclass(frozen=True, slots=True)
class Answered:
    """What a result says: its answer, and findings and explanation as the rows of the device keep them."""

    answer: str
    findings: Sequence[Mapping[str, Any]] = ()
    explanation: Mapping[str, Any] = field(default_factory=dict)
    latency: float | None = None  # seconds
    embedding: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """How the images were taken: the sender or the station, sex, age in years, attributes by keyword."""

    site: str = ""
    sex: str = ""
    age: float | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


def observed(
    plan: Plan, source: str, *, when: datetime, version: str, said: Answered, taken: Taken | None
) -> Observation:
    """The observation of one analysis under `plan`; `taken` is None where no header could be read."""
    values = dict(_values(plan, said))
    if taken is not None:
        values |= {
            stream.source: _attribute(stream.of, taken.attributes.get(stream.of, ""))
            for stream in plan.streams
            if stream.measure == Measure.TAG
        }
    return Observation(source, when, version, said.answer, _levels(plan, taken), values)


def assessed(
    plan: Plan,
    source: str,
    *,
    when: datetime,
    version: str,
    overridden: bool | None,
    taken: Taken | None,
) -> Observation:
    """The observation of a physician's assessment: whether it overrides the result, and nothing else.

    `overridden` is None where the physician could not judge the result: looked for and not recorded.
    """
    value = None if overridden is None else float(overridden)
    values: dict[str, Value] = {
        stream.source: value for stream in plan.streams if stream.measure == Measure.OVERRIDE
    }
    return Observation(source, when, version, "", _levels(plan, taken), values)


def of_case(plan: Plan, result: CaseResult, *, when: datetime) -> Observation:
    """A case of a validation run as an observation: outputs are matched to findings by name, in any case."""
    scores = {name.lower(): score for name, score in result.scores.items()}
    calls = {name.lower(): call for name, call in result.calls.items()}
    findings = [
        {
            "type": name,
            "present": calls.get(name) == "present",
            "undetermined": calls.get(name) == "undetermined",
            "measurements": [{"name": "score", "value": score}],
        }
        for name, score in scores.items()
    ]
    answers = {
        Ending.ANALYSED: Answer.FINDING,
        Ending.NOT_ANALYSABLE: Answer.NOT_ANALYSABLE,
        Ending.FAILED: Answer.FAILED,
    }
    said = Answered(answers[result.ending], findings, embedding=result.embedding or None)
    return observed(plan, f"case/{result.case}", when=when, version=result.model, said=said, taken=None)


def _levels(plan: Plan, taken: Taken | None) -> dict[str, str]:
    """The group by every grouping of the plan; none where no header could be read."""
    if taken is None:
        return {}
    everything = {SITE: taken.site, "sex": taken.sex, "age": age_band(taken.age), **taken.attributes}
    names = {*plan.groupings, *(name for stream in plan.streams for name in stream.where)}
    return {name: everything.get(name) or NOT_STATED for name in sorted(names)}


def age_band(age: float | None) -> str:
    """The band of an age in years."""
    if age is None:
        return NOT_STATED
    return next((name for end, name in AGES if age < end), OLDEST)


def _values(plan: Plan, said: Answered) -> Iterator[tuple[str, Value]]:
    for stream in plan.streams:
        value = _value(stream, said)
        if value is not None:
            yield stream.source, value


def _value(stream: Stream, said: Answered) -> float | tuple[float, ...] | None:
    """The value of what the result says; None where it says nothing of it."""
    analysed = said.answer in (Answer.FINDING, Answer.NOTHING_FOUND)
    match stream.measure:
        case Measure.NOT_ANALYSABLE:
            return float(said.answer == Answer.NOT_ANALYSABLE)
        case Measure.FAILED:
            return float(said.answer == Answer.FAILED)
        case Measure.LATENCY:
            return said.latency
        case Measure.EMBEDDING:
            return said.embedding
        case Measure.WITHHELD if said.explanation:
            return float(bool(said.explanation.get("withheld")))
        case Measure.FAITHFULNESS if said.explanation:
            return _finite(said.explanation.get("value"))
    return _of_finding(stream, said.findings) if analysed else None


def _of_finding(stream: Stream, findings: Sequence[Mapping[str, Any]]) -> float | None:
    name, _, measurement = stream.of.partition(": ")
    finding = next((one for one in findings if str(one["type"]).lower() == name.lower()), None)
    if finding is None:
        return None
    match stream.measure:
        case Measure.PRESENT:
            return float(finding["present"] is True)
        case Measure.UNDETERMINED:
            return float(bool(finding["undetermined"]))
        case Measure.SCORE | Measure.MEASUREMENT:
            wanted = measurement.lower()
            values = [m for m in finding["measurements"] if wanted in ("", str(m["name"]).lower())]
            return _finite(values[0]["value"]) if values else None
    return None


def _attribute(keyword: str, text: str) -> Value:
    """A text as it stands, or the first of its numbers; None where it is not recorded."""
    if keyword not in NUMBERS:
        return text or None
    return _finite(text.split("\\")[0].strip() or None)


def _finite(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if isfinite(number) else None
