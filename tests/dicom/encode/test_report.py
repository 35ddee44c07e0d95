"""The report: four answers that cannot be confused, and a structure that readers know."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samd.dicom.encode import Predecessor
from samd.domain.codes import Code
from samd.domain.finding import Answer, Finding, Reason
from tests.cards import LUNG, PNEUMONIA
from tests.dicom.encode.cases import ANSWERS, CT_PROCEDURE, REASONS, REPORT, ct, found, radiograph, unanswered
from tests.dicom.encode.content import ABSENT, all_codes, code_of, codes, groups, items, texts

ANALYSED = (Answer.FINDING, Answer.NOTHING_FOUND)
STATUS, FOUND, REASON, PRESENCE, COMMENT = "111065", "111017", "410666004", "705057003", "121106"
CLINICAL = ("121071", "363698007", PRESENCE)  # finding, finding site, presence


@pytest.mark.requirement("GATE-02")
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer.FINDING, "111222"),
        (Answer.NOTHING_FOUND, "111222"),
        (Answer.NOT_ANALYSABLE, "111225"),
        (Answer.FAILED, "111224"),
    ],
)
def test_each_answer_states_once_how_the_analysis_went(answer: Answer, status: str) -> None:
    report = found(ANSWERS[answer]().encoded(), REPORT)

    assert codes(report, STATUS) == [status]


@pytest.mark.requirement("GATE-02")
def test_an_absent_finding_is_said_to_be_absent_with_its_score() -> None:
    report = found(radiograph(0.12).encoded(), REPORT)

    (group,) = groups(report)
    assert codes(group, "121071") == [PNEUMONIA.value]
    assert codes(group, PRESENCE) == [ABSENT]
    assert [str(n.MeasuredValueSequence[0].NumericValue) for n in items(group, "score")] == ["0.12"]
    assert codes(report, FOUND) == ["111241"]


@pytest.mark.requirement("GATE-02")
def test_a_present_and_an_undetermined_finding_are_said_to_be_so() -> None:
    present, undetermined = (found(radiograph(score).encoded(), REPORT) for score in (0.81, 0.5))

    assert codes(present, PRESENCE) == ["52101004"]
    assert codes(undetermined, PRESENCE) == ["373068000"]
    assert codes(present, FOUND) == codes(undetermined, FOUND) == ["111242"]


@pytest.mark.requirement("GATE-02")
@pytest.mark.parametrize("answer", [Answer.NOT_ANALYSABLE, Answer.FAILED])
def test_what_was_not_analysed_gives_its_reasons_and_nothing_clinical(answer: Answer) -> None:
    report = found(unanswered(answer).encoded(), REPORT)

    (reason,) = REASONS[answer]
    (group,) = groups(report)
    assert codes(group, REASON) == [reason.code.value]
    assert f"{reason.requirement}: {reason.message}" in texts(group, COMMENT)
    assert [name for name in CLINICAL if any(items(report, name))] == []


FINDINGS = st.builds(
    Finding,
    type=st.just(PNEUMONIA),
    tracking_identifier=st.just("pneumonia"),
    tracking_uid=st.just("2.25.9"),
    site=st.sampled_from([None, LUNG]),
    present=st.sampled_from([None, True, False]),
    undetermined=st.booleans(),
)
REASON_LISTS = st.lists(
    st.builds(
        Reason,
        requirement=st.just("spacing"),
        message=st.text(max_size=40),
        code=st.sampled_from(
            [Code("110523", "DCM", "Object Set incomplete"), REASONS[Answer.FAILED][0].code]
        ),
    ),
    max_size=3,
)


@pytest.mark.requirement("GATE-02")
@settings(max_examples=40, deadline=None)
@given(answer=st.sampled_from(Answer), findings=st.lists(FINDINGS, max_size=3), reasons=REASON_LISTS)
def test_absent_is_said_only_of_an_analysed_finding_that_is_absent(
    answer: Answer, findings: list[Finding], reasons: list[Reason]
) -> None:
    arguments = radiograph() if answer in ANALYSED else unanswered(answer)

    encoded = arguments.changed(answer=answer, findings=tuple(findings), reasons=tuple(reasons)).encoded()

    absent = answer in ANALYSED and any(f.present is False and not f.undetermined for f in findings)
    assert any(ABSENT in all_codes(dataset) for dataset in encoded.objects) is absent
    report = found(encoded, REPORT)
    assert len(codes(report, STATUS)) == 1
    assert len(codes(report, FOUND)) == (answer in ANALYSED)
    assert len(codes(report, "121071")) == (len(findings) if answer in ANALYSED else 0)
    assert codes(report, REASON) == (
        [] if answer in ANALYSED else list(dict.fromkeys(reason.code.value for reason in reasons))
    )


@pytest.mark.requirement("OUT-02")
@pytest.mark.parametrize("answer", Answer)
def test_the_report_is_complete_unverified_and_preliminary(answer: Answer) -> None:
    report = found(ANSWERS[answer]().encoded(), REPORT)

    assert (report.CompletionFlag, report.VerificationFlag, report.PreliminaryFlag) == (
        "COMPLETE",
        "UNVERIFIED",
        "PRELIMINARY",
    )


@pytest.mark.requirement("OUT-01")
def test_the_report_is_an_imaging_measurement_report_of_the_procedure_by_a_device() -> None:
    report = found(ct().encoded(), REPORT)

    assert code_of(report.ConceptNameCodeSequence).value == "126000"
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert codes(report, "121058") == [CT_PROCEDURE.value]
    assert codes(report, "121005") == ["121007"]


@pytest.mark.requirement("OUT-01")
def test_a_procedure_outside_the_context_group_of_the_template_is_named_in_the_header() -> None:
    chest = Code("399208008", "SCT", "Plain chest X-ray")

    report = found(replace(radiograph(), card=replace(radiograph().card, procedure=chest)).encoded(), REPORT)

    assert codes(report, "121058") == ["363679005"]
    assert code_of(report.PerformedProcedureCodeSequence) == chest


@pytest.mark.requirement("FLOW-02")
def test_a_report_that_replaces_another_names_it() -> None:
    arguments = ct()
    context = replace(arguments.context, run=2, supersedes=Predecessor("1.2.3.4", "1.2.3"))

    report = found(arguments.changed(context=context).encoded(), REPORT)

    (study,) = report.PredecessorDocumentsSequence
    (series,) = study.ReferencedSeriesSequence
    (instance,) = series.ReferencedSOPSequence
    assert study.StudyInstanceUID == report.StudyInstanceUID
    assert series.SeriesInstanceUID == "1.2.3"
    assert instance.ReferencedSOPClassUID == REPORT
    assert instance.ReferencedSOPInstanceUID == "1.2.3.4"


@pytest.mark.requirement("FLOW-02")
def test_a_report_that_replaces_none_says_nothing_of_predecessors() -> None:
    assert "PredecessorDocumentsSequence" not in found(ct().encoded(), REPORT)


@pytest.mark.requirement("OUT-01")
def test_findings_with_a_segment_stand_apart_from_those_without() -> None:
    arguments = ct()
    without = replace(arguments.outcome.findings[1], segment=None, present=False)

    report = found(arguments.changed(findings=(arguments.outcome.findings[0], without)).encoded(), REPORT)

    (measurements,), (others,) = (list(items(report, name)) for name in ("126010", "121070"))
    assert codes(measurements, "121071") == ["55603005"]
    assert codes(others, "121071") == [LUNG.value]
