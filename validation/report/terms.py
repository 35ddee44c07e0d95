"""The names of statistics in English and Korean: metrics, verdicts, goals, populations, lines of figures.

Korean terms follow the guidelines of the MFDS on AI medical devices and their clinical trials.
"""

import re
from collections.abc import Mapping

Table = Mapping[str, tuple[str, str]]

# Names are compared as `normal` gives them.
METRICS: Table = {
    "auc": ("Area under the ROC curve", "ROC 곡선하면적(AUC)"),
    "auc difference": ("Difference in area under the ROC curve", "ROC 곡선하면적 차이"),
    "partial auc": ("Partial area under the ROC curve", "ROC 부분 곡선하면적"),
    "macro auc": ("Macro-averaged area under the ROC curve", "ROC 곡선하면적 거시 평균"),
    "macro label auc": ("Area under the ROC curve, averaged over labels", "표지별 ROC 곡선하면적 평균"),
    "hand till": ("Hand-Till M measure", "Hand-Till M 지표"),
    "average precision": ("Average precision", "평균 정밀도"),
    "sensitivity": ("Sensitivity", "민감도"),
    "sensitivity difference": ("Difference in sensitivity", "민감도 차이"),
    "sensitivity of not absent": ("Sensitivity of not ruling out", "배제하지 않은 경우의 민감도"),
    "specificity": ("Specificity", "특이도"),
    "specificity of absent": ("Specificity of ruling out", "배제한 경우의 특이도"),
    "specificity difference": ("Difference in specificity", "특이도 차이"),
    "ppv": ("Positive predictive value", "양성예측도"),
    "npv": ("Negative predictive value", "음성예측도"),
    "observed ppv": ("Positive predictive value in this set", "이 데이터 세트에서의 양성예측도"),
    "observed npv": ("Negative predictive value in this set", "이 데이터 세트에서의 음성예측도"),
    "ppv at prevalence": (
        "Positive predictive value at the stated prevalence",
        "명시된 유병률에서의 양성예측도",
    ),
    "npv at prevalence": (
        "Negative predictive value at the stated prevalence",
        "명시된 유병률에서의 음성예측도",
    ),
    "lr+": ("Positive likelihood ratio", "양성우도비"),
    "lr-": ("Negative likelihood ratio", "음성우도비"),
    "accuracy": ("Accuracy", "정확도"),
    "balanced accuracy": ("Balanced accuracy", "균형 정확도"),
    "accuracy difference": ("Difference in accuracy", "정확도 차이"),
    "subset accuracy": ("Exact-match accuracy", "완전 일치 정확도"),
    "f1": ("F1 score", "F1 점수"),
    "kappa": ("Cohen's kappa", "코헨 카파"),
    "weighted kappa": ("Weighted kappa", "가중 카파"),
    "icc": ("Intraclass correlation", "급내상관계수"),
    "concordance correlation": ("Concordance correlation", "일치상관계수"),
    "pearson correlation": ("Pearson correlation", "피어슨 상관계수"),
    "bias": ("Mean difference (bias)", "평균 차이(편향)"),
    "bias in percent": ("Mean difference (bias), %", "평균 차이(편향), %"),
    "lower limit of agreement": ("Lower limit of agreement", "일치한계 하한"),
    "upper limit of agreement": ("Upper limit of agreement", "일치한계 상한"),
    "lower limit of agreement in percent": ("Lower limit of agreement, %", "일치한계 하한, %"),
    "upper limit of agreement in percent": ("Upper limit of agreement, %", "일치한계 상한, %"),
    "hd95": ("Hausdorff distance, 95th percentile, mm", "하우스도르프 거리 95 백분위, mm"),
    "assd": ("Average symmetric surface distance, mm", "평균 대칭 표면 거리, mm"),
    "nsd": ("Normalised surface distance", "정규화 표면 거리"),
    "mean absolute error": ("Mean absolute error", "평균절대오차"),
    "mean relative error": ("Mean relative error", "평균상대오차"),
    "root mean square error": ("Root mean square error", "평균제곱근오차"),
    "within tolerance": ("Share within tolerance", "허용오차 이내 비율"),
    "repeatability coefficient": ("Repeatability coefficient", "반복성 계수"),
    "dice": ("Dice coefficient", "다이스 계수"),
    "jaccard": ("Jaccard index", "자카드 지수"),
    "surface dice": ("Surface Dice", "표면 다이스"),
    "hausdorff": ("Hausdorff distance", "하우스도르프 거리"),
    "hausdorff 95": ("Hausdorff distance, 95th percentile", "하우스도르프 거리 95 백분위수"),
    "mean surface distance": ("Mean surface distance", "평균 표면 거리"),
    "froc sensitivity": (
        "Lesion sensitivity at stated false positives",
        "명시된 위양성 수에서의 병변 민감도",
    ),
    "froc area": ("Area under the FROC curve", "FROC 곡선하면적"),
    "afroc area": ("Area under the AFROC curve", "AFROC 곡선하면적"),
    "wafroc area": ("Area under the weighted AFROC curve", "가중 AFROC 곡선하면적"),
    "brier": ("Brier score", "브라이어 점수"),
    "ece": ("Expected calibration error", "기대 보정 오차"),
    "calibration slope": ("Calibration slope", "보정 기울기"),
    "calibration intercept": ("Calibration intercept", "보정 절편"),
    "observed to expected": ("Observed to expected ratio", "관측/기대 비"),
    "net benefit": ("Net benefit", "순이득"),
    "analysable": ("Share of cases analysed", "분석 가능 비율"),
    "not analysable": ("Share of cases not analysable", "분석 불가 비율"),
    "undetermined": ("Share of cases undetermined", "판정 유보 비율"),
    "pointing game": ("Pointing game", "포인팅 게임"),
    "faithfulness": ("Faithfulness", "충실도"),
    "stability": ("Stability under small noise", "작은 잡음에 대한 안정성"),
}

