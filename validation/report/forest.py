"""Subgroups as a forest plot: names at the left, estimates with intervals, numbers at the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Page
from matplotlib.lines import Line2D

from validation.document import EndpointLine, Figure, SubgroupLine
from validation.report import digits, terms
from validation.report.canvas import GREY, RULE, SERIES, drawn
from validation.report.figures import WHOLE, Drawing, short
from validation.report.wording import WORDS, caption, interval, metric, position, term

MOST_ROWS = 38  # what a page of A4 holds
_ROW, _BELOW = 0.19, 0.42  # inches: a row, and the axis under all of them
_LEFT, _RIGHT = 0.31, 0.72  # of the width: where the axes lie


@dataclass(frozen=True, slots=True)
class _Row:
    """A row: the heading of an attribute has no figure; its levels are indented."""

    name: str
    figure: Figure | None = None
    indented: bool = False


def forest(lines: Sequence[SubgroupLine], overall: EndpointLine | None, language: str) -> tuple[Drawing, ...]:
    """The plot of `lines`, on as many figures as it needs; none without lines.

    `overall` is the endpoint that they are of, drawn as a line across; None where it is not known.
    """
    if not lines:
        return ()
    rows = _rows(lines, overall, language)
    reach = _reach([row.figure for row in rows if row.figure])
    title = term(terms.KINDS, "forest", language) + (f": {overall.name}" if overall else "")
    has = ("overall",) if overall and overall.figure.estimate is not None else ()
    return tuple(
        _drawing(
            rows[i : i + MOST_ROWS],
            overall,
            reach,
            title,
            f"forest{i}",
            caption("forest", language, with_=has),
            language,
        )
        for i in range(0, len(rows), MOST_ROWS)
    )


def _rows(lines: Sequence[SubgroupLine], overall: EndpointLine | None, language: str) -> list[_Row]:
    at = position(language)
    rows = [_Row(WORDS["all_cases"][at], overall.figure)] if overall else []
    attribute = None
    for line in lines:
        if line.attribute != attribute:
            attribute = line.attribute
            rows.append(_Row(short(term(terms.ATTRIBUTES, attribute, language), 40)))
        rows.append(_Row(short(line.level or WORDS["not_stated"][at], 26), line.figure, True))
    return rows


def _reach(figures: Sequence[Figure]) -> tuple[float, float]:
    """From the lowest to the highest number that is drawn."""
    numbers = [
        number
        for figure in figures
        for number in (figure.estimate, figure.low, figure.high)
        if number is not None and isfinite(number)
    ]
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    margin = 0.05 * (high - low) or 0.05
    return low - margin, high + margin


def _drawing(
    rows: Sequence[_Row],
    overall: EndpointLine | None,
    reach: tuple[float, float],
    title: str,
    prefix: str,
    below: str,
    language: str,
) -> Drawing:
    inches = (WHOLE, _ROW * (len(rows) + 1) + _BELOW)

    def draw(page: Page) -> None:
        axes = page.add_axes((_LEFT, _BELOW / inches[1], _RIGHT - _LEFT, 1 - _BELOW / inches[1]))
        axes.set(xlim=reach, ylim=(len(rows) + 0.5, -0.5), yticks=[])
        axes.spines["left"].set_visible(False)
        axes.grid(visible=False, axis="y")
        if overall:
            axes.set_xlabel(short(f"{overall.name}: {metric(overall.metric, language)}", 90))
            if overall.figure.estimate is not None:
                axes.axvline(
                    overall.figure.estimate, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1
                )
        step = _ROW / inches[1]
        _write_heading(page, 1 - step / 2, language)
        for y, row in enumerate(rows, 1):
            height = 1 - step * (y + 0.5)
            _write_row(page, height, row, language)
            page.add_artist(Line2D((0, 1), [height + step / 2] * 2, color=RULE, linewidth=0.3))
            _draw_interval(axes, y, row.figure, reach)

    svg = drawn(draw, inches=inches, title=title, prefix=prefix, arranged=False)
    return Drawing("forest", svg, title, below, wide=True)


def _write_heading(page: Page, height: float, language: str) -> None:
    at = position(language)
    page.text(_LEFT - 0.02, height, WORDS["n"][at], va="center", ha="right", color=GREY)
    named = f"{WORDS['estimate'][at]} ({WORDS['interval'][at].lower()})"
    page.text(_RIGHT + 0.02, height, named, va="center", color=GREY)


def _write_row(page: Page, height: float, row: _Row, language: str) -> None:
    """Name, number of cases and estimate beside the axes."""
    if row.figure is None:
        page.text(0, height, row.name, va="center", weight="bold")
        return
    page.text(0.02 if row.indented else 0, height, row.name, va="center")
    page.text(_LEFT - 0.02, height, digits.count(row.figure.n), va="center", ha="right")
    page.text(_RIGHT + 0.02, height, _numbers(row.figure, language), va="center")


def _draw_interval(axes: Axes, y: int, figure: Figure | None, reach: tuple[float, float]) -> None:
    if figure is None or figure.estimate is None or figure.low is None or figure.high is None:
        return
    colour = SERIES[0][0]
    low, high = max(figure.low, reach[0]), min(figure.high, reach[1])
    axes.hlines(y, low, high, color=colour, linewidth=1.2, zorder=2)
    axes.plot(figure.estimate, y, marker="s", markersize=4, color=colour, zorder=3)


def _numbers(figure: Figure, language: str) -> str:
    if figure.estimate is None or figure.low is None or figure.high is None:
        return WORDS["not_estimable"][position(language)]  # the table below says why
    places = digits.decimals((figure.estimate, figure.low, figure.high))
    low, high = digits.number(figure.low, places), digits.number(figure.high, places)
    return f"{digits.number(figure.estimate, places)} ({interval(low, high, language)})"
