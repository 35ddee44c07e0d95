"""Builders of plans and of streams of observations, small and clean unless a test changes them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from samd.domain.finding import Answer
from validation.monitoring.design import baseline_of, clean_of, rendered, values_of
from validation.monitoring.observations import Answered, Observation, Taken, observed
from validation.monitoring.plan import Plan, parse

DIGEST = "a" * 64
BEGUN = datetime(2026, 3, 1, 8, tzinfo=UTC)

HEAD = """
name = "test-plan"
version = "1"
title = "A plan of the tests"
dated = 2026-02-01
seed = 11
least = 5

[model]
name = "cxr"
digests = ["{digest}"]
modalities = ["CR", "DX"]

[false_alarms]
probability = {probability}
studies = {studies}
runs = {runs}
"""

SCORE = """
[[streams]]
name = "Score"
measure = "score"
of = "Pneumonia"
rule = "cusum"
by = ["version", "site"]
on_breach = "problem"
rationale = "The output that is reported."
"""
PRESENT = """
[[streams]]
name = "Share present"
measure = "present"
of = "Pneumonia"
rule = "rate chart"
size = 100
rationale = "What reaches the reader."
"""
NOT_ANALYSABLE = """
[[streams]]
name = "Not analysable"
measure = "not analysable"
rule = "rate cusum"
acceptable = 0.02
worse = 0.08
on_breach = "suspend"
rationale = "A rise says that the images have changed."
"""
ROWS = """
[[streams]]
name = "Rows"
measure = "tag"
of = "Rows"
rule = "population stability"
size = 100
rationale = "Another scanner has another matrix."
"""
MAKER = """
[[streams]]
name = "Manufacturer"
measure = "tag"
of = "Manufacturer"
rule = "population stability"
size = 100
on_breach = "record"
rationale = "Another scanner."
"""


def draft_text(
    *streams: str,
    digest: str = DIGEST,
    probability: float = 0.05,
    studies: int = 2000,
    runs: int = 2000,
    more: str = "",
) -> str:
    head = HEAD.format(digest=digest, probability=probability, studies=studies, runs=runs)
    return head.replace("\n[model]", f"{more}\n[model]") + "".join(streams or (SCORE,))


def draft(*streams: str, **changes: Any) -> Plan:
    return parse(draft_text(*streams, **changes).encode(), name="test.toml")


def completed(text: str, clean: Sequence[Observation]) -> str:
    """The draft `text` with its limits, from `clean` observations."""
    plan = parse(text.encode(), name="test.toml")
    limits = {s.name: baseline_of(plan, s, values_of(s, clean)) for s in plan.streams}
    return text + rendered(clean_of(plan, clean, source="made for the tests"), limits)


def complete(*streams: str, clean: Sequence[Observation], **changes: Any) -> Plan:
    return parse(completed(draft_text(*streams, **changes), clean).encode(), name="test.toml")


def finding(score: float) -> dict[str, Any]:
    return {
        "type": "Pneumonia",
        "site": "Lung",
        "present": score >= 0.5,
        "undetermined": False,
        "segment": None,
        "measurements": [{"name": "Probability", "value": score, "unit": "1"}],
    }


def stream(
    plan: Plan,
    studies: int,
    *,
    seed: int,
    shift: float = 0.0,
    lost: float = 0.02,
    rows: tuple[int, ...] = (2022, 2500, 3000),
    maker: str = "ACME",
    site: str = "ct1",
    first: int = 0,
) -> list[Observation]:
    """`studies` observations from number `first` on, one every ten minutes.

    Scores are of a beta distribution, moved by `shift`; a share `lost` is not analysable.
    """
    random = np.random.default_rng(seed)
    made = []
    for number in range(first, first + studies):
        score = float(np.clip(random.beta(2, 3) + shift, 0, 1))
        analysable = random.random() >= lost
        answer = Answer.FINDING if analysable else Answer.NOT_ANALYSABLE
        said = Answered(answer, [finding(score)] if analysable else [], latency=float(random.gamma(4, 2)))
        attributes = {"Rows": str(random.choice(rows)), "Manufacturer": maker}
        made.append(
            observed(
                plan,
                f"analysis/{number}",
                when=BEGUN + timedelta(minutes=10 * number),
                version=DIGEST,
                said=said,
                taken=Taken(site=site, sex="F" if number % 2 else "M", age=3.0, attributes=attributes),
            )
        )
    return made
