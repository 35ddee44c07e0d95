"""Where figures are drawn: a matplotlib figure becomes SVG that is the same every time and needs nothing.

Text is drawn as paths, so that a figure looks the same on every screen; its title speaks to a screen reader.
Figures are drawn one at a time: matplotlib keeps its settings in one place for the whole process.
"""

import io
import re
import threading
from collections.abc import Callable
from html import escape
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.typing import RcKeyType
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Okabe, Ito (2008): told apart by colour-blind eyes; in grey by their lightness, and by their strokes.
INK, GREY, RULE = "#1a1a1a", "#767676", "#c8c8c8"
SHADE = "#d9e6f0"
SERIES = (
    ("#0072b2", "-"),
    ("#d55e00", (0, (5, 1.6))),
    ("#009e73", (0, (1.2, 1.2))),
    ("#7a4a8a", (0, (6, 1.5, 1.2, 1.5))),
)
POINTS_OF_A_LINE = 1_000
CELLS = 110  # on either side, for scattered points

# With Hangul, the first that is there; Latin letters and digits come with matplotlib itself.
_HANGUL = ("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Malgun Gothic", "Apple SD Gothic Neo")
_STYLE: dict[RcKeyType, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "samd",
    "text.parse_math": False,
    "font.size": 7.0,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.4,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "lines.linewidth": 1.2,
    "legend.frameon": False,
    "legend.fontsize": 6.5,
    "legend.handlelength": 2.6,
}
_ONE_AT_A_TIME = threading.Lock()
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def hangul_font() -> str:
    """The name of the font that Korean is drawn with; empty where there is none."""
    there = {font.name for font in fontManager.ttflist}
    return next((name for name in _HANGUL if name in there), "")


def drawn(
    draw: Callable[[Figure], None],
    *,
    inches: tuple[float, float],
    title: str,
    prefix: str,
    arranged: bool = True,
) -> str:
    """The SVG element of what `draw` draws on a figure of `inches` (width, height).

    Everything is arranged to fit, unless `draw` places its axes itself. `prefix` begins every id in it and
    is not shared with another figure of the page.
    """
    buffer = io.StringIO()
    with _ONE_AT_A_TIME, mpl.rc_context():
        mpl.rcdefaults()  # whatever the settings of this machine are
        mpl.rcParams.update(_STYLE)
        mpl.rcParams["font.family"] = ["DejaVu Sans", *filter(None, [hangul_font()])]
        figure = Figure(figsize=inches, layout="constrained" if arranged else None)
        draw(figure)
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    return _element(buffer.getvalue(), title=title, prefix=prefix)


def line_points(*heights: ArrayLike) -> NDArray[np.intp]:
    """Indices of the points that a line through `heights` needs: of many, the extremes of every stretch.

    All of `heights` are of one length, in the order of drawing. What is left out lies within the stroke.
    """
    curves = [np.asarray(values, dtype=np.float64) for values in heights]
    n = curves[0].size
    if n <= POINTS_OF_A_LINE:
        return np.arange(n)
    kept = {0, n - 1}
    stretches = np.array_split(np.arange(n), POINTS_OF_A_LINE // (2 * len(curves)))
    for values in curves:
        for stretch in stretches:
            kept |= {int(stretch[values[stretch].argmin()]), int(stretch[values[stretch].argmax()])}
    return np.array(sorted(kept))


def scattered_points(x: ArrayLike, y: ArrayLike) -> NDArray[np.intp]:
    """Indices of scattered points, one for every cell of a fine grid: the others would lie upon them."""
    across, up = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if across.size <= POINTS_OF_A_LINE:
        return np.arange(across.size)
    cells = _cells(across) * CELLS + _cells(up)
    first: NDArray[np.intp] = np.unique(cells, return_index=True)[1]
    return np.sort(first)


def _cells(values: Floats) -> NDArray[np.intp]:
    spread = float(np.ptp(values)) or 1.0
    at: Floats = np.minimum((values - values.min()) / spread * CELLS, CELLS - 1)
    return at.astype(np.intp)


def _element(svg: str, *, title: str, prefix: str) -> str:
    """The <svg> element alone: without what says who made it, or a style that would reach the whole page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(
        r"<!--.*?-->\n?|<metadata>.*?</metadata>\n?|<style.*?</style>\n?|<defs/>\n?", "", svg, flags=re.DOTALL
    )
    svg = svg.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "").replace("xlink:href", "href")
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in used else "", svg)
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{prefix}-", svg)
    svg = re.sub(r' style="([^"]*)"', _attributes, svg)
    svg = re.sub(r"^ +", "", svg, flags=re.MULTILINE)
    opening, rest = svg.split(">", 1)
    opening = opening.replace("<svg", '<svg role="img" stroke-linejoin="round" stroke-linecap="butt"')
    return f"{opening}>\n<title>{escape(title)}</title>{rest}".strip()


def _attributes(style: re.Match[str]) -> str:
    """The declarations of a style as attributes: in a style, a reader of HTML would take them for its own."""
    declared = (declaration.split(":", 1) for declaration in style[1].split(";") if declaration.strip())
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in declared)
