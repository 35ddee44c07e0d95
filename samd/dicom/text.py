"""Text of headers for people to read: whatever the character set says or fails to say.

For display only. What is stored or sent on keeps its bytes as received.
"""

from pydicom import Dataset
from pydicom.charset import convert_encodings, decode_bytes, default_encoding
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

# PS3.5 6.1.2.5.3: these end what an escape sequence began.
_DELIMITERS = {ord(mark) for mark in "^=\\\r\n\f\t"}
_ESCAPE = b"\x1b"


def readable(header: Dataset, keyword: str) -> str:
    """The text of one attribute, empty where absent; never fails, and never holds control characters.

    Where Specific Character Set leaves bytes unexplained, they are tried as UTF-8 and as Korean
    (which devices send undeclared), and what is left becomes a replacement character.
    """
    element = header.get_item(Tag(keyword))
    if element is None or element.value is None:
        return ""
    if isinstance(element, RawDataElement):
        text = _decoded(element.value, header.get("SpecificCharacterSet"))
    else:
        text = str(element.value)
    return "".join(letter for letter in text if letter.isprintable()).strip()


def readable_name(header: Dataset, keyword: str) -> str:
    """A person name in its usual order, other scripts in brackets: "Hong Gildong (洪 吉洞, 홍 길동)"."""
    groups = [
        " ".join(component.strip() for component in group.split("^") if component.strip())
        for group in readable(header, keyword).split("=")
    ]
    first, *others = [group for group in groups if group] or [""]
    return f"{first} ({', '.join(others)})" if others else first


def _decoded(raw: bytes, declared: str | list[str] | None) -> str:
    encodings = convert_encodings([declared] if isinstance(declared, str) else list(declared or []))
    if _ESCAPE not in raw:
        # The default repertoire is ASCII (PS3.5 6.1.2.1); pydicom takes Latin-1 for it, and for the unknown.
        declared_one = "ascii" if encodings[0] == default_encoding else encodings[0]
        for encoding in (declared_one, "utf-8", "cp949"):
            try:
                return raw.decode(encoding)
            except UnicodeDecodeError:
                continue
    return decode_bytes(raw, encodings, _DELIMITERS)
