"""Every fixed word of a report in English and Korean; what people wrote in the protocol stays as it is."""

import re
from collections.abc import Mapping

from validation.report import terms
from validation.report.terms import Table, normal

LANGUAGES = ("en", "ko")

WORDS: Table = {
    "kind": ("Validation report", "검증 보고서"),
    "research": ("For research use", "연구용"),
    "research_statement": (
        (
            "This report describes how software performed on one set of data. The software is not a "
            "medical device cleared, approved or certified by any authority, and nothing here claims that "
            "it is safe or effective in clinical use."
        ),
        (
            "이 보고서는 하나의 데이터 세트에서 소프트웨어가 보인 성능을 기술한다. 이 소프트웨어는 어느 "
            "규제기관에서도 허가·인증·승인을 받은 의료기기가 아니며, 이 보고서의 어떤 내용도 임상 "
            "사용에서의 안전성이나 유효성을 주장하지 않는다."
        ),
    ),
    "model": ("Model", "모델"),
    "comparator": ("Comparator", "대조 모델"),
    "protocol": ("Protocol", "시험계획서"),
    "dated": ("dated", "작성일"),
    "made": ("Report made", "보고서 생성"),
    "digest": ("SHA-256", "SHA-256"),
    "intended_use": ("Intended use", "사용 목적"),
    "product_code": ("Product code", "품목 코드"),
    "seed": ("Seed", "난수 시드"),
    "uses": ("Use of the data set", "데이터 세트 사용 횟수"),
    "conclusion": ("Conclusion", "결론"),
    "primary_endpoints": ("Primary endpoints", "일차 평가변수"),
    "secondary_endpoints": ("Secondary endpoints", "이차 평가변수"),
    "contents": ("Contents", "목차"),
    "study": ("Study and data set", "시험과 데이터 세트"),
    "flow": ("Flow of cases", "증례 흐름도"),
    "endpoints": ("Endpoints", "평가변수"),
    "endpoint": ("Endpoint", "평가변수"),
    "estimate": ("Estimate", "추정값"),
    "interval": ("Confidence interval", "신뢰구간"),
    "n": ("n", "n"),
    "goal": ("Goal", "기준"),
    "verdict": ("Verdict", "판정"),
    "method": ("Method", "방법"),
    "level": ("Level", "수준"),
    "not_estimable": ("Not estimable", "추정 불가"),
    "curves": ("Curves", "성능 곡선"),
    "figure": ("Figure", "그림"),
    "subgroups": ("Subgroups", "하위군 분석"),
    "subgroups_of": ("Endpoint of the subgroups", "하위군 분석의 평가변수"),
    "group": ("Group", "군"),
    "all_cases": ("All cases", "전체 증례"),
    "not_stated": ("not stated", "기재 없음"),
    "interactions": ("Tests of interaction", "상호작용 검정"),
    "attribute": ("Attribute", "속성"),
    "test": ("Test", "검정"),
    "statistic": ("Statistic", "통계량"),
    "degrees": ("Degrees of freedom", "자유도"),
    "p": ("p", "p"),
    "adjusted": ("p, adjusted", "보정 p"),
    "robustness": ("Robustness", "강건성"),
    "explanations": ("Explanations", "설명가능성"),
    "figure_name": ("Measure", "지표"),
    "timelines": ("Over time", "시간에 따른 변화"),
    "failures": ("Failures", "실패 사례"),
    "failures_note": (
        "Cases that were wrongly called, not analysable or failed.",
        "잘못 판정되었거나, 분석할 수 없었거나, 실패한 증례이다.",
    ),
    "case": ("Case", "증례"),
    "truth": ("Truth", "참값"),
    "said": ("Said", "모델 판정"),
    "reasons": ("Reasons", "사유"),
    "no_picture": ("no picture", "영상 없음"),
    "deviations": ("Deviations from the protocol", "시험계획서 이탈"),
    "no_deviations": ("None.", "없음."),
    "digests": ("Digests", "다이제스트"),
    "digests_note": (
        "SHA-256 of everything that decides the numbers. The same inputs give the same report.",
        "수치를 결정하는 모든 입력의 SHA-256이다. 같은 입력에서는 같은 보고서가 만들어진다.",
    ),
    "of_json": ("This report as JSON", "이 보고서의 JSON"),
    "signatures": ("Signatures", "서명"),
    "of_protocol": ("Of the protocol", "시험계획서"),
    "of_report": ("Of this report", "이 보고서"),
    "no_signatures": ("None.", "없음."),
    "name": ("Name", "성명"),
    "meaning": ("Meaning", "서명의 의미"),
    "at": ("Signed", "서명 일시"),
    "signed_digest": ("Over the digest", "서명 대상 다이제스트"),
    "checkpoint": ("Checkpoint of the audit trail", "감사추적 체크포인트"),
    "checkpoint_note": (
        "The signed note below binds this report to the audit trail as it stood when the report was made.",
        "아래의 서명된 노트는 이 보고서를 생성 시점의 감사추적에 연결한다.",
    ),
    "limits": ("What the numbers are not", "이 수치가 뜻하지 않는 것"),
    "cases": ("Cases", "증례"),
    "patients": ("Patients", "환자"),
    "sites": ("Sites", "기관"),
    "analysed": ("Analysed", "분석됨"),
    "not_analysable": ("Not analysable", "분석 불가"),
    "failed": ("Failed", "실패"),
    "positive": ("Positive", "양성"),
    "negative": ("Negative", "음성"),
    "reference_standard": ("by the reference standard", "참조표준 기준"),
    "not_analysed": ("Without a result", "결과 없음"),
    "thinned": (
        "Of {n} points, those that would be drawn over each other are drawn once.",
        "점 {n}개 중 겹치는 점은 한 번만 그렸다.",
    ),
}

