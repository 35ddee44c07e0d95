"""The report as a page: all of it, in plain words, and nothing from outside."""

import base64
import re
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.validation.report.example import ENDPOINTS, HEX, SUBGROUPS, curves, document, empty, figure
from tests.validation.report.reading import Page
from validation.document import Document, Failure, Figure, Section, Signed
from validation.report import to_html, to_json

pytestmark = pytest.mark.requirement("VAL-08")

ATTACK = "<script>alert(1)</script>\"'&amp;<img src=http://evil.example/x onerror=alert(1)>"


@cache
def whole(language: str = "en") -> bytes:
    """The full report, made once."""
    return to_html(document(), language)


def page(given: Document | None = None, language: str = "en") -> Page:
    return Page(to_html(given, language) if given else whole(language))


def plain(**changes: Any) -> Document:
    """A report without figures, which take their time."""
    return document(**{"curves": (), "subgroups": ()} | changes)


def test_the_same_document_gives_the_same_bytes() -> None:
    assert to_html(document()) == whole()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_number_of_every_endpoint_is_there(language: str) -> None:
    text = page(language=language).text
    to = {"en": "to", "ko": "~"}[language]

    for numbers in (
        ("0.913", f"0.889 {to} 0.936", "624", "DeLong"),
        ("0.849", f"0.80004 {to} 0.889", "390", "Clopper-Pearson"),
        ("0.808", f"0.751 {to} 0.856", "234"),
        ("−0.004", f"−0.020 {to} 0.011", "612", "bootstrap of cases, BCa, 2,000 replicates", "20260301"),
        ("4.41", f"3.36 {to} ∞", "log method"),
    ):
        for number in numbers:
            assert number in text


def test_the_first_page_says_what_was_tested_and_what_came_of_it() -> None:
    text = whole().decode()
    first = text[text.index("<header") : text.index("</header>")]

    for said in (
        "Standalone performance of chest X-ray",
        "For research use",
        "not a medical device",
        "chest-xray-pneumonia 2.1.0",
        HEX,
        "cxr-pneumonia-standalone 1.2, dated 2026-02-11",
        "Not met",
        "Of three primary endpoints two met their goal; specificity did not.",
        "lower limit above 0.85",
    ):
        assert said in first
    assert first.count('scope="row"') == 3


def test_what_is_not_estimable_says_why_and_gives_no_number() -> None:
    missing = Figure.missing("no case is ill", level=0.95, n=12)
    line = replace(ENDPOINTS[0], figure=missing, verdict="not estimable")
    text = to_html(plain(endpoints=(line,), explanations=())).decode()

    assert "Not estimable<small>no case is ill</small>" in text
    assert 'class="number estimate"' not in text


def test_a_bound_that_rounds_onto_its_limit_is_printed_in_full() -> None:
    line = replace(ENDPOINTS[0], figure=figure(0.9, 0.84996, 0.94), verdict="not met")

    assert "0.84996 to 0.940" in page(plain(endpoints=(line,))).text


def test_cases_are_counted_to_the_last() -> None:
    text = page().text

    for said in (
        "Cases n = 624",
        "Without a result n = 12",
        "Not analysable 9",
        "Failed 3",
        "Analysed n = 612",
    ):
        assert said in text


def test_the_line_without_a_name_is_not_stated() -> None:
    assert "not stated" in page().text
    assert "기재 없음" in page(language="ko").text


def test_nothing_that_people_wrote_becomes_markup() -> None:
    given = document(
        title=ATTACK,
        protocol=ATTACK,
        model=ATTACK,
        conclusion=ATTACK,
        intended_use=ATTACK,
        endpoints=(
            replace(ENDPOINTS[0], name=ATTACK, metric=ATTACK, of=ATTACK, goal=ATTACK, sentence=ATTACK),
        ),
        subgroups=(replace(SUBGROUPS[0], attribute=ATTACK, level=ATTACK),),
        subgroup_endpoint=ATTACK,
        curves=tuple(
            replace(curve, name=ATTACK, note=ATTACK, series=ATTACK, x_name=ATTACK, y_name=ATTACK)
            for curve in curves()
        ),
        failures=(Failure(ATTACK, ATTACK, ATTACK, ATTACK, (ATTACK,)),),
        deviations=(ATTACK,),
        sections=(Section(ATTACK, ATTACK, ATTACK),),
        digests={ATTACK: ATTACK},
        protocol_signatures=(Signed(ATTACK, ATTACK, ATTACK, ATTACK),),
        checkpoint=ATTACK,
        made=ATTACK,
        counts={"cases": 1, ATTACK: 1},
    )

    found = page(given)

    tags = {tag for tag, _ in found.tags}
    assert not tags & {"script", "img", "link", "iframe", "object"}
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    assert ATTACK in "".join(found.texts)


