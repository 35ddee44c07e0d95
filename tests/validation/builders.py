"""Builders of protocols, data sets and results, small and valid unless a test changes them."""

from typing import Any

from validation.case_result import CaseResult, Ending
from validation.dataset import FORMAT, Case, Manifest, Truth
from validation.protocol import Protocol, parse

PROTOCOL = """
name = "test"
version = "1"
title = "A protocol of the tests"
dated = 2026-01-05
jurisdictions = ["FDA"]
product_code = "none"
intended_use = "Tests."
reference_standard = "Known by construction."
missing = "Counted as the worst."
seed = 7
replicates = 1000

[model]
name = "toy"
digest = "{model}"

[data]
manifest = "set.json"
digest = "{data}"

[[endpoints]]
name = "Area"
metric = "AUC"
of = "finding"
goal = "at least"
limit = 0.6
primary = true
rationale = "as the tests need it"
{more}
[statements]
"Study design" = "One reading of each case."
"Inclusion and exclusion" = "All."
"Data independence" = "Made for the tests."
"Clinical relevance of the acceptance limits" = "None."
"Limitations" = "Everything."
"""

MODEL, OTHER = "a" * 64, "b" * 64


def protocol_text(*, model: str = MODEL, data: str = "d" * 64, more: str = "") -> str:
    return PROTOCOL.format(model=model, data=data, more=more)


def protocol(**changes: str) -> Protocol:
    return parse(protocol_text(**changes).encode(), name="test.toml")


def case(name: str = "case-1", label: int = 1, **changes: Any) -> Case:
    """A case of a patient of its own, with one file."""
    given: dict[str, Any] = {
        "case": name,
        "patient": name,
        "site": "here",
        "files": {f"{name}.dcm": "0" * 64},
        "truth": Truth(labels={"finding": label}),
    }
    return Case(**(given | changes))


def manifest(*cases: Case, **changes: Any) -> Manifest:
    given: dict[str, Any] = {
        "format": FORMAT,
        "name": "set",
        "version": "1",
        "description": "Made for tests.",
        "source": "tests",
        "licence": "none",
        "reference_standard": "by construction",
        "cases": cases,
    }
    return Manifest(**(given | changes))


def result(name: str = "case-1", score: float | None = 0.5, **changes: Any) -> CaseResult:
    """An analysed case; without a score one that gave no result."""
    ending = Ending.NOT_ANALYSABLE if score is None else Ending.ANALYSED
    given: dict[str, Any] = {"case": name, "model": MODEL, "ending": ending}
    if score is not None:
        call = "present" if score >= 0.5 else "absent"
        given |= {"scores": {"finding": score}, "calls": {"finding": call}}
    return CaseResult(**(given | changes))