# Which of these are printed depends on what the report holds; "always" always.
LIMITS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "always": (
        (
            (
                "They hold for the data set, the model and the software whose digests are given. Other "
                "patients, devices, sites or versions may give other numbers."
            ),
            (
                "이 수치는 명시된 다이제스트의 데이터 세트, 모델, 소프트웨어에 대해서만 성립한다. 다른 "
                "환자, 장비, 기관, 버전에서는 달라질 수 있다."
            ),
        ),
        (
            (
                "A confidence interval covers the chance in the drawing of cases. It does not cover errors "
                "of the reference standard, a biased choice of cases, or change over time."
            ),
            (
                "신뢰구간은 증례 추출의 우연만을 반영한다. 참조표준의 오류, 증례 선택의 편향, 시간에 따른 "
                "변화는 반영하지 않는다."
            ),
        ),
        (
            (
                "They are of the software alone. They do not show how well a physician reads with it, nor "
                "a benefit to patients."
            ),
            (
                "이 수치는 소프트웨어 단독의 성능이다. 의사가 이를 사용하여 판독한 성능이나 환자의 이득을 "
                "보여 주지 않는다."
            ),
        ),
        (
            "Predictive values and decision curves depend on prevalence; at another prevalence they differ.",
            "예측도와 의사결정 곡선은 유병률에 좌우되며, 유병률이 다르면 달라진다.",
        ),
        (
            "An endpoint that was described, not judged, supports no claim.",
            "판정 없이 기술만 한 평가변수는 어떤 주장도 뒷받침하지 않는다.",
        ),
    ),
    "subgroups": (
        (
            (
                "Intervals of subgroups are each at their own level, not adjusted for their number. A "
                "difference that is not significant is no proof that there is none."
            ),
            (
                "하위군의 신뢰구간은 각각의 신뢰수준에서 구한 것이며 하위군의 수에 대해 보정하지 않았다. "
                "유의하지 않은 차이가 차이 없음을 증명하지는 않는다."
            ),
        ),
    ),
    "robustness": (
        (
            (
                "Perturbations are made by software. They stand for some of what happens in a clinic, not "
                "for all."
            ),
            "교란은 소프트웨어로 만든 것이다. 임상에서 일어나는 일의 일부를 나타낼 뿐 전부는 아니다.",
        ),
    ),
    "explanations": (
        (
            "An explanation shows what moved the output of the model. It does not show that this is disease.",
            "설명은 모델의 출력을 움직인 영역을 보여 준다. 그것이 질환임을 보여 주지는 않는다.",
        ),
    ),
}

CONCLUSIONS: Table = {
    "met": (
        "Every primary endpoint met its goal.",
        "모든 일차 평가변수가 사전에 정한 기준을 충족하였다.",
    ),
    "not met": (
        "Not every primary endpoint met its goal.",
        "사전에 정한 기준을 충족하지 못한 일차 평가변수가 있다.",
    ),
    "not estimable": (
        "A primary endpoint could not be estimated: there is no verdict.",
        "추정할 수 없는 일차 평가변수가 있어 판정하지 못하였다.",
    ),
}

# Met and not met. In English the document brings the sentence with it. {low} and {high} bound the interval.
_KOREAN_SENTENCES: Table = {
    "at least": ("신뢰구간 하한({low})이 {limit}보다 높다.", "신뢰구간 하한({low})이 {limit}보다 높지 않다."),
    "non-inferior": (
        "차이의 신뢰구간 하한({low})이 −{limit}보다 높다.",
        "차이의 신뢰구간 하한({low})이 −{limit}보다 높지 않다.",
    ),
    "superior": (
        "차이의 신뢰구간 하한({low})이 0보다 높다.",
        "차이의 신뢰구간 하한({low})이 0보다 높지 않다.",
    ),
    "at most": (
        "신뢰구간 상한({high})이 {limit}보다 낮다.",
        "신뢰구간 상한({high})이 {limit}보다 낮지 않다.",
    ),
    "within": (
        "신뢰구간({low} ~ {high})이 ±{limit} 안에 있다.",
        "신뢰구간({low} ~ {high})이 ±{limit} 안에 있지 않다.",
    ),
}

