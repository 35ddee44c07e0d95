"""The shipped classifier on the 624 test images, by command, killed in the middle and gone on with."""

import csv
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import beta, norm

from tests.validation.device import bench

pytestmark = [pytest.mark.journey, pytest.mark.requirement("VAL-07", "VAL-08")]

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "validation" / "protocols"
CASES, KILLED_AFTER = 624, 100


def without_extras(protocol: Path, folder: Path) -> Path:
    """The shipped protocol without the robustness and explanation checks, which have tests of their own."""
    text = re.sub(r"\[robustness\].*?(?=\[statements\])", "", protocol.read_text(), flags=re.DOTALL)
    folder.mkdir()
    for manifest in SHIPPED.glob("*.json"):
        (folder / manifest.name).write_bytes(manifest.read_bytes())
    (folder / protocol.name).write_text(text)
    return folder / protocol.name


def started(protocol: Path, out: Path, home: Path, data: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "validation", str(protocol), "--out", str(out), "--originals", str(data)]
    environment = {**os.environ, "SAMD_HOME": str(home), "DATABASE_URL": f"sqlite:///{home / 'samd.sqlite3'}"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=True, text=True, stdout=subprocess.PIPE
    )


def kept(home: Path) -> list[tuple[str, str]]:
    """The results that the database holds, as (run, case)."""
    database = home / "samd.sqlite3"
    if not database.exists():
        return []
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute('SELECT run_id, "case" FROM validation_outcome').fetchall()
    except sqlite3.OperationalError:
        return []  # the table is not there yet
    finally:
        connection.close()


def endpoint(report: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in report["endpoints"] if one["name"] == name)
    return found


def clopper_pearson(count: int, total: int) -> tuple[float, float]:
    return float(beta.ppf(0.025, count, total - count + 1)), float(beta.ppf(0.975, count + 1, total - count))


@pytest.mark.timeout(1500)
def test_a_run_that_is_killed_goes_on_and_its_report_is_what_an_independent_computation_finds(
    tmp_path: Path, shared_data: Path
) -> None:
    protocol = without_extras(SHIPPED / "cxr-pneumonia.toml", tmp_path / "protocol")
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    first = started(protocol, out, home, shared_data)
    while len(kept(home)) < KILLED_AFTER:
        assert first.poll() is None, "the run ended before it could be killed"
        time.sleep(0.2)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    before = kept(home)

    second = started(protocol, out, home, shared_data)
    said, _ = second.communicate()

    assert second.returncode == 0, said
    assert f"{CASES - len(before)} cases to analyse" in said
    after = Counter(kept(home))
    assert len(after) == CASES
    assert set(after.values()) == {1}
    assert len({run for run, _case in after}) == 1
    _agrees(json.loads((out / "report.json").read_text()), out / "cases.csv")
    for name in ("report.pdf", "report.ko.pdf"):
        content = (out / name).read_bytes()
        assert content.startswith(b"%PDF-")
        assert len(content) > 100_000


def _agrees(report: dict[str, Any], cases: Path) -> None:
    """Everything again from the table of cases, by counting pairs and by scipy."""
    with cases.open() as file:
        rows = list(csv.DictReader(file))
    diseased = [float(row["score"]) for row in rows if row["truth"] == "1"]
    healthy = [float(row["score"]) for row in rows if row["truth"] == "0"]
    assert (len(diseased), len(healthy)) == (390, 234)
    of_diseased = [sum((d > h) + (d == h) / 2 for h in healthy) / len(healthy) for d in diseased]
    of_healthy = [sum((d > h) + (d == h) / 2 for d in diseased) / len(diseased) for h in healthy]
    area = sum(of_diseased) / len(diseased)
    variance = sum((v - area) ** 2 for v in of_diseased) / (len(diseased) - 1) / len(diseased)
    variance += sum((v - area) ** 2 for v in of_healthy) / (len(healthy) - 1) / len(healthy)
    reach = float(norm.ppf(0.975)) * variance**0.5

    found = endpoint(report, "Area under the ROC curve")
    assert found["estimate"] == pytest.approx(area, abs=1e-12)
    assert (found["low"], found["high"]) == pytest.approx((area - reach, area + reach), abs=1e-12)
    assert (found["n"], found["verdict"]) == (CASES, "met")
    for name, truth, right in (("Sensitivity", "1", True), ("Specificity", "0", False)):
        of = [row["outcome"] == "present" for row in rows if row["truth"] == truth]
        count = sum(called is right for called in of)
        found = endpoint(report, name)
        assert found["estimate"] == pytest.approx(count / len(of))
        assert (found["low"], found["high"]) == pytest.approx(clopper_pearson(count, len(of)), abs=1e-9)
    assert report["counts"]["analysed"] == CASES
    assert area == pytest.approx(0.967, abs=5e-4)  # as the model card says


