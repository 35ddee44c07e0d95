"""Whether the console is alive, and whether it can do its work."""

import os
import tempfile
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse


@login_not_required
def healthz(_request: HttpRequest) -> HttpResponse:
    """Alive: the process answers. Nothing else is asked, so that no fault elsewhere restarts it."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
def readyz(_request: HttpRequest) -> JsonResponse:
    """Ready: 200 where every check holds, else 503; the JSON names each check."""
    checks = readiness(connection, store=Path(settings.SAMD_STORE))
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


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
