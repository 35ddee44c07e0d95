"""The queue of record: leases, fencing tokens, attempts and dead letters.

A job is claimed by one UPDATE, kept by renewing its lease, and finished by an UPDATE that names the
token of the claim, in the transaction that stores the effect. A worker that lost its lease cannot
store anything; a worker that died is replaced when its lease ends. No broker is needed for any of it.

Times are those of the clock on the wall. Where it is set back, a lease and a waiting end that much later:
nothing is lost or done twice, but work stands still meanwhile.
"""

import logging
import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from audit import trail
from audit.events import Event
from audit.trail import Outcome
from samd.records import story
from samd.records.models import Job

logger = logging.getLogger(__name__)

# How long an attempt that ended in an unexpected exception waits for the next.
PAUSE = timedelta(seconds=5)

# How long an attempt may last.
LONGEST = timedelta(minutes=30)

# How often each kind of work is tried. An analysis gets one attempt more, which runs no model: it
# only answers that the analysis failed (see samd.tasks).
ATTEMPTS = {Job.Kind.COMPLETE: 20, Job.Kind.ANALYSE: 4, Job.Kind.DELIVER: 20}


class LeaseLost(Exception):
    """Somebody else may hold the job by now: nothing of this attempt may be stored."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one job until its lease ends. `attempt` counts from 1."""

    job: int
    subject: int
    token: int
    attempt: int
    last: bool


def enqueue(kind: Job.Kind, subject: int, *, not_before: datetime) -> None:
    """Put work on `subject` into the queue; again, with fresh attempts, if it was there before."""
    Job.objects.update_or_create(
        kind=kind,
        subject=subject,
        defaults={
            "state": Job.State.READY,
            "not_before": not_before,
            "lease_until": None,
            "attempts": 0,
            "hinted_at": None,
            "error": "",
            "changed_at": timezone.now(),
        },
    )


def _claimable(now: datetime) -> Q:
    return Q(state=Job.State.READY, not_before__lte=now) | Q(state=Job.State.LEASED, lease_until__lt=now)


def due(now: datetime, *, hint_again: timedelta) -> QuerySet[Job]:
    """Jobs that a worker could claim and that were not hinted at, or so long ago that the hint is lost."""
    stale = Q(hinted_at=None) | Q(hinted_at__lt=now - hint_again)
    return Job.objects.filter(_claimable(now) & stale).order_by("not_before")


@contextmanager
def claimed(job_id: int, *, lease: timedelta, longest: timedelta = LONGEST) -> Iterator[Claim | None]:
    """Claim the job and renew its lease in the background until the block ends.

    An attempt that lasts `longest` hangs, and nothing inside a process can end it: the whole process
    is killed, as a supervisor expects of it, and the job goes to the next attempt when the lease ends.

    Gives None where the job is taken, done, dead or not due. A claim of a job whose attempts are
    used up makes it a dead letter instead. An exception in the block ends the attempt: the job goes
    back into the queue, or becomes a dead letter after the last. It is logged by its place and type,
    never by its message, which may quote a patient's data.
    """
    claim = _claim(job_id, lease=lease)
    if claim is None:
        yield None
        return
    ended = threading.Event()
    keeper = threading.Thread(target=_renew, args=(claim, lease, longest, ended), daemon=True)
    keeper.start()
    try:
        yield claim
    except Exception as error:  # noqa: BLE001 - whatever it was, it stops this attempt and not the worker
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("job/%s, attempt %s: %s\n%s", claim.job, claim.attempt, type(error).__name__, where)
        _return(claim, error)
    finally:
        ended.set()
        keeper.join()


def _claim(job_id: int, *, lease: timedelta) -> Claim | None:
    now = timezone.now()
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(_claimable(now), pk=job_id).first()
        if job is None:
            return None
        cap = ATTEMPTS[Job.Kind(job.kind)]
        job.changed_at = now
        if job.attempts >= cap:
            job.state = Job.State.DEAD
            job.error = job.error or f"given up after {cap} attempts; each ended without a word"
            job.save()
            _given_up(job)
            return None
        job.state = Job.State.LEASED
        job.lease_until = now + lease
        job.token += 1
        job.attempts += 1
        job.hinted_at = None
        job.save()
    return Claim(
        job=job.pk, subject=job.subject, token=job.token, attempt=job.attempts, last=job.attempts == cap
    )


def _held(claim: Claim) -> QuerySet[Job]:
    return Job.objects.filter(pk=claim.job, token=claim.token, state=Job.State.LEASED)


def _renew(claim: Claim, lease: timedelta, longest: timedelta, ended: threading.Event) -> None:
    deadline = time.monotonic() + longest.total_seconds()
    try:
        while not ended.wait(lease.total_seconds() / 3):
            if time.monotonic() > deadline:
                logger.critical("job/%s: attempt %s hangs; this worker ends", claim.job, claim.attempt)
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                if not _held(claim).update(lease_until=timezone.now() + lease):
                    return
            except (DatabaseError, InterfaceError):
                connection.close()  # and try again, as long as the lease may still be ours
    finally:
        connection.close()


def hold(claim: Claim) -> None:
    """Let nobody claim the job until the caller's transaction ends; raise LeaseLost if it is not ours."""
    if _held(claim).select_for_update().first() is None:
        raise LeaseLost(f"job/{claim.job} is no longer ours")


def _leave(claim: Claim, **changes: object) -> None:
    """Give the job up with `changes`, in the caller's transaction; raise LeaseLost if it is not ours."""
    if not _held(claim).update(lease_until=None, hinted_at=None, changed_at=timezone.now(), **changes):
        raise LeaseLost(f"job/{claim.job} is no longer ours")


def finish(claim: Claim) -> None:
    """The work is done and its effect is in this transaction."""
    _leave(claim, state=Job.State.DONE, error="")


def wait(claim: Claim, *, until: datetime) -> None:
    """It is too early: come back at `until`. This was not an attempt."""
    _leave(claim, state=Job.State.READY, not_before=until, attempts=F("attempts") - 1)


def _return(claim: Claim, error: Exception) -> None:
    try:
        with transaction.atomic():
            retry(claim, error=type(error).__name__, not_before=timezone.now() + PAUSE)
    except LeaseLost:
        logger.warning("job/%s was taken over before its attempt ended", claim.job)


def retry(claim: Claim, *, error: str, not_before: datetime) -> None:
    """It did not work this time: try again at `not_before`, or make it a dead letter after the last."""
    state = Job.State.DEAD if claim.last else Job.State.READY
    _leave(claim, state=state, error=error, not_before=not_before)
    if claim.last:
        _given_up(Job.objects.get(pk=claim.job))


def _given_up(job: Job) -> None:
    trail.append(
        Event.JOB_GIVEN_UP,
        str(job),
        **story.of_work(Job.Kind(job.kind), job.subject),
        outcome=Outcome.SERIOUS_FAILURE,
        reason=job.error,
        kind=job.kind,
        attempts=job.attempts,
    )


def bury(claim: Claim, *, error: str) -> None:
    """It will never work: a dead letter that an operator must see to."""
    _leave(claim, state=Job.State.DEAD, error=error)
