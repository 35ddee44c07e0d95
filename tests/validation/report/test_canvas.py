"""Figures as SVG: the same every time, self-contained, small."""

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from validation.report import canvas

pytestmark = pytest.mark.requirement("VAL-08")


def draw(figure: Figure) -> None:
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], marker="o", label="$x$ --> </svg><script>")
    axes.legend()


def drawn(prefix: str = "a", title: str = "<b>title</b>") -> str:
    return canvas.drawn(draw, inches=(3, 2), title=title, prefix=prefix)


def test_the_same_drawing_is_the_same_text() -> None:
    assert drawn() == drawn()


def test_the_settings_of_the_machine_do_not_reach_it_and_are_not_changed() -> None:
    expected = drawn()

    with mpl.rc_context({"font.size": 30, "svg.fonttype": "none", "lines.linewidth": 9}):
        assert drawn() == expected
        assert mpl.rcParams["font.size"] == 30


def test_it_is_an_svg_element_with_a_title_and_nothing_else() -> None:
    svg = drawn()

    assert svg.startswith('<svg role="img"')
    assert svg.endswith("</svg>")
    assert "<title>&lt;b&gt;title&lt;/b&gt;</title>" in svg
    for unwanted in (
        "<script",
        "<!--",
        "<metadata",
        "<style",
        " style=",
        "<text",
        "http://www.w3.org/1999/xlink",
    ):
        assert unwanted not in svg


def test_no_id_of_one_figure_is_an_id_of_another() -> None:
    assert ' id="a-' in drawn("a")
    assert ' id="a-' not in drawn("b")
    assert '"#a-' not in drawn("b")


def test_a_short_line_keeps_every_point() -> None:
    assert list(canvas.line_points([3.0, 1.0, 2.0])) == [0, 1, 2]


@given(st.integers(1_001, 30_000), st.integers(0, 10))
def test_a_long_line_keeps_its_ends_and_its_extremes(n: int, seed: int) -> None:
    y = np.random.default_rng(seed).normal(size=n)
    low = y - 1

    kept = canvas.line_points(y, low)

    assert len(kept) <= canvas.POINTS_OF_A_LINE + 2
    assert {0, n - 1, int(y.argmax()), int(y.argmin())} <= set(kept)
    assert list(kept) == sorted(set(kept))


def test_of_many_scattered_points_one_stays_in_every_place() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=100_000), random.normal(size=100_000)

    kept = canvas.scattered_points(x, y)

    assert len(kept) < canvas.CELLS**2
    # Every point that was left out has a neighbour that stayed, closer than a dot is wide.
    for i in range(0, 100_000, 997):
        away = np.hypot((x[kept] - x[i]) / np.ptp(x), (y[kept] - y[i]) / np.ptp(y))
        assert away.min() < 2 / canvas.CELLS


def test_scattered_points_in_one_place_are_one_point() -> None:
    assert len(canvas.scattered_points([1.0] * 5_000, [2.0] * 5_000)) == 1
