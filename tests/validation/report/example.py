"""A report with something of everything in it; every number is made up."""

import base64
import io
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from validation.document import (
    Curve,
    Document,
    EndpointLine,
    Failure,
    Figure,
    Interaction,
    Section,
    Signed,
    SubgroupLine,
)

HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def figure(estimate: float, low: float, high: float, *, n: int = 612, method: str = "DeLong") -> Figure:
    return Figure(estimate, low, high, 0.95, n, method)


ENDPOINTS = (
    EndpointLine(
        "Area under the curve",
        "auc",
        "pneumonia",
        "intention to diagnose",
        "at least",
        0.85,
        True,
        figure(0.9127, 0.8891, 0.9363, n=624),
        "met",
        "The lower bound 0.8891 lies above 0.85.",
    ),
    EndpointLine(
        "Sensitivity at the operating point",
        "sensitivity",
        "pneumonia",
        "intention to diagnose",
        "at least",
        0.8,
        True,
        figure(0.8487, 0.80004, 0.8891, n=390, method="Clopper-Pearson"),
        "met",
        "The lower bound 0.80004 lies above 0.8.",
    ),
    EndpointLine(
        "Specificity at the operating point",
        "specificity",
        "pneumonia",
        "intention to diagnose",
        "at least",
        0.8,
        True,
        figure(0.8077, 0.7511, 0.8563, n=234, method="Clopper-Pearson"),
        "not met",
        "The lower bound 0.7511 does not lie above 0.8.",
    ),
    EndpointLine(
        "Difference to the previous version",
        "auc difference",
        "pneumonia",
        "per protocol",
        "non-inferior",
        0.05,
        False,
        Figure(-0.0042, -0.0199, 0.0115, 0.95, 612, "bootstrap of cases, BCa, 2,000 replicates", 20260301),
        "met",
        "The lower bound -0.0199 lies above -0.05.",
    ),
    EndpointLine(
        "Positive likelihood ratio",
        "LR+",
        "pneumonia",
        "per protocol",
        "described",
        0.0,
        False,
        figure(4.413, 3.362, float("inf"), method="log method"),
        "described",
        "",
    ),
    EndpointLine(
        "Opacity volume",
        "bias",
        "opacity",
        "per protocol",
        "within",
        5.0,
        False,
        Figure.missing("no case has a true volume", level=0.95, n=0),
        "not estimable",
        "",
    ),
)


