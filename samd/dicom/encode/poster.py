"""The result on one page that any viewer can show: the picture, the answer in plain words, the numbers.

No patient data are drawn: the page says of whom it is in its header, like every other object.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from samd.dicom.encode import wording
from samd.dicom.encode.context import Case
from samd.dicom.encode.pictures import Layers, heat_colours
from samd.domain.card import Classification
from samd.domain.finding import Answer, Finding, Measurement
from samd.domain.study import Frame, Vector

WIDTH, HEIGHT = 1200, 900  # pixels
_MARGIN = 36
_IMAGE_BOX = (_MARGIN, 124, 724, 700)  # left, top, width, height
_COLUMN_LEFT = 796
_FOOTER_TOP = 846

_BACKGROUND, _PANEL = (13, 17, 23), (24, 30, 38)
_TEXT, _MUTED, _LINE = (236, 239, 244), (154, 165, 178), (54, 63, 75)
_CAUTION, _ON_CAUTION = (245, 196, 66), (30, 24, 6)
_ACCENTS = {
    Answer.FINDING: (255, 167, 64),
    Answer.NOTHING_FOUND: (86, 207, 178),
    Answer.NOT_ANALYSABLE: (150, 178, 255),
    Answer.FAILED: (255, 107, 107),
}
_PRESENCE = {"present": (255, 167, 64), "absent": (86, 207, 178), "undetermined": (236, 210, 110)}


@dataclass(slots=True)
class _Pen:
    """Writes lines of text downwards in one column."""

    draw: ImageDraw.ImageDraw
    left: int
    top: int
    width: int
    bottom: int = _FOOTER_TOP - 16

    def write(self, text: str, size: int, colour: tuple[int, int, int] = _TEXT, *, gap: int = 0) -> None:
        for line in _wrapped(text, size, self.width):
            if self.has_room(size):
                self.draw.text((self.left, self.top), line, colour, _font(size))
            self.top += round(size * 1.32)
        self.top += gap

    def pair(self, name: str, value: str, size: int) -> None:
        """A name at the left edge and its value at the right one."""
        if self.has_room(size):
            right = self.left + self.width
            self.draw.text((right, self.top), value, _TEXT, _font(size), anchor="ra")
            room = self.width - _length(value, size) - 16
            self.draw.text((self.left, self.top), _shortened(name, size, room), _MUTED, _font(size))
        self.top += round(size * 1.4)

    def has_room(self, height: float) -> bool:
        return self.top + height <= self.bottom


def poster(case: Case, picture: Layers | None) -> Image.Image:
    """The page as an RGB picture; where no image was analysed, the words have all of it."""
    page = Image.new("RGB", (WIDTH, HEIGHT), _BACKGROUND)
    draw = ImageDraw.Draw(page)
    _header(case, draw)
    if picture is None:
        _words(case, draw)
    else:
        _image(case, page, draw, picture)
        _column(case, draw, picture)
    _footer(draw)
    return page


def _header(case: Case, draw: ImageDraw.ImageDraw) -> None:
    card = case.card
    draw.rectangle((0, 0, WIDTH, 96), _PANEL)
    draw.rectangle((0, 0, 10, 96), _ACCENTS[case.outcome.answer])
    draw.text((_MARGIN, 16), _shortened(wording.ascii_text(card.title), 32, 880), _TEXT, _font(32))
    version = wording.ascii_text(f"{card.name} {card.version}  |  {card.manufacturer}  |  {card.procedure}")
    draw.text((_MARGIN, 61), _shortened(version, 19, WIDTH - 2 * _MARGIN), _MUTED, _font(19))
    draw.text((WIDTH - _MARGIN, 16), wording.PRODUCT, _MUTED, _font(32), anchor="ra")


def _footer(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, _FOOTER_TOP, WIDTH, HEIGHT), _CAUTION)
    middle = (WIDTH // 2, (_FOOTER_TOP + HEIGHT) // 2)
    draw.text(middle, wording.RESEARCH_USE, _ON_CAUTION, _font(25), anchor="mm")


def _words(case: Case, draw: ImageDraw.ImageDraw) -> None:
    """The answer across the whole page, with the reasons for it."""
    outcome = case.outcome
    pen = _Pen(draw, left=_MARGIN + 24, top=170, width=WIDTH - 2 * _MARGIN - 48)
    pen.write(wording.headline(outcome), 66, _ACCENTS[outcome.answer], gap=10)
    pen.write(wording.meaning(outcome), 26, _MUTED, gap=34)
    if outcome.reasons:
        pen.write(
            "Why" if len(outcome.reasons) == 1 else f"Why: {len(outcome.reasons)} reasons", 22, _MUTED, gap=8
        )
    for reason in outcome.reasons:
        text = wording.ascii_text(f"{reason.requirement}: {reason.message}")
        draw.rectangle((pen.left, pen.top + 3, pen.left + 5, pen.top + 30), _ACCENTS[outcome.answer])
        indented = _Pen(draw, pen.left + 22, pen.top, pen.width - 22)
        indented.write(text, 25, gap=12)
        pen.top = indented.top
    for finding in outcome.findings if case.analysed else ():
        _finding(case, finding, pen)


def _image(case: Case, page: Image.Image, draw: ImageDraw.ImageDraw, picture: Layers) -> None:
    left, top, width, height = _IMAGE_BOX
    shown = picture.blended()
    scale = min(width / shown.width, (height - 30) / shown.height)
    shown = shown.resize((round(shown.width * scale), round(shown.height * scale)), Image.Resampling.BICUBIC)
    x, y = left + (width - shown.width) // 2, top + (height - 30 - shown.height) // 2
    draw.rectangle((left, top, left + width - 1, top + height - 31), (0, 0, 0))
    page.paste(shown, (x, y))
    frames = case.outcome.frames
    _directions(draw, frames[picture.plane], (x, y, shown.width, shown.height))
    where = f"Plane {picture.plane + 1} of {len(frames)}" if len(frames) > 1 else "The analysed image"
    draw.text((left, top + height - 22), f"{where}. {_shown_layers(picture)}", _MUTED, _font(17))


def _shown_layers(picture: Layers) -> str:
    names = [
        name
        for name, layer in (("heat map", picture.heat), ("segments", picture.segments))
        if layer is not None
    ]
    return f"Shown with {' and '.join(names)}." if names else "Shown as it is."


def _directions(draw: ImageDraw.ImageDraw, frame: Frame, box: tuple[int, int, int, int]) -> None:
    """The letters of the patient's sides at the edges of the image (PS3.3 C.7.6.1.1.1)."""
    if frame.row_direction is None or frame.column_direction is None:
        return
    x, y, width, height = box
    outline = {"stroke_width": 2, "stroke_fill": (0, 0, 0)}
    right, down = _side(frame.row_direction), _side(frame.column_direction)
    left, up = _side(_reversed(frame.row_direction)), _side(_reversed(frame.column_direction))
    draw.text((x + 10, y + height // 2), left, _TEXT, _font(22), anchor="lm", **outline)
    draw.text((x + width - 10, y + height // 2), right, _TEXT, _font(22), anchor="rm", **outline)
    draw.text((x + width // 2, y + 8), up, _TEXT, _font(22), anchor="ma", **outline)
    draw.text((x + width // 2, y + height - 8), down, _TEXT, _font(22), anchor="md", **outline)


def _side(direction: Vector) -> str:
    axis = int(np.argmax(np.abs(direction)))
    return ("RL", "AP", "FH")[axis][direction[axis] > 0]


def _reversed(direction: Vector) -> Vector:
    return (-direction[0], -direction[1], -direction[2])


def _column(case: Case, draw: ImageDraw.ImageDraw, picture: Layers) -> None:
    outcome = case.outcome
    pen = _Pen(draw, left=_COLUMN_LEFT, top=124, width=WIDTH - _MARGIN - _COLUMN_LEFT)
    pen.write(wording.headline(outcome), 40, _ACCENTS[outcome.answer], gap=2)
    pen.write(wording.meaning(outcome), 17, _MUTED, gap=14)
    legend = _legend_height(case, picture)
    pen.bottom = _FOOTER_TOP - 16 - legend
    for index, finding in enumerate(outcome.findings):
        if not pen.has_room(_finding_height(finding)):
            pen.bottom = _FOOTER_TOP - 16
            pen.top = pen.bottom - legend - 20
            pen.write(f"and {len(outcome.findings) - index} more, in the report", 17, _MUTED)
            break
        _finding(case, finding, pen)
    _legend(case, draw, picture, top=_FOOTER_TOP - legend)


def _finding_height(finding: Finding) -> int:
    return 34 + sum(46 if _is_score(measurement) else 28 for measurement in finding.measurements)


def _finding(case: Case, finding: Finding, pen: _Pen) -> None:
    pen.draw.line((pen.left, pen.top, pen.left + pen.width, pen.top), _LINE)
    pen.top += 8
    said = wording.presence(finding)
    if said:
        right = pen.left + pen.width
        pen.draw.text((right, pen.top), said, _PRESENCE[said], _font(22), anchor="ra")
    name = _shortened(wording.ascii_text(finding.type.meaning), 22, pen.width - _length(said, 22) - 16)
    pen.draw.text((pen.left, pen.top), name, _TEXT, _font(22))
    pen.top += 30
    for measurement in finding.measurements:
        pen.pair(wording.ascii_text(measurement.name.meaning), wording.quantity(measurement), 19)
        if _is_score(measurement):
            _gauge(measurement, _classification(case, finding), pen)
    pen.top += 6


def _is_score(measurement: Measurement) -> bool:
    return measurement.unit.value == "1" and 0 <= measurement.value <= 1


def _classification(case: Case, finding: Finding) -> Classification | None:
    return next((c for c in case.card.classifications if c.finding == finding.type), None)


def _gauge(measurement: Measurement, limits: Classification | None, pen: _Pen) -> None:
    """The score on a scale from 0 to 1, with a mark at each decision limit."""
    left, right, top = pen.left, pen.left + pen.width, pen.top
    pen.draw.rounded_rectangle((left, top, right, top + 10), 5, _LINE)
    end = left + max(10, round(pen.width * measurement.value))
    pen.draw.rounded_rectangle((left, top, end, top + 10), 5, _MUTED)
    if limits is not None:
        for limit in {limits.threshold, limits.absent_below}:
            x = left + round(pen.width * limit)
            pen.draw.line((x, top - 4, x, top + 14), _TEXT, 2)
    pen.top += 20


def _legend_height(case: Case, picture: Layers) -> int:
    names = list(_segment_names(case)) if picture.segments is not None else []
    return (54 if picture.heat is not None else 0) + 26 * len(names) + (24 if names else 8)


def _legend(case: Case, draw: ImageDraw.ImageDraw, picture: Layers, *, top: int) -> None:
    left, right = _COLUMN_LEFT, WIDTH - _MARGIN
    if picture.heat is not None:
        draw.text((left, top), "less", _MUTED, _font(16))
        draw.text((right, top), "more", _MUTED, _font(16), anchor="ra")
        draw.text(((left + right) // 2, top), "influence on the answer", _MUTED, _font(16), anchor="ma")
        _heat_bar(draw, (left, top + 24, right - left, 12))
        top += 54
    for name, colour in _segment_names(case) if picture.segments is not None else ():
        draw.rounded_rectangle((left, top + 2, left + 18, top + 18), 4, colour)
        draw.text((left + 30, top), _shortened(name, 18, right - left - 30), _TEXT, _font(18))
        top += 26


def _segment_names(case: Case) -> Iterator[tuple[str, tuple[int, int, int]]]:
    labels = case.outcome.labels
    occurring = set(np.unique(labels).tolist()) if labels is not None else set()
    for segment in case.card.segments:
        if segment.number in occurring:
            yield wording.ascii_text(segment.name), segment.colour


def _heat_bar(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    left, top, width, height = box
    colours = heat_colours(np.linspace(0, 1, width, dtype=np.float32))
    for offset, colour in enumerate(colours[:, :3].tolist()):
        draw.line((left + offset, top, left + offset, top + height), tuple(colour))


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    # Pillow's own font, so that a page looks the same wherever it is drawn; its reach is ASCII.
    return ImageFont.load_default(size).font_variant(layout_engine=ImageFont.Layout.BASIC)


def _length(text: str, size: int) -> float:
    return _font(size).getlength(text)


def _wrapped(text: str, size: int, width: float) -> Iterator[str]:
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and _length(longer, size) > width:
            yield line
            line = word
        else:
            line = longer
    yield line


def _shortened(text: str, size: int, width: float) -> str:
    while text and _length(text, size) > width:
        text = f"{text.removesuffix('...')[:-1].rstrip()}..." if len(text) > 4 else ""
    return text
