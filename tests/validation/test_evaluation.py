"""Verdicts: every primary endpoint must be met; what is undefined is not estimable, with its reason."""

import numpy as np
import pytest

from tests.cards import classifying_card
from tests.validation.builders import case, manifest, protocol, protocol_text, result
from validation.evaluation import Evidence, Judgement, check, judge
from validation.metrics.hypotheses import Verdict
from validation.protocol import Protocol, ProtocolRefused, parse

pytestmark = pytest.mark.requirement("VAL-01", "VAL-06")

SECOND = """
[[endpoints]]
name = "Sensitivity"
metric = "sensitivity"
of = "finding"
goal = "at least"
limit = {limit}
primary = true
rationale = "as the tests need it"
"""
BY_SEX = '\n[subgroups]\nattributes = ["sex"]\nendpoint = "Area"\nleast = 5\n'


def evidence(asked: Protocol, *, separation: float = 3.0, labels: tuple[int, ...] = (0, 1)) -> Evidence:
    """60 cases whose scores are the further apart the greater the `separation`."""
    random = np.random.default_rng(3)
    truth = [labels[number % len(labels)] for number in range(60)]
    cases = [
        case(f"c{number:02}", label, attributes={"sex": "FM"[number % 4 // 2]})
        for number, label in enumerate(truth)
    ]
    logits = [random.normal(separation * (label - 0.5)) for label in truth]
    said = {
        one.case: result(one.case, float(1 / (1 + np.exp(-x)))) for one, x in zip(cases, logits, strict=True)
    }
    return Evidence(asked, manifest(*cases), classifying_card(), said, {})


def verdicts(judgement: Judgement) -> list[str]:
    return [line.verdict for line in judgement.endpoints]


def test_a_protocol_is_met_when_every_primary_endpoint_is() -> None:
    judgement = judge(evidence(protocol(more=SECOND.format(limit=0.5))))

    assert verdicts(judgement) == [Verdict.MET, Verdict.MET]
    assert judgement.verdict is Verdict.MET


def test_one_that_is_not_met_is_enough() -> None:
    judgement = judge(evidence(protocol(more=SECOND.format(limit=0.999))))

    assert verdicts(judgement) == [Verdict.MET, Verdict.NOT_MET]
    assert judgement.verdict is Verdict.NOT_MET


def test_scores_that_say_nothing_do_not_meet_it() -> None:
    assert judge(evidence(protocol(), separation=0.0)).verdict is Verdict.NOT_MET


def test_an_undefined_figure_is_not_estimable_with_its_reason_and_never_a_number() -> None:
    judgement = judge(evidence(protocol(), labels=(1,)))

    (line,) = judgement.endpoints
    assert judgement.verdict is Verdict.NOT_ESTIMABLE
    assert (line.figure.estimate, line.figure.low, line.figure.high) == (None, None, None)
    assert "two cases of each class" in line.figure.reason


def test_the_cases_add_up() -> None:
    counts = judge(evidence(protocol())).counts

    assert counts["cases"] == counts["analysed"] + counts["not analysable"] + counts["failed"] == 60


def test_an_endpoint_may_be_kept_to_cases_with_an_attribute() -> None:
    women = SECOND.format(limit=0.5) + 'where = { sex = "F" }\n'
    everyone = judge(evidence(protocol(more=SECOND.format(limit=0.5)))).endpoints[1]

    kept = judge(evidence(protocol(more=women))).endpoints[1]

    assert (everyone.figure.n, kept.figure.n) == (30, 15)
    assert kept.where == {"sex": "F"}


def test_an_endpoint_that_is_kept_to_nobody_is_not_estimable_and_says_so() -> None:
    nobody = SECOND.format(limit=0.5) + 'where = { sex = "O" }\n'

    line = judge(evidence(protocol(more=nobody))).endpoints[1]

    assert line.verdict == Verdict.NOT_ESTIMABLE
    assert "no case of sex O" in line.figure.reason


def test_subgroups_are_tabled_and_compared() -> None:
    judgement = judge(evidence(protocol(more=BY_SEX)))

    assert [(line.attribute, line.level, line.figure.n) for line in judgement.subgroups] == [
        ("sex", "F", 30),
        ("sex", "M", 30),
    ]
    (interaction,) = judgement.interactions
    assert 0 <= interaction.p <= interaction.adjusted <= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('metric = "AUC"', 'metric = "accuracy"'), "no metric accuracy"),
        (('of = "finding"', 'of = "x"'), "no output x"),
    ],
)
def test_a_figure_or_output_that_is_not_there_is_refused_before_anything_runs(
    change: tuple[str, str], words: str
) -> None:
    asked = parse(protocol_text().replace(*change).encode(), name="t")

    with pytest.raises(ProtocolRefused, match=words):
        check(asked, classifying_card())