@pytest.mark.timeout(600)
def test_celery_workers_analyse_the_cases_and_the_run_waits_for_them(tmp_path: Path) -> None:
    made = bench(tmp_path / "bench", cases=8)
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    shutil.copytree(made.trust, home / "trust")
    environment = {**os.environ, "SAMD_HOME": str(home), "DATABASE_URL": f"sqlite:///{home / 'samd.sqlite3'}"}
    python = [sys.executable, "-m"]
    worker = [*python, "celery", "-A", "samd.config", "--quiet", "worker", "--queues=validation"]
    judge = [*python, "validation", str(made.protocol), "--out", str(out), "--queue"]
    judge += ["--data", str(made.places.data), "--bundles", str(made.places.bundles[0])]
    workers = [
        subprocess.Popen(
            [*worker, f"--hostname=w{number}@here"], cwd=ROOT, env=environment, start_new_session=True
        )
        for number in range(2)
    ]
    try:
        done = subprocess.run(judge, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400)
    finally:
        for process in workers:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    assert done.returncode in {0, 1}, done.stderr
    report = json.loads((out / "report.json").read_text())
    assert report["counts"]["analysed"] == 8
    assert len(kept(home)) == 8


ORDER = """
import django, sys
django.setup()
from pathlib import Path
from django.core.management import call_command
from django.utils import timezone
from audit.signing_keys import Person
from validation import approval
from validation.models import RunOrder
from validation.protocol import read_protocol
call_command("migrate", verbosity=0)
path = Path(sys.argv[1])
lee = Person(1, "lee", "Dr. Lee", frozenset({"quality_officer"}))
record = approval.register(read_protocol(path), path.read_bytes(), author=lee, now=timezone.now())
RunOrder.objects.create(record=record, by="lee", ordered_at=timezone.now())
"""


def ended(home: Path) -> str | None:
    """Why the only order was refused, empty if it was done; None while it is neither."""
    connection = sqlite3.connect(f"file:{home / 'samd.sqlite3'}?mode=ro", uri=True, timeout=30)
    try:
        order = connection.execute("SELECT ended_at, refused FROM validation_runorder").fetchone()
        return order[1] if order[0] is not None else None
    finally:
        connection.close()


def kill(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.timeout(600)
@pytest.mark.requirement("VAL-12")
def test_judge_and_worker_are_killed_and_the_order_is_done_all_the_same(tmp_path: Path) -> None:
    """An order as the console leaves it (tests/validation/test_ordering.py presses the button)."""
    cases = 24
    made, home = bench(tmp_path / "bench", cases=cases), tmp_path / "home"
    assert made.places.data is not None
    sets = home / "validation" / "sets" / "radiographs"
    shutil.copytree(made.places.data, sets)
    shutil.copy(made.protocol.parent / "set.json", sets)
    shutil.copytree(made.trust, home / "trust")
    shutil.copytree(made.places.bundles[0], home / "models")
    environment = {
        **os.environ,
        "SAMD_HOME": str(home),
        "DATABASE_URL": f"sqlite:///{home / 'samd.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "samd.config.settings",
    }
    subprocess.run([sys.executable, "-c", ORDER, str(made.protocol)], cwd=ROOT, env=environment, check=True)
    judge = [sys.executable, "manage.py", "judge"]
    worker = [sys.executable, "-m", "celery", "-A", "samd.config", "--quiet", "worker", "--queues=validation"]

    def start() -> list[subprocess.Popen[bytes]]:
        return [
            subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
            for command in (judge, worker)
        ]

    first = start()
    while len(kept(home)) < 5:
        assert first[0].poll() is None, "the judge ended before it could be killed"
        time.sleep(0.1)
    kill(first)
    assert len(kept(home)) < cases, "everything was done before it could be killed"
    second = start()
    try:
        while ended(home) is None:
            assert second[0].poll() is None
            time.sleep(0.5)
    finally:
        kill(second)

    assert ended(home) == ""
    after = Counter(kept(home))
    assert len(after) == cases
    assert set(after.values()) == {1}
