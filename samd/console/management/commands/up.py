"""`manage.py up`: the whole device on one machine, under one supervisor."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from samd.console.supervisor import PortTaken, Supervisor, demand_free_ports, services


class Command(BaseCommand):
    help = "Start node, sweeper, workers and console, and keep them running until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            demand_free_ports()
        except PortTaken as problem:
            raise CommandError(str(problem)) from problem
        call_command("setup")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        supervisor = Supervisor(services())
        supervisor.start()
        self.stdout.write(
            f"{settings.SAMD_AE_TITLE} takes studies on port {settings.SAMD_DICOM_PORT}; "
            f"the console is at http://{settings.SAMD_HTTP_HOST}:{settings.SAMD_HTTP_PORT}/"
        )
        stop.wait()
        self.stdout.write("stopping")
        supervisor.stop()
