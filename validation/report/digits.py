"""Numbers as a report prints them: sensible digits, the same within a row, and never one that misleads."""

from collections.abc import Iterable
from datetime import datetime
from math import floor, inf, isfinite, log10

MINUS = "\N{MINUS SIGN}"
_MOST = 9  # decimals, where a bound would otherwise look as if it lay on its limit


def decimals(values: Iterable[float | None]) -> int:
    """How many decimals these numbers of one row take.

    Three for shares and areas (up to 1 in size), otherwise as many as leave the largest three digits.
    """
    largest = max((abs(value) for value in values if value is not None and isfinite(value)), default=0.0)
    return 3 if largest <= 1 else max(0, 2 - floor(log10(largest)))


def number(value: float, places: int) -> str:
    """`value` with `places` decimals, a true minus sign, and no sign before a zero."""
    if not isfinite(value):
        return f"{MINUS if value < 0 else ''}\N{INFINITY}"
    text = f"{value:,.{places}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def apart(value: float, limits: Iterable[float], places: int) -> str:
    """`value` as `number` gives it, with more decimals where rounding would set it on one of `limits`.

    A lower bound of 0.84996 must not be printed as 0.850 beside the goal 0.85 that it missed.
    """
    near = [limit for limit in limits if limit != value]
    while places < _MOST and any(float(f"{value:.{places}f}") == limit for limit in near):
        places += 1
    return number(value, places)


def exact(value: float) -> str:
    """A number that somebody chose (a limit, a margin): as it was written, never rounded."""
    return f"{value + 0.0:.12g}".replace("-", MINUS) if abs(value) != inf else number(value, 0)


def count(value: int) -> str:
    """A number of things."""
    return f"{value:,}"


def percent(level: float) -> str:
    """A level of confidence: 95 %."""
    return f"{100 * level:.6g}\N{NO-BREAK SPACE}%"


def probability(p: float) -> str:
    """A p value: three decimals, and below them only that it is smaller."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def moment(text: str) -> str:
    """A time in ISO 8601 as people read it, with its zone; what is none stays as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{at:%Y-%m-%d %H:%M:%S} {at.tzname() or ''}".rstrip() if "T" in text else text
