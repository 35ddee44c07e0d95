"""A page as a test reads it: its tags, its text and what it refers to."""

from html.parser import HTMLParser

# Closed by themselves.
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """`content` of `to_html`, parsed; fails where a tag is closed that is not open."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(content.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is to be read, with single spaces."""
        return " ".join(" ".join(self.texts).split())

    def all(self, name: str) -> list[str]:
        """The values of the attribute `name` of any tag."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]
