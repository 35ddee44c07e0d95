"""Subgroups in one plot, with all their levels."""

import pytest

from tests.validation.report.example import ENDPOINTS, SUBGROUPS, figure
from validation.document import Figure, SubgroupLine
from validation.report.forest import MOST_ROWS, forest

pytestmark = pytest.mark.requirement("VAL-08")


def test_subgroups_are_one_figure_with_the_line_of_all_cases() -> None:
    (drawing,) = forest(SUBGROUPS, ENDPOINTS[0], "en")

    assert drawing.wide
    assert drawing.title == "Subgroups: Area under the curve"
    assert "Dashed: all cases." in drawing.caption


def test_without_subgroups_there_is_no_figure() -> None:
    assert forest((), ENDPOINTS[0], "en") == ()


def test_without_the_endpoint_there_is_no_line_of_all_cases() -> None:
    (drawing,) = forest(SUBGROUPS, None, "ko")

    assert drawing.title == "하위군"
    assert "파선" not in drawing.caption


def test_more_levels_than_a_page_holds_go_on_in_another_figure() -> None:
    lines = [SubgroupLine("site", f"site {i}", figure(0.9, 0.8, 0.95)) for i in range(2 * MOST_ROWS)]

    assert len(forest(lines, ENDPOINTS[0], "en")) == 3


def test_levels_without_a_figure_and_without_a_bound_are_drawn_too() -> None:
    lines = [
        SubgroupLine("age", "0-17", Figure.missing("too few", level=0.95, n=3)),
        SubgroupLine("age", "18 and older", figure(4.4, 3.3, float("inf"))),
        SubgroupLine("age", "", figure(0.5, 0.5, 0.5)),
    ]

    assert len(forest(lines, None, "en")) == 1
    assert len(forest(lines[:1], None, "en")) == 1