@settings(max_examples=10)
@given(st.text(max_size=40))
def test_any_title_is_told_as_it_is(title: str) -> None:
    found = Page(to_html(replace(empty(), title=title)))

    # The parser joins what a page cannot hold: line ends, and characters that are none.
    assert re.sub(r"\s+", " ", title).strip() in found.text or "\r" in title or "\x00" in title


def test_the_page_needs_nothing_from_outside() -> None:
    text, found = whole().decode(), page()

    assert all(link.startswith("#") for link in found.all("href"))
    assert all(source.startswith("data:image/png;base64,") for source in found.all("src"))
    assert not re.search(r"url\(\s*['\"]?(?!#)", text)
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_every_id_is_given_once_and_every_link_has_its_end() -> None:
    found = page()
    ids = found.all("id")

    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in found.all("href")} <= set(ids)


def test_every_picture_has_words_for_who_does_not_see_it() -> None:
    found = page()

    assert all(attributes.get("alt") for tag, attributes in found.tags if tag == "img")
    figures = [tag for tag, _ in found.tags if tag in {"svg", "title"}]
    assert figures.count("title") == figures.count("svg") + 1


def test_figures_are_numbered_in_the_order_of_the_page() -> None:
    numbers = re.findall(r"<strong>Figure (\d+)\.", whole().decode())

    assert numbers == [str(i) for i in range(1, 11)]


def test_deviations_are_listed_and_none_is_said() -> None:
    assert "Three cases were read with version 2.1.0-rc1" in page().text
    assert "Deviations from the protocol None." in page(empty()).text
    assert "시험계획서 이탈 없음." in page(empty(), "ko").text


def test_a_protocol_without_a_signature_says_so() -> None:
    assert "Of the protocol None." in page(empty()).text


def test_signatures_stand_with_meaning_time_and_digest() -> None:
    signed = Signed("Lee", "approval of the report", "2026-03-03T08:00:00+09:00", HEX[::-1])
    text = page(plain(signatures=(signed,))).text

    assert "김지원 author of the protocol 2026-02-11 09:12:44 UTC+09:00" in text
    report = text[text.index("Of this report") :]
    assert f"Lee approval of the report 2026-03-03 08:00:00 UTC+09:00 {HEX[::-1]}" in report


def test_a_part_that_would_be_empty_is_left_out() -> None:
    full, bare = page(), page(empty())

    for anchor in (
        "curves",
        "subgroups",
        "explanations",
        "robustness",
        "timelines",
        "failures",
        "checkpoint",
    ):
        assert anchor in full.all("id")
        assert anchor not in bare.all("id")
    assert "jurisdiction1" not in bare.all("id")
    assert {"study", "endpoints", "deviations", "digests", "signatures", "limits"} <= set(bare.all("id"))


def test_each_jurisdiction_has_its_part() -> None:
    text = page(language="ko").text

    assert "미국 식품의약국(FDA)" in text
    assert "대한민국 식품의약품안전처(MFDS)" in text
    assert "참조표준 Two board-certified radiologists" in text


def test_the_page_is_bound_to_the_json_by_its_digest() -> None:
    assert sha256(to_json(document())).hexdigest() in page().text


def test_the_checkpoint_keeps_its_lines() -> None:
    assert f"<pre>{document().checkpoint}</pre>" in whole().decode()


def test_what_the_numbers_are_not_depends_on_what_the_report_holds() -> None:
    assert "Perturbations are made by software." in page().text
    assert "Perturbations are made by software." not in page(empty()).text
    assert "A confidence interval covers the chance" in page(empty()).text


def test_the_korean_page_is_korean() -> None:
    found = page(language="ko")

    assert ("html", {"lang": "ko"}) in found.tags
    for said in (
        "검증 보고서",
        "연구용",
        "일차 평가변수",
        "신뢰구간",
        "미충족",
        "ROC 곡선하면적(AUC)",
        "민감도",
        "증례 흐름도",
    ):
        assert said in found.text
    assert "일차 평가변수 3개 중 1개가" not in found.text
    assert "일차 평가변수 3개 중 2개가 기준을 충족하였다." in found.text
    for english in ("Endpoints", "Verdict", "Confidence interval", "Not met", "Figure", "lower limit above"):
        assert english not in found.text


@pytest.mark.parametrize(
    "picture",
    ["no base64!", base64.b64encode(b"<svg onload='x'/>").decode(), base64.b64encode(b"GIF89a").decode()],
)
def test_a_picture_that_is_no_png_is_refused(picture: str) -> None:
    with pytest.raises(ValueError, match="the picture of case 'c' is no small PNG"):
        to_html(plain(failures=(Failure("c", "failed", "", "", (), picture),)))


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="one of en, ko"):
        to_html(document(), "de")
