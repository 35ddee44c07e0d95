"""A validation report as files, all from one `validation.document.Document`: JSON, HTML and PDF/A."""

from collections.abc import Callable, Mapping
from functools import partial

from validation.document import Document
from validation.report.html import to_html
from validation.report.json_form import to_json
from validation.report.pdf import PdfRefused, to_pdf
from validation.report.wording import LANGUAGES

# What a report is handed out as, by the names of the files; beside them the table of its cases.
FILES: Mapping[str, Callable[[Document], bytes]] = {
    "report.json": to_json,
    "report.html": to_html,
    "report.ko.html": partial(to_html, language="ko"),
    "report.pdf": to_pdf,
    "report.ko.pdf": partial(to_pdf, language="ko"),
}
CASES = "cases.csv"

__all__ = ["CASES", "FILES", "LANGUAGES", "PdfRefused", "to_html", "to_json", "to_pdf"]
