"""What the operator is shown, and that showing it stays cheap."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.events import Event
from audit.sequencer import Sequencer
from samd.console.attention import operations_page
from samd.domain.lifecycle import Stage
from samd.records.models import Association, Job
from tests.console import rows as build
from tests.console import trail as told

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("WEB-01", "FLOW-03")]


def test_a_dead_letter_of_each_kind_names_its_study_and_what_it_is_about() -> None:
    run = build.study()
    analysis = build.analysis(run, stage=Stage.ANALYSING)
    build.job(Job.Kind.COMPLETE, run.pk, error="BundleRefused")
    build.job(Job.Kind.ANALYSE, analysis.pk, error="MemoryError")
    build.job(Job.Kind.DELIVER, build.delivery(analysis, build.peer("archive")).pk, error="0x0122")

    letters = operations_page(now=build.NOON).dead_letters

    assert {(letter.study, letter.about, letter.words) for letter in letters} == {
        (run.study_id, "", "BundleRefused"),
        (run.study_id, "CXR", "MemoryError"),
        (run.study_id, "archive", "0x0122"),
    }


def test_living_jobs_are_no_dead_letters_but_are_counted() -> None:
    build.job(Job.Kind.ANALYSE, 1, Job.State.READY)
    build.job(Job.Kind.ANALYSE, 2, Job.State.READY)
    build.job(Job.Kind.DELIVER, 1, Job.State.DONE)

    page = operations_page(now=build.NOON)

    assert page.dead_letters == ()
    assert [count.counts for count in page.jobs] == [(0, 0, 0, 0), (2, 0, 0, 0), (0, 0, 1, 0)]


def test_a_peer_shows_its_last_association_and_whether_it_is_open() -> None:
    sender, silent = build.peer("ct1"), build.peer("mr1")
    later = build.NOON + timedelta(hours=1)
    Association.objects.create(key="a", peer=sender, opened_at=build.NOON, closed_at=build.NOON)
    Association.objects.create(key="b", peer=sender, opened_at=later)

    peers = {line.name: line for line in operations_page(now=build.NOON).peers}

    assert (peers["ct1"].last_opened, peers["ct1"].connected) == (later, True)
    assert (peers[silent.name].last_opened, peers[silent.name].connected) == (None, False)


def test_only_models_in_force_are_listed() -> None:
    build.model("cxr", version="1.0.0", in_force=False)
    build.model("cxr", version="2.0.0")

    assert [model.version for model in operations_page(now=build.NOON).models] == ["2.0.0"]


def test_the_number_of_queries_does_not_grow() -> None:
    few = _queries_of_a_page_with(1)

    assert _queries_of_a_page_with(6) == few


def _queries_of_a_page_with(more: int) -> int:
    for _ in range(more):
        build.undelivered()
        build.conflict()
        build.refusal()
        build.peer(f"peer-{Association.objects.count()}")
    with CaptureQueriesContext(connection) as queries:
        page = operations_page(now=build.NOON)
        assert {str(conflict.association.peer) for conflict in page.conflicts} == {"ct1"}
        assert len(page.dead_letters) == len(page.conflicts) >= more
    return len(queries)


def test_a_month_whose_review_is_overdue_is_shown(sequencer: Sequencer) -> None:
    told.event(Event.STUDY_VIEWED, "study/1", by="kim")
    told.seal(sequencer)

    page = operations_page(now=timezone.now() + timedelta(days=90))

    assert page.overdue_reviews == (f"{timezone.localtime():%Y-%m}",)


def test_the_trail_stands_on_the_page(sequencer: Sequencer) -> None:
    told.event(Event.STUDY_VIEWED, "study/1")
    told.seal(sequencer)

    assert operations_page(now=timezone.now()).trail.sealing.size == 1
