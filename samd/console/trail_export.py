"""The trail as files: CSV for a spreadsheet, PDF for paper, and all of it as JSON lines to be verified."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from audit import export
from audit.entry import canonical
from samd.console.trail_filter import TrailFilter
from samd.console.trail_line import Line
from samd.console.trail_page import following, lines_of, newest

MOST_IN_PDF = 500  # lines; some fifteen on a page, and a second for sixty
_AT_ONCE = 1_000  # events that are in memory together
_EVENTS = ('{"kind":"event"', '{"kind":"pending"')

# A spreadsheet takes a cell that begins so for a formula and runs it (CWE-1236). The wide forms are what an
# Asian keyboard types, and some spreadsheets take them for the narrow ones.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


class PdfRefused(Exception):
    """No PDF can be made; the message says why, and what to do, in the reader's language."""


def complete() -> Iterator[tuple[str, int]]:
    """The whole trail as JSON lines, which anybody can verify: texts, each with the number of its events."""
    source = export.lines()
    while batch := list(islice(source, _AT_ONCE)):
        yield "".join(batch), sum(line.startswith(_EVENTS) for line in batch)


def csv_text(wanted: TrailFilter, *, language: str) -> Iterator[tuple[str, int]]:
    """The events that pass as CSV, the oldest first: RFC 4180, every cell quoted, with a byte order mark.

    Texts, each with the number of its events; what comes while they are read is not among them.
    """
    with override(language):
        heading = _csv([_heading()])
    yield f"\ufeff{heading}", 0
    last = next(iter(newest(wanted, count=1)), 0)
    row = 0
    while rows := [found for found in following(wanted, count=_AT_ONCE, after=row) if found <= last]:
        row = rows[-1]
        with override(language):  # of whoever asked: this is read when the request is over
            text = _csv(map(_cells, lines_of(rows)))
        yield text, len(rows)


def lines_for_paper(wanted: TrailFilter) -> tuple[Line, ...]:
    """The events that pass, the oldest first. Raises PdfRefused where they are too many for paper."""
    rows = newest(wanted, count=MOST_IN_PDF + 1)
    if len(rows) > MOST_IN_PDF:
        raise PdfRefused(
            _("More than %(most)s events pass this filter: narrow it, or take CSV. Nothing was exported.")
            % {"most": f"{MOST_IN_PDF:,}"}
        )
    return lines_of(reversed(rows))


def pdf(template: str, context: dict[str, Any]) -> bytes:
    """`template` as PDF: the same bytes for the same context. Raises PdfRefused."""
    try:
        # Here and not above: it loads a library of the operating system, which may not be there.
        from weasyprint import CSS, HTML
        from weasyprint.urls import URLFetcher
    except OSError as problem:
        raise PdfRefused(
            _(
                "PDF needs the library Pango, which this server does not have: ask its operator to install "
                "libpango-1.0-0 and libpangoft2-1.0-0 (Debian), or take CSV. Nothing was exported."
            )
        ) from problem
    html = render_to_string(template, context)
    # What is printed comes from people and from the network: nothing that it names is fetched.
    nothing = URLFetcher(allowed_protocols=())
    sheet = CSS(string=Path(str(finders.find("console/print.css"))).read_text(), url_fetcher=nothing)
    made = HTML(string=html, url_fetcher=nothing).write_pdf(
        stylesheets=[sheet],
        pdf_identifier=sha256(html.encode()).digest()[:16],  # in place of a random one
        pdf_variant="pdf/ua-1",
    )
    return bytes(made)


def _heading() -> list[str]:
    return [
        _("Number"),
        _("Checkpoint"),
        _("Time (UTC)"),
        _("Time (%(zone)s)") % {"zone": settings.TIME_ZONE},
        _("Event"),
        _("What happened"),
        _("Person"),
        _("Address"),
        _("About"),
        _("Study"),
        _("Patient (surrogate)"),
        _("Model (digest)"),
        _("Outcome"),
        _("Reason"),
        _("Old and new values"),
        _("Further facts"),
        _("As sealed"),
    ]


def _cells(line: Line) -> list[str]:
    return [
        "" if line.seq is None else str(line.seq),
        "" if line.sealed_by is None else str(line.sealed_by),
        line.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        timezone.localtime(line.at).strftime("%Y-%m-%d %H:%M:%S"),
        line.event,
        line.words,
        line.actor,
        line.address,
        line.subject,
        line.belongs_to,
        line.patient,
        line.model,
        str(line.outcome.label),
        line.reason,
        "; ".join(f"{change.label}: {change.old} → {change.new}" for change in line.changes),
        canonical(line.facts) if line.facts else "",
        _("yes") if line.intact else _("ALTERED"),
    ]


def _csv(rows: Iterable[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(map(_harmless, rows))
    return text.getvalue()


def _harmless(cells: list[str]) -> list[str]:
    """The cells with an apostrophe before whatever a spreadsheet would take for a formula."""
    return [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
