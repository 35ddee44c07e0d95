"""The curves of a report as figures; those of one kind and name are drawn together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isfinite
from typing import Literal
from unicodedata import east_asian_width

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from validation.document import Curve
from validation.report import digits, terms
from validation.report.canvas import GREY, INK, RULE, SERIES, SHADE, drawn, line_points, scattered_points
from validation.report.wording import WORDS, caption, interval, position, term

Place = Literal["lower left", "lower right", "upper left", "upper right"]
HALF, WHOLE = 3.34, 6.85  # inches: two figures beside each other, or one, between the margins of A4


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as SVG, empty where nothing could be estimated, and what stands below it.

    `wide` takes the whole width of the page.
    """

    kind: str
    svg: str
    title: str
    caption: str
    wide: bool = False


def curves(given: Sequence[Curve], language: str) -> tuple[Drawing, ...]:
    """One drawing for each kind and name, in the order of their first curves.

    Raises ValueError for a curve of an unknown kind, with a point that is not finite, or whose lists differ
    in length.
    """
    together: dict[tuple[str, str], list[Curve]] = {}
    for curve in given:
        _check(curve)
        together.setdefault((curve.kind, curve.name), []).append(curve)
    return tuple(_drawing(group, f"curve{i}", language) for i, group in enumerate(together.values(), 1))


def short(text: str, most: int = 44) -> str:
    """`text` on one line of a figure, at most as wide as `most` Latin letters; Hangul takes two each."""
    text = " ".join(text.split())
    ends = list(accumulate(2 if east_asian_width(letter) in "WF" else 1 for letter in text))
    if not ends or ends[-1] <= most:
        return text
    return f"{text[: sum(end < most for end in ends)].rstrip()}…"


def _check(curve: Curve) -> None:
    where = f"the curve {curve.name!r}"
    if curve.kind not in _KINDS:
        raise ValueError(f"{where} is of an unknown kind: {curve.kind!r}")
    if not all(map(isfinite, (*curve.x, *curve.y))):
        raise ValueError(f"{where} has a point that is not finite")
    lengths = {len(part) for part in (curve.low, curve.high, curve.counts) if part}
    if lengths | {len(curve.y)} != {len(curve.x)}:
        raise ValueError(f"{where} has lists of different lengths")
    if bool(curve.low) != bool(curve.high):
        raise ValueError(f"{where} has one side of a band only")


def _drawing(group: Sequence[Curve], prefix: str, language: str) -> Drawing:
    first = group[0]
    kind = _KINDS[first.kind]
    drawable = [curve for curve in group if curve.x]
    title = f"{term(terms.KINDS, first.kind, language)}: {first.name}"
    wide = kind.inches[0] == WHOLE
    if not drawable:
        return Drawing(first.kind, "", title, "", wide)

    def draw(figure: Figure) -> None:
        kind.draw(figure, drawable, language)

    svg = drawn(draw, inches=kind.inches, title=title, prefix=prefix)
    return Drawing(first.kind, svg, title, _caption(drawable, language), wide)


def _caption(group: Sequence[Curve], language: str) -> str:
    first = group[0]
    has = []
    if any(curve.low for curve in group):
        has.append("bars" if first.kind in {"calibration", "robustness"} else "band")
    if any(curve.line_intervals for curve in group):
        has.append("heights")
    parts = [caption(first.kind, language, with_=tuple(has))]
    heights = "; ".join(_height_in_words(*line, language) for line in _named_heights(group) if line[2])
    parts.append(heights[:1].upper() + heights[1:])
    parts += dict.fromkeys(_unbroken(curve.note) for curve in group)
    if first.kind == "bland-altman" and len(scattered_points(first.x, first.y)) < len(first.x):
        thinned = WORDS["thinned"][position(language)]
        parts.append(thinned.format(n=digits.count(len(first.x))))
    return " ".join(part if part.endswith(".") else f"{part}." for part in parts if part)


def _unbroken(note: str) -> str:
    """A note in which no line ends before a number of cases or a per cent sign."""
    return note.replace("n = ", "n\u00a0=\u00a0").replace(" %", "\u00a0%")


def _height_in_words(name: str, height: float, bounds: tuple[float, float] | None, language: str) -> str:
    low, high = bounds or (height, height)
    places = digits.decimals((height, low, high))
    between = interval(digits.number(low, places), digits.number(high, places), language)
    return f"{term(terms.LINES, name, language)} {digits.number(height, places)} ({between})"