def _roc(shift: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    random = np.random.default_rng(7)
    healthy, ill = random.normal(0, 1, 234), random.normal(shift, 1, 390)
    cuts = np.sort(np.concatenate([healthy, ill, [np.inf]]))[::-1]
    return tuple((healthy >= c).mean() for c in cuts), tuple((ill >= c).mean() for c in cuts)


def curves() -> tuple[Curve, ...]:
    random = np.random.default_rng(11)
    x, y = _roc(1.9)
    other = _roc(1.7)
    width = 0.06
    bins = np.linspace(0.05, 0.95, 10)
    seen = np.clip(bins + random.normal(0, 0.04, 10), 0, 1)
    mean = random.uniform(5, 80, 90)
    difference = random.normal(-1.2, 3.4, 90)
    thresholds = np.linspace(0.01, 0.8, 80)
    days = np.arange(1, 61)
    score = np.abs(np.sin(days / 4)) + random.uniform(0, 0.8, 60) + np.where(days > 48, days - 48, 0) * 0.6
    recall = np.linspace(0, 1, 120)
    return (
        Curve(
            "roc",
            "pneumonia",
            x,
            y,
            tuple(max(0.0, v - width) for v in y),
            tuple(min(1.0, v + width) for v in y),
            note="n = 624; simultaneous 95 % band by Campbell",
            series="model",
            marks={"operating point": (x[410], y[410])},
        ),
        Curve("roc", "pneumonia", *other, series="comparator"),
        Curve(
            "precision-recall",
            "pneumonia",
            tuple(recall),
            tuple(1 - 0.375 * recall**4),
            lines={"prevalence": 0.625},
            note="n = 624",
        ),
        Curve(
            "calibration",
            "pneumonia",
            tuple(bins),
            tuple(seen),
            tuple(np.clip(seen - 0.08, 0, 1)),
            tuple(np.clip(seen + 0.08, 0, 1)),
            counts=(140, 70, 34, 20, 18, 22, 30, 55, 90, 145),
            note="n = 624; Wilson, 95 %",
        ),
        Curve(
            "decision",
            "pneumonia",
            tuple(thresholds),
            tuple(0.6 - 0.35 * thresholds),
            series="model",
            note="n = 624",
        ),
        Curve(
            "decision",
            "pneumonia",
            tuple(thresholds),
            tuple(0.625 - 0.375 * thresholds / (1 - thresholds)),
            series="treat all",
        ),
        Curve(
            "bland-altman",
            "opacity volume",
            tuple(mean),
            tuple(difference),
            lines={"bias": -1.21, "lower limit": -7.93, "upper limit": 5.51},
            line_intervals={
                "bias": (-1.9, -0.5),
                "lower limit": (-9.1, -6.7),
                "upper limit": (4.3, 6.7),
            },
            x_name="Mean of model and truth (ml)",
            y_name="Model minus truth (ml)",
            note="n = 90; exact limits of agreement, 95 %",
        ),
        Curve(
            "froc",
            "opacity",
            (0, 0.1, 0.25, 0.5, 1, 2, 4),
            (0, 0.42, 0.6, 0.71, 0.8, 0.86, 0.9),
            (0, 0.35, 0.53, 0.64, 0.74, 0.8, 0.84),
            (0, 0.49, 0.67, 0.78, 0.86, 0.92, 0.96),
            note="n = 624; bootstrap of cases, 95 %, seed 20260301",
        ),
        Curve(
            "robustness",
            "noise",
            (0, 5, 10, 20),
            (0.913, 0.908, 0.89, 0.83),
            (0.88, 0.87, 0.85, 0.78),
            (0.94, 0.94, 0.93, 0.88),
            lines={"goal": 0.85},
            x_name="Standard deviation of noise (HU)",
            y_name="Area under the ROC curve",
            note="n = 100; DeLong, 95 %",
        ),
        Curve(
            "robustness",
            "rotation",
            (-10, -5, 0, 5, 10),
            (0.88, 0.9, 0.913, 0.905, 0.87),
            (0.83, 0.86, 0.88, 0.865, 0.82),
            (0.93, 0.94, 0.94, 0.945, 0.92),
            lines={"goal": 0.85},
            x_name="Degrees",
            y_name="Area under the ROC curve",
            note="n = 100; DeLong, 95 %",
        ),
        Curve(
            "timeline",
            "positive rate",
            tuple(map(float, days)),
            tuple(map(float, score)),
            lines={"limit": 5.0},
            x_name="Day",
            y_name="CUSUM",
            note="reference rate 0.62; false alarm once in 500 days",
            marks={"alarm": (float(days[score > 5][0]), float(score[score > 5][0]))},
        ),
    )


def picture(seed: int) -> str:
    noise = np.random.default_rng(seed).normal(0, 12, (96, 96))
    rows, columns = np.mgrid[:96, :96]
    lungs = sum(np.exp(-(((columns - c) / 15) ** 2 + ((rows - 50) / 28) ** 2)) for c in (28, 68))
    pixels = np.clip(190 - 150 * lungs + noise, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


SUBGROUPS = (
    SubgroupLine("sex", "female", figure(0.921, 0.887, 0.955, n=298)),
    SubgroupLine("sex", "male", figure(0.903, 0.868, 0.938, n=311)),
    SubgroupLine("sex", "", figure(0.88, 0.7, 1.0, n=15)),
    SubgroupLine("age", "0-17", Figure.missing("fewer than 10 cases", level=0.95, n=4)),
    SubgroupLine("age", "18-64", figure(0.918, 0.89, 0.946, n=402)),
    SubgroupLine("age", "65 and older", figure(0.897, 0.851, 0.943, n=218)),
    SubgroupLine("site", "서울 A병원", figure(0.93, 0.9, 0.96, n=350)),
    SubgroupLine("site", "Site B", figure(0.889, 0.847, 0.931, n=274)),
)


def document(**changes: Any) -> Document:
    """The report, with `changes` to its fields."""
    whole = Document(
        title="Standalone performance of chest X-ray pneumonia detection in emergency departments",
        protocol="cxr-pneumonia-standalone 1.2",
        dated="2026-02-11",
        model="chest-xray-pneumonia 2.1.0",
        comparator="chest-xray-pneumonia 2.0.0",
        intended_use="Aids physicians in prioritising frontal chest radiographs of patients with suspected "
        "pneumonia. It does not replace reading by a physician.",
        product_code="QFM",
        verdict="not met",
        conclusion="Of three primary endpoints two met their goal; specificity did not.",
        counts={
            "cases": 624,
            "patients": 601,
            "sites": 2,
            "positive": 390,
            "negative": 234,
            "analysed": 612,
            "not analysable": 9,
            "failed": 3,
        },
        endpoints=ENDPOINTS,
        subgroups=SUBGROUPS,
        interactions=(
            Interaction("sex", "Cochran Q", 0.53, 1, 0.467, 0.934, "Holm"),
            Interaction("age", "Cochran Q", 0.61, 1, 0.435, 0.934, "Holm"),
            Interaction("site", "Cochran Q", 12.43, 1, 0.0004, 0.0012, "Holm"),
        ),
        curves=curves(),
        explanations=(
            ("pointing game", figure(0.731, 0.684, 0.775, n=390, method="Clopper-Pearson")),
            ("stability", Figure(0.88, 0.85, 0.91, 0.95, 50, "bootstrap of cases", 20260301)),
        ),
        failures=(
            Failure("case-0017", "analysed", "absent", "present", (), picture(1)),
            Failure("case-0102", "analysed", "present", "absent", (), picture(2)),
            Failure(
                "case-0233", "not analysable", "present", "", ("lateral view: outside the intended use",)
            ),
            Failure("case-0401", "failed", "absent", "", ("out of memory",), picture(3)),
            Failure("case-0555", "analysed", "absent", "present", ("score 0.97",), picture(4)),
        ),
        deviations=(
            "Three cases were read with version 2.1.0-rc1 first and repeated; the protocol foresaw one run.",
        ),
        sections=(
            Section("FDA", "Reference standard", "Two board-certified radiologists, adjudicated by a third."),
            Section(
                "FDA",
                "Independence of the test data",
                "No patient and no site of development is in this set.",
            ),
            Section(
                "MFDS", "학습 데이터 관리계획", "출처, 수량, 갱신 주기, 품질 관리 및 라벨링 방법을 기술한다."
            ),
            Section(
                "MFDS", "알고리즘 구조와 학습 방법", "합성곱 신경망, 지도 학습.\n\n학습 후 고정된 모델이다."
            ),
        ),
        digests=dict.fromkeys(("soup", "protocol", "data set", "model", "comparator", "code"), HEX),
        seed=20260301,
        uses="use 1 of 1 planned",
        protocol_signatures=(
            Signed("김지원", "author of the protocol", "2026-02-11T09:12:44+09:00", HEX),
            Signed("Park Minseo", "approval", "2026-02-12T14:03:10+09:00", HEX),
        ),
        checkpoint="samd.example/trail\n48213\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— samd.example/trail Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5zyWE=\n",
        made="2026-03-02T10:00:00+00:00",
        subgroup_endpoint="Area under the curve",
    )
    return replace(whole, **changes)


def empty() -> Document:
    """A report of which nothing but the necessary is said."""
    return document(
        endpoints=ENDPOINTS[:1],
        subgroups=(),
        interactions=(),
        curves=(),
        explanations=(),
        failures=(),
        deviations=(),
        sections=(),
        protocol_signatures=(),
        checkpoint="",
        made="",
        uses="",
        comparator="",
    )
