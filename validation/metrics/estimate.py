"""A number and how sure we are of it: no figure leaves the judge without its interval."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Estimate:
    """`value` with its confidence interval at `level`, from `n` independent cases, by `method`.

    `seed` is that of the random numbers behind the interval, None where there are none.
    """

    value: float
    lower: float
    upper: float
    level: float
    n: int
    method: str
    seed: int | None = None


class NotEstimable(Exception):
    """The figure is not defined for these cases; the message says why."""


def critical(level: float) -> float:
    """The standard normal value that a two-sided interval at `level` reaches out to: 1.96 at 0.95.

    Raises ValueError unless 0 < level < 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not at {level}")
    return NormalDist().inv_cdf(0.5 + level / 2)


def normal_interval(
    value: float,
    standard_error: float,
    *,
    level: float,
    n: int,
    method: str,
    bounds: tuple[float, float] = (-float("inf"), float("inf")),
    inverse: Callable[[float], float] = lambda value: value,
) -> Estimate:
    """`value` +- critical(level) standard errors, cut off at `bounds`.

    Where the interval is made on another scale (logit, log), `value`, `standard_error` and `bounds`
    are on that scale and `inverse` leads back; it must rise.
    """
    reach = critical(level) * standard_error
    lower, upper = max(bounds[0], value - reach), min(bounds[1], value + reach)
    return Estimate(inverse(value), inverse(lower), inverse(upper), level, n, method)