# What the strokes of a figure are, always and where it has more.
_CAPTIONS: Table = {
    "roc": ("Dotted: chance.", "점선: 우연 수준."),
    "precision-recall": ("", ""),
    "calibration": (
        "Dotted: perfect calibration. Below: cases behind each point.",
        "점선: 완전한 보정. 아래: 각 점의 증례 수.",
    ),
    "bland-altman": (
        "Dashed: mean difference and limits of agreement.",
        "파선: 평균 차이와 일치한계.",
    ),
    "froc": ("", ""),
    "decision": ("", ""),
    "robustness": ("", ""),
    "timeline": ("Dashed: target and control limits.", "파선: 목표값과 관리한계."),
    "forest": ("Squares: estimates; lines: confidence intervals.", "사각형: 추정값, 선: 신뢰구간."),
}
_BANDS: Table = {
    "band": ("Shaded: confidence band.", "음영: 신뢰대."),
    "bars": ("Bars: confidence intervals.", "막대: 신뢰구간."),
    "heights": ("Shaded: their confidence intervals.", "음영: 그 신뢰구간."),
    "overall": ("Dashed: all cases.", "파선: 전체 증례."),
}


def position(language: str) -> int:
    """Where `language` stands in a pair of words. Raises ValueError for a language that is not spoken."""
    if language not in LANGUAGES:
        raise ValueError(f"a report is written in one of {', '.join(LANGUAGES)}, not in {language!r}")
    return LANGUAGES.index(language)


def words(language: str) -> dict[str, str]:
    """The words of a page by their keys. Raises ValueError as `position` does."""
    at = position(language)
    return {key: pair[at] for key, pair in WORDS.items()}


def term(table: Table, name: str, language: str) -> str:
    """`name` in `language` after `table`; a name that the table does not know stays as it is."""
    pair = table.get(name)
    return name if pair is None else pair[position(language)]


def metric(name: str, language: str) -> str:
    """A metric of the protocol in words."""
    pair = terms.METRICS.get(normal(name))
    return name if pair is None else pair[position(language)]


def interval(low: str, high: str, language: str) -> str:
    """The bounds of an interval, so that no dash is taken for a minus."""
    return f"{low} to {high}" if language == "en" else f"{low} ~ {high}"


def sentence(goal: str, verdict: str, *, written: str, language: str, **numbers: str) -> str:
    """The verdict in a sentence: as `written` in English, made anew in Korean where the interval decided."""
    pair = _KOREAN_SENTENCES.get(goal)
    if language == "en" or pair is None or verdict not in {"met", "not met"}:
        return written
    return pair[verdict == "not met"].format(**numbers)


def conclusion(verdict: str, *, met: int, of: int, written: str, language: str) -> str:
    """What came of the study: as `written` in English, made anew in Korean from the primary endpoints."""
    said = term(CONCLUSIONS, verdict, language)
    if language == "en":
        return written or said
    return f"{said} 일차 평가변수 {of}개 중 {met}개가 기준을 충족하였다."


def uses(written: str, language: str) -> str:
    """How often the data set was used."""
    counted = re.fullmatch(r"use (\d+) of (\d+) planned", written)
    if language == "en" or counted is None:
        return written
    return f"계획된 {counted[2]}회 중 {counted[1]}번째 사용"


def call(written: str, language: str) -> str:
    """What is true of a case or was said of it: "pneumonia: present", "absent (0.031)"."""
    parts = re.fullmatch(r"(.*: )?(\w+)( \([\d.]+\))?", written)
    if parts is None:
        return written
    return f"{parts[1] or ''}{term(terms.CALLS, parts[2], language)}{parts[3] or ''}"


def section(title: str, language: str) -> str:
    """The title of a section."""
    return ": ".join(term(terms.SECTIONS, part, language) for part in title.split(": "))


def caption(kind: str, language: str, *, with_: tuple[str, ...] = ()) -> str:
    """What the strokes of a figure of `kind` are; `with_` are keys of what it has besides."""
    at = position(language)
    parts = [_CAPTIONS[kind][at], *(_BANDS[key][at] for key in with_)]
    return " ".join(part for part in parts if part)


def limits(held: tuple[str, ...], language: str) -> tuple[str, ...]:
    """What the numbers are not, for a report that has the parts `held`."""
    at = position(language)
    return tuple(pair[at] for key in ("always", *held) for pair in LIMITS[key])