def _axes(figure: Figure, group: Sequence[Curve], language: str) -> Axes:
    axes = figure.add_subplot()
    _name_axes(axes, group[0], language)
    return axes


def _name_axes(axes: Axes, curve: Curve, language: str) -> None:
    axes.set_xlabel(short(curve.x_name or term(terms.X_AXES, curve.kind, language), 60))
    axes.set_ylabel(short(curve.y_name or term(terms.Y_AXES, curve.kind, language), 60))


def _unit_square(axes: Axes) -> None:
    ticks = np.linspace(0, 1, 6)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xticks=ticks, yticks=ticks, aspect="equal")


def _lines(axes: Axes, group: Sequence[Curve], language: str, *, step: bool = False) -> None:
    """Every curve with its band; a single point is a dot."""
    for i, curve in enumerate(group):
        colour, stroke = SERIES[i % len(SERIES)]
        at = line_points(curve.y, *filter(None, (curve.low, curve.high)))
        x, y = np.asarray(curve.x)[at], np.asarray(curve.y)[at]
        if curve.low:
            low, high = np.asarray(curve.low)[at], np.asarray(curve.high)[at]
            axes.fill_between(x, low, high, color=SHADE if i == 0 else RULE, linewidth=0, zorder=0.6)
        axes.plot(
            x,
            y,
            color=colour,
            linestyle=stroke,
            drawstyle="steps-pre" if step else "default",
            marker="o" if len(x) == 1 else "",
            markersize=4,
            label=short(term(terms.LINES, curve.series, language)) if curve.series else "_",
            zorder=3 - i / 10,
        )
        _marks(axes, curve, language)


def _marks(axes: Axes, curve: Curve, language: str) -> None:
    for i, (name, (x, y)) in enumerate(curve.marks.items()):
        axes.plot(
            x,
            y,
            linestyle="",
            marker="Ds^v"[i % 4],
            markersize=5,
            markerfacecolor="white",
            markeredgecolor=INK,
            markeredgewidth=1,
            label=short(term(terms.LINES, name, language)),
            zorder=4,
        )


def _legend(axes: Axes, place: Place) -> None:
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc=place)


def _named_heights(group: Sequence[Curve]) -> Iterator[tuple[str, float, tuple[float, float] | None]]:
    """The lines across of all curves, each name once: name, height and interval."""
    heights = {name: (curve, height) for curve in group for name, height in curve.lines.items()}
    for name, (curve, height) in heights.items():
        yield name, height, curve.line_intervals.get(name)


def _heights(axes: Axes, group: Sequence[Curve], language: str) -> None:
    """The named lines across, their intervals shaded, each with its name and value at the right edge."""
    for name, height, bounds in _named_heights(group):
        if bounds is not None:
            axes.axhspan(*bounds, color=SHADE, linewidth=0, zorder=0.5)
        axes.axhline(height, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=2)
        value = digits.number(height, digits.decimals([height]))
        text = f"{short(term(terms.LINES, name, language), 20)}\n{value}"
        axes.annotate(
            text,
            (1, height),
            xycoords=axes.get_yaxis_transform(),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=6.2,
        )


def _roc(figure: Figure, group: Sequence[Curve], language: str) -> None:
    axes = _axes(figure, group, language)
    _unit_square(axes)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.7, linestyle=":", zorder=1)
    _lines(axes, group, language)
    _legend(axes, "lower right")


def _precision_recall(figure: Figure, group: Sequence[Curve], language: str) -> None:
    axes = _axes(figure, group, language)
    _unit_square(axes)
    _lines(axes, group, language, step=True)
    for name, height, _ in _named_heights(group):
        label = f"{short(term(terms.LINES, name, language), 20)} {digits.number(height, 3)}"
        axes.axhline(height, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=2, label=label)
    _legend(axes, "lower left")


def _calibration(figure: Figure, group: Sequence[Curve], language: str) -> None:
    if not any(curve.counts for curve in group):
        axes = _axes(figure, group, language)
    else:
        axes, below = figure.subplots(2, height_ratios=[5, 1], sharex=True)
        _histogram(below, group, language)
        _name_axes(axes, group[0], language)
        below.set_xlabel(axes.get_xlabel())
        axes.set_xlabel("")
        axes.tick_params(labelbottom=False)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.7, linestyle=":", zorder=1)
    _points_with_bars(axes, group, language)
    _legend(axes, "upper left")


