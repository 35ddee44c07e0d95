"""Writing on the page of a result: its colours, its font, and text that keeps to a column."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from PIL import ImageDraw, ImageFont

Colour = tuple[int, int, int]

BACKGROUND, PANEL, BLACK = (13, 17, 23), (24, 30, 38), (0, 0, 0)
TEXT, MUTED, LINE = (236, 239, 244), (154, 165, 178), (54, 63, 75)
CAUTION, ON_CAUTION = (245, 196, 66), (30, 24, 6)
AMBER, GREEN, BLUE, RED, YELLOW = (
    (255, 167, 64),
    (86, 207, 178),
    (150, 178, 255),
    (255, 107, 107),
    (236, 210, 110),
)


class FontMissing(Exception):
    """Pillow was built without the library that draws letters."""


@dataclass(slots=True)
class Pen:
    """Writes downwards in one column; sizes and places are in pixels."""

    draw: ImageDraw.ImageDraw
    left: int
    top: int
    width: int
    bottom: int

    @property
    def right(self) -> int:
        return self.left + self.width

    def has_room(self, height: float) -> bool:
        """Whether `height` more fits above the bottom."""
        return self.top + height <= self.bottom

    def write(self, text: str, size: int, colour: Colour = TEXT, *, gap: int = 0) -> None:
        """Write `text` on as many lines as it needs and has room for, then leave a gap."""
        for line in wrapped(text, size, self.width):
            if self.has_room(size):
                self.draw.text((self.left, self.top), line, colour, font(size))
            self.top += line_height(size)
        self.top += gap

    def pair(
        self, name: str, value: str, size: int, *, colours: tuple[Colour, Colour], indent: int = 0
    ) -> None:
        """Write a name at the left and its value at the right of one line."""
        self.draw.text((self.right, self.top), value, colours[1], font(size), anchor="ra")
        room = self.width - indent - length(value, size) - 16
        self.draw.text((self.left + indent, self.top), shortened(name, size, room), colours[0], font(size))
        self.top += line_height(size)


@lru_cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font, so that a page looks the same wherever it is drawn; its reach is ASCII."""
    default = ImageFont.load_default(size)
    if not isinstance(default, ImageFont.FreeTypeFont):
        raise FontMissing("this build of Pillow has no FreeType; install the one that is pinned")
    return default.font_variant(layout_engine=ImageFont.Layout.BASIC)


def line_height(size: int) -> int:
    """The distance between lines."""
    return round(size * 1.34)


def length(text: str, size: int) -> float:
    """How wide `text` is."""
    return font(size).getlength(text)


def wrapped(text: str, size: int, width: float) -> Iterator[str]:
    """`text` in lines no wider than `width`, but for single words that are."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and length(longer, size) > width:
            yield line
            line = word
        else:
            line = longer
    yield line


def shortened(text: str, size: int, width: float) -> str:
    """`text`, its end left out where it is wider than `width`."""
    if length(text, size) <= width:
        return text
    while text and length(f"{text}...", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}..."
