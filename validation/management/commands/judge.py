"""`manage.py judge`: does the validations that were ordered in the console, one after the other.

It may be stopped at any moment: what was analysed is kept, and the order is gone on with.
"""

import logging
import signal
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerUnreachable

from validation import ordering

logger = logging.getLogger(__name__)

PAUSE = 2.0  # seconds between two looks


class Command(BaseCommand):
    help = "Do the validations that were ordered, until it is told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="what is ordered now, then exit")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            judge_what_is_ordered()
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))  # in the middle of a run too: nothing of it is lost
        while True:
            time.sleep(PAUSE)
            try:
                close_old_connections()
                judge_what_is_ordered()
            except (BrokerUnreachable, DatabaseError, InterfaceError, OSError) as problem:
                logger.warning("the validation waits: %s", type(problem).__name__)


def judge_what_is_ordered() -> None:
    """Do every order that waits. A fault that nobody foresaw ends its order, and is said there."""
    for order in ordering.waiting():
        from validation.conducting import conduct  # torch is loaded once there is something to judge

        try:
            conduct(order)
        except (BrokerUnreachable, DatabaseError, InterfaceError, OSError):
            raise
        except Exception as fault:
            logger.exception("%s could not be done", order)
            reason = f"a fault of the device ({type(fault).__name__}); what was analysed is kept: order again"
            ordering.refuse(order, reason, now=timezone.now())
