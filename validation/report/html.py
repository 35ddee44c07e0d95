"""The report for eyes: one HTML file with everything in it, on a screen or printed."""

from hashlib import sha256
from pathlib import Path

from django.template import Context, Engine

from validation.document import Document
from validation.report import digits, lines
from validation.report.json_form import to_json
from validation.report.parts import parts
from validation.report.wording import conclusion, words

_HERE = Path(__file__).parent
_ENGINE = Engine(dirs=[str(_HERE / "templates")], autoescape=True)


def to_html(document: Document, language: str = "en") -> bytes:
    """`document` as HTML in UTF-8, in "en" or "ko": no script, nothing fetched, the same bytes every time.

    Raises ValueError for another language, for a number that is not one, and for a figure or picture that
    cannot be drawn.
    """
    json_digest = sha256(to_json(document)).hexdigest()
    verdict, verdict_class = lines.verdict(document.verdict, language)
    primary = [line for line in document.endpoints if line.primary]
    context = {
        "document": document,
        "language": language,
        "words": words(language),
        "made": digits.moment(document.made),
        "style": (_HERE / "report.css").read_text(encoding="utf-8"),
        "verdict": verdict,
        "verdict_class": verdict_class,
        "conclusion": conclusion(
            document.verdict,
            met=sum(line.verdict == "met" for line in primary),
            of=len(primary),
            written=document.conclusion,
            language=language,
        ),
        "primary": [lines.endpoint(line, language) for line in primary],
        "model_digest": document.digests.get("model", ""),
        "protocol_digest": document.digests.get("protocol", ""),
        "parts": parts(document, json_digest=json_digest, language=language),
    }
    # Every value in it is text: Django's ways with numbers and times would ask for its settings.
    return (
        _ENGINE.get_template("report/report.html")
        .render(Context(context, use_l10n=False, use_tz=False))
        .encode()
    )
