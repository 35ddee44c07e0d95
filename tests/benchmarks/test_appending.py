"""How fast the trail takes an event, beside a bare append and a plain insert. By hand: `make bench`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from uuid import uuid4

import psycopg
import pytest

pytestmark = [pytest.mark.bench, pytest.mark.requirement("AUD-01")]

ROOT = Path(__file__).parents[2]
SERVER = os.environ.get("SAMD_TEST_POSTGRESQL", "postgres://postgres@127.0.0.1:5432")


def measured(folder: Path, database: str) -> dict[str, list[float]]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "samd.config.settings",
        "DATABASE_URL": database,
        "SAMD_HOME": str(folder),
    }
    command = [sys.executable, "-m", "tests.benchmarks.appending", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    figures: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return figures


def tell(what: str, ratios: list[float], wanted: float) -> None:
    print(
        f"{what}: {median(ratios):.2f} (median of {len(ratios)} rounds; {min(ratios):.2f} to "
        f"{max(ratios):.2f}; wanted: {wanted})"
    )


def test_appending_beside_a_bare_append_and_fsync(tmp_path: Path) -> None:
    figures = measured(tmp_path, f"sqlite:///{tmp_path / 'trail.sqlite3'}")

    print("\nrates on SQLite in relation to a bare append + fsync of the same bytes on the same disk")
    tell("one durable append, as trail.record makes it", figures["read"], 0.85)
    tell("one durable append, in transaction.atomic", figures["single"], 0.85)
    tell("64 threads that record events, committed together", figures["recorded"], 4)
    tell("64 threads with transactions of their own, committed together", figures["grouped"], 4)
    tell("one durable append in relation to a plain insert of the row", figures["plain"], 0.8)


def test_appending_beside_a_plain_insert_on_postgresql(tmp_path: Path) -> None:
    database = f"appending_{uuid4().hex[:8]}"
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {database}")
    try:
        figures = measured(tmp_path, f"{SERVER}/{database}")
    finally:
        with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
            server.execute(f"DROP DATABASE {database} WITH (FORCE)")

    print("\nrates on PostgreSQL")
    tell("one durable append in relation to a plain insert of the row", figures["plain"], 0.8)
    tell("one durable append, as trail.record makes it, beside a bare append", figures["read"], 0.85)
    tell("one durable append in transaction.atomic, beside a bare append", figures["single"], 0.85)
    tell("64 threads that record events, in relation to a bare append + fsync", figures["recorded"], 4)
