"""`manage.py seal`: the sealing process. It alone reads the signing key, and runs as a user of its own."""

import logging
import os
import secrets
import signal
import socket
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone

from audit.keys import configured_sequencer, successor, take_over
from audit.sequencer import Sequencer, TrailRolledBack
from audit.signer import KeyRefused

logger = logging.getLogger(__name__)

PAUSE = 0.2  # seconds between two looks for new events


class Command(BaseCommand):
    help = "Number the events of the trail and sign checkpoints over them, until it is told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="seal what there is, then exit")

    def handle(self, *args: Any, **options: Any) -> None:
        holder = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
        try:
            sequencer = configured_sequencer(holder)
            if options["once"]:
                while sequencer.step(timezone.now()):
                    pass
                return
            self._keep_sealing(sequencer)
        except (KeyRefused, TrailRolledBack) as problem:
            raise CommandError(str(problem)) from problem

    def _keep_sealing(self, sequencer: Sequencer) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            try:
                close_old_connections()  # one that broke is not used again
                following = successor()
                if following is not None:
                    sequencer.rotate(following, timezone.now())
                    take_over()
                if sequencer.step(timezone.now()):
                    continue
            except (DatabaseError, InterfaceError, OSError) as problem:
                # Nothing is lost: events wait in the table until they can be sealed.
                logger.warning("nothing is sealed this time: %s", type(problem).__name__)
            stop.wait(PAUSE)
