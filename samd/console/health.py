"""Whether the console is alive, and whether it can do its work."""

import os
import tempfile
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from samd.console.trail_state import sealing_state


def healthz(_request: HttpRequest) -> HttpResponse:
    """Alive: the process answers. Nothing else is asked, so that no fault elsewhere restarts it."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(_request: HttpRequest) -> JsonResponse:
    """Ready: 200 where everything that a request needs holds, else 503; the JSON names each check.

    A trail that is not being sealed degrades the device and does not take it out of service: nothing is
    released or signed meanwhile, but whoever reads must go on reading.
    """
    checks = readiness(connection, store=Path(settings.SAMD_STORE))
    sealed = checks["migrations"] and not sealing_state().is_stalled(timezone.now())
    return JsonResponse({**checks, "trail": sealed}, status=200 if all(checks.values()) else 503)


def readiness(database: BaseDatabaseWrapper, *, store: Path) -> dict[str, bool]:
    """Whether the database answers, no migration waits, and a file can be written into `store`."""
    answers, migrated = _database(database)
    return {"database": answers, "migrations": migrated, "store": _writable(store)}


def _database(database: BaseDatabaseWrapper) -> tuple[bool, bool]:
    try:
        executor = MigrationExecutor(database)
        return True, not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False, False


def _writable(store: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=store) as probe:
            probe.write(b"ready")
            os.fsync(probe.fileno())
    except OSError:
        return False
    return True