VERDICTS: Table = {
    "met": ("Met", "충족"),
    "not met": ("Not met", "미충족"),
    "not estimable": ("Not estimable", "추정 불가"),
    "not tested": ("Not tested", "검정하지 않음"),
    "described": ("Described", "기술"),
}

# {limit} is the limit of the protocol.
GOALS: Table = {
    "at least": ("lower limit above {limit}", "하한 > {limit}"),
    "at most": ("upper limit below {limit}", "상한 < {limit}"),
    "within": ("both limits within ±{limit}", "상·하한 모두 ±{limit} 이내"),
    "non-inferior": ("lower limit of the difference above −{limit}", "차이의 하한 > −{limit}"),
    "superior": ("lower limit of the difference above 0", "차이의 하한 > 0"),
    "described": ("none", "없음"),
}

POPULATIONS: Table = {
    "intention to diagnose": ("intention to diagnose", "진단 의도(ITD)"),
    "per protocol": ("per protocol", "계획서 순응(PP)"),
}

ENDINGS: Table = {
    "analysed": ("analysed", "분석됨"),
    "not analysable": ("not analysable", "분석 불가"),
    "failed": ("failed", "실패"),
}

CALLS: Table = {
    "present": ("present", "있음"),
    "absent": ("absent", "없음"),
    "undetermined": ("undetermined", "판정 유보"),
    "positive": ("positive", "양성"),
    "negative": ("negative", "음성"),
}

LINES: Table = {
    "bias": ("bias", "편향"),
    "lower limit": ("lower limit", "하한"),
    "upper limit": ("upper limit", "상한"),
    "limit": ("limit", "관리한계"),
    "target": ("target", "목표값"),
    "prevalence": ("prevalence", "유병률"),
    "goal": ("goal", "기준"),
    "unperturbed": ("unperturbed", "원본"),
    "operating point": ("operating point", "작동점"),
    "alarm": ("alarm", "경보"),
    "model": ("model", "모델"),
    "comparator": ("comparator", "대조"),
    "treat all": ("treat all", "모두 양성 처리"),
    "treat none": ("treat none", "모두 음성 처리"),
}

