"""The column beside the picture: the answer, each finding with its numbers, and how to read the colours."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from samd.dicom.encode import wording
from samd.dicom.encode.context import Case
from samd.dicom.encode.pen import (
    AMBER,
    GREEN,
    LINE,
    MUTED,
    TEXT,
    YELLOW,
    Colour,
    Pen,
    font,
    length,
    line_height,
    wrapped,
)
from samd.dicom.encode.pictures import Layers, heat_colours
from samd.domain.card import Classification, Segment
from samd.domain.finding import Finding, Measurement

# A piece of the column: its height, and how it is drawn.
Row = tuple[int, Callable[[Pen], None]]

_PRESENCE = {"present": AMBER, "absent": GREEN, "undetermined": YELLOW}
_NAME, _NUMBER, _NOTE = 21, 18, 15  # sizes of text
_BAR = 12  # height of the scale of a score, and of the heat map's


def sidebar(case: Case, picture: Layers, pen: Pen, accent: Colour) -> None:
    """Draw the column where `pen` stands, down to its bottom; what has no room is left to the report."""
    pen.write(wording.headline(case.outcome), 40, accent, gap=2)
    pen.write(wording.meaning(case.outcome), 17, MUTED, gap=12)
    notes = list(_notes(case, picture, pen.width))
    floor, pen.bottom = pen.bottom, pen.bottom - sum(height for height, _ in notes)
    findings(case, pen)
    pen.top, pen.bottom = pen.bottom, floor
    for _, draw in notes:
        draw(pen)


def findings(case: Case, pen: Pen) -> None:
    """Draw each finding while there is room, then how many are left out."""
    last = len(case.outcome.findings) - 1
    for index, finding in enumerate(case.outcome.findings):
        rows = list(_rows(case, finding, pen.width))
        spared = 0 if index == last else line_height(_NOTE)
        if not pen.has_room(sum(height for height, _ in rows) + spared):
            pen.write(f"and {last - index + 1} more, in the report", _NOTE, MUTED)
            return
        for _, draw in rows:
            draw(pen)


def _rows(case: Case, finding: Finding, width: int) -> Iterator[Row]:
    said, colour = wording.presence(finding), _swatch(case, finding)
    measured = finding.measurements
    value, tint = said, _PRESENCE.get(said, TEXT)
    if finding.present is False:
        measured = tuple(m for m in measured if m.value != 0 or _is_score(m))
    elif not said and len(measured) == 1 and not _is_score(measured[0]):
        value, measured = wording.quantity(measured[0]), ()
    yield 9, _rule
    yield line_height(_NAME) + 3, partial(_title, finding=finding, value=value, tint=tint, swatch=colour)
    for measurement in measured:
        lines = _lines(measurement, width)
        yield line_height(_NUMBER) * len(lines), partial(_number, lines=lines, measurement=measurement)
        if _is_score(measurement):
            yield from _scale_rows(measurement, _classification(case, finding))
    yield 6, _space


def _scale_rows(score: Measurement, limits: Classification | None) -> Iterator[Row]:
    yield _BAR + 8, partial(_scale, score=score, limits=limits)
    if limits is not None:
        text = wording.thresholds(limits)
        yield line_height(_NOTE), partial(Pen.write, text=text, size=_NOTE, colour=MUTED)


def _rule(pen: Pen) -> None:
    pen.draw.line((pen.left, pen.top, pen.right, pen.top), LINE)
    pen.top += 9


def _space(pen: Pen) -> None:
    pen.top += 6


def _title(pen: Pen, *, finding: Finding, value: str, tint: Colour, swatch: Colour | None) -> None:
    if swatch is not None:
        pen.draw.rounded_rectangle((pen.left, pen.top + 4, pen.left + 16, pen.top + 20), 4, swatch)
    name = wording.ascii_text(finding.type.meaning)
    pen.pair(name, value, _NAME, colours=(TEXT, tint), indent=26 if swatch is not None else 0)
    pen.top += 3


def _lines(measurement: Measurement, width: int) -> list[str]:
    """The name of a measurement on the lines that it needs beside its value."""
    room = width - length(wording.quantity(measurement), _NUMBER) - 16
    return list(wrapped(wording.ascii_text(measurement.name.meaning), _NUMBER, room))


def _number(pen: Pen, *, lines: list[str], measurement: Measurement) -> None:
    for index, line in enumerate(lines):
        value = wording.quantity(measurement) if index == 0 else ""
        pen.pair(line, value, _NUMBER, colours=(MUTED, TEXT))


def _swatch(case: Case, finding: Finding) -> Colour | None:
    return next((s.colour for s in case.card.segments if s.number == finding.segment), None)


def _is_score(measurement: Measurement) -> bool:
    return measurement.unit.value == "1" and 0 <= measurement.value <= 1


def _classification(case: Case, finding: Finding) -> Classification | None:
    return next((c for c in case.card.classifications if c.finding == finding.type), None)


def _scale(pen: Pen, *, score: Measurement, limits: Classification | None) -> None:
    """The score on a scale from 0 to 1, with a mark at each decision limit."""
    top, bottom = pen.top + 2, pen.top + 2 + _BAR
    pen.draw.rounded_rectangle((pen.left, top, pen.right, bottom), _BAR // 2, LINE)
    end = pen.left + max(_BAR, round(pen.width * score.value))
    pen.draw.rounded_rectangle((pen.left, top, end, bottom), _BAR // 2, MUTED)
    for limit in (limits.threshold, limits.absent_below) if limits is not None else ():
        x = pen.left + round(pen.width * limit)
        pen.draw.line((x, top - 2, x, bottom + 2), TEXT, 2)
    pen.top += _BAR + 8


def _notes(case: Case, picture: Layers, width: int) -> Iterator[Row]:
    """How the picture is to be read: unnamed segments, the colours of the heat map, the explanation."""
    named = {finding.segment for finding in case.outcome.findings}
    occurring = np.unique(case.outcome.labels) if case.outcome.labels is not None else ()
    for segment in case.card.segments:
        if segment.number in occurring and segment.number not in named:
            yield line_height(_NUMBER), partial(_legend, segment=segment)
    if picture.heat is not None:
        yield line_height(_NOTE) + _BAR + 10, _heat_scale
    text = wording.explanation(case.outcome)
    height = line_height(_NOTE) * len(list(wrapped(text, _NOTE, width)))
    yield height, partial(Pen.write, text=text, size=_NOTE, colour=MUTED)


def _legend(pen: Pen, *, segment: Segment) -> None:
    pen.draw.rounded_rectangle((pen.left, pen.top + 2, pen.left + 16, pen.top + 18), 4, segment.colour)
    pen.pair(wording.ascii_text(segment.name), "", _NUMBER, colours=(TEXT, TEXT), indent=26)


def _heat_scale(pen: Pen) -> None:
    middle = (pen.left + pen.right) // 2
    pen.draw.text((middle, pen.top), "influence on the answer", MUTED, font(_NOTE), anchor="ma")
    pen.pair("less", "more", _NOTE, colours=(MUTED, MUTED))
    colours = heat_colours(np.linspace(0, 1, pen.width, dtype=np.float32))
    for x, colour in enumerate(colours[:, :3].tolist(), start=pen.left):
        pen.draw.line((x, pen.top + 2, x, pen.top + 2 + _BAR), tuple(colour))
    pen.top += _BAR + 10
