"""How an analysis moves, and what is recorded of it."""

from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.events import Event
from audit.models import AuditEvent
from samd.domain.codes import EQUIPMENT_FAILURE
from samd.domain.finding import Answer, Outcome, Reason
from samd.domain.lifecycle import IllegalTransition, Stage
from samd.domain.selection import Declined
from samd.records import jobs, registry, store
from samd.records.models import Analysis, Delivery, Job, ModelVersion, Run
from tests.cards import measuring_card
from tests.records.arriving import arrive, peer, run_of, sending
from tests.records.meanwhile import meanwhile, on_postgresql

pytestmark = pytest.mark.django_db(transaction=True)

LEASE = timedelta(seconds=30)
FAILED = Outcome(answer=Answer.FAILED, reasons=(Reason("model output", "not finite", EQUIPMENT_FAILURE),))


def refusal(message: str = "too few slices", *, concerns: bool = True) -> Declined:
    return Declined(measuring_card(), (Reason("planes", message, EQUIPMENT_FAILURE),), concerns=concerns)


def complete(run: Run, decision: Declined, *, seen: int = 1) -> None:
    model = registry.put_in_force(measuring_card())
    Job.objects.filter(kind=Job.Kind.COMPLETE, subject=run.pk).update(not_before=timezone.now())
    job = Job.objects.get(kind=Job.Kind.COMPLETE, subject=run.pk)
    with jobs.claimed(job.pk, lease=LEASE) as claim:
        assert claim is not None
        store.complete_run(claim, run, [(model, decision)], seen=seen)


def reported() -> Analysis:
    """An analysis with its answer, and one delivery for each peer that gets results."""
    arrive(sending())
    complete(run_of(), refusal())
    job = Job.objects.get(kind=Job.Kind.ANALYSE)
    with jobs.claimed(job.pk, lease=LEASE) as claim:
        assert claim is not None
        store.report_analysis(claim, store.start_analysis(claim, anchor=""), FAILED, [])
    return Analysis.objects.get()


@pytest.mark.requirement("FLOW-05")
def test_every_move_leaves_an_event() -> None:
    reported()

    events = list(AuditEvent.objects.filter(subject__startswith="analysis/").values_list("event", flat=True))
    assert events == ["analysis:queued", "analysis:started", "analysis:reported"]


@pytest.mark.requirement("FLOW-05")
def test_an_illegal_move_raises_and_changes_nothing() -> None:
    analysis = reported()

    with pytest.raises(IllegalTransition):
        store.advance(analysis, Stage.QUEUED, Event.ANALYSIS_RETURNED)

    assert Analysis.objects.get().stage == Stage.REPORTED


@pytest.mark.requirement("FLOW-01")
def test_a_run_is_not_completed_on_fewer_images_than_have_arrived() -> None:
    association = sending()
    arrive(association, "1.2.3.1")
    arrive(association, "1.2.3.2")

    complete(run_of(), refusal(), seen=1)

    assert run_of().completed_at is None
    assert Job.objects.get().error == "MoreArrived"


@pytest.mark.requirement("FLOW-02")
def test_a_model_whose_input_did_not_change_is_not_run_again() -> None:
    association = sending()
    arrive(association, "1.2.3.1")
    complete(run_of(), refusal())
    arrive(association, "1.2.3.2")

    complete(run_of(), refusal(), seen=2)

    assert run_of().number == 2
    assert Analysis.objects.count() == 1


@pytest.mark.requirement("FLOW-02")
def test_a_model_whose_input_changed_is_run_again_and_supersedes() -> None:
    association = sending()
    arrive(association, "1.2.3.1")
    complete(run_of(), refusal())
    arrive(association, "1.2.3.2")

    complete(run_of(), refusal("other slices"), seen=2)

    first, second = Analysis.objects.order_by("pk")
    assert second.supersedes == first


@pytest.mark.requirement("GATE-01")
def test_a_model_that_is_not_concerned_is_recorded_without_an_analysis() -> None:
    arrive(sending())

    complete(run_of(), refusal("CT only", concerns=False))

    assert run_of().not_applicable == [["Measuring", "CT only"]]
    assert not Analysis.objects.exists()


@pytest.mark.requirement("FLOW-04")
def test_an_attempt_that_died_leaves_the_analysis_to_the_next() -> None:
    arrive(sending())
    complete(run_of(), refusal())
    job = Job.objects.get(kind=Job.Kind.ANALYSE)
    with jobs.claimed(job.pk, lease=LEASE) as claim:
        assert claim is not None
        store.start_analysis(claim, anchor="")
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - LEASE)

    with jobs.claimed(job.pk, lease=LEASE) as claim:
        assert claim is not None
        assert store.start_analysis(claim, anchor="").stage == Stage.ANALYSING


