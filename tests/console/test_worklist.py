"""Which studies the worklist shows, in which order, and what it says of each."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from audit.events import Event
from samd.console import wording
from samd.console.worklist import alarms, rows, search, studies
from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage
from tests.console import rows as build
from tests.console import trail as told

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("WEB-01")]


def names(show: str = "") -> list[str]:
    return [row.banner.name for row in rows(studies(show=show)) if row.banner]


def test_the_study_that_received_an_image_last_comes_first() -> None:
    build.study(PatientName="Older", at=build.NOON)
    build.study(PatientName="Newer", at=build.NOON + timedelta(minutes=1))

    assert names() == ["Newer", "Older"]


def test_a_study_still_receiving_says_so_and_has_no_answer() -> None:
    build.study(done=False)

    (row,) = rows(studies())

    assert [line.receiving for line in row.lines] == [True]
    assert row.analyses == ()


def test_a_study_that_no_model_takes_says_why() -> None:
    run = build.study()
    run.not_applicable = [["CXR", "the model analyses DX; the modality of this study is CT"]]
    run.save()

    (row,) = rows(studies())

    assert [(line.analysis, line.receiving) for line in row.lines] == [(None, False)]
    assert row.not_applicable == (("CXR", "the model analyses DX; the modality of this study is CT"),)


def test_an_analysis_that_a_later_one_replaced_stands_last_as_superseded() -> None:
    first = build.study()
    before = build.finding(first)
    after = build.analysis(build.next_run(first.study), supersedes=before, stage=Stage.QUEUED)

    (row,) = rows(studies())

    assert [(line.analysis and line.analysis.pk, line.superseded) for line in row.lines] == [
        (after.pk, False),
        (before.pk, True),
    ]


def test_an_answer_stays_while_a_later_run_brings_nothing_new_for_its_model() -> None:
    first = build.study()
    build.finding(first)
    build.next_run(first.study)

    (row,) = rows(studies())

    assert [line.superseded for line in row.lines] == [False]


def test_what_is_present_comes_before_what_is_uncertain_and_what_was_measured() -> None:
    lesion = {**build.PRESENT, "type": "Lesion"}
    build.finding(
        build.study(), findings=[build.MEASURED, build.UNDETERMINED, build.ABSENT, lesion, build.MEASURED]
    )

    (row,) = rows(studies())

    shown = row.analyses[0].findings
    assert [(kind, presence) for kind, presence, _ in shown] == [
        ("Lesion", wording.PRESENT),
        ("Pneumonia", wording.UNDETERMINED),
        ("Adipose tissue", wording.MEASURED),
    ]
    assert shown[2][2] == "4,123\u00a0cm³"
    assert row.analyses[0].more == 1


def test_nothing_found_names_what_was_looked_for() -> None:
    build.analysis(build.study(), Answer.NOTHING_FOUND, findings=[build.ABSENT])

    (row,) = rows(studies())

    assert row.analyses[0].findings == (("Pneumonia", wording.ABSENT, "0.021"),)


@pytest.mark.parametrize(
    ("show", "patients"),
    [
        ("finding", {"Finding"}),
        ("nothing-found", {"Clear"}),
        ("not-analysable", {"Short"}),
        ("failed", {"Broken"}),
        ("under-way", {"Waiting", "Arriving"}),
        ("undelivered", {"Stuck"}),
        ("no such filter", {"Finding", "Clear", "Short", "Broken", "Waiting", "Arriving", "Stuck"}),
    ],
)
def test_the_list_can_be_narrowed_to_one_answer(show: str, patients: set[str]) -> None:
    build.every_answer()
    build.analysis(build.study(PatientName="Waiting"), stage=Stage.ANALYSING)
    build.study(PatientName="Arriving", done=False)
    build.analysis(build.study(PatientName="Stuck"), stage=Stage.UNDELIVERED)

    assert {name.split()[0] for name in names(show)} == patients


def test_a_replaced_answer_does_not_bring_a_study_into_a_filter() -> None:
    first = build.study()
    before = build.finding(first)
    build.analysis(build.next_run(first.study), Answer.NOTHING_FOUND, supersedes=before)

    assert list(studies(show="finding")) == []
    assert len(studies(show="nothing-found")) == 1


@pytest.mark.parametrize("term", ["영희", "K-77", "abdomen"])
def test_a_search_looks_at_name_patient_id_and_description(term: str) -> None:
    build.study(PatientName="Other", PatientID="X-1", StudyDescription="HEAD")
    build.study(PatientName="김^영희", PatientID="K-77", StudyDescription="CT Abdomen")

    assert [row.banner and row.banner.patient_id for row in search(term)] == ["K-77"]


def test_only_refusals_of_the_last_day_ring() -> None:
    build.refusal(at=build.NOON - timedelta(hours=25))
    build.refusal(at=build.NOON - timedelta(hours=1))
    build.undelivered()
    build.conflict()

    found = alarms(now=build.NOON)

    assert (found.dead_letters, found.conflicts, found.refusals, found.ringing) == (1, 1, 1, True)


def test_nothing_rings_on_a_quiet_device() -> None:
    assert not alarms(now=build.NOON).ringing


@pytest.mark.requirement("AUD-09")
def test_a_trail_that_nobody_seals_rings() -> None:
    event = told.event(Event.STUDY_VIEWED, "study/1")

    assert not alarms(now=event.at + timedelta(minutes=2)).ringing
    assert alarms(now=event.at + timedelta(minutes=2, seconds=1)).unsealed


def test_the_number_of_queries_does_not_grow_with_the_list(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(12):
        run = build.study()
        build.analysis(
            build.next_run(run.study),
            supersedes=build.finding(run),
            by=build.model("cxr"),
            stage=Stage.QUEUED,
        )

    # studies; runs and analyses with their models, and assessments; images by series, and the first file of
    # each study
    with django_assert_num_queries(6):
        assert len(rows(studies())) == 12
