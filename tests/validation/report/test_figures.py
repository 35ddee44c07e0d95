"""Every kind of curve is drawn, whatever it has and however long it is."""

from dataclasses import replace

import numpy as np
import pytest

from tests.validation.report.example import curves as example
from validation.document import Curve
from validation.report import figures

pytestmark = pytest.mark.requirement("VAL-08")

KINDS = figures.KINDS


def one(*curves: Curve, language: str = "en") -> figures.Drawing:
    (drawing,) = figures.curves(curves, language)
    return drawing


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_single_point_without_a_band_is_drawn(kind: str, language: str) -> None:
    drawing = one(Curve(kind, "a", (0.5,), (0.5,)), language=language)

    assert drawing.kind == kind
    assert drawing.svg.startswith("<svg")
    # The point is seen: a marker or a circle stands for it.
    assert "<use" in drawing.svg


@pytest.mark.parametrize("kind", KINDS)
def test_a_curve_with_everything_is_drawn(kind: str) -> None:
    x = tuple(np.linspace(0, 1, 9))
    whole = Curve(
        kind,
        "a",
        x,
        x,
        low=tuple(v - 0.1 for v in x),
        high=tuple(v + 0.1 for v in x),
        lines={"bias": 0.5},
        line_intervals={"bias": (0.4, 0.6)},
        marks={"operating point": (0.3, 0.3)},
        counts=tuple(range(1, 10)),
        series="model",
        x_name="$x",
        y_name="y$",
        note="n = 9",
    )

    drawing = one(whole, replace(whole, series="comparator"))

    assert "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}9." in drawing.caption
    assert "Bias 0.500 (0.400 to 0.600)" in drawing.caption


@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_thousand_points_are_thinned(kind: str) -> None:
    random = np.random.default_rng(1)
    x = np.linspace(0, 1, 100_000)
    y = np.clip(x + random.normal(0, 0.05, x.size), 0, 1)
    long = Curve(kind, "a", tuple(x), tuple(y), tuple(y - 0.1), tuple(y + 0.1))

    drawing = one(long)

    assert len(drawing.svg) < 1_500_000
    assert ("100,000" in drawing.caption) == (kind == "bland-altman")


def test_curves_of_one_kind_and_name_share_a_figure() -> None:
    kinds = [drawing.kind for drawing in figures.curves(example(), "en")]

    assert kinds.count("roc") == 1
    assert kinds.count("decision") == 1
    assert kinds.count("robustness") == 2


def test_a_curve_without_points_has_a_place_but_no_picture() -> None:
    drawing = one(Curve("robustness", "noise", (), ()))

    assert (drawing.svg, drawing.title) == ("", "Robustness: noise")


def test_the_caption_says_what_is_drawn_and_no_more() -> None:
    bare = one(Curve("roc", "a", (0.0, 1.0), (0.0, 1.0)))
    banded = one(Curve("roc", "a", (0.0, 1.0), (0.0, 1.0), (0.0, 0.9), (0.1, 1.0)))

    assert bare.caption == "Dotted: chance."
    assert banded.caption == "Dotted: chance. Shaded: confidence band."


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        (Curve("pie", "a", (1.0,), (1.0,)), "unknown kind: 'pie'"),
        (Curve("roc", "a", (1.0,), (float("inf"),)), "not finite"),
        (Curve("roc", "a", (1.0, 2.0), (1.0,)), "different lengths"),
        (Curve("roc", "a", (1.0,), ()), "different lengths"),
        (Curve("roc", "a", (1.0,), (1.0,), (0.9, 0.9), (1.0,)), "different lengths"),
        (Curve("roc", "a", (1.0,), (1.0,), low=(0.9,)), "one side of a band"),
    ],
)
def test_a_curve_that_cannot_be_drawn_is_refused(curve: Curve, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        figures.curves([curve], "en")


def test_a_name_is_cut_at_its_width_and_hangul_counts_twice() -> None:
    assert figures.short("a" * 44) == "a" * 44
    assert figures.short("a" * 45) == "a" * 43 + "…"
    assert figures.short("가" * 23) == "가" * 21 + "…"
    assert figures.short(" two\n words ") == "two words"
