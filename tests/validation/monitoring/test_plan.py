"""What a plan must say, and what is refused."""

import hashlib
from pathlib import Path

import pytest

from tests.validation.monitoring.builders import (
    MAKER,
    NOT_ANALYSABLE,
    PRESENT,
    ROWS,
    SCORE,
    completed,
    draft,
    draft_text,
    stream,
)
from validation.monitoring.plan import PlanRefused, Rule, parse, read_plan

pytestmark = pytest.mark.requirement("VAL-11")

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "validation/plans/cxr-pneumonia.toml"


def refused(text: str) -> str:
    with pytest.raises(PlanRefused) as refusal:
        parse(text.encode(), name="test.toml")
    return str(refusal.value)


def test_a_plan_without_limits_is_a_draft() -> None:
    assert not draft().is_complete


def test_a_plan_with_its_limits_is_complete_and_its_digest_is_of_its_bytes() -> None:
    text = completed(draft_text(SCORE, NOT_ANALYSABLE, runs=500, studies=200), stream(draft(), 100, seed=1))

    plan = parse(text.encode(), name="test.toml")

    assert plan.is_complete
    assert plan.digest == hashlib.sha256(text.encode()).hexdigest()
    assert plan.clean is not None
    assert plan.clean.studies == 100


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('rule = "cusum"', 'rule = "magic"', "streams: rule: one of"),
        ('rule = "cusum"', 'rule = "rate chart"', "only what is 0 or 1 has a rate"),
        ('rule = "cusum"', 'rule = "maximum mean discrepancy"\nsize = 30', "embeddings"),
        ('of = "Pneumonia"', "", "of: the finding"),
        ('by = ["version", "site"]', 'by = ["PatientName"]', "unknown: PatientName"),
        ('by = ["version", "site"]', "by = []", "at least one grouping"),
        ('rationale = "The output that is reported."', 'rationale = " "', "rationale"),
        ("probability = 0.05", "probability = 1.5", "false_alarms"),
        ('name = "test-plan"', 'name = "../plan"', "name: letters"),
        ("seed = 11", 'seed = 11\ndigest = "00"', "digest: a file cannot hold"),
        ("seed = 11", "seed = 11\nsurprise = 1", "unknown: surprise"),
    ],
)
def test_what_makes_no_plan_is_refused_with_its_place(before: str, after: str, says: str) -> None:
    assert says in refused(draft_text(SCORE).replace(before, after))


def test_attributes_that_identify_a_patient_cannot_be_watched() -> None:
    assert "of: one of" in refused(draft_text(ROWS.replace('of = "Rows"', 'of = "PatientName"')))


def test_a_rate_that_is_to_be_found_must_be_stated() -> None:
    assert "worse" in refused(draft_text(NOT_ANALYSABLE.replace("worse = 0.08\n", "")))


def test_a_window_of_few_studies_is_refused() -> None:
    assert "at least 20" in refused(draft_text(MAKER.replace("size = 100", "size = 10")))


def test_a_limit_that_fits_no_rule_is_refused() -> None:
    text = completed(draft_text(ROWS, runs=500, studies=200), stream(draft(ROWS), 100, seed=1))

    assert "counts: one for every cell" in refused(text.replace("counts = [", "counts = [1, "))


def test_a_stream_may_be_kept_to_one_site() -> None:
    plan = draft(SCORE + 'where = { site = "ct2" }\n')

    (elsewhere,) = stream(plan, 1, seed=1, site="ct1", lost=0.0)
    (there,) = stream(plan, 1, seed=1, site="ct2", lost=0.0)

    assert not elsewhere.is_of(plan.streams[0])
    assert there.is_of(plan.streams[0])


def test_the_shipped_plan_is_a_draft_for_the_shipped_model() -> None:
    plan = read_plan(SHIPPED)
    bundle = ROOT / "samd/inference/bundles/chest-xray-pneumonia/manifest.json"

    assert not plan.is_complete
    assert plan.model.digests == (hashlib.sha256(bundle.read_bytes()).hexdigest(),)
    assert {one.rule for one in plan.streams} == {
        Rule.CUSUM,
        Rule.RATE_CUSUM,
        Rule.RATE_CHART,
        Rule.PSI,
        Rule.KS,
        Rule.MMD,
    }


def test_all_streams_of_the_tests_are_sound() -> None:
    assert len(draft(SCORE, PRESENT, NOT_ANALYSABLE, ROWS, MAKER).streams) == 5
