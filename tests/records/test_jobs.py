"""Leases, tokens, attempts and dead letters."""

import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from audit.models import AuditEvent
from samd.records import jobs
from samd.records.models import Job

LEASE = timedelta(seconds=30)
NOW = timezone.now


def queued(kind: Job.Kind = Job.Kind.DELIVER) -> Job:
    jobs.enqueue(kind, 7, not_before=NOW())
    return Job.objects.get()


def expire(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=NOW() - timedelta(seconds=1))


@pytest.mark.requirement("FLOW-03")
@pytest.mark.django_db(transaction=True)
def test_a_job_is_claimed_once() -> None:
    job = queued()

    with jobs.claimed(job.pk, lease=LEASE) as first, jobs.claimed(job.pk, lease=LEASE) as second:
        assert first is not None
        assert first.subject == 7
        assert second is None


@pytest.mark.requirement("FLOW-03")
@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_not_due_is_not_claimed() -> None:
    jobs.enqueue(Job.Kind.DELIVER, 7, not_before=NOW() + timedelta(minutes=1))

    with jobs.claimed(Job.objects.get().pk, lease=LEASE) as claim:
        assert claim is None


@pytest.mark.requirement("FLOW-04")
@pytest.mark.django_db(transaction=True)
def test_a_job_whose_worker_died_is_claimed_again_and_the_dead_worker_can_store_nothing() -> None:
    job = queued()
    with jobs.claimed(job.pk, lease=LEASE) as dead:
        assert dead is not None
        expire(job)
        with jobs.claimed(job.pk, lease=LEASE) as alive:
            assert alive is not None
            assert alive.token > dead.token
            with pytest.raises(jobs.LeaseLost), transaction.atomic():
                jobs.finish(dead)
            with transaction.atomic():
                jobs.finish(alive)

    assert Job.objects.get().state == Job.State.DONE


@pytest.mark.requirement("FLOW-03")
@pytest.mark.django_db(transaction=True)
def test_a_living_worker_keeps_its_lease() -> None:
    job = queued()
    short = timedelta(seconds=0.6)

    with jobs.claimed(job.pk, lease=short) as claim:
        assert claim is not None
        first = Job.objects.get().lease_until
        deadline = time.monotonic() + 20
        while Job.objects.get().lease_until == first:
            assert time.monotonic() < deadline, "the lease was never renewed"
            time.sleep(0.05)


@pytest.mark.requirement("FLOW-03")
@pytest.mark.django_db(transaction=True)
def test_attempts_are_capped_and_end_as_a_dead_letter() -> None:
    job = queued(Job.Kind.ANALYSE)
    for attempt in range(1, jobs.ATTEMPTS[Job.Kind.ANALYSE] + 1):
        with jobs.claimed(job.pk, lease=LEASE) as claim:
            assert claim is not None
            assert claim.last is (attempt == jobs.ATTEMPTS[Job.Kind.ANALYSE])
        expire(job)

    with jobs.claimed(job.pk, lease=LEASE) as claim:
        assert claim is None
    assert Job.objects.get().state == Job.State.DEAD
    assert "given up" in Job.objects.get().error
    assert AuditEvent.objects.get().event == "job:given up"


@pytest.mark.requirement("FLOW-03", "AUD-01")
@pytest.mark.django_db(transaction=True)
def test_an_exception_ends_the_attempt_and_its_message_is_not_written_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    job, name = queued(), "^".join(["Hong", "Gildong"])

    def fail() -> None:
        raise RuntimeError(name)

    with jobs.claimed(job.pk, lease=LEASE):
        fail()

    after = Job.objects.get()
    assert (after.state, after.attempts, after.error) == (Job.State.READY, 1, "RuntimeError")
    assert after.not_before > NOW()
    assert "Gildong" not in caplog.text
    assert "RuntimeError" in caplog.text


@pytest.mark.requirement("FLOW-03")
@pytest.mark.django_db(transaction=True)
def test_waiting_is_not_an_attempt() -> None:
    job = queued(Job.Kind.COMPLETE)
    with jobs.claimed(job.pk, lease=LEASE) as claim:
        assert claim is not None
        jobs.wait(claim, until=NOW())

    assert (Job.objects.get().attempts, Job.objects.get().state) == (0, Job.State.READY)


@pytest.mark.requirement("FLOW-04")
@pytest.mark.django_db
def test_a_lost_hint_is_given_again() -> None:
    job = queued()
    again = timedelta(seconds=10)
    assert list(jobs.due(NOW(), hint_again=again)) == [job]

    Job.objects.update(hinted_at=NOW())

    assert list(jobs.due(NOW(), hint_again=again)) == []
    assert list(jobs.due(NOW() + again + timedelta(seconds=1), hint_again=again)) == [job]
