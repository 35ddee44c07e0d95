"""The report for the archive: PDF/A-3b with its fonts and its JSON inside."""

import re
from datetime import UTC, datetime
from hashlib import sha256

from validation.document import Document
from validation.report.canvas import hangul_font
from validation.report.html import to_html
from validation.report.json_form import to_json

_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


class PdfRefused(Exception):
    """No PDF can be made on this machine; the message says what to install."""


def to_pdf(document: Document, language: str = "en") -> bytes:
    """`document` as PDF/A-3b (ISO 19005-3), the JSON of it attached: the same bytes every time.

    That takes the same fonts and the same Pango. Raises PdfRefused, and ValueError as `to_html` does.
    """
    return archived(to_html(document, language).decode(), data=to_json(document), made=document.made)


def archived(html: str, *, data: bytes, made: str) -> bytes:
    """`html` as PDF/A-3b with `data`, its JSON, attached. Raises PdfRefused."""
    if _HANGUL.search(html) and not hangul_font():
        raise PdfRefused("Korean needs a font: install fonts-noto-cjk (Debian).")
    try:
        # Here and not above: it loads a library of the operating system, which may not be there.
        from weasyprint import HTML, Attachment
        from weasyprint.urls import URLFetcher
    except OSError as problem:
        raise PdfRefused(
            "PDF needs the library Pango: install libpango-1.0-0 and libpangoft2-1.0-0 (Debian)."
        ) from problem
    # Pictures stand in the page itself; nothing that a text of people names is fetched.
    inside = URLFetcher(allowed_protocols=("data",))
    moment = _moment(made)
    attached = Attachment(
        string=data,
        name="report.json",
        description="The report as JSON",
        created=moment,
        modified=moment,
        relationship="Source",
        url_fetcher=inside,
    )
    content = HTML(string=html, url_fetcher=inside).write_pdf(
        attachments=[attached],
        pdf_identifier=sha256(html.encode()).digest()[:16],  # in place of a random one
        pdf_tags=True,
        pdf_variant="pdf/a-3b",
    )
    return bytes(content)


def _moment(text: str) -> datetime:
    """When the report was made, or a day that says nothing."""
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        return _UNDATED
    return made.astimezone(UTC) if made.tzinfo else made.replace(tzinfo=UTC)
