"""The parts of a report in their order; one that would be empty is left out."""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from validation.document import Document, Failure
from validation.report import digits, lines, terms
from validation.report.figures import Drawing, curves
from validation.report.forest import forest
from validation.report.wording import call, limits, section, term, uses, words

_APART = ("robustness", "timeline")  # kinds of curves with a part of their own
_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_BYTES = 1 << 20  # of a picture of 192 x 192 pixels


@dataclass(frozen=True, slots=True)
class NumberedDrawing:
    """A drawing and its number in the report."""

    number: str
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class Part:
    """A part with its heading: `template` prints `content`."""

    anchor: str
    title: str
    template: str
    content: Mapping[str, Any]

    @property
    def file(self) -> str:
        """Where the template lies."""
        return f"report/{self.template}.html"


@dataclass(frozen=True, slots=True)
class _Material:
    document: Document
    drawings: tuple[NumberedDrawing, ...]
    json_digest: str
    language: str
    words: Mapping[str, str]


def parts(document: Document, *, json_digest: str, language: str) -> tuple[Part, ...]:
    """What follows the first page. `json_digest` is the SHA-256 of the report as JSON.

    Raises ValueError for a curve that cannot be drawn or a picture that is no PNG.
    """
    overall = next((line for line in document.endpoints if line.name == document.subgroup_endpoint), None)
    drawn = curves(document.curves, language)
    ordered = (
        *(drawing for drawing in drawn if drawing.kind not in _APART),
        *forest(document.subgroups, overall, language),
        *(drawing for kind in _APART for drawing in drawn if drawing.kind == kind),
    )
    numbered = tuple(NumberedDrawing(str(i), drawing) for i, drawing in enumerate(ordered, 1))
    material = _Material(document, numbered, json_digest, language, words(language))
    return tuple(part for make in _PARTS for part in make(material))


def _study(m: _Material) -> Iterator[Part]:
    d = m.document
    facts = {
        "intended_use": d.intended_use,
        "product_code": d.product_code,
        "uses": uses(d.uses, m.language),
        "seed": str(d.seed),
    }
    content = {
        "facts": [(m.words[key], fact) for key, fact in facts.items() if fact],
        "flow": _flow(d.counts, m.words),
    }
    yield Part("study", m.words["study"], "study", content)


def _flow(counts: Mapping[str, int], word: Mapping[str, str]) -> dict[str, Any]:
    """The cases from the set to the analysis, in boxes; what was not counted is not said."""

    def told(*names: str) -> list[tuple[str, str]]:
        return [
            (word.get(name.replace(" ", "_"), name), digits.count(counts[name]))
            for name in names
            if name in counts
        ]

    lost = [counts[name] for name in ("not analysable", "failed") if name in counts]
    return {
        "all": told("cases"),
        "from": told("patients", "sites"),
        "reference": told("positive", "negative"),
        "analysed": told("analysed"),
        "lost": digits.count(sum(lost)) if lost else "",
        "why": told("not analysable", "failed"),
        "others": told(*sorted(counts.keys() - _COUNTS)),
    }


_COUNTS = {"cases", "patients", "sites", "analysed", "not analysable", "failed", "positive", "negative"}


def _endpoints(m: _Material) -> Iterator[Part]:
    tables = []
    for key, primary in (("primary_endpoints", True), ("secondary_endpoints", False)):
        rows = [lines.endpoint(line, m.language) for line in m.document.endpoints if line.primary is primary]
        if rows:
            tables.append((m.words[key], rows))
    if tables:
        yield Part("endpoints", m.words["endpoints"], "endpoints", {"tables": tables})


def _curves(m: _Material) -> Iterator[Part]:
    yield from _figures(m, "curves", [n for n in m.drawings if n.drawing.kind not in (*_APART, "forest")])


def _subgroups(m: _Material) -> Iterator[Part]:
    d = m.document
    if not d.subgroups and not d.interactions:
        return
    rows = [lines.subgroup(line, m.language) for line in d.subgroups]
    content = {
        "of": d.subgroup_endpoint,
        "figures": [n for n in m.drawings if n.drawing.kind == "forest"],
        "groups": [(name, list(group)) for name, group in groupby(rows, lambda row: row.about)],
        "tests": [lines.interaction(found, m.language) for found in d.interactions],
    }
    yield Part("subgroups", m.words["subgroups"], "subgroups", content)


