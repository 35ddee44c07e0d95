"""The results of a run as columns beside the truth, for one output: what every figure is made from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from validation.case_result import CaseResult, Ending
from validation.dataset import Case
from validation.metrics.estimate import NotEstimable
from validation.protocol import Population

Floats = NDArray[np.float64]

# Beyond every score, which lie in 0..1: what a case without a result counts as, at worst.
_WORST_OF_DISEASED, _WORST_OF_HEALTHY = -1.0, 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Cases (n,) whose truth is stated for `output`, in the order of the manifest.

    `truth` is 0 or 1, or the true value; `score` a probability, `call` 1 present, 0 absent, 0.5 undetermined,
    `measured` a value in the unit of the truth. nan where the case gave no result. `other` is the score, and
    `other_call` the call, of the comparator. `overlaps` are the figures of its segmentation.
    """

    output: str
    cases: tuple[Case, ...]
    truth: Floats
    analysed: NDArray[np.bool_]
    score: Floats
    call: Floats
    measured: Floats
    other: Floats
    other_call: Floats
    overlaps: tuple[Mapping[str, float], ...]

    def __len__(self) -> int:
        return len(self.cases)

    @property
    def patients(self) -> NDArray[np.str_]:
        return np.array([case.patient for case in self.cases])

    @property
    def clustered(self) -> bool:
        """Whether a patient has several cases, so that these are not independent."""
        return len(set(self.patients.tolist())) < len(self)

    def places(self, cases: Collection[str]) -> NDArray[np.intp]:
        """Where the cases of these names stand."""
        return np.flatnonzero([case.case in cases for case in self.cases])

    def of(self, places: NDArray[np.intp]) -> "Answers":
        """Those of the cases at `places`."""
        return Answers(
            self.output,
            tuple(self.cases[place] for place in places),
            truth=self.truth[places],
            analysed=self.analysed[places],
            score=self.score[places],
            call=self.call[places],
            measured=self.measured[places],
            other=self.other[places],
            other_call=self.other_call[places],
            overlaps=tuple(self.overlaps[place] for place in places),
        )

    def counted(self, population: Population) -> "Answers":
        """As `population` counts them: those without a result left out, or with the worst in its place."""
        if population is Population.PER_PROTOCOL:
            return self.of(np.flatnonzero(self.analysed))
        diseased = self.truth == 1
        worst_score = np.where(diseased, _WORST_OF_DISEASED, _WORST_OF_HEALTHY)
        worst_call = np.where(diseased, 0.0, 1.0)
        return replace(
            self,
            score=np.where(np.isnan(self.score), worst_score, self.score),
            call=np.where(np.isnan(self.call), worst_call, self.call),
            other=np.where(np.isnan(self.other), worst_score, self.other),
            other_call=np.where(np.isnan(self.other_call), worst_call, self.other_call),
        )


_CALLS = {"present": 1.0, "undetermined": 0.5, "absent": 0.0}


def answers(
    output: str,
    cases: Sequence[Case],
    results: Mapping[str, CaseResult],
    comparator: Mapping[str, CaseResult] | None = None,
) -> Answers:
    """The columns of `output`; `results` are by case. Raises NotEstimable where no case states its truth."""
    stated = [case for case in cases if _truth(case, output) is not None]
    if not stated:
        raise NotEstimable(f"the data set states no truth about {output}")
    own = [results.get(case.case) for case in stated]
    others = [(comparator or {}).get(case.case) for case in stated]
    return Answers(
        output,
        tuple(stated),
        truth=np.array([_truth(case, output) for case in stated], dtype=np.float64),
        analysed=np.array([r is not None and r.ending is Ending.ANALYSED for r in own]),
        score=_column([r and r.scores.get(output) for r in own]),
        call=_column([r and _CALLS.get(r.calls.get(output, "")) for r in own]),
        measured=_column([r and r.measurements.get(output) for r in own]),
        other=_column([r and r.scores.get(output) for r in others]),
        other_call=_column([r and _CALLS.get(r.calls.get(output, "")) for r in others]),
        overlaps=tuple((r.overlaps.get(output, {}) if r else {}) for r in own),
    )


def _truth(case: Case, output: str) -> float | None:
    """The label or the value; 1 where only a segmentation says that it is there, and where."""
    label = case.truth.labels.get(output)
    if label is None and output in case.truth.segmentations:
        label = 1
    return case.truth.measurements.get(output) if label is None else float(label)


def _column(values: Sequence[object]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
