"""The report for the archive: PDF/A with everything inside, the same to the byte."""

import builtins
import logging
import os
import re
import subprocess
import sys
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.validation.report.example import curves, document
from validation.document import Document, Failure
from validation.report import PdfRefused, canvas, pdf, to_html, to_json, to_pdf

pytestmark = pytest.mark.requirement("VAL-08")

ROOT = Path(__file__).parents[3]


def short() -> Document:
    """Enough to have text, figures, pictures and Korean in it."""
    return document(curves=curves()[:2], failures=document().failures[:1])


@pytest.fixture(scope="module")
def korean() -> bytes:
    return to_pdf(short(), "ko")


@pytest.fixture(scope="module")
def objects(korean: bytes) -> bytes:
    """All that is in the file, nothing compressed: most objects lie in streams."""
    return b"\n".join([korean, *streams(korean)])


def streams(content: bytes) -> list[bytes]:
    """The streams of a PDF, decompressed where they are compressed."""
    found = []
    for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            found.append(zlib.decompress(part))
        except zlib.error:
            found.append(part)
    return found


def test_the_same_document_gives_the_same_bytes(korean: bytes) -> None:
    assert to_pdf(short(), "ko") == korean


def test_another_process_gives_the_same_bytes(korean: bytes) -> None:
    program = (
        "from hashlib import sha256\n"
        "from tests.validation.report.test_pdf import short\n"
        "from tests.validation.report.example import document\n"
        "from validation.report import to_html, to_json, to_pdf\n"
        "for made in (to_json(document()), to_html(document()), to_pdf(short(), 'ko')):\n"
        "    print(sha256(made).hexdigest())\n"
    )
    # No settings of Django, and another order of sets.
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    environment |= {"PYTHONHASHSEED": "7", "TZ": "Pacific/Chatham"}

    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    here = [to_json(document()), to_html(document()), korean]
    assert run.stdout.split() == [sha256(made).hexdigest() for made in here]


def test_it_says_that_it_is_pdf_a_3b_and_has_what_that_takes(korean: bytes, objects: bytes) -> None:
    metadata = next(part for part in streams(korean) if b"xpacket" in part)

    assert korean.startswith(b"%PDF-1.7")
    assert b'pdfaid:part="3"' in metadata
    assert b'pdfaid:conformance="B"' in metadata
    assert b"/GTS_PDFA1" in objects
    assert b"/Encrypt" not in objects
    assert b"/JavaScript" not in objects
    assert b"/S /URI" not in objects


def test_it_is_tagged_for_who_hears_it(objects: bytes) -> None:
    assert b"/StructTreeRoot" in objects
    assert b"/Lang" in objects
    assert objects.count(b"/S /Figure") == objects.count(b"/Alt") == 3  # curves, forest plot, picture


def test_every_font_is_embedded_and_korean_has_its_glyphs(korean: bytes, objects: bytes) -> None:
    fonts = re.findall(rb"/Type /FontDescriptor[^>]*", objects)

    assert fonts
    assert all(b"/FontFile" in font for font in fonts)
    # A font's table from glyphs to characters has Hangul in it.
    tables = b"".join(part for part in streams(korean) if b"beginbfchar" in part or b"beginbfrange" in part)
    for letter in "증례":
        assert letter.encode("utf-16-be").hex().encode() in tables.lower()


def test_the_json_is_attached_as_its_source(korean: bytes, objects: bytes) -> None:
    assert to_json(short()) in streams(korean)
    assert b"report.json" in objects
    assert b"/AFRelationship /Source" in objects


def test_the_only_time_in_it_is_when_the_report_was_made(objects: bytes) -> None:
    assert set(re.findall(rb"D:(\d{14})", objects)) == {b"20260302100000"}


def test_nothing_is_missed_while_it_is_made(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="weasyprint")  # which the settings keep quieter

    to_pdf(short())

    assert [record.getMessage() for record in caplog.records] == []


def test_it_fetches_nothing_that_the_report_names(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("urllib.request.OpenerDirector.open", lambda _self, to, **_: opened.append(str(to)))
    attack = '<img src="http://127.0.0.1/x"><link rel=attachment href="file:///etc/passwd">'

    made = to_pdf(
        document(title=attack, deviations=(attack,), curves=(), failures=(Failure(attack, "", "", "", ()),))
    )

    assert opened == []
    assert not any(b"root:" in part for part in streams(made))


def test_a_machine_without_a_korean_font_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "hangul_font", lambda: "")

    with pytest.raises(PdfRefused, match="fonts-noto-cjk"):
        to_pdf(document(curves=(), subgroups=()), "ko")


def test_a_machine_without_pango_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    importing = builtins.__import__

    def without_pango(name: str, *rest: Any) -> Any:
        if name.startswith("weasyprint"):
            raise OSError("cannot load library 'libpango-1.0-0'")
        return importing(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pango)

    with pytest.raises(PdfRefused, match=r"libpango-1\.0-0"):
        to_pdf(document(curves=(), subgroups=()))


def test_there_is_a_korean_font_here() -> None:
    assert canvas.hangul_font()
