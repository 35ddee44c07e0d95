"""A number and how sure we are of it: no figure leaves the judge without its interval."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """`value` with its confidence interval at `level`, from `n` independent cases, by `method`."""

    value: float
    lower: float
    upper: float
    level: float
    n: int
    method: str


class NotEstimable(Exception):
    """The figure is not defined for these cases; the message says why."""
