"""The plan of a reader study as a file: who reads what, in which arms, and what is to be shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import cast

from samd.domain import schema
from validation.case_order import Assignment, case_order
from validation.metrics.hypotheses import Aim, Hypothesis
from validation.metrics.pairs import Method
from validation.reader_study import ReaderStudy


class PlanRefused(Exception):
    """The file is no plan of a reader study; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be shown of the ROC area, new arm minus the other; `alpha` is one-sided."""

    aim: Aim
    limit: float = 0.0
    alpha: float = 0.025


@dataclass(frozen=True, slots=True)
class ReaderPlan:
    """A TOML file. `arms` are the new one and the one it is compared with; `truth` has every case.

    Ratings lie between `lowest` and `highest`; at or above `threshold` a case is called positive.
    """

    name: str
    version: str
    title: str
    dated: date
    intended_use: str
    reference_standard: str
    arms: tuple[str, str]
    readers: tuple[str, ...]
    truthers: tuple[str, ...]
    truth: Mapping[str, bool]
    seed: str
    lowest: float
    highest: float
    threshold: float
    claim: Claim
    annotators: tuple[str, ...] = ()
    covariance: str = "DeLong"
    washout_days: int = 28
    statements: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    def order(self) -> tuple[Assignment, ...]:
        """In which order each reader reads: drawn from the seed."""
        strata = {case: "diseased" if diseased else "healthy" for case, diseased in self.truth.items()}
        return case_order(strata, readers=self.readers, arms=self.arms, seed=self.seed)

    def study(self) -> ReaderStudy:
        """The study that the plan describes. Raises PlanRefused."""
        try:
            return ReaderStudy(
                arms=self.arms,
                truth=self.truth,
                readers=self.readers,
                truthers=self.truthers,
                annotators=self.annotators,
                order=self.order(),
                hypothesis=Hypothesis("ROC area", self.claim.aim, self.claim.limit, alpha=self.claim.alpha),
                threshold=self.threshold,
                covariance=cast(Method, self.covariance),
                washout=timedelta(days=self.washout_days),
            )
        except ValueError as problem:
            raise PlanRefused(str(problem)) from problem


def read_plan(path: Path) -> ReaderPlan:
    """The plan in the file at `path`. Raises PlanRefused, naming the field."""
    try:
        plan = schema.read_toml(ReaderPlan, path.read_bytes(), path.name)
    except (OSError, schema.Misfit) as problem:
        raise PlanRefused(str(problem)) from problem
    if plan.covariance not in ("DeLong", "jackknife", "unbiased"):
        raise PlanRefused(f"{path.name}: covariance: DeLong, jackknife or unbiased")
    plan.study()
    return plan
