"""Every fixed word of a periodic report in English and Korean; what people wrote stays as it is."""

from validation.report.terms import Table

WORDS: Table = {
    "kind": ("Periodic monitoring report", "정기 시판 후 모니터링 보고서"),
    "model": ("Model", "모델"),
    "versions": ("Versions", "버전"),
    "plan": ("Plan", "모니터링 계획서"),
    "digest": ("SHA-256", "SHA-256"),
    "period": ("Period", "기간"),
    "to": ("to", "~"),
    "made": ("Report made", "보고서 생성"),
    "observations": ("Analyses counted", "집계된 분석"),
    "breaches": ("Breaches", "한계 초과"),
    "problems": ("Problems", "문제 기록"),
    "force": ("Versions taken out of force and put back", "버전의 사용 중지와 재개"),
    "rates": ("Rates and medians", "비율과 중앙값"),
    "charts": ("Charts", "관리도"),
    "timelines": ("Over time", "시간에 따른 변화"),
    "remarks": ("Remarks", "비고"),
    "digests": ("Digests", "다이제스트"),
    "signatures": ("Signatures", "서명"),
    "of_plan": ("Of the plan", "모니터링 계획서"),
    "of_report": ("Of this report", "이 보고서"),
    "checkpoint": ("Checkpoint of the audit trail", "감사추적 체크포인트"),
    "none": ("None.", "없음."),
    "group": ("Group", "군"),
    "all": ("all", "전체"),
    "figure_name": ("Measure", "지표"),
    "count": ("Events", "건수"),
    "n": ("n", "n"),
    "estimate": ("Estimate", "추정값"),
    "interval": ("Confidence interval", "신뢰구간"),
    "method": ("Method", "방법"),
    "seed": ("Seed", "난수 시드"),
    "not_estimable": ("Not estimable", "추정 불가"),
    "stream": ("Stream", "감시 항목"),
    "rule": ("Rule", "규칙"),
    "limit": ("Limit", "한계"),
    "signal": ("Signal", "신호"),
    "seen": ("Values", "값의 수"),
    "missing": ("Not recorded", "기록 없음"),
    "false_alarms": ("False alarms, measured before", "사전에 측정한 오경보율"),
    "at": ("Time", "일시"),
    "observation": ("Observation", "관측"),
    "problem": ("Problem", "문제 기록"),
    "origin": ("From", "발단"),
    "opened": ("Opened", "개시"),
    "closed": ("Closed", "종결"),
    "open": ("open", "진행 중"),
    "links": ("Complaint, CAPA, change request", "불만, 시정·예방조치, 변경 요청"),
    "conclusion": ("Conclusion", "결론"),
    "what": ("What", "내용"),
    "who": ("Who", "행위자"),
    "reason": ("Reason", "사유"),
    "name": ("Name", "성명"),
    "meaning": ("Meaning", "서명의 의미"),
    "signed": ("Signed", "서명 일시"),
    "figure": ("Figure", "그림"),
    "of_json": ("This report as JSON", "이 보고서의 JSON"),
    "research": ("For research use", "연구용"),
    "research_statement": (
        (
            "This report says what was observed of software in use. The software is not a medical device "
            "cleared, approved or certified by any authority. Without a reference standard nothing here says "
            "how often the software was right."
        ),
        (
            "이 보고서는 사용 중인 소프트웨어에서 관측된 바를 기술한다. 이 소프트웨어는 어느 규제기관에서도 "
            "허가·인증·승인을 받은 의료기기가 아니다. 참조표준이 없으므로 이 보고서는 소프트웨어가 얼마나 "
            "정확했는지를 말하지 않는다."
        ),
    ),
}

# Streams name their values by measure; these stand without the name of a finding.
MEASURES: Table = {
    "not analysable": ("Not analysable", "분석 불가"),
    "failed": ("Failed", "실패"),
    "latency": ("Latency, s", "지연 시간(초)"),
    "override": ("Overridden by a physician", "의사에 의한 판정 변경"),
    "explanation withheld": ("Explanation withheld", "설명 보류"),
    "explanation faithfulness": ("Faithfulness of the explanation", "설명의 충실도"),
}
RULES: Table = {
    "cusum": ("CUSUM", "누적합(CUSUM)"),
    "ewma": ("EWMA", "지수가중이동평균(EWMA)"),
    "rate cusum": ("CUSUM of a rate", "비율의 누적합(CUSUM)"),
    "rate chart": ("p-chart", "p 관리도"),
    "population stability": ("Population stability index", "모집단 안정성 지수(PSI)"),
    "kolmogorov-smirnov": ("Kolmogorov-Smirnov test", "콜모고로프-스미르노프 검정"),
    "maximum mean discrepancy": ("Maximum mean discrepancy", "최대 평균 차이(MMD)"),
}
FORCE: Table = {
    "model:suspended": ("taken out of force", "사용 중지"),
    "model:resumed": ("put back in force", "사용 재개"),
    "model:imported": ("put in force", "사용 개시"),
}
KINDS: Table = {
    "breach": ("breach", "한계 초과"),
    "complaint": ("complaint", "불만"),
    "CAPA": ("CAPA", "시정·예방조치"),
    "change request": ("change request", "변경 요청"),
}
