"""What an operator must see to, and how the device stands: dead letters, conflicts, refusals, peers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, OuterRef, Subquery
from django.utils.functional import Promise

from samd.console import wording
from samd.console.reviewing import reviews_overdue
from samd.console.trail_state import TrailHealth, trail_health
from samd.records.models import (
    Analysis,
    Association,
    Conflict,
    Delivery,
    Job,
    ModelVersion,
    Peer,
    Refusal,
    Run,
)

SHOWN = 100  # of each list; the newest


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Work that was given up. `words` are the peer's own, or say why the work ended."""

    job: int
    kind: Promise
    study: int | None
    about: str  # model or peer
    attempts: int
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class PeerLine:
    """A peer and when it last connected; `connected` while it is sending."""

    name: str
    ae_title: str
    address: str
    gets_results: bool
    last_opened: datetime | None
    connected: bool


@dataclass(frozen=True, slots=True)
class JobCount:
    """How many jobs of one kind are in each state, in the order of `Job.State`."""

    kind: Promise
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OperationsPage:
    """The operations page; every list has the newest first."""

    dead_letters: tuple[DeadLetter, ...]
    conflicts: tuple[Conflict, ...]
    refusals: tuple[Refusal, ...]
    peers: tuple[PeerLine, ...]
    job_states: tuple[Promise, ...]
    jobs: tuple[JobCount, ...]
    models: tuple[ModelVersion, ...]
    trail: TrailHealth
    overdue_reviews: tuple[str, ...]  # months of the trail, "2026-10"


def operations_page(*, now: datetime) -> OperationsPage:
    """How the device stands at `now`, by a number of queries that does not grow with what there is."""
    conflicts = Conflict.objects.select_related("instance__series", "association__peer").order_by("-pk")
    return OperationsPage(
        dead_letters=_dead_letters(),
        conflicts=tuple(conflicts[:SHOWN]),
        refusals=tuple(Refusal.objects.all()[:SHOWN]),
        peers=_peers(),
        job_states=tuple(wording.JOB_STATES[state] for state in Job.State),
        jobs=_jobs(),
        models=tuple(ModelVersion.objects.filter(in_force=True)),
        trail=trail_health(now),
        overdue_reviews=tuple(reviews_overdue(now)),
    )


def _dead_letters() -> tuple[DeadLetter, ...]:
    dead = list(Job.objects.filter(state=Job.State.DEAD).order_by("-changed_at")[:SHOWN])
    runs = Run.objects.in_bulk(_subjects(dead, Job.Kind.COMPLETE))
    analyses = Analysis.objects.select_related("run", "model").in_bulk(_subjects(dead, Job.Kind.ANALYSE))
    deliveries = Delivery.objects.select_related("analysis__run", "peer").in_bulk(
        _subjects(dead, Job.Kind.DELIVER)
    )
    about: dict[str, Mapping[int, tuple[int, str]]] = {
        Job.Kind.COMPLETE: {pk: (run.study_id, "") for pk, run in runs.items()},
        Job.Kind.ANALYSE: {pk: (a.run.study_id, a.model.title) for pk, a in analyses.items()},
        Job.Kind.DELIVER: {pk: (d.analysis.run.study_id, d.peer.name) for pk, d in deliveries.items()},
    }
    return tuple(_dead_letter(job, *about[job.kind].get(job.subject, (None, ""))) for job in dead)


def _subjects(jobs: Iterable[Job], kind: Job.Kind) -> list[int]:
    return [job.subject for job in jobs if job.kind == kind]


def _dead_letter(job: Job, study: int | None, about: str) -> DeadLetter:
    return DeadLetter(
        job=job.pk,
        kind=wording.JOB_KINDS[job.kind],
        study=study,
        about=about,
        attempts=job.attempts,
        at=job.changed_at,
        words=job.error,
    )


def _peers() -> tuple[PeerLine, ...]:
    latest = Association.objects.filter(peer=OuterRef("pk")).order_by("-opened_at", "-pk").values("pk")[:1]
    peers = list(Peer.objects.annotate(latest=Subquery(latest)))
    associations = Association.objects.in_bulk([peer.latest for peer in peers if peer.latest is not None])
    return tuple(_peer_line(peer, associations.get(peer.latest)) for peer in peers)


def _peer_line(peer: Peer, latest: Association | None) -> PeerLine:
    return PeerLine(
        name=peer.name,
        ae_title=peer.ae_title,
        address=f"{peer.host}:{peer.port}",
        gets_results=peer.gets_results,
        last_opened=latest.opened_at if latest else None,
        connected=latest is not None and latest.closed_at is None,
    )


def _jobs() -> tuple[JobCount, ...]:
    counted = Job.objects.order_by().values_list("kind", "state").annotate(count=Count("pk"))
    counts = {(kind, state): count for kind, state, count in counted}
    return tuple(
        JobCount(wording.JOB_KINDS[kind], tuple(counts.get((kind, state), 0) for state in Job.State))
        for kind in Job.Kind
    )