ATTRIBUTES: Table = {
    "sex": ("sex", "성별"),
    "age": ("age", "연령"),
    "site": ("site", "기관"),
    "manufacturer": ("manufacturer", "제조사"),
    "model": ("scanner model", "장비 모델"),
    "severity": ("severity", "중증도"),
    "ethnicity": ("ethnicity", "민족"),
    "race": ("race", "인종"),
    "view": ("view", "촬영 방향"),
    "slice thickness": ("slice thickness", "절편 두께"),
}

DIGESTS: Table = {
    "protocol": ("Protocol", "시험계획서"),
    "data set": ("Data set", "데이터 세트"),
    "model": ("Model", "모델"),
    "comparator": ("Comparator", "대조 모델"),
    "code": ("Code", "코드"),
    "soup": ("Third-party software", "제삼자 소프트웨어(SOUP)"),
}

JURISDICTIONS: Table = {
    "FDA": ("United States: Food and Drug Administration (FDA)", "미국 식품의약국(FDA)"),
    "MFDS": ("Republic of Korea: Ministry of Food and Drug Safety (MFDS)", "대한민국 식품의약품안전처(MFDS)"),
}

# Titles of sections; behind "Model card: " stands a name of the card, as it was written.
SECTIONS: Table = {
    "Intended use": ("Intended use", "사용 목적"),
    "Data set": ("Data set", "데이터 세트"),
    "Reference standard": ("Reference standard", "참조표준"),
    "Cases without a result": ("Cases without a result", "결과가 없는 증례의 처리"),
    "Sample size": ("Sample size", "표본 크기"),
    "Study design": ("Study design", "시험 설계"),
    "Inclusion and exclusion": ("Inclusion and exclusion", "선정 및 제외 기준"),
    "Data independence": ("Data independence", "데이터의 독립성"),
    "Clinical relevance of the acceptance limits": (
        "Clinical relevance of the acceptance limits",
        "허용 기준의 임상적 타당성",
    ),
    "Limitations": ("Limitations", "제한점"),
    "Role of the AI": ("Role of the AI", "인공지능의 역할"),
    "Limits of the explanation": ("Limits of the explanation", "설명가능성의 한계"),
    "Management of training data": ("Management of training data", "학습 데이터 관리"),
    "Model card": ("Model card", "모델 카드"),
    "limit of use": ("limit of use", "사용 제한"),
}

# What a figure is called, and what its axes are where the curve does not name them.
KINDS: Table = {
    "roc": ("Receiver operating characteristic", "ROC 곡선"),
    "precision-recall": ("Precision and recall", "정밀도-재현율 곡선"),
    "calibration": ("Calibration", "보정 곡선"),
    "bland-altman": ("Bland-Altman plot", "블랜드-알트만 도표"),
    "froc": ("Free-response operating characteristic", "FROC 곡선"),
    "decision": ("Decision curve", "의사결정 곡선"),
    "robustness": ("Robustness", "강건성"),
    "timeline": ("Control chart", "관리도"),
    "forest": ("Subgroups", "하위군"),
}
X_AXES: Table = {
    "roc": ("1 − specificity", "1 − 특이도"),
    "precision-recall": ("Recall (sensitivity)", "재현율(민감도)"),
    "calibration": ("Predicted probability", "예측 확률"),
    "bland-altman": ("Mean of both", "두 값의 평균"),
    "froc": ("False positives per case", "증례당 위양성 수"),
    "decision": ("Threshold probability", "임계 확률"),
    "robustness": ("Level", "수준"),
    "timeline": ("Time", "시간"),
}
Y_AXES: Table = {
    "roc": ("Sensitivity", "민감도"),
    "precision-recall": ("Precision (positive predictive value)", "정밀도(양성예측도)"),
    "calibration": ("Observed share", "관측 비율"),
    "bland-altman": ("Difference", "차이"),
    "froc": ("Lesion sensitivity", "병변 민감도"),
    "decision": ("Net benefit", "순이득"),
    "robustness": ("Estimate", "추정값"),
    "timeline": ("Statistic", "통계량"),
}


def normal(name: str) -> str:
    """`name` as METRICS has it: in lower case, its words apart by spaces."""
    return " ".join(re.sub(r"[_-](?=\w)", " ", name.lower()).split())
