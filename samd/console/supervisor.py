"""Keeps the services of one machine running: starts them, restarts what dies, stops them together."""

import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings

logger = logging.getLogger(__name__)

SHORTEST_PAUSE = 1.0  # seconds before a restart; doubled while a service keeps dying
LONGEST_PAUSE = 30.0
STEADY = 60.0  # seconds after which a service counts as running well
PATIENCE = 20.0  # seconds that a service has to stop by itself


class PortTaken(Exception):
    """A port that a service needs is in use."""


@dataclass(slots=True)
class Service:
    """One process to keep running."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = SHORTEST_PAUSE
    resume: float = 0.0


def services() -> list[Service]:
    """The processes of the whole device, the relay of the trail only where a repository is named."""
    manage = [sys.executable, "manage.py"]
    worker = [sys.executable, "-m", "celery", "-A", "samd.config", "--quiet", "worker", "--loglevel=WARNING"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    console = [sys.executable, "-m", "gunicorn", "samd.config.wsgi", "--threads=4", "--log-level=warning"]
    console += ["--no-control-socket", f"--bind={settings.SAMD_HTTP_HOST}:{settings.SAMD_HTTP_PORT}"]
    return [
        Service("node", [*manage, "listen"]),
        Service("sweeper", [*manage, "sweep"]),
        Service("sealer", [*manage, "seal"]),
        *([Service("relay", [*manage, "relay"])] if settings.AUDIT_SYSLOG_HOST else []),
        Service("routine worker", [*worker, *quiet, "--queues=routine", "--hostname=routine@%h"]),
        Service("analysis worker", [*worker, *quiet, "--queues=analysis", "--hostname=analysis@%h"]),
        # Studies of patients come first.
        Service("watch", ["nice", *manage, "watch"]),
        Service("judge", ["nice", *manage, "judge"]),
        Service(
            "validation worker", ["nice", *worker, *quiet, "--queues=validation", "--hostname=validation@%h"]
        ),
        Service("console", console),
    ]


def demand_free_ports() -> None:
    """Raise PortTaken, saying what to do, unless the node and the console can have their ports."""
    wanted = {
        "SAMD_DICOM_PORT": (settings.SAMD_DICOM_HOST, settings.SAMD_DICOM_PORT),
        "SAMD_HTTP_PORT": (settings.SAMD_HTTP_HOST, settings.SAMD_HTTP_PORT),
    }
    for variable, address in wanted.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as problem:
                raise PortTaken(
                    f"port {address[1]} on {address[0]} is not free ({problem.strerror}): stop what uses it, "
                    f"or choose another with {variable}=<port>"
                ) from problem


@dataclass(slots=True)
class Supervisor:
    """Runs `services` in the background until `stop`."""

    services: list[Service]
    _stopping: threading.Event = field(default_factory=threading.Event)
    _keeper: threading.Thread | None = None

    def start(self) -> None:
        for service in self.services:
            self._launch(service)
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._keeper is not None:
            self._keeper.join()
        running = [s.process for s in self.services if s.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + PATIENCE
        for process in running:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _launch(self, service: Service) -> None:
        service.process = subprocess.Popen(list(service.command), cwd=settings.BASE_DIR)
        service.started = time.monotonic()

    def _keep(self) -> None:
        while not self._stopping.wait(0.5):
            for service in self.services:
                self._look_after(service)

    def _look_after(self, service: Service) -> None:
        now = time.monotonic()
        if service.process is not None and service.process.poll() is not None:
            steady = now - service.started > STEADY
            service.pause = SHORTEST_PAUSE if steady else min(service.pause * 2, LONGEST_PAUSE)
            service.resume = now + service.pause
            logger.error(
                "the %s ended with code %s; it starts again in %.0f s",
                service.name,
                service.process.returncode,
                service.pause,
            )
            service.process = None
        elif service.process is None and now >= service.resume:
            self._launch(service)
