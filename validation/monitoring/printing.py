"""The periodic report as files: JSON, HTML and PDF/A, in the style of the validation report."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from samd.domain.schema import written
from validation import report as validation_report
from validation.monitoring.observations import Group
from validation.monitoring.periodic import PeriodicDocument
from validation.monitoring.periodic_words import FORCE, KINDS, MEASURES, RULES, WORDS
from validation.report import digits, lines, terms
from validation.report.figures import curves
from validation.report.json_form import bounded
from validation.report.pdf import archived
from validation.report.wording import position, term

_ENGINE = Engine(dirs=[str(Path(__file__).parent / "templates")], autoescape=True)
_STYLE = Path(validation_report.__file__).parent / "report.css"


def to_json(document: PeriodicDocument) -> bytes:
    """`document` as JSON: UTF-8, keys sorted, a newline at the end; null for a bound that is infinite."""
    content = bounded(written(document), "report")
    return (
        json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    ).encode()


def to_html(document: PeriodicDocument, language: str = "en") -> bytes:
    """`document` as HTML in UTF-8, in "en" or "ko": no script, nothing fetched, the same bytes every time."""
    at = position(language)
    words = {key: pair[at] for key, pair in WORDS.items()}
    context = {
        "document": document,
        "language": language,
        "words": words,
        "style": _STYLE.read_text(encoding="utf-8"),
        "made": digits.moment(document.made),
        "since": document.since[:10],
        "until": _last_day(document),
        "facts": [
            (words["observations"], digits.count(document.observations)),
            (words["breaches"], digits.count(len(document.breaches))),
            (words["problems"], digits.count(len(document.problems))),
        ],
        "versions": [(name, digest) for digest, name in sorted(document.versions.items())],
        "rates": [_rate(document, row, language) for row in document.rates],
        "charts": [_chart(document, row, language) for row in document.charts],
        "drawings": list(enumerate(curves(document.curves, language), 1)),
        "breaches": [_breach(document, row, language) for row in document.breaches],
        "problems": [_problem(row, language) for row in document.problems],
        "force": [
            {
                "at": digits.moment(row.when),
                "version": document.versions.get(row.version, row.version[:16]),
                "what": term(FORCE, row.what, language),
                "who": row.actor,
                "reason": row.reason,
            }
            for row in document.force
        ],
        "signatures": [
            (words["of_plan"], [lines.signature(one) for one in document.plan_signatures]),
            (words["of_report"], [lines.signature(one) for one in document.signatures]),
        ],
        "digests": [
            *((name, digest) for name, digest in sorted(document.digests.items()) if digest),
            (words["of_json"], sha256(to_json(document)).hexdigest()),
        ],
    }
    # Every value in it is text: Django's ways with numbers and times would ask for its settings.
    page = _ENGINE.get_template("monitoring/periodic.html")
    return page.render(Context(context, use_l10n=False, use_tz=False)).encode()


def to_pdf(document: PeriodicDocument, language: str = "en") -> bytes:
    """`document` as PDF/A-3b, the JSON of it attached. Raises PdfRefused."""
    return archived(to_html(document, language).decode(), data=to_json(document), made=document.made)


def _last_day(document: PeriodicDocument) -> str:
    return (datetime.fromisoformat(document.until) - timedelta(microseconds=1)).date().isoformat()


def _rate(document: PeriodicDocument, row: Any, language: str) -> dict[str, Any]:
    return {
        "group": _group(document, row.group, language),
        "name": term(MEASURES, row.name, language),
        "count": "" if row.count is None else digits.count(row.count),
        "numbers": lines.numbers(row.figure, language),
    }


def _chart(document: PeriodicDocument, row: Any, language: str) -> dict[str, str]:
    measured = ""
    if row.measured is not None and row.measured_upper is not None:
        measured = f"{digits.number(row.measured, 3)} (≤ {digits.number(row.measured_upper, 3)})"
    return {
        "stream": row.of.stream,
        "group": _group(document, row.of.group, language),
        "rule": term(RULES, row.rule, language),
        "limit": f"{row.limit:.4g}",
        "seen": digits.count(row.seen),
        "missing": digits.count(row.missing),
        "breaches": digits.count(row.breaches),
        "measured": measured,
    }


def _breach(document: PeriodicDocument, row: Any, language: str) -> dict[str, str]:
    return {
        "at": digits.moment(row.when),
        "stream": row.of.stream,
        "group": _group(document, row.of.group, language),
        "signal": f"{row.signal:.4g}".replace("-", digits.MINUS),
        "limit": f"{row.limit:.4g}",
        "source": row.source,
        "problem": row.problem,
    }


def _problem(row: Any, language: str) -> dict[str, Any]:
    return {
        "name": row.name,
        "origin": term(KINDS, row.origin, language),
        "title": row.title,
        "opened": digits.moment(row.opened),
        "closed": digits.moment(row.closed) if row.closed else WORDS["open"][position(language)],
        "conclusion": row.conclusion,
        "links": [f"{term(KINDS, kind, language)} {reference}" for kind, reference in row.links],
    }


def _group(document: PeriodicDocument, group: Group, language: str) -> str:
    version: Mapping[str, str] = document.versions
    level = (
        f"{term(terms.ATTRIBUTES, group.attribute, language)} {group.level}"
        if group.attribute
        else WORDS["all"][position(language)]
    )
    return f"{version.get(group.version, group.version[:8])} · {level}"


# What a periodic report is handed out as, by the names of the files.
FILES: Mapping[str, Callable[[PeriodicDocument], bytes]] = {
    "monitoring.json": to_json,
    "monitoring.html": to_html,
    "monitoring.ko.html": partial(to_html, language="ko"),
    "monitoring.pdf": to_pdf,
    "monitoring.ko.pdf": partial(to_pdf, language="ko"),
}
