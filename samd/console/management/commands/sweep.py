"""`manage.py sweep`: hints to the workers, again and again, for every job that is due.

This is the only place that publishes. A hint may be lost, doubled or late: the job table decides. What a
sealed event has announced and nobody has done, the forgetting of a patient, is done here too.
"""

import logging
import signal
import threading
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerUnreachable

from samd.records import jobs, surrogates
from samd.records.models import Job

logger = logging.getLogger(__name__)

TASKS = {
    Job.Kind.COMPLETE: "samd.complete",
    Job.Kind.ANALYSE: "samd.analyse",
    Job.Kind.DELIVER: "samd.deliver",
}


def hint() -> int:
    """Publish a hint for every job that is due; give how many."""
    again = timedelta(seconds=settings.SAMD_HINT_AGAIN_SECONDS)
    published = 0
    for job in jobs.due(timezone.now(), hint_again=again):
        current_app.send_task(TASKS[Job.Kind(job.kind)], args=[job.pk], expires=again.total_seconds())
        Job.objects.filter(pk=job.pk).update(hinted_at=timezone.now())
        published += 1
    return published


def sweep() -> int:
    """One round: finish what others began, then publish hints; give how many."""
    surrogates.finish_forgetting()
    return hint()


class Command(BaseCommand):
    help = "Tell the workers about jobs that are due, until it is told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then exit")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(f"{sweep()} hints published")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.wait(settings.SAMD_SWEEP_SECONDS):
            try:
                close_old_connections()  # one that broke is not used again
                sweep()
            except (BrokerUnreachable, DatabaseError, InterfaceError, OSError) as problem:
                # Nothing is lost: the jobs stand in the table until a hint gets through.
                logger.warning("no hints this time: %s", type(problem).__name__)
