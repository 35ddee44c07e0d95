"""A change plan as a file, and finished validations of candidates as the judge leaves them."""

from typing import Any

from django.utils import timezone

from samd.domain.change_plan import Component
from tests.validation.builders import manifest, protocol_text
from tests.validation.report.example import document
from validation import approval, ledger
from validation.document import content_digest, kept
from validation.models import Run
from validation.protocol import parse

ORIGINAL, LAST = "a" * 64, "b" * 64
INSIDE, OUTSIDE, DEVIATED = "1" * 64, "2" * 64, "3" * 64

_CRITERION = """
[[modifications.criteria]]
name = "{name}"
metric = "{metric}"
of = "finding"
comparator = "{comparator}"
hypothesis = "{hypothesis}"
limit = {limit}
cases = 100
{more}
"""


def plan_text() -> str:
    """A complete plan with one modification, M1."""
    methods = "".join(
        f'[[modifications.methods]]\ncomponent = "{one}"\nreference = "QP-12"\ndescription = "As there."\n'
        for one in Component
    )
    criteria = "".join(
        _CRITERION.format(
            name=f"Not worse than the {comparator}",
            metric="AUC difference",
            comparator=comparator,
            hypothesis="non-inferior",
            limit=0.02,
            more="",
        )
        for comparator in ("original", "last")
    ) + _CRITERION.format(
        name="Sensitivity in women",
        metric="sensitivity",
        comparator="fixed",
        hypothesis="at least",
        limit=0.85,
        more='where = { sex = "F" }',
    )
    return f"""
name = "cxr"
version = "1"
title = "Planned changes"
dated = 2026-01-05
jurisdiction = "FDA"
submission = "none: research use"
model = "toy"
original = "{ORIGINAL}"
cumulative = "None beyond that of each."
whole_device = "None."
failure = "The failure is recorded, and the modification is not implemented."

[[modifications]]
code = "M1"
title = "Trained again on more images"
rationale = "More images make it more certain."
kind = "performance"
before = "an area of 0.95"
after = "an area of 0.95 or more"
implementation = "manual"
scope = "global"
frequency = "once a year"

[modifications.impact]
against_unmodified = "None."
benefits = "Fewer are missed."
risks = "Some are found that are not there."
assurance = "By the criteria."

{methods}
{criteria}
"""


def validated(model: str, comparator: str, *, women: str = "met", deviations: tuple[str, ...] = ()) -> Run:
    """A finished validation of `model` against `comparator`; `women` is the verdict of the subgroup."""
    text = protocol_text(model=model)
    run = ledger.open_run(
        parse(text.encode(), name="p"), manifest(), code=comparator, works=1, now=timezone.now()
    )
    report = document()
    ledger.finish(
        run,
        {
            "kind": "validation report",
            "run": str(run),
            "title": "A validation",
            "verdict": "met",
            "endpoints": [
                _endpoint("Area", "AUC difference", "non-inferior", "0.02", "met", {}),
                _endpoint("Women", "sensitivity", "at least", "0.85", women, {"sex": "F"}),
            ],
            "deviations": list(deviations),
            "digests": {"model": model, "comparator": comparator},
            "content": content_digest(report),
        },
        report=kept(report),
        cases="",
        signatures=approval.SIGNATURES,
        now=timezone.now(),
    )
    return Run.objects.select_related("record").get(pk=run.pk)


def _endpoint(
    name: str, metric: str, goal: str, limit: str, verdict: str, where: dict[str, str]
) -> dict[str, Any]:
    return {
        "name": name,
        "metric": metric,
        "of": "finding",
        "where": where,
        "goal": goal,
        "limit": limit,
        "level": "0.95",
        "n": 200,
        "primary": True,
        "verdict": verdict,
        "sentence": f"{name}: {verdict}.",
    }