def _explanations(m: _Material) -> Iterator[Part]:
    rows = [lines.measure(name, figure, m.language) for name, figure in m.document.explanations]
    if rows:
        yield Part("explanations", m.words["explanations"], "explanations", {"rows": rows})


def _robustness(m: _Material) -> Iterator[Part]:
    yield from _figures(m, "robustness", [n for n in m.drawings if n.drawing.kind == "robustness"])


def _timelines(m: _Material) -> Iterator[Part]:
    yield from _figures(m, "timelines", [n for n in m.drawings if n.drawing.kind == "timeline"])


def _figures(m: _Material, anchor: str, figures: Sequence[NumberedDrawing]) -> Iterator[Part]:
    if figures:
        yield Part(anchor, m.words[anchor], "figures", {"figures": figures})


def _failures(m: _Material) -> Iterator[Part]:
    if m.document.failures:
        cases = [_failure(failure, m.language) for failure in m.document.failures]
        yield Part("failures", m.words["failures"], "failures", {"cases": cases})


def _failure(failure: Failure, language: str) -> dict[str, Any]:
    if failure.picture:
        _check_picture(failure)
    return {
        "case": failure.case,
        "ending": term(terms.ENDINGS, failure.ending, language),
        "truth": call(failure.truth, language),
        "said": call(failure.said, language),
        "reasons": failure.reasons,
        "picture": failure.picture,
    }


def _check_picture(failure: Failure) -> None:
    """Nothing but a PNG is handed to whoever draws it."""
    try:
        content = base64.b64decode(failure.picture, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content.startswith(_PNG) or len(content) > _MOST_BYTES:
        raise ValueError(f"the picture of case {failure.case!r} is no small PNG in base64")


def _deviations(m: _Material) -> Iterator[Part]:
    yield Part("deviations", m.words["deviations"], "deviations", {"deviations": m.document.deviations})


def _jurisdictions(m: _Material) -> Iterator[Part]:
    """One for each jurisdiction, in the order of their first sections."""
    by_name: dict[str, list[dict[str, str]]] = {}
    for given in m.document.sections:
        told = {"title": section(given.title, m.language), "text": given.text}
        by_name.setdefault(given.jurisdiction, []).append(told)
    for i, (name, sections) in enumerate(by_name.items(), 1):
        title = term(terms.JURISDICTIONS, name, m.language)
        yield Part(f"jurisdiction{i}", title, "jurisdiction", {"sections": sections})


def _digests(m: _Material) -> Iterator[Part]:
    named = sorted(m.document.digests.items(), key=lambda item: _place(item[0]))
    rows = [(term(terms.DIGESTS, name, m.language), digest) for name, digest in named if digest]
    content = {"rows": [*rows, (m.words["of_json"], m.json_digest)]}
    yield Part("digests", m.words["digests"], "digests", content)


def _place(name: str) -> tuple[int, str]:
    """Digests in the order of DIGESTS, then whatever else there is by name."""
    order = list(terms.DIGESTS)
    return (order.index(name) if name in order else len(order)), name


def _signatures(m: _Material) -> Iterator[Part]:
    given = {"of_protocol": m.document.protocol_signatures, "of_report": m.document.signatures}
    content = {
        "tables": [
            (m.words[of], [lines.signature(signed) for signed in signatures])
            for of, signatures in given.items()
            if signatures or of == "of_protocol"
        ]
    }
    yield Part("signatures", m.words["signatures"], "signatures", content)


def _checkpoint(m: _Material) -> Iterator[Part]:
    if m.document.checkpoint:
        yield Part("checkpoint", m.words["checkpoint"], "checkpoint", {"note": m.document.checkpoint})


def _limits(m: _Material) -> Iterator[Part]:
    d = m.document
    held = {
        "subgroups": bool(d.subgroups),
        "robustness": any(curve.kind == "robustness" for curve in d.curves),
        "explanations": bool(d.explanations),
    }
    said = limits(tuple(name for name, there in held.items() if there), m.language)
    yield Part("limits", m.words["limits"], "limits", {"limits": said})


_PARTS: tuple[Callable[[_Material], Iterator[Part]], ...] = (
    _study,
    _endpoints,
    _curves,
    _subgroups,
    _explanations,
    _robustness,
    _timelines,
    _failures,
    _deviations,
    _jurisdictions,
    _digests,
    _signatures,
    _checkpoint,
    _limits,
)