def taken_over(kind: Job.Kind) -> tuple[jobs.Claim, jobs.Claim]:
    """The claims of a worker that slept until its lease had ended, and of the one that took its job over."""
    job = Job.objects.get(kind=kind)
    slept = jobs._claim(job.pk, lease=-LEASE)
    holds = jobs._claim(job.pk, lease=LEASE)
    assert slept is not None
    assert holds is not None
    return slept, holds


@pytest.mark.requirement("FLOW-04", "FLOW-05")
def test_a_worker_that_lost_its_lease_does_not_begin_what_another_has_begun() -> None:
    arrive(sending())
    complete(run_of(), refusal())
    slept, holds = taken_over(Job.Kind.ANALYSE)
    store.start_analysis(holds, anchor="")

    with pytest.raises(jobs.LeaseLost):
        store.start_analysis(slept, anchor="")

    events = list(AuditEvent.objects.filter(subject__startswith="analysis/").values_list("event", flat=True))
    assert events == ["analysis:queued", "analysis:started"]


@pytest.mark.requirement("FLOW-04", "FLOW-05")
@on_postgresql
def test_an_answer_is_not_overwritten_by_a_worker_that_began_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arrive(sending())
    complete(run_of(), refusal())
    job = Job.objects.get(kind=Job.Kind.ANALYSE)
    slept = jobs._claim(job.pk, lease=-LEASE)
    assert slept is not None

    def take_over_and_answer() -> None:
        holds = jobs._claim(job.pk, lease=LEASE)
        assert holds is not None
        store.report_analysis(holds, store.start_analysis(holds, anchor=""), FAILED, [])

    with ExitStack() as until_it_has_begun:
        advance = store.advance

        def paused(*arguments: Any, **facts: Any) -> AuditEvent:
            monkeypatch.setattr(store, "advance", advance)
            until_it_has_begun.enter_context(meanwhile(take_over_and_answer))
            return advance(*arguments, **facts)

        monkeypatch.setattr(store, "advance", paused)  # it has read the row, and writes it after a pause
        store.start_analysis(slept, anchor="")

    analysis = Analysis.objects.get()
    assert (analysis.stage, analysis.answer) == (Stage.REPORTED, Answer.FAILED)
    assert analysis.released_by is not None


@pytest.mark.requirement("FLOW-04")
def test_a_worker_that_lost_its_lease_does_not_begin_to_send() -> None:
    peer("pacs", gets_results=True)
    reported()
    slept, _ = taken_over(Job.Kind.DELIVER)

    with pytest.raises(jobs.LeaseLost):
        store.start_delivery(slept, Delivery.objects.get(), [])

    assert not AuditEvent.objects.filter(event="delivery:started").exists()


@pytest.mark.requirement("AUD-03")
@pytest.mark.parametrize("stage", [Stage.ANALYSING, Stage.REPORTED])
def test_nothing_is_released_without_the_event_of_its_report(stage: Stage) -> None:
    analysis = reported()

    analysis.stage, analysis.released_by = stage, None

    assert not store.is_released(analysis)


@pytest.mark.requirement("NET-01")
def test_an_analysis_is_delivered_when_every_peer_has_it() -> None:
    peer("pacs", gets_results=True)
    peer("backup", gets_results=True)
    analysis = reported()

    for delivery in Delivery.objects.all():
        assert Analysis.objects.get().stage == Stage.REPORTED
        job = Job.objects.get(kind=Job.Kind.DELIVER, subject=delivery.pk)
        with jobs.claimed(job.pk, lease=LEASE) as claim:
            assert claim is not None
            store.delivered(claim, delivery, accepted=[], remark="")

    analysis.refresh_from_db()
    assert analysis.stage == Stage.DELIVERED


@pytest.mark.requirement("NET-01")
def test_a_refusal_is_a_dead_letter_with_the_peers_words_and_can_be_tried_again() -> None:
    peer("pacs", gets_results=True)
    reported()
    delivery = Delivery.objects.get()
    job = Job.objects.get(kind=Job.Kind.DELIVER)
    with jobs.claimed(job.pk, lease=LEASE) as claim:
        assert claim is not None
        store.refused(claim, delivery, words="SOP class not supported")

    letter = Job.objects.get(pk=job.pk)
    assert (letter.state, letter.error) == (Job.State.DEAD, "SOP class not supported")
    assert Analysis.objects.get().stage == Stage.UNDELIVERED

    store.reopen(letter.pk, actor="kim")

    assert Job.objects.get(pk=job.pk).state == Job.State.READY
    assert Analysis.objects.get().stage == Stage.REPORTED
    with pytest.raises(store.NotDead):
        store.reopen(letter.pk, actor="kim")


@pytest.mark.requirement("MOD-01")
def test_one_version_of_a_model_is_in_force() -> None:
    registry.put_in_force(measuring_card())

    registry.put_in_force(measuring_card(digest="c" * 64, version="1.1.0"))

    assert ModelVersion.objects.get(in_force=True).version == "1.1.0"
    assert ModelVersion.objects.count() == 2
