"""A reader study by command: order drawn, scores read, MRMC report written."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from validation.reader_plan import PlanRefused, read_plan
from validation.reading import main

pytestmark = pytest.mark.requirement("VAL-04")

READERS = ("r1", "r2", "r3", "r4")
PLAN = """
name = "aided"
version = "1"
title = "Four readers with and without"
dated = 2026-01-05
intended_use = "Tests."
reference_standard = "Known."
arms = ["aided", "unaided"]
readers = ["r1", "r2", "r3", "r4"]
truthers = ["t1"]
seed = "a seed"
lowest = 0.0
highest = 100.0
threshold = 50.0

[claim]
aim = "superiority"

[truth]
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    lines = [f"c{number:02} = {'true' if number % 2 else 'false'}" for number in range(40)]
    (tmp_path / "plan.toml").write_text(PLAN + "\n".join(lines) + "\n")
    return tmp_path / "plan.toml"


def read_all(plan: Path, order: Path, scores: Path, *, weeks: int = 5) -> None:
    """Every reader reads in the order that was drawn, better with help."""
    random = np.random.default_rng(4)
    truth = read_plan(plan).truth
    with order.open() as file, scores.open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["reader", "case", "arm", "session", "read_at", "rating"])
        for row in csv.DictReader(file):
            skill = 2.2 if row["arm"] == "aided" else 0.8
            rating = float(np.clip(50 + 15 * (skill * (truth[row["case"]] - 0.5) + random.normal()), 0, 100))
            at = datetime(2026, 2, 2, 9, tzinfo=UTC) + timedelta(
                weeks=weeks * (int(row["session"]) - 1), minutes=int(row["position"])
            )
            table.writerow([row["reader"], row["case"], row["arm"], row["session"], at.isoformat(), rating])


def report(plan: Path, folder: Path) -> int:
    """What the command answers to the scores in `folder`."""
    return main(["report", str(plan), "--scores", str(folder / "scores.csv"), "--out", str(folder / "out")])


def test_a_study_from_the_order_to_the_report(plan: Path, tmp_path: Path) -> None:
    assert main(["order", str(plan), "--out", str(tmp_path / "order.csv")]) == 0
    read_all(plan, tmp_path / "order.csv", tmp_path / "scores.csv")

    answer = main(
        ["report", str(plan), "--scores", str(tmp_path / "scores.csv"), "--out", str(tmp_path / "out")]
    )

    said = json.loads((tmp_path / "out" / "report.json").read_text())
    primary = said["endpoints"][0]
    assert (answer, said["verdict"], primary["verdict"]) == (0, "met", "met")
    assert 0 < primary["low"] < primary["estimate"] < primary["high"]
    assert said["deviations"] == []
    assert {(one["name"], one["series"]) for one in said["curves"]} == {
        (reader, arm) for reader in READERS for arm in ("aided", "unaided")
    }
    assert (tmp_path / "out" / "report.ko.pdf").read_bytes().startswith(b"%PDF")


def test_reading_again_too_soon_is_a_deviation(plan: Path, tmp_path: Path) -> None:
    main(["order", str(plan), "--out", str(tmp_path / "order.csv")])
    read_all(plan, tmp_path / "order.csv", tmp_path / "scores.csv", weeks=2)

    report(plan, tmp_path)

    said = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "less than 28 days apart" in said["deviations"][0]


def test_scores_with_faults_are_refused_with_all_of_them(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scores.csv").write_text(
        "reader,case,arm,session,read_at,rating\n"
        "r1,c00,aided,1,yesterday,5\n"
        "r1,c01,aided,1,2026-01-05T09:00:00Z,500\n"
    )

    answer = main(
        ["report", str(plan), "--scores", str(tmp_path / "scores.csv"), "--out", str(tmp_path / "out")]
    )

    said = capsys.readouterr().err
    assert answer == 2
    assert "line 2" in said
    assert "line 3" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('truthers = ["t1"]', 'truthers = ["r1"]'), "two roles"),
        (('seed = "a seed"', ""), "missing: seed"),
        (('aim = "superiority"', 'aim = "better"'), "aim: one of"),
        (('aim = "superiority"', 'aim = "performance goal"'), "of a difference"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plan: Path, change: tuple[str, str], words: str) -> None:
    plan.write_text(plan.read_text().replace(*change))

    with pytest.raises(PlanRefused, match=words):
        read_plan(plan)