def _histogram(axes: Axes, group: Sequence[Curve], language: str) -> None:
    first = next(curve for curve in group if curve.counts)
    at = line_points(first.counts)
    x = np.asarray(first.x)[at]
    gaps = np.diff(np.sort(x))
    width = min(0.05, 0.8 * float(gaps[gaps > 0].min())) if (gaps > 0).any() else 0.05
    axes.bar(x, np.asarray(first.counts)[at], width=max(width, 0.002), color=GREY)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True))
    axes.set_ylabel(WORDS["cases"][position(language)])


def _points_with_bars(axes: Axes, group: Sequence[Curve], language: str) -> None:
    for i, curve in enumerate(group):
        colour, stroke = SERIES[i % len(SERIES)]
        at = line_points(curve.y, *filter(None, (curve.low, curve.high)))
        x, y = np.asarray(curve.x)[at], np.asarray(curve.y)[at]
        if curve.low:
            low, high = np.asarray(curve.low)[at], np.asarray(curve.high)[at]
            axes.vlines(x, low, high, color=colour, linewidth=0.9, zorder=2)
        axes.plot(
            x,
            y,
            color=colour,
            linestyle=stroke,
            linewidth=0.9,
            marker="osD^"[i % 4] if len(x) <= 60 else "",
            markersize=3.4,
            label=short(term(terms.LINES, curve.series, language)) if curve.series else "_",
            zorder=3,
        )
        _marks(axes, curve, language)


def _bland_altman(figure: Figure, group: Sequence[Curve], language: str) -> None:
    axes = _axes(figure, group, language)
    for i, curve in enumerate(group):
        at = scattered_points(curve.x, curve.y)
        axes.plot(
            np.asarray(curve.x)[at],
            np.asarray(curve.y)[at],
            linestyle="",
            marker="o^s"[i % 3],
            markersize=2.4,
            markerfacecolor="none",
            markeredgecolor=SERIES[i % len(SERIES)][0],
            markeredgewidth=0.6,
            label=short(term(terms.LINES, curve.series, language)) if curve.series else "_",
            zorder=3,
        )
        _marks(axes, curve, language)
    axes.axhline(0, color=GREY, linewidth=0.7, linestyle=":", zorder=1)
    _heights(axes, group, language)
    _legend(axes, "upper left")


def _froc(figure: Figure, group: Sequence[Curve], language: str) -> None:
    axes = _axes(figure, group, language)
    _lines(axes, group, language)
    axes.set(ylim=(-0.01, 1.01), yticks=np.linspace(0, 1, 6))
    axes.set_xlim(left=0)
    _legend(axes, "lower right")


def _decision(figure: Figure, group: Sequence[Curve], language: str) -> None:
    axes = _axes(figure, group, language)
    axes.axhline(0, color=GREY, linewidth=0.7, zorder=1)
    _lines(axes, group, language)
    highest = max(max(curve.y) for curve in group)
    if highest > 0:  # treating everybody falls without end, and would press the rest flat
        axes.set_ylim(-0.15 * highest, 1.1 * highest)
    _legend(axes, "upper right")


def _robustness(figure: Figure, group: Sequence[Curve], language: str) -> None:
    axes = _axes(figure, group, language)
    _points_with_bars(axes, group, language)
    _heights(axes, group, language)
    axes.margins(y=0.15)
    _legend(axes, "lower left")


def _timeline(figure: Figure, group: Sequence[Curve], language: str) -> None:
    axes = _axes(figure, group, language)
    _lines(axes, group, language)
    _heights(axes, group, language)
    _legend(axes, "upper left")


@dataclass(frozen=True, slots=True)
class _Kind:
    draw: Callable[[Figure, Sequence[Curve], str], None]
    inches: tuple[float, float]


_KINDS: Mapping[str, _Kind] = {
    "roc": _Kind(_roc, (HALF, 3.1)),
    "precision-recall": _Kind(_precision_recall, (HALF, 3.1)),
    "calibration": _Kind(_calibration, (HALF, 3.1)),
    "bland-altman": _Kind(_bland_altman, (HALF, 3.1)),
    "froc": _Kind(_froc, (HALF, 3.1)),
    "decision": _Kind(_decision, (HALF, 3.1)),
    "robustness": _Kind(_robustness, (HALF, 2.5)),
    "timeline": _Kind(_timeline, (WHOLE, 2.2)),
}
KINDS = tuple(_KINDS)
