"""The command: what it answers where nothing can be run."""

from pathlib import Path
from typing import Any

import pytest
from django.db.migrations.executor import MigrationExecutor

from tests.validation.device import Bench, bench
from validation.__main__ import main

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("VAL-07", "VAL-02")]


@pytest.fixture
def made(settings: Any, tmp_path: Path) -> Bench:
    bench_of = bench(tmp_path / "bench", cases=2)
    settings.SAMD_TRUST, settings.SAMD_HOME = bench_of.trust, tmp_path
    return bench_of


def arguments(made: Bench, out: Path) -> list[str]:
    where = ["--data", str(made.places.data), "--bundles", str(made.places.bundles[0])]
    return [str(made.protocol), "--out", str(out), "--workers", "1", *where]


def test_a_refusal_says_why_and_leaves_no_report(
    made: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made.places.data is not None
    (made.places.data / "case-1.dcm").unlink()

    answer = main(arguments(made, tmp_path / "out"))

    assert answer == 2
    assert "Not run: the data are not those of set 1: case-1.dcm is missing" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_protocol_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.toml"), "--out", str(tmp_path / "out")]) == 2

    assert "cannot be read" in capsys.readouterr().err


def test_the_database_of_a_site_is_not_migrated_behind_its_back(
    made: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: ["something"])
    monkeypatch.setattr("django.db.connection.vendor", "postgresql", raising=False)

    assert main(arguments(made, tmp_path / "out")) == 2

    assert "manage.py migrate" in capsys.readouterr().err
