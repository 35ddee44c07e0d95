"""Whether a study met what its protocol said beforehand: decided by where an interval lies, in plain words.

A hypothesis tested at a one-sided alpha is met when the bound of the two-sided interval at the level
1 - 2 alpha lies strictly past the limit: alpha 0.025 belongs to the 95 % interval.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isclose, isfinite, isnan

from validation.metrics.estimate import Estimate, NotEstimable


class Aim(StrEnum):
    """What is to be shown. All but the first speak of a difference: the new minus the reference."""

    GOAL = "performance goal"
    NON_INFERIORITY = "non-inferiority"
    SUPERIORITY = "superiority"
    EQUIVALENCE = "equivalence"


class Better(StrEnum):
    """Which way the figure improves."""

    HIGHER = "higher"
    LOWER = "lower"


class Verdict(StrEnum):
    """What became of a hypothesis. It is not tested where an earlier one of its sequence failed."""

    MET = "met"
    NOT_MET = "not met"
    NOT_ESTIMABLE = "not estimable"
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A claim about `endpoint`, written down before the data are seen.

    `limit` is the goal itself, or the margin as a positive number for non-inferiority and
    equivalence, or 0 for superiority. `alpha` is one-sided; equivalence spends it on either side
    (two one-sided tests, Schuirmann 1987). Raises ValueError for a limit or alpha that cannot be.
    """

    endpoint: str
    aim: Aim
    limit: float = 0.0
    better: Better = Better.HIGHER
    alpha: float = 0.025

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 0.5:
            raise ValueError(f"a one-sided alpha lies between 0 and 0.5, not at {self.alpha}")
        if not isfinite(self.limit):
            raise ValueError(f"the limit of a hypothesis is a finite number, not {self.limit}")
        if self.aim in {Aim.NON_INFERIORITY, Aim.EQUIVALENCE} and self.limit <= 0:
            raise ValueError(f"a margin is a positive number, not {self.limit}")
        if self.aim is Aim.SUPERIORITY and self.limit != 0:
            raise ValueError("superiority is a difference beyond 0; it has no margin")

    @property
    def level(self) -> float:
        """The level of the two-sided interval that decides: 0.95 at alpha 0.025."""
        return 1 - 2 * self.alpha

    @property
    def claimed(self) -> tuple[float, float]:
        """The open range in which the whole interval must lie."""
        if self.aim is Aim.EQUIVALENCE:
            return -self.limit, self.limit
        sign = 1 if self.better is Better.HIGHER else -1
        limit = -sign * self.limit if self.aim is Aim.NON_INFERIORITY else self.limit
        return (limit, inf) if self.better is Better.HIGHER else (-inf, limit)


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on a hypothesis. `estimate` is None, and `reason` says why, where there is no verdict."""

    hypothesis: Hypothesis
    verdict: Verdict
    estimate: Estimate | None = None
    reason: str = ""

    def __str__(self) -> str:
        """One line for a report."""
        title = f"{self.hypothesis.endpoint}, {self.hypothesis.aim}: {self.verdict}"
        if self.estimate is None:
            return f"{title}: {self.reason}."
        found, level = self.estimate, f"{100 * self.estimate.level:.6g} %"
        return (
            f"{title}. {found.value:.4g} ({level} interval {found.lower:.4g} to {found.upper:.4g}, "
            f"n = {found.n}): {_comparison(self.hypothesis, found, self.verdict)}, "
            f"at one-sided alpha {self.hypothesis.alpha:g}."
        )


def decide(hypothesis: Hypothesis, estimate: Estimate | NotEstimable) -> Decision:
    """Whether the interval of `estimate` shows what `hypothesis` claims.

    For all aims but a goal, `estimate` is of the difference, new minus reference. A bound that falls
    on the limit does not show it. A figure that could not be estimated (the exception is passed in, or
    a bound is not a number) has no verdict. Raises ValueError where the interval has another level
    than 1 - 2 alpha, or its lower bound lies above its upper.
    """
    if isinstance(estimate, NotEstimable):
        return Decision(hypothesis, Verdict.NOT_ESTIMABLE, reason=str(estimate))
    if not isclose(estimate.level, hypothesis.level, abs_tol=1e-9):
        raise ValueError(
            f"{hypothesis.endpoint}: alpha {hypothesis.alpha:g} belongs to an interval at "
            f"{hypothesis.level:.6g}, and this one is at {estimate.level:.6g}"
        )
    if any(isnan(number) for number in (estimate.value, estimate.lower, estimate.upper)):
        return Decision(
            hypothesis, Verdict.NOT_ESTIMABLE, reason="the interval has a bound that is no number"
        )
    if estimate.lower > estimate.upper:
        raise ValueError(f"{hypothesis.endpoint}: the lower bound lies above the upper")
    low, high = hypothesis.claimed
    above = low == -inf or estimate.lower > low
    below = high == inf or estimate.upper < high
    return Decision(hypothesis, Verdict.MET if above and below else Verdict.NOT_MET, estimate)


def decide_in_sequence(steps: Sequence[tuple[Hypothesis, Estimate | NotEstimable]]) -> tuple[Decision, ...]:
    """The hypotheses in their order, each at the full alpha, up to the first that is not met.

    Those behind it are not tested (fixed sequence, Maurer, Hothorn, Lehmacher 1995), so together
    they err with at most alpha. Raises ValueError where their alphas differ, and as `decide` does.
    """
    if len({hypothesis.alpha for hypothesis, _ in steps}) > 1:
        raise ValueError("the hypotheses of a sequence share one alpha")
    decisions: list[Decision] = []
    for hypothesis, estimate in steps:
        failed = next((decision for decision in decisions if decision.verdict is not Verdict.MET), None)
        if failed is None:
            decisions.append(decide(hypothesis, estimate))
        else:
            before = f"{failed.hypothesis.endpoint}, {failed.hypothesis.aim}, was {failed.verdict}"
            decisions.append(Decision(hypothesis, Verdict.NOT_TESTED, reason=before))
    return tuple(decisions)


def superiority_after(
    non_inferiority: Hypothesis, difference: Estimate | NotEstimable
) -> tuple[Decision, Decision]:
    """Non-inferiority, and where it is met superiority from the same interval, at no cost in alpha.

    Source: CPMP/EWP/482/99. Raises ValueError where the first hypothesis is of another aim.
    """
    if non_inferiority.aim is not Aim.NON_INFERIORITY:
        raise ValueError(f"the first step is non-inferiority, not {non_inferiority.aim}")
    superiority = Hypothesis(
        non_inferiority.endpoint,
        Aim.SUPERIORITY,
        better=non_inferiority.better,
        alpha=non_inferiority.alpha,
    )
    first, second = decide_in_sequence([(non_inferiority, difference), (superiority, difference)])
    return first, second


def joint_verdict(decisions: Iterable[Decision]) -> Verdict:
    """The verdict where every decision must be met: co-primary endpoints, or several analysis sets.

    Each keeps its full alpha (intersection-union test, Berger 1982). One not met fails them all;
    otherwise one without a verdict leaves them all without. Raises ValueError for no decision.
    """
    verdicts = {decision.verdict for decision in decisions}
    if not verdicts:
        raise ValueError("no decision was given")
    order = (Verdict.NOT_MET, Verdict.NOT_ESTIMABLE, Verdict.NOT_TESTED, Verdict.MET)
    return next(verdict for verdict in order if verdict in verdicts)


def _comparison(hypothesis: Hypothesis, estimate: Estimate, verdict: Verdict) -> str:
    """What the verdict turned on."""
    low, high = hypothesis.claimed
    verb = "lies" if verdict is Verdict.MET else "does not lie"
    if hypothesis.aim is Aim.EQUIVALENCE:
        return f"the interval {verb} between {low:.12g} and {high:.12g}"
    side, bound, limit, where = (
        ("lower", estimate.lower, low, "above")
        if hypothesis.better is Better.HIGHER
        else ("upper", estimate.upper, high, "below")
    )
    # A bound that rounds to the limit is printed in full, lest the line contradict its verdict.
    text = f"{bound:.4g}" if float(f"{bound:.4g}") != limit else repr(bound)
    return f"the {side} bound {text} {verb} {where} {limit + 0.0:.12g}"
