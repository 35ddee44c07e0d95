"""A validation from end to end: real processes, real images, rows and trail."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count

from audit.models import AuditEvent
from tests.accounts.people import seal
from tests.validation.device import Bench, bench
from validation import judging, ledger
from validation.dataset import DataSetRefused
from validation.document import OCCASION
from validation.models import Outcome, Run
from validation.report import to_json
from validation.running import BundleMissing

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("VAL-07")]

SEQUESTERED = "sequestered = true\nplanned_uses = 2\n"


@pytest.fixture
def trusted(settings: Any, tmp_path: Path) -> Callable[..., Bench]:
    """Makes a bench whose bundle this installation trusts."""

    def make(folder: str = "bench", **options: Any) -> Bench:
        made = bench(tmp_path / folder, **options)
        settings.SAMD_TRUST = made.trust
        settings.SAMD_HOME = tmp_path
        return made

    return make


def run(made: Bench) -> dict[str, Any]:
    """Validate, and give the JSON of the report."""
    opened = judging.open_protocol(made.protocol, made.places, say=lambda _words: None)
    judging.work_off(opened, workers=1, tick=lambda _done, _all: None)
    report: dict[str, Any] = json.loads(to_json(judging.close(opened)))
    return report


def test_every_case_goes_through_the_analysis_and_stands_in_report_cases_and_trail(
    trusted: Callable[..., Bench], tmp_path: Path
) -> None:
    made = trusted()
    opened = judging.open_protocol(made.protocol, made.places, say=lambda _words: None)
    judging.work_off(opened, workers=2, tick=lambda _done, _all: None)
    seal()
    judging.write(opened, judging.close(opened), tmp_path / "out")

    report = json.loads((tmp_path / "out" / "report.json").read_text())
    (endpoint,) = report["endpoints"]
    assert endpoint["name"] == "Area"
    assert endpoint["verdict"] in {"met", "not met"}
    assert 0 <= endpoint["low"] <= endpoint["estimate"] <= endpoint["high"] <= 1
    assert report["counts"]["analysed"] == endpoint["n"] == 6
    assert report["checkpoint"]
    assert set(report["digests"]) == {"protocol", "data set", "model", "code", "soup"}
    assert "The protocol is not signed." in report["deviations"]
    with (tmp_path / "out" / "cases.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["truth"] for row in rows] == ["0", "1"] * 3
    assert {row["outcome"] for row in rows} <= {"present", "absent", "undetermined"}
    events = list(AuditEvent.objects.filter(event__startswith="validation:").values_list("event", flat=True))
    assert events == ["validation:started", "validation:finished"]
    for name in ("report.pdf", "report.ko.pdf"):
        assert (tmp_path / "out" / name).read_bytes().startswith(b"%PDF")


def test_what_was_stopped_goes_on_where_it_was_and_no_case_counts_twice(
    trusted: Callable[..., Bench],
) -> None:
    made = trusted()
    opened = judging.open_protocol(made.protocol, made.places, say=lambda _words: None)

    class Stopped(Exception):
        pass

    def stop(done: int, _all: int) -> None:
        if done == 3:
            raise Stopped

    with pytest.raises(Stopped):
        judging.work_off(opened, workers=1, tick=stop)
    assert Outcome.objects.count() == 3
    again = judging.open_protocol(made.protocol, made.places, say=lambda _words: None)
    assert again.run == opened.run
    assert len(again.left()) == 3
    judging.work_off(again, workers=1, tick=lambda _done, _all: None)

    report = judging.close(again)
    assert report.counts["cases"] == report.counts["analysed"] == 6
    assert not Outcome.objects.values("case").annotate(n=Count("pk")).filter(n__gt=1).exists()


def test_a_result_that_comes_twice_counts_once(trusted: Callable[..., Bench]) -> None:
    made = trusted(cases=4)
    opened = judging.open_protocol(made.protocol, made.places, say=lambda _words: None)
    judging.work_off(opened, workers=1, tick=lambda _done, _all: None)
    (first, *_others) = ledger.results(opened.run)

    ledger.keep(opened.run, first)

    assert len(ledger.results(opened.run)) == 4


def test_a_case_that_cannot_be_analysed_is_counted_and_costs(trusted: Callable[..., Bench]) -> None:
    report = run(trusted(broken=1))

    assert (report["counts"]["analysed"], report["counts"]["not analysable"]) == (5, 1)
    assert report["failures"][0]["ending"] == "not analysable"
    assert report["failures"][0]["reasons"]
    assert report["endpoints"][0]["n"] == 6


def test_the_same_protocol_twice_gives_the_same_report_but_for_the_occasion(
    trusted: Callable[..., Bench],
) -> None:
    made = trusted()

    first, second = run(made), run(made)

    assert Run.objects.count() == 2
    for name in OCCASION:
        del first[name], second[name]
    assert first == second


def test_two_versions_are_compared_and_the_verdict_is_a_record_that_is_to_be_signed(
    trusted: Callable[..., Bench],
) -> None:
    report = run(trusted(compared=True))

    difference = report["endpoints"][1]
    assert (difference["estimate"], difference["n"]) == (0.0, 3)  # the same weights
    assert Outcome.objects.count() == 12
    record = Run.objects.get().record
    assert record is not None
    said = json.loads(record.content)
    assert said["verdict"] == report["verdict"]
    assert said["endpoints"][1]["verdict"] == difference["verdict"]
    assert said["digests"] == report["digests"]
    assert {one["role"] for one in said["signatures"]} == {"quality_officer", "approver"}


def test_one_altered_file_is_refused_and_nothing_is_run(trusted: Callable[..., Bench]) -> None:
    made = trusted()
    assert made.places.data is not None
    path = made.places.data / "case-3.dcm"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    with pytest.raises(DataSetRefused, match=r"case-3\.dcm was altered"):
        judging.open_protocol(made.protocol, made.places, say=lambda _words: None)

    assert not Run.objects.exists()
    assert not AuditEvent.objects.filter(event="data set:used").exists()


def test_a_case_that_the_model_was_trained_on_is_refused(trusted: Callable[..., Bench]) -> None:
    made = trusted(seen=True)

    with pytest.raises(DataSetRefused, match="toy was trained on 1 of these cases: case-0"):
        judging.open_protocol(made.protocol, made.places, say=lambda _words: None)

    assert not Run.objects.exists()


def test_a_sequestered_set_that_is_used_a_third_time_is_counted_and_shown(
    trusted: Callable[..., Bench],
) -> None:
    made = trusted(cases=4, data=SEQUESTERED)

    reports = [run(made) for _ in range(3)]

    assert [report["uses"] for report in reports] == [f"use {number} of 2 planned" for number in (1, 2, 3)]
    assert not any("sequestered" in text for text in reports[1]["deviations"])
    assert any("used 3 times; 2 planned" in text for text in reports[2]["deviations"])
    assert AuditEvent.objects.filter(event="data set:used").count() == 3


def test_a_model_that_is_not_here_is_refused(trusted: Callable[..., Bench]) -> None:
    made = trusted()

    with pytest.raises(BundleMissing, match="no bundle toy"):
        judging.open_protocol(made.protocol, judging.Places(data=made.places.data), say=lambda _words: None)
