"""The report of a finished run, handed out again: from what was kept, with who has signed since."""

import hashlib
from dataclasses import replace

from audit import sealing
from audit.verdicts import content_of
from samd.domain.schema import Misfit
from validation import approval
from validation.document import Document, content_digest, restored
from validation.models import Run

# Written out, so that the pages of the console need not load what draws them.
FILES = {
    "report.pdf": "application/pdf",
    "report.ko.pdf": "application/pdf",
    "report.html": "text/html; charset=utf-8",
    "report.ko.html": "text/html; charset=utf-8",
    "report.json": "application/json",
}
CASES = {"cases.csv": "text/csv; charset=utf-8"}


class ReportAltered(Exception):
    """What was kept of the report is not what was signed."""


def report_of(run: Run) -> Document:
    """The report of a finished run, with the signatures below it and the checkpoint as they are now.

    Raises ReportAltered where its digest is not the one in the record that is signed.
    """
    said = content_of(run.record.content) if run.record else {}
    try:
        document = restored(run.report)
    except (Misfit, ValueError) as problem:
        raise ReportAltered from problem
    if content_digest(document) != said.get("content"):
        raise ReportAltered
    seal = sealing.newest()
    return replace(
        document,
        signatures=approval.signatures_of(str(run)),
        checkpoint=seal.note if seal else document.checkpoint,
    )


def file_of(run: Run, name: str) -> bytes:
    """The file `name`, one of FILES and CASES, of a finished run. Raises ReportAltered."""
    if name in CASES:
        return _cases_of(run)
    from validation import report  # what draws is large

    return report.FILES[name](report_of(run))


def _cases_of(run: Run) -> bytes:
    table = run.case_table.encode()
    said = content_of(run.record.content) if run.record else {}
    if hashlib.sha256(table).hexdigest() != said.get("cases"):
        raise ReportAltered
    return table
