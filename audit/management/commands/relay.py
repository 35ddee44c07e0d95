"""`manage.py relay`: feeds the hospital's audit repository, in a process of its own."""

import logging
import signal
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone

from audit.atna.configuration import NoRepository, configured_relay
from audit.atna.relay import BATCH, NotBackward, Pace, Relay, alarm, send_again_from, waiting
from audit.atna.transport import NotTaken

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Send the trail to the audit repository as DICOM audit messages, until it is told to stop."
    requires_system_checks = ()  # what ails the console keeps no message back

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what there is, then exit")
        parser.add_argument("--from", type=int, dest="seq", metavar="SEQ", help="send again from this entry")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["seq"] is not None:
                send_again_from(options["seq"])
                return
            relay = configured_relay()
            if options["once"]:
                while relay.step():
                    pass
                return
        except (NoRepository, NotBackward, NotTaken) as problem:
            raise CommandError(str(problem)) from problem
        self._keep_sending(relay, Pace())

    def _keep_sending(self, relay: Relay, pace: Pace) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        outage = Outage(timezone.now())
        while not stop.is_set():
            more = False
            try:
                close_old_connections()  # one that broke is not used again
                more = outage.look(relay, pace)
            except (DatabaseError, InterfaceError) as problem:
                logger.warning("nothing is sent to the repository this time: %s", type(problem).__name__)
            if not more:
                stop.wait(pace.after(outage.failures).total_seconds())


@dataclass(slots=True)
class Outage:
    """How often in a row the repository took nothing, and `since` when."""

    since: datetime
    failures: int = 0

    def look(self, relay: Relay, pace: Pace) -> bool:
        """Send a batch; give whether more is waiting already."""
        try:
            taken = relay.step()
        except NotTaken as problem:
            self.since = self.since if self.failures else timezone.now()
            self.failures += 1
            logger.warning("%s; %d entries wait in the trail, none is lost", problem, waiting())
            if timezone.now() - self.since >= pace.grace and alarm(str(problem)):
                logger.error("the audit repository has failed since %s; the trail says so", self.since)
            return False
        if taken and self.failures:
            logger.info("the audit repository %s takes messages again", relay.repository)
            self.failures = 0
        return taken == BATCH
