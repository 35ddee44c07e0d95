"""`manage.py seal`: the sealing process. It alone reads the signing key, and runs as a user of its own."""

import getpass
import logging
import os
import secrets
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone

from audit.anchor import CannotAnchor
from audit.continuity import TrailRolledBack
from audit.keys import configured_sequencer, successor, take_over
from audit.note import NoteRefused
from audit.outside import Outside
from audit.recovery import NotRecoverable, recover
from audit.sequencer import Sequencer
from audit.signer import KeyRefused
from audit.tenure import LENGTH

logger = logging.getLogger(__name__)

PAUSE = 0.1  # seconds between two looks for new events
AGAIN = 60.0  # seconds after which a trouble that lasts is told again


class Command(BaseCommand):
    help = "Number the events of the trail and sign checkpoints over them, until it is told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="seal what there is, then exit")
        parser.add_argument(
            "--recover",
            metavar="REASON",
            help="the database was restored from an older copy: record what was lost, and why, and go on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            holder = f"{socket.gethostname()[:40]}/{os.getpid()}/{secrets.token_hex(4)}"
            sequencer = configured_sequencer(holder)
            try:
                self._run(sequencer, options)
            finally:
                sequencer.tenure.give_up()
        except TrailRolledBack as problem:
            raise CommandError(
                f"{problem}. Events go on being recorded, and nothing more is signed: what needs a seal "
                f"before it takes effect waits. Look into it with `manage.py audit verify`. Once it is "
                f"understood: manage.py seal --recover 'what happened, and who found it'"
            ) from problem
        except (KeyRefused, CannotAnchor, NotRecoverable, NoteRefused) as problem:
            raise CommandError(str(problem)) from problem

    def _run(self, sequencer: Sequencer, options: dict[str, Any]) -> None:
        if options["recover"] is not None:
            self._recover(sequencer, options["recover"])
        elif options["once"]:
            self._once(sequencer)
        else:
            self._keep_sealing(sequencer)

    def _recover(self, sequencer: Sequencer, reason: str) -> None:
        _wait_for_lease(sequencer)
        loss = recover(sequencer, reason=reason, actor=_operator(), now=timezone.now())
        self.stdout.write(
            f"{loss.origin} was signed up to {loss.size} events; {loss.events} were here, of which the first "
            f"{loss.kept} agree with what was signed. This is recorded in the trail, which goes on as "
            f"{sequencer.origin}"
        )

    def _once(self, sequencer: Sequencer) -> None:
        _wait_for_lease(sequencer)
        _hand_over(sequencer)
        while sequencer.step(timezone.now()):
            pass
        sequencer.seal(timezone.now())
        Outside.configured(Path(settings.AUDIT_ANCHOR_FILE)).show_newest()

    def _keep_sealing(self, sequencer: Sequencer) -> None:
        stop, troubles = threading.Event(), _Troubles()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        with Outside.configured(Path(settings.AUDIT_ANCHOR_FILE)).in_background():
            while not stop.is_set():
                try:
                    close_old_connections()  # one that broke is not used again
                    self._hand_over(sequencer, troubles)
                    if sequencer.step(timezone.now()):
                        continue
                    troubles.over()
                except (DatabaseError, InterfaceError, KeyRefused, CannotAnchor) as problem:
                    # Nothing is lost: events wait in the table until they can be sealed.
                    troubles.tell(problem)
                stop.wait(PAUSE)

    def _hand_over(self, sequencer: Sequencer, troubles: "_Troubles") -> None:
        """A successor that cannot be read keeps nobody from sealing with the key that there is."""
        try:
            _hand_over(sequencer)
        except KeyRefused as problem:
            troubles.tell(problem, "the signing key is not replaced")


def _operator() -> str:
    try:
        return f"os/{getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, in a container
        return f"os/{os.getuid()}"


def _wait_for_lease(sequencer: Sequencer) -> None:
    """Until the lease of a process that died has ended; raises KeyRefused where one is alive."""
    deadline = time.monotonic() + 2 * LENGTH.total_seconds()
    while not sequencer.tenure.take(timezone.now()):
        if time.monotonic() > deadline:
            raise KeyRefused("another sealing process is at work, and seals what there is")
        time.sleep(PAUSE)


def _hand_over(sequencer: Sequencer) -> None:
    following = successor()
    if following is not None and sequencer.rotate(following, timezone.now()):
        take_over()
        logger.warning("the signing key is now %s", following.key)


class _Troubles:
    """Tells of a trouble when it begins, and again while it lasts, but not ten times a second."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def tell(self, problem: Exception, words: str = "nothing is sealed") -> None:
        # A message of the database may hold values of rows.
        is_ours = isinstance(problem, KeyRefused | CannotAnchor)
        text = str(problem) if is_ours else f"the database failed: {type(problem).__name__}"
        if time.monotonic() - self._told.get(text, -AGAIN) >= AGAIN:
            self._told[text] = time.monotonic()
            logger.error("%s: %s", words, text)

    def over(self) -> None:
        if self._told:
            self._told.clear()
            logger.warning("sealing goes on")
