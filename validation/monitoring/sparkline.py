"""The newest signals of a chart as a small drawing: points of an SVG, with the limit as a line. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 640, 110, 6


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Coordinates within WIDTH x HEIGHT: the line of the signals, the limits, where they were exceeded."""

    line: str
    limits: tuple[float, ...]
    breaches: tuple[tuple[float, float], ...]
    first: int
    last: int


def sparkline(recent: Sequence[tuple[int, float]], limit: float) -> Sparkline | None:
    """The drawing of `recent`, (number of the value, signal) each; None where there is no signal yet.

    There is a lower limit too where signals are negative.
    """
    if not recent:
        return None
    signals = [signal for _, signal in recent]
    bounds = (limit, -limit) if min(signals) < 0 else (limit,)
    low, high = min(0.0, *signals, *bounds), max(*signals, *bounds)
    reach = (high - low) or 1.0

    def height(value: float) -> float:
        return round(MARGIN + (HEIGHT - 2 * MARGIN) * (high - value) / reach, 1)

    step = (WIDTH - 2 * MARGIN) / max(1, len(recent) - 1)
    points = [(round(MARGIN + step * place, 1), height(signal)) for place, signal in enumerate(signals)]
    return Sparkline(
        line=" ".join(f"{x},{y}" for x, y in points),
        limits=tuple(height(bound) for bound in bounds),
        breaches=tuple(at for at, signal in zip(points, signals, strict=True) if abs(signal) > limit),
        first=recent[0][0],
        last=recent[-1][0],
    )
