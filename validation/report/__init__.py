"""A validation report as files, all from one `validation.document.Document`: JSON, HTML and PDF/A."""

from validation.report.html import to_html
from validation.report.json_form import to_json
from validation.report.pdf import PdfRefused, to_pdf
from validation.report.wording import LANGUAGES

__all__ = ["LANGUAGES", "PdfRefused", "to_html", "to_json", "to_pdf"]
