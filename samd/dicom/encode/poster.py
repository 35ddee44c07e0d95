"""The result on one page that any viewer can show: the picture, the answer in plain words, the numbers.

No patient data are drawn: of whom the page is, its header says, as in every other object.
"""

import numpy as np
from PIL import Image, ImageDraw

from samd.dicom.encode import wording
from samd.dicom.encode.anatomy import image_axes
from samd.dicom.encode.context import Case
from samd.dicom.encode.pen import (
    AMBER,
    BACKGROUND,
    BLACK,
    BLUE,
    CAUTION,
    GREEN,
    LINE,
    MUTED,
    ON_CAUTION,
    PANEL,
    RED,
    TEXT,
    Pen,
    font,
    length,
    shortened,
)
from samd.dicom.encode.pictures import Layers
from samd.dicom.encode.sidebar import findings, sidebar
from samd.domain.finding import Answer
from samd.domain.study import Frame, Vector

WIDTH, HEIGHT = 1200, 900  # pixels
_MARGIN = 36
_HEADER, _FOOTER = 96, 846  # where the first ends and the last begins
_BOX = (_MARGIN, 120, 724, 680)  # of the image: left, top, width, height
_SIDEBAR = 796

_ACCENTS = {
    Answer.FINDING: AMBER,
    Answer.NOTHING_FOUND: GREEN,
    Answer.NOT_ANALYSABLE: BLUE,
    Answer.FAILED: RED,
}


def poster(case: Case, picture: Layers | None) -> Image.Image:
    """The page as an RGB picture; where no image was analysed, the words have all of it."""
    page = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(page)
    _header(case, draw)
    if picture is None:
        _words(case, draw)
    else:
        _image(case, page, draw, picture)
        pen = Pen(draw, left=_SIDEBAR, top=118, width=WIDTH - _MARGIN - _SIDEBAR, bottom=_FOOTER - 14)
        sidebar(case, picture, pen, _ACCENTS[case.outcome.answer])
    draw.rectangle((0, _FOOTER, WIDTH, HEIGHT), CAUTION)
    middle = (WIDTH // 2, (_FOOTER + HEIGHT) // 2)
    draw.text(middle, wording.RESEARCH_USE, ON_CAUTION, font(25), anchor="mm")
    return page


def _header(case: Case, draw: ImageDraw.ImageDraw) -> None:
    card = case.card
    draw.rectangle((0, 0, WIDTH, _HEADER), PANEL)
    draw.rectangle((0, 0, 10, _HEADER), _ACCENTS[case.outcome.answer])
    draw.text((_MARGIN, 16), shortened(wording.ascii_text(card.title), 32, 1000), TEXT, font(32))
    draw.text((WIDTH - _MARGIN, 16), wording.PRODUCT, MUTED, font(32), anchor="ra")
    made = f"run {case.context.run}, {case.created:%Y-%m-%d %H:%M}"
    draw.text((WIDTH - _MARGIN, 61), made, MUTED, font(19), anchor="ra")
    by = wording.ascii_text(f"{card.name} {card.version}  |  {card.manufacturer}  |  {card.procedure}")
    draw.text((_MARGIN, 61), shortened(by, 19, WIDTH - 3 * _MARGIN - length(made, 19)), MUTED, font(19))


def _words(case: Case, draw: ImageDraw.ImageDraw) -> None:
    """The answer across the whole page, with the reasons for it."""
    outcome, accent = case.outcome, _ACCENTS[case.outcome.answer]
    pen = Pen(draw, left=_MARGIN + 24, top=164, width=WIDTH - 2 * _MARGIN - 48, bottom=_FOOTER - 20)
    pen.write(wording.headline(outcome), 66, accent, gap=6)
    pen.write(wording.meaning(outcome), 26, MUTED, gap=28)
    draw.line((pen.left, pen.top, pen.right, pen.top), LINE)
    pen.top += 26
    reason_pen = Pen(draw, pen.left + 24, pen.top, pen.width - 24, pen.bottom)
    for reason in outcome.reasons:
        top = reason_pen.top
        reason_pen.write(wording.ascii_text(reason.requirement), 20, MUTED)
        reason_pen.write(wording.ascii_text(reason.message), 25)
        if reason_pen.has_room(0):
            draw.rectangle((pen.left, top + 2, pen.left + 5, reason_pen.top - 6), accent)
        reason_pen.top += 18
    if case.analysed:
        findings(case, pen)


def _image(case: Case, page: Image.Image, draw: ImageDraw.ImageDraw, picture: Layers) -> None:
    left, top, width, height = _BOX
    shown = picture.blended()
    scale = min(width / shown.width, height / shown.height)
    shown = shown.resize((round(shown.width * scale), round(shown.height * scale)), Image.Resampling.BICUBIC)
    x, y = left + (width - shown.width) // 2, top + (height - shown.height) // 2
    draw.rectangle((left, top, left + width - 1, top + height - 1), BLACK)
    page.paste(shown, (x, y))
    frames = case.outcome.frames
    _sides(case, draw, frames[picture.plane], (x, y, x + shown.width, y + shown.height))
    where = f"Plane {picture.plane + 1} of {len(frames)}" if len(frames) > 1 else "The analysed image"
    draw.text((left, top + height + 12), f"{where}{_shown_layers(picture)}", MUTED, font(17))


def _shown_layers(picture: Layers) -> str:
    named = {"heat map": picture.heat, "segments": picture.segments}
    shown = [name for name, layer in named.items() if layer is not None]
    return f", with {' and '.join(shown)}" if shown else ""


def _sides(case: Case, draw: ImageDraw.ImageDraw, frame: Frame, box: tuple[int, int, int, int]) -> None:
    """The letters of the patient's sides at the edges of the image (PS3.3 C.7.6.1.1.1)."""
    axes = image_axes(case.sources[0])
    if frame.row_direction is not None and frame.column_direction is not None:
        axes = frame.row_direction, frame.column_direction
    if axes is None:
        return
    left, top, right, bottom = box
    middle, centre = (top + bottom) // 2, (left + right) // 2
    ends = {
        (left + 10, middle, "lm"): _reversed(axes[0]),
        (right - 10, middle, "rm"): axes[0],
        (centre, top + 8, "ma"): _reversed(axes[1]),
        (centre, bottom - 8, "md"): axes[1],
    }
    for (x, y, anchor), direction in ends.items():
        draw.text((x, y), _side(direction), TEXT, font(22), anchor=anchor, stroke_width=2, stroke_fill=BLACK)


def _side(direction: Vector) -> str:
    axis = int(np.argmax(np.abs(direction)))
    return ("RL", "AP", "FH")[axis][direction[axis] > 0]


def _reversed(direction: Vector) -> Vector:
    return (-direction[0], -direction[1], -direction[2])
