"""What physicians say of results is counted when they say it, and a raised rate of overrides is found."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from audit import trail
from audit.events import Event
from audit.models import AuditEvent
from samd.domain.assessment import Decision
from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage
from samd.records.models import Analysis, Assessment, ModelVersion, Run, Study
from tests.audit.signers import Site, site
from tests.records.assessing import AGREED, NOT_ASSESSABLE, assessed, changed
from tests.validation.monitoring.builders import BEGUN, DIGEST, NOT_ANALYSABLE, SCORE, draft, finding
from tests.validation.monitoring.site import analysed, model_in_use, monitor, period, planned, signed
from validation.monitoring import assessing, observations, reporting
from validation.monitoring.observations import Taken
from validation.monitoring.rounds import InForce, watch_on
from validation.monitoring_models import Breach, ChartState, Observed, Problem

pytestmark = [pytest.mark.requirement("REV-01", "VAL-11"), pytest.mark.django_db]
__all__ = ["site"]

OVERRIDE = """
[[streams]]
name = "Overridden"
measure = "override"
rule = "rate cusum"
acceptable = 0.10
worse = 0.25
on_breach = "problem"
rationale = "The only sign in use of how often the model is wrong."
"""
USUAL, RAISED = 0.08, 0.30


@pytest.fixture(autouse=True)
def _device(settings: Settings, tmp_path: Path) -> None:
    settings.SAMD_STORE = tmp_path / "store"
    settings.SAMD_STORE.mkdir()


def watched(site: Site, folder: Path, *streams: str) -> InForce:
    """A signed plan that watches overrides, and 400 studies."""
    model = model_in_use()
    site.staff()
    analysed(model)
    return signed(site, planned(folder, *(streams or (OVERRIDE,)), studies=400, runs=500))


def used(decisions: Sequence[Decision]) -> None:
    """Analyses that were reported now, each with an assessment: as the device leaves them, all at once."""
    model, now, last = ModelVersion.objects.get(digest=DIGEST), timezone.now(), Study.objects.count()
    times = {"received_at": now, "last_arrival": now}
    studies = Study.objects.bulk_create(
        Study(study_instance_uid=f"1.2.5.{last + n}", **times) for n in range(len(decisions))
    )
    runs = Run.objects.bulk_create(
        Run(study=one, number=1, quiet_seconds=60, opened_at=now, completed_at=now) for one in studies
    )
    with transaction.atomic():
        reports = trail.append_all([trail.happening(Event.ANALYSIS_REPORTED, "bulk") for _ in runs])
        analyses = Analysis.objects.bulk_create(
            Analysis(
                run=run,
                model=model,
                stage=Stage.DELIVERED,
                answer=Answer.FINDING,
                findings=[finding(0.7)],
                input_digest="b" * 64,
                queued_at=now - timedelta(seconds=4),
                changed_at=now,
                released_by=event,
            )
            for run, event in zip(runs, reports, strict=True)
        )
        said = trail.append_all([trail.happening(Event.RESULT_ASSESSED, "bulk") for _ in runs])
        Assessment.objects.bulk_create(
            Assessment(analysis=analysis, decision=decision, user=7, by="kim", at=now, event=event)
            for analysis, decision, event in zip(analyses, decisions, said, strict=True)
        )


def drawn(rate: float, count: int, *, seed: int) -> list[Decision]:
    random = np.random.default_rng(seed)
    return [Decision.CHANGED if random.random() < rate else Decision.AGREED for _ in range(count)]


def values(holding: InForce) -> list[float | None]:
    """The values of overrides that were counted, in their order."""
    kept = Observed.objects.filter(plan=holding.row, source__startswith="assessment/").order_by("number")
    return [one.content["values"]["override"] for one in kept]


def test_a_raised_rate_among_400_assessed_results_is_found(site: Site, tmp_path: Path) -> None:
    holding = watched(site, tmp_path)
    used([*drawn(USUAL, 200, seed=1), *drawn(RAISED, 200, seed=2)])

    found = watch_on(holding, now=timezone.now())

    assert found.counted == 800  # each analysis when it was reported, and each assessment when it was made
    first = Breach.objects.order_by("number").first()
    assert first is not None
    assert 200 < first.number <= 300
    assert first.observed.source.startswith("assessment/")
    assert first.chart.stream == "Overridden"
    assert Problem.objects.count() == 1
    assert AuditEvent.objects.filter(event=Event.MONITORING_BREACHED).exists()
    assert watch_on(holding, now=timezone.now()).counted == 0


def test_a_usual_rate_among_400_assessed_results_is_not(site: Site, tmp_path: Path) -> None:
    holding = watched(site, tmp_path)
    used(drawn(USUAL, 400, seed=3))

    assert watch_on(holding, now=timezone.now()).breaches == ()
    assert ChartState.objects.get(stream="Overridden").content["seen"] == 400


def test_the_assessment_is_counted_by_itself_when_it_is_made(site: Site, tmp_path: Path) -> None:
    holding = watched(site, tmp_path, OVERRIDE, NOT_ANALYSABLE)
    analysis = analysed(ModelVersion.objects.get(digest=DIGEST), score=0.7)
    assert watch_on(holding, now=timezone.now()).counted == 1
    assert "override" not in Observed.objects.get().content["values"]

    row = assessed(analysis, changed(analysis))

    assert watch_on(holding, now=timezone.now()).counted == 1
    kept = Observed.objects.get(source=str(row))
    assert (kept.at, kept.content["answer"]) == (row.event.at, "")
    assert kept.content["values"] == {"override": 1.0}


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        ("agreed agreed agreed", [0.0]),
        ("agreed changed", [0.0, 1.0]),
        ("changed agreed", [1.0]),
        ("changed agreed changed", [1.0]),
        ("cannot agreed changed changed", [None, 0.0, 1.0]),
        ("agreed cannot", [0.0]),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_an_assessment_counts_when_it_says_more_than_those_before(
    site: Site, tmp_path: Path, said: str, counted: list[float | None], at_once: bool
) -> None:
    holding = watched(site, tmp_path)
    analysis = analysed(ModelVersion.objects.get(digest=DIGEST), score=0.7)
    words = {"agreed": AGREED, "changed": changed(analysis), "cannot": NOT_ASSESSABLE}

    for word in said.split():
        assessed(analysis, words[word])
        if not at_once:
            watch_on(holding, now=timezone.now())
    watch_on(holding, now=timezone.now())

    assert values(holding) == counted


def test_a_result_that_could_not_be_judged_is_no_step_of_the_chart(site: Site, tmp_path: Path) -> None:
    holding = watched(site, tmp_path)
    assessed(analysed(ModelVersion.objects.get(digest=DIGEST)), NOT_ASSESSABLE)

    watch_on(holding, now=timezone.now())

    state = ChartState.objects.get(stream="Overridden").content
    assert (state["seen"], state["missing"]) == (0, 1)


def test_a_plan_that_does_not_watch_overrides_counts_no_assessment(site: Site, tmp_path: Path) -> None:
    holding = watched(site, tmp_path, NOT_ANALYSABLE)
    used(drawn(RAISED, 5, seed=4))

    assert watch_on(holding, now=timezone.now()).counted == 5
    assert not assessing.made(holding.plan, since=holding.since).exists()


def test_the_periodic_report_counts_each_analysis_once_and_states_the_rate(
    site: Site, tmp_path: Path
) -> None:
    holding = watched(site, tmp_path, OVERRIDE, NOT_ANALYSABLE)
    used([Decision.CHANGED] * 3 + [Decision.AGREED] * 16 + [Decision.NOT_ASSESSABLE])
    watch_on(holding, now=timezone.now())
    since, until = period()

    _, document = reporting.report(holding, since=since, until=until, now=timezone.now() + timedelta(days=3))

    overall = {one.name: one for one in document.rates if not one.group.attribute}
    assert document.observations == 20
    assert (overall["not analysable"].count, overall["not analysable"].figure.n) == (0, 20)
    assert (overall["override"].count, overall["override"].figure.n) == (3, 19)
    assert not any("Nothing was observed of Overridden" in one for one in document.remarks)
    assert not any("are not as the device keeps them" in one for one in document.remarks)


def test_the_acceptable_rate_can_be_that_of_clean_assessments(site: Site, tmp_path: Path) -> None:
    model_in_use()
    site.staff()
    used([Decision.CHANGED] * 2 + [Decision.AGREED] * 18)

    text = planned(tmp_path, OVERRIDE.replace("acceptable = 0.10\n", ""), studies=100, runs=500).read_text()

    assert "target = 0.1\n" in text
    assert "override" not in monitor("plan", "check", str(tmp_path / "plan.toml")).split("nothing")[-1]


@pytest.mark.parametrize(("overridden", "value"), [(True, 1.0), (False, 0.0), (None, None)])
def test_an_assessment_has_the_groups_of_its_analysis_and_one_value(
    overridden: bool | None, value: float | None
) -> None:
    plan = draft(OVERRIDE, SCORE, NOT_ANALYSABLE)

    found = observations.assessed(
        plan, "assessment/5", when=BEGUN, version=DIGEST, overridden=overridden, taken=Taken(site="ct1")
    )

    assert (found.values, found.levels, found.answer) == ({"override": value}, {"site": "ct1"}, "")
