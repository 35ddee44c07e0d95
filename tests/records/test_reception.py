"""What the node writes down."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEvent
from samd.domain.study import is_complete
from samd.records import reception
from samd.records.models import Association, Conflict, Instance, Job, Refusal, Run
from tests.records.arriving import arrive, peer, run_of, sending

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("NODE-03")
def test_a_peer_is_known_by_ae_title_and_address_together() -> None:
    peer("ct1", ae_title="CT1", host="10.0.0.7")

    assert reception.find_peer("CT1", "10.0.0.7") == "ct1"
    assert reception.find_peer("CT1", "10.0.0.8") is None
    assert reception.find_peer("CT2", "10.0.0.7") is None


@pytest.mark.requirement("NODE-05")
def test_the_same_bytes_again_change_nothing() -> None:
    association = sending()
    arrive(association)

    arrive(association)

    assert Instance.objects.count() == 1
    assert Conflict.objects.count() == 0


@pytest.mark.requirement("NODE-05")
def test_other_bytes_under_the_same_uid_are_kept_beside_and_alarmed() -> None:
    association = sending()
    arrive(association, sha256="a" * 64)

    arrive(association, sha256="b" * 64)

    assert Instance.objects.get().sha256 == "a" * 64
    assert Conflict.objects.get().sha256 == "b" * 64
    assert AuditEvent.objects.filter(event="instance:conflicted").count() == 1


@pytest.mark.requirement("FLOW-01")
def test_a_study_is_held_open_by_the_association_that_sends_it() -> None:
    association = sending()
    arrive(association)
    later = timezone.now() + timedelta(days=1)
    quiet = timedelta(seconds=60)

    assert not is_complete(reception.reception_of(run_of()), now=later, quiet_period=quiet)
    reception.association_closed(key=association, accepted=1)
    assert is_complete(reception.reception_of(run_of()), now=later, quiet_period=quiet)


@pytest.mark.requirement("FLOW-01")
def test_associations_of_a_node_that_died_hold_no_study_open() -> None:
    arrive(sending("of the node that died"))
    Association.objects.update(opened_at=timezone.now() + timedelta(hours=1))  # the clock was set back since
    last = reception.last_association()
    sending("of the node that runs")

    reception.close_left_open(up_to=last)

    assert reception.reception_of(run_of()).associations_open == 0
    assert Association.objects.get(closed_at=None).key == "of the node that runs"


@pytest.mark.requirement("FLOW-01")
def test_a_node_that_never_had_an_association_finds_none_left_open() -> None:
    last = reception.last_association()
    sending()

    reception.close_left_open(up_to=last)

    assert Association.objects.get().closed_at is None


@pytest.mark.requirement("FLOW-01", "AUD-01")
def test_an_end_that_is_written_down_twice_is_one() -> None:
    association = sending()
    reception.association_closed(key=association, accepted=0)
    closed_at = Association.objects.get().closed_at

    reception.association_closed(key=association, accepted=0)

    assert Association.objects.get().closed_at == closed_at
    assert AuditEvent.objects.filter(event="association:closed").count() == 1


@pytest.mark.requirement("FLOW-02")
def test_what_comes_after_completion_opens_the_next_run() -> None:
    association = sending()
    arrive(association, "1.2.3.1")
    Run.objects.update(completed_at=timezone.now())

    arrive(association, "1.2.3.2")

    assert [run.number for run in Run.objects.all()] == [1, 2]
    assert Job.objects.filter(kind=Job.Kind.COMPLETE).count() == 2


@pytest.mark.requirement("NODE-03")
def test_a_refusal_is_recorded_with_its_reason() -> None:
    reception.refused(
        calling_ae="EVIL", called_ae="SAMD", address="10.6.6.6", reason="not a known peer", association=True
    )

    assert Refusal.objects.get().reason == "not a known peer"
    assert AuditEvent.objects.get().event == "association:refused"


@pytest.mark.requirement("NODE-03", "AUD-01")
def test_a_refusal_that_is_written_down_late_and_twice_is_one_and_says_when_it_happened() -> None:
    happened = timezone.now() - timedelta(minutes=5)

    for _ in range(2):
        reception.refused(
            calling_ae="EVIL",
            called_ae="SAMD",
            address="10.6.6.6",
            reason="no",
            association=True,
            at=happened,
        )

    assert Refusal.objects.get().at == happened
    assert AuditEvent.objects.count() == 1


@pytest.mark.requirement("AUD-08")
@pytest.mark.parametrize(("accepted", "alarms"), [(2, 0), (3, 1), (1, 1)])
def test_an_association_whose_counts_disagree_is_an_alarm(accepted: int, alarms: int) -> None:
    association = sending()
    arrive(association, "1.1")
    arrive(association, "1.1")

    reception.association_closed(key=association, accepted=accepted)

    found = AuditEvent.objects.filter(event="association:counts disagree", outcome=8)
    assert found.count() == alarms
