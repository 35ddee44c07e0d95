"""`manage.py watch`: counts what is new for every signed plan of monitoring, again and again."""

import logging
import signal
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone

from validation.monitoring import rounds
from validation.monitoring.plan import PlanRefused

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Watch the models in use by the signed plans, until it is told to stop."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        while True:
            time.sleep(settings.SAMD_WATCH_SECONDS)
            try:
                close_old_connections()
                watch()
            except (DatabaseError, InterfaceError, OSError, PlanRefused) as problem:
                # What is not counted now is counted in the next round.
                logger.warning("the models are not watched this time: %s", type(problem).__name__)


def watch() -> None:
    """One round of every plan that is signed; what it found is in the log, the rows and the trail."""
    for holding in rounds.plans_in_force():
        found = rounds.watch_on(holding, now=timezone.now())
        for words in found.breaches:
            logger.warning("%s: %s", holding.row, words)
        for digest in found.suspended:
            logger.warning("%s: version %s was taken out of force", holding.row, digest[:16])
