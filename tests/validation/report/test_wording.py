"""Both languages say everything."""

import re
from pathlib import Path

import pytest

from validation import endpoints, template
from validation.case_result import Ending
from validation.metrics.hypotheses import Verdict
from validation.protocol import Goal, Population
from validation.report import figures, terms, wording

pytestmark = pytest.mark.requirement("VAL-08")

HANGUL = re.compile("[가-힣]")
TABLES = {name: table for name, table in vars(terms).items() if name.isupper()}
TEMPLATES = Path(wording.__file__).parent / "templates" / "report"
# What is written alike in both.
ALIKE = {"digest", "n", "p"}


@pytest.mark.parametrize("name", TABLES)
def test_every_term_has_words_in_both_languages(name: str) -> None:
    for key, (english, korean) in TABLES[name].items():
        assert english, key
        assert HANGUL.search(korean) or key == "hand till" or korean.startswith(("상", "하")), key
        assert not HANGUL.search(english), key


def test_every_phrase_has_words_in_both_languages() -> None:
    for key, (english, korean) in wording.WORDS.items():
        assert english, key
        assert not HANGUL.search(english), key
        assert key in ALIKE or HANGUL.search(korean), key
    for sentences in wording.LIMITS.values():
        assert all(HANGUL.search(korean) and not HANGUL.search(english) for english, korean in sentences)


def test_every_metric_that_a_protocol_may_name_has_words() -> None:
    unnamed = [name for name in endpoints.METRICS if terms.normal(name) not in terms.METRICS]

    assert unnamed == []


def test_every_verdict_goal_population_and_ending_has_words() -> None:
    assert {*Verdict, "described"} == terms.VERDICTS.keys()
    assert set(Goal) == terms.GOALS.keys()
    assert set(Population) == terms.POPULATIONS.keys()
    assert set(Ending) == terms.ENDINGS.keys()


def test_every_kind_of_figure_has_words() -> None:
    assert {*figures.KINDS, "forest"} == terms.KINDS.keys()
    assert set(figures.KINDS) == terms.X_AXES.keys() == terms.Y_AXES.keys()


def test_every_statement_that_a_jurisdiction_asks_for_has_a_title_in_both_languages() -> None:
    names = {name for stated in template.STATED.values() for name in stated}

    assert names <= terms.SECTIONS.keys()
    assert set(template.STATED) <= terms.JURISDICTIONS.keys()


def test_every_word_that_a_template_asks_for_is_there() -> None:
    asked = {
        name for path in TEMPLATES.glob("*.html") for name in re.findall(r"words\.(\w+)", path.read_text())
    }

    assert asked - wording.WORDS.keys() == set()


def test_a_name_that_is_not_known_stays_as_it_is() -> None:
    assert wording.metric("Something new", "ko") == "Something new"
    assert wording.term(terms.DIGESTS, "weights", "ko") == "weights"


def test_a_metric_is_known_however_its_words_are_joined() -> None:
    assert wording.metric("auc_difference", "en") == wording.metric("AUC difference", "en")
    assert wording.metric("LR-", "en") == "Negative likelihood ratio"


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="one of en, ko, not in 'fr'"):
        wording.words("fr")


@pytest.mark.parametrize(
    ("goal", "verdict", "said"),
    [
        ("at least", "met", "신뢰구간 하한(0.9)이 0.85보다 높다."),
        ("at least", "not met", "신뢰구간 하한(0.9)이 0.85보다 높지 않다."),
        ("at most", "met", "신뢰구간 상한(0.95)이 0.85보다 낮다."),
        ("non-inferior", "met", "차이의 신뢰구간 하한(0.9)이 −0.85보다 높다."),
        ("superior", "not met", "차이의 신뢰구간 하한(0.9)이 0보다 높지 않다."),
        ("within", "met", "신뢰구간(0.9 ~ 0.95)이 ±0.85 안에 있다."),
        ("at least", "not estimable", "as written"),
        ("described", "described", "as written"),
    ],
)
def test_a_verdict_is_a_korean_sentence_where_the_interval_decided(
    goal: str, verdict: str, said: str
) -> None:
    numbers = {"low": "0.9", "high": "0.95", "limit": "0.85"}

    assert wording.sentence(goal, verdict, written="as written", language="ko", **numbers) == said
    assert wording.sentence(goal, verdict, written="as written", language="en", **numbers) == "as written"


def test_the_conclusion_counts_the_primary_endpoints() -> None:
    said = wording.conclusion("not met", met=2, of=3, written="Two of three.", language="ko")

    assert said.endswith("일차 평가변수 3개 중 2개가 기준을 충족하였다.")
    assert (
        wording.conclusion("met", met=1, of=1, written="", language="en")
        == "Every primary endpoint met its goal."
    )


def test_what_was_said_of_a_case_is_said_in_both_languages() -> None:
    assert wording.call("pneumonia: present", "ko") == "pneumonia: 있음"
    assert wording.call("absent (0.031)", "ko") == "없음 (0.031)"
    assert wording.call("12.4 ml", "ko") == "12.4 ml"


def test_uses_of_the_data_set_are_counted_in_both_languages() -> None:
    assert wording.uses("use 2 of 3 planned", "ko") == "계획된 3회 중 2번째 사용"
    assert wording.uses("use 2 of 3 planned", "en") == "use 2 of 3 planned"
